"""In development the web process answers this machine alone, whoever starts it and however."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import psutil

logger = logging.getLogger(__name__)

App = Callable[[Any, Any, Any], Awaitable[None]]

REFUSED = (
    "a development server has known weak spots and answers on loopback only. Bind it to "
    "127.0.0.1, or set RESYNC_ENV=production and what that needs."
)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what is bound to `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class LoopbackOnly:
    """Refuses what came in by another address than loopback, whatever server runs us."""

    def __init__(self, inner: App) -> None:
        self._inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        host, port = scope.get("server") or ("localhost", None)
        if port is None or is_loopback(host):  # no port: a Unix socket
            await self._inner(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})  # instead of an accept: a 403
        else:
            headers = [(b"content-type", b"text/plain")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": REFUSED.encode()})


async def stop_when_reachable() -> None:
    """End this process when it listens beyond loopback: uvicorn binds after the start's lifespan.

    Its own argument would be too early to look at, and it is not the only server there is.
    """
    for _attempt in range(100):
        listening = [
            one.laddr.ip
            for one in psutil.Process().net_connections("inet")
            if one.status == psutil.CONN_LISTEN
        ]
        if not all(is_loopback(address) for address in listening):
            logger.critical("not bound to %s: %s", ", ".join(listening), REFUSED)
            signal.raise_signal(signal.SIGTERM)
        if listening:
            return
        await asyncio.sleep(0.1)
