"""Who may open a socket: decided before the handshake is answered, so that a refusal is a 403.

Either a bearer token, or the session cookie together with an Origin of this very site: a browser
sends the cookie along whatever page opens the socket, and always says which page that was.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from channels.security.websocket import WebsocketDenier
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import translation

from resync_site.models import ApiToken
from resync_site.roles import has_role
from resync_site.sign_in import note_bad_token
from tws.database import in_database

logger = logging.getLogger(__name__)

App = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application, as channels' classes and ours are."""

_sessions = SessionMiddleware(lambda request: HttpResponse())


class SocketAuth:
    """Lets a socket in with `user` and `language` in its scope, or refuses the handshake."""

    def __init__(self, inner: App) -> None:
        self._inner = inner
        self._refuse: App = WebsocketDenier.as_asgi()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scheme = scope.get("scheme", "ws").replace("ws", "http")
        as_http = {**scope, "type": "http", "method": "GET", "scheme": scheme}
        request = ASGIRequest(as_http, io.BytesIO())
        try:
            user = await in_database(_user_of, request)
        except DatabaseError:
            logger.exception("a socket was refused: nobody's name can be looked up")
            user = None
        if user is None:
            await self._refuse(scope, receive, send)
            return
        language = translation.get_language_from_request(request)
        await self._inner({**scope, "user": user, "language": language}, receive, send)


def _user_of(request: HttpRequest) -> User | None:
    """The user who may open this socket, if any."""
    user = _signed_in(request)
    return user if user and has_role(user) else None


def _signed_in(request: HttpRequest) -> User | None:
    origin = request.headers.get("Origin")
    if origin is not None and not _is_ours(origin, request):
        return None
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme:
        holder = ApiToken.objects.holders_of(token.strip()).first()
        if holder is None:
            note_bad_token(request)
        return holder.user if holder and scheme.lower() == "bearer" else None
    if origin is None:
        return None
    _sessions.process_request(request)
    user = get_user(request)
    return None if isinstance(user, AnonymousUser) else user


def _is_ours(origin: str, request: HttpRequest) -> bool:
    """Whether a page of this site, or of a trusted one, opens the socket: as forms are checked.

    The scheme and the port count: another server may listen on another port of the same host.
    """
    check = CsrfViewMiddleware(lambda request: HttpResponse())
    return bool(check._origin_verified(request))  # type: ignore[attr-defined]  # Django's own rule
