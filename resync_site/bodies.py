"""How large and how intricate a request's body may be: looked at before anything parses it."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from ninja.parser import Parser

from audits.permissions import DECIDE
from tws.database import in_database

App = Callable[[Any, Any, Any], Awaitable[None]]

MOST_STRUCTURE = 10_000
"""Bytes that are not within strings: a parser makes objects of them, and nothing else runs then."""
# Possessive, so that a quote that never closes is passed over once.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)


class BoundedBodies:
    """413 for a body over MAX_BODY_BYTES, by what it says it has and by what really comes.

    The rest of it is never read: the connection is closed.
    """

    def __init__(self, inner: App) -> None:
        self._inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        said = dict(scope["headers"]).get(b"content-length", b"0")
        most = await _most(scope)
        if not said.isdigit() or int(said) > most:
            await _refuse(send, most)
            return
        came = 0

        async def bounded() -> Any:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            # Django reads a body to its end before it does anything, and lets go of one that
            # breaks off.
            return message if came <= most else {"type": "http.disconnect"}

        await self._inner(scope, bounded, send)
        if came > most:
            await _refuse(send, most)


async def _most(scope: Any) -> int:
    """Files are larger than anything else that is sent; there is one page for them."""
    from resync_site.ws_auth import holds  # with the chat; no command needs it for the API's parser

    is_upload = scope.get("path") == reverse("admin:audits_auditrecord_import")
    if is_upload and await in_database(holds, scope, DECIDE):
        return settings.IMPORT_MAX_UPLOAD_MIB * 2**20
    return settings.MAX_BODY_BYTES


async def _refuse(send: Any, most: int) -> None:
    detail = f"The body is longer than {most} bytes."
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"detail": detail}).encode()})


class BoundedParser(Parser):
    """JSON of the API, unless it would keep the whole process busy: our bodies are small."""

    def parse_body(self, request: HttpRequest) -> Any:
        if is_intricate(request.body):
            raise ValueError("the body has too many parts")  # ninja refuses what raises here
        return super().parse_body(request)


def is_intricate(body: bytes) -> bool:
    """Whether more than MOST_STRUCTURE bytes of `body` are quotes or stand outside of strings."""
    outside = end = 0
    for string in _STRING.finditer(body):
        outside += string.start() - end + 2
        end = string.end()
        if outside > MOST_STRUCTURE:
            return True
    return outside + len(body) - end > MOST_STRUCTURE
