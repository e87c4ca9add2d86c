"""Who may open a socket: decided before the handshake is answered, so that a refusal is a 403.

Either a bearer token, or the session cookie together with an Origin of this very site: a browser
sends the cookie along whatever page opens the socket, and always says which page that was.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any

from channels.security.websocket import WebsocketDenier
from django.contrib.auth import HASH_SESSION_KEY, get_user
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.middleware import SessionMiddleware
from django.contrib.sessions.models import Session
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone, translation

from resync_site.models import ApiToken
from resync_site.roles import has_role
from resync_site.sign_in import note_bad_token
from tws.chat.admission import Credential
from tws.database import in_database

logger = logging.getLogger(__name__)

App = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application, as channels' classes and ours are."""

_sessions = SessionMiddleware(lambda request: HttpResponse())


@dataclass(frozen=True, slots=True)
class ByToken:
    """Signed in by an API token, until it is revoked."""

    token_id: int

    @classmethod
    def valid_among(cls, some: Collection[ByToken]) -> Collection[ByToken]:
        ids = [one.token_id for one in some]
        valid = ApiToken.objects.filter(pk__in=ids, revoked_at__isnull=True)
        return {cls(pk) for pk in valid.values_list("pk", flat=True)}


@dataclass(frozen=True, slots=True)
class BySession:
    """Signed in on a page, until the session ends or the password changes."""

    session_key: str
    user_id: int
    auth_hash: str

    @classmethod
    def valid_among(cls, some: Collection[BySession]) -> Collection[BySession]:
        keys = [one.session_key for one in some]
        going_on = Session.objects.filter(pk__in=keys, expire_date__gt=timezone.now())
        valid = set(going_on.values_list("pk", flat=True))
        users = User.objects.in_bulk({one.user_id for one in some})
        hashes = {pk: user.get_session_auth_hash() for pk, user in users.items()}
        return {
            one
            for one in some
            if one.session_key in valid and hashes.get(one.user_id) == one.auth_hash
        }


class SocketAuth:
    """Lets a socket in, with `user`, `credential` and `language` in its scope, or answers 403."""

    def __init__(self, inner: App) -> None:
        self._inner = inner
        self._refuse: App = WebsocketDenier.as_asgi()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scheme = scope.get("scheme", "ws").replace("ws", "http")
        as_http = {**scope, "type": "http", "method": "GET", "scheme": scheme}
        request = ASGIRequest(as_http, io.BytesIO())
        try:
            signed_in = await in_database(_admitted, request)
        except DatabaseError:
            logger.exception("a socket was refused: nobody's name can be looked up")
            signed_in = None
        if signed_in is None:
            await self._refuse(scope, receive, send)
            return
        user, credential = signed_in
        language = translation.get_language_from_request(request)
        known = {"user": user, "credential": credential, "language": language}
        await self._inner({**scope, **known}, receive, send)


def holds(scope: Any, permission: str) -> bool:
    """Whether a request comes with the session of somebody who has this permission."""
    request = ASGIRequest(scope, io.BytesIO())
    _sessions.process_request(request)
    try:
        return get_user(request).has_perm(permission)
    except DatabaseError:
        return False


def _admitted(request: HttpRequest) -> tuple[User, Credential] | None:
    """Who may open this socket, and by what; None: nobody."""
    signed_in = _signed_in(request)
    return signed_in if signed_in and has_role(signed_in[0]) else None


def _signed_in(request: HttpRequest) -> tuple[User, Credential] | None:
    origin = request.headers.get("Origin")
    if origin is not None and not _is_ours(origin, request):
        return None
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme:
        holder = ApiToken.objects.holders_of(token.strip()).first()
        if holder is None:
            note_bad_token(request)
        if holder is None or scheme.lower() != "bearer":
            return None
        return holder.user, ByToken(holder.pk)
    if origin is None:
        return None
    _sessions.process_request(request)
    user = get_user(request)
    if isinstance(user, AnonymousUser):
        return None
    session = request.session
    return user, BySession(session.session_key or "", user.pk, session.get(HASH_SESSION_KEY, ""))


def _is_ours(origin: str, request: HttpRequest) -> bool:
    """Whether a page of this site, or of a trusted one, opens the socket: as forms are checked.

    The scheme and the port count: another server may listen on another port of the same host.
    """
    check = CsrfViewMiddleware(lambda request: HttpResponse())
    return bool(check._origin_verified(request))  # type: ignore[attr-defined]  # Django's own rule
