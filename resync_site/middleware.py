"""Headers that every page carries."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# unfold's Alpine.js evaluates the expressions in its own templates. Memory text never reaches
# those: it is escaped.
_ADMIN = "script-src 'self' 'unsafe-inline' 'unsafe-eval'"
_OWN = "script-src 'self'"


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Only our own scripts, styles, images and sockets, whatever a memory's text says."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        scripts = _ADMIN if request.path.startswith("/admin/") else _OWN
        response.headers.setdefault(
            "Content-Security-Policy",
            f"default-src 'self'; {scripts}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; "
            "base-uri 'none'; form-action 'self'; object-src 'none'",
        )
        return response

    return middleware
