"""The live page's socket, `/ws/live/`: a snapshot of the plan per frame (`tws.chat.live`)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from tws.chat.live import live_feed


class LiveConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.accept()
        self._task = asyncio.create_task(self._pass_on())

    async def disconnect(self, code: int) -> None:
        self._task.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Whatever a viewer sends, it only looks."""

    async def _pass_on(self) -> None:
        snapshots: Any = live_feed().watch()
        async with contextlib.aclosing(snapshots):
            async for snapshot in snapshots:
                await self.send(text_data=snapshot)
