"""The live page's socket, `/ws/live/`: a snapshot of the plan per frame (`tws.chat.live`)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from tws.chat.live import live_feed
from tws.chat.socket import LimitedSocket


class LiveConsumer(LimitedSocket):
    """Whatever a viewer sends is counted and passed over: it only looks."""

    async def opened(self) -> None:
        self._task = asyncio.create_task(self._pass_on())

    async def closed(self) -> None:
        self._task.cancel()

    async def _pass_on(self) -> None:
        snapshots: Any = live_feed().watch()
        with contextlib.suppress(OSError):  # the client has gone
            async with contextlib.aclosing(snapshots):
                async for snapshot in snapshots:
                    await self.show(snapshot)
