"""What every response carries, what no request may hold, how errors under /api/ look."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, cast

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from whitenoise.middleware import WhiteNoiseMiddleware

from resync_site.roles import has_role
from resync_site.sign_in import no_role

# unfold's Alpine.js evaluates the expressions in its own templates. Memory text never reaches
# those: it is escaped.
_ADMIN = "script-src 'self' 'unsafe-inline' 'unsafe-eval'"
_OWN = "script-src 'self'"


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # it ships no types
    """WhiteNoise under ASGI: our few small files are sent whole.

    A file that is streamed from a thread is read up by Django all the same, with a warning.
    """

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = WhiteNoiseMiddleware.serve(static_file, request)
        if not isinstance(response, StreamingHttpResponse):
            return response
        body = b"".join(cast("Iterable[bytes]", response.streaming_content))
        response.close()
        whole = HttpResponse(body, status=response.status_code)
        whole.headers = response.headers
        return whole


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


def no_store(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """What people asked and what HWA said stays in no cache, neither a proxy's nor a browser's."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if "no-store" not in response.headers.get("Cache-Control", ""):
            response.headers["Cache-Control"] = "no-store"
        return response

    return middleware


FOR_EVERYBODY = (
    "/login/", "/logout/", "/language/", "/admin/login/", "/admin/logout/", "/health/",
)  # fmt: skip


def roles_only(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Who has signed in but has no role sees one sentence that says whom to ask."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(FOR_EVERYBODY):
            return get_response(request)
        user = request.user
        if not user.is_authenticated or has_role(user):
            return get_response(request)
        if request.path.startswith("/api/"):
            return JsonResponse({"detail": no_role()}, status=403)
        context = {"said": no_role(), "without_role": True}
        return render(request, "no_role.html", context, status=403)

    return middleware


def refuse_nul(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """PostgreSQL can't be asked about a NUL. The API's schemas see to theirs."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/"):
            if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
                raise BadRequest("An address holds a NUL")
            if any("\0" in value for _, values in request.POST.lists() for value in values):
                raise BadRequest("A form holds a NUL")
        return get_response(request)

    return middleware


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Whatever Django or we refuse with a 400, said on a page of this site."""
    return render(request, "400.html", status=400)


def api_errors_in_json(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """`{"detail": …}` for the errors that ninja or Django answer in words of their own.

    Those are a wrong method (405), an unknown host (400) and what nobody caught (500).
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        said = response.headers.get("Content-Type", "")
        if response.status_code < 400 or said.startswith("application/json"):
            return response
        if not request.path.startswith("/api/"):
            return response
        detail = {"detail": HTTPStatus(response.status_code).phrase}
        error = JsonResponse(detail, status=response.status_code)
        for name in {"Allow", "Cache-Control"} & set(response.headers):
            error.headers[name] = response.headers[name]
        return error

    return middleware
