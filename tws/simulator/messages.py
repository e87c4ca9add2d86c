"""A request to the simulator and its reply, between ASGI and the engine."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, urlencode

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

MAX_BODY_BYTES = 64 * 1024


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass
class Reply:
    status: int = 200
    body: bytes | Iterable[str] = b""  # a text may come line by line
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    def lines(self) -> Iterable[str]:
        return self.body.decode().splitlines() if isinstance(self.body, bytes) else self.body

    def parts(self, size: int = 65_536) -> Iterator[bytes]:
        """The body in pieces, so that a long log is never held whole."""
        if not isinstance(self.body, bytes):
            lines = iter(self.body)
            while part := list(islice(lines, 500)):
                yield "".join(line + "\n" for line in part).encode()
            return
        for at in range(0, max(len(self.body), 1), size):
            yield self.body[at : at + size]

    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        headers = {
            "content-type": self.content_type,
            "server": "Resync HWA simulator",
            "cache-control": "no-store",
            **self.headers,
        }
        return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]


class Problem(Exception):
    """An answer that is an error, with HWA's message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.reply = Reply(status, as_json({"messages": [f"{code} {message}"]}))


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""

    def number(self, name: str, default: int) -> int:
        text = self.query.get(name, "")
        if not text:
            return default
        if not re.fullmatch(r"\d{1,9}", text):
            raise Problem(400, "PARAMETER_VALUE_ERROR", f"{name} is not a valid number.")
        return int(text)

    def with_query(self, query: dict[str, str]) -> Request:
        return replace(self, query=query)

    def page_url(self, offset: int, limit: int) -> str:
        query = {**self.query, "limit": str(limit), "offset": str(offset)}
        return f"https://{self.headers.get('host', 'localhost')}{self.path}?{urlencode(query)}"


async def receive_request(scope: Scope, receive: Receive) -> Request:
    body = b""
    more = True
    while more and len(body) <= MAX_BODY_BYTES:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return Request(
        scope["method"],
        scope["path"],
        {name: values[-1] for name, values in query.items()},
        {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body,
    )


async def live_and_end(receive: Receive, send: Send) -> None:
    """ASGI's lifespan: nothing to do at either end."""
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
