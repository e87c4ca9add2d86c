"""Whose word on a caller's address counts: the proxy's when BEHIND_PROXY says so, else nobody's."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

App = Callable[[Any, Any, Any], Awaitable[None]]


class ClientOfProxy:
    """BEHIND_PROXY: the caller is who the outermost of our PROXY_COUNT proxies saw.

    Each proxy adds at the right whom it was called by; what stands further left anybody can write.
    """

    def __init__(self, inner: App) -> None:
        self._inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        lines = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        seen = [one.strip() for one in b",".join(lines).decode("latin-1").split(",")]
        if len(seen) >= settings.PROXY_COUNT and (caller := _address(seen[-settings.PROXY_COUNT])):
            scope["client"] = (caller, 0)  # in place: uvicorn's access log reads it at the end
        await self._inner(scope, receive, send)


def _address(text: str) -> str | None:
    """An address without the port that some proxies add: `[::1]:80`, `10.0.0.1:80`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def ignore_uvicorns_proxy_headers() -> None:
    """uvicorn believes them from loopback unless told otherwise; here BEHIND_PROXY decides."""
    ProxyHeadersMiddleware.__call__ = _as_it_came  # type: ignore[method-assign]


async def _as_it_came(self: Any, scope: Any, receive: Any, send: Any) -> None:
    await self.app(scope, receive, send)
