"""Who may open a socket: decided before the handshake is answered, so that a refusal is a 403.

Either a bearer token, or the session cookie together with an Origin of this very site: a browser
sends the cookie along whatever page opens the socket, and always says which page that was.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from resync_site.models import ApiToken
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
        request = ASGIRequest({**scope, "type": "http", "method": "GET"}, io.BytesIO())
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
    origin = request.headers.get("Origin")
    if origin is not None and not _is_ours(origin, request):
        return None
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme:
        holder = ApiToken.objects.holders_of(token.strip()).first()
        return holder.user if holder and scheme.lower() == "bearer" else None
    if origin is None:
        return None
    _sessions.process_request(request)
    user = get_user(request)
    return None if isinstance(user, AnonymousUser) else user


def _is_ours(origin: str, request: HttpRequest) -> bool:
    """Whether a page of this site, or of a trusted one, opens the socket."""
    try:
        host, parts = request.get_host(), urlsplit(origin)
    except (DisallowedHost, ValueError):
        return False
    if parts.scheme not in {"http", "https"}:
        return False
    return parts.netloc.lower() == host.lower() or origin in settings.CSRF_TRUSTED_ORIGINS
