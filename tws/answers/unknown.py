"""Sockets to addresses that do not exist."""

from __future__ import annotations

from channels.generic.websocket import AsyncWebsocketConsumer


class UnknownSocket(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.accept()
        await self.close(4404)
