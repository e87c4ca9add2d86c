"""The web process: HTTP, WebSocket, and its orderly end."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Awaitable, Callable
from typing import Any

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "resync_site.settings")

_http = get_asgi_application()  # sets Django up; what follows imports models

from knowledge.threads import take_turns_sooner  # noqa: E402
from resync_site.binding import LoopbackOnly, stop_when_reachable  # noqa: E402
from resync_site.bodies import BoundedBodies  # noqa: E402
from resync_site.logs import format_uvicorns_lines  # noqa: E402
from resync_site.proxies import ClientOfProxy, ignore_uvicorns_proxy_headers  # noqa: E402
from resync_site.ws_auth import SocketAuth  # noqa: E402
from tws.answers.agents import agent_manager, close_shared  # noqa: E402
from tws.chat.news import news_feed  # noqa: E402
from tws.chat.running import runs  # noqa: E402
from tws.database import close_connections  # noqa: E402
from tws.routing import websockets  # noqa: E402

format_uvicorns_lines()
ignore_uvicorns_proxy_headers()


async def lifespan(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """At the end: runs are ended and told, clients of HWA and database connections closed."""
    looking: asyncio.Task[None] | None = None
    telling = _telling()
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            _keep_for_good()
            take_turns_sooner()
            for clock in telling:
                clock.start()
        if message["type"] == "lifespan.startup" and settings.DEVELOPMENT:
            looking = asyncio.create_task(stop_when_reachable())
        if message["type"] == "lifespan.shutdown":
            if looking:
                looking.cancel()
            for clock in telling:
                await asyncio.to_thread(clock.stop)
            await runs().aclose()
            await news_feed().aclose()
            await agent_manager().aclose()
            await close_shared()
            close_connections()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _telling() -> list[Any]:
    """Who is to be told that the auditor is down is told by the web process."""
    if not (settings.NOTIFY_WEBHOOK_URL or settings.NOTIFY_EMAIL_TO):
        return []
    from audits.auditor import duties  # with all that an auditor is made of

    return duties.telling()


def _keep_for_good() -> None:
    """What starting up made stays: full garbage collections need not walk it, 100 ms each."""
    gc.collect()
    gc.freeze()


def _guarded(inner: Any) -> Any:
    """What holds for requests and sockets alike."""
    if settings.BEHIND_PROXY:
        inner = ClientOfProxy(inner)
    return LoopbackOnly(inner) if settings.DEVELOPMENT else inner


application = ProtocolTypeRouter(
    {
        "http": _guarded(BoundedBodies(_http)),
        "websocket": _guarded(SocketAuth(websockets)),
        "lifespan": lifespan,
    }
)
