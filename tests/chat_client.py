"""A client of the chat, without a server in between."""

from __future__ import annotations

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import User

from tws.routing import websockets

AGENT = "tws-analyzer"
ENDS = {"message", "stopped", "error"}


class Chat:
    """A client of the chat."""

    def __init__(self, user: User, agent: str = AGENT, conversation: str = "") -> None:
        scope = {
            "type": "websocket",
            "path": f"/ws/chat/{agent}/",
            "query_string": f"conversation={conversation}".encode(),
            "user": user,
            "credential": None,
            "language": "en",
        }
        self._socket = ApplicationCommunicator(websockets, scope)

    async def open(self) -> dict[str, Any]:
        """What is sent after the handshake was accepted."""
        await self._socket.send_input({"type": "websocket.connect"})
        assert (await self._socket.receive_output(5))["type"] == "websocket.accept"
        return await self._socket.receive_output(5)

    async def __aenter__(self) -> Chat:
        self.info = json.loads((await self.open())["text"])
        self.conversation = self.info.get("conversation_id", "")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.send_input({"type": "websocket.disconnect", "code": 1001})
        await self._socket.wait(5)

    async def receive(self, seconds: float = 5) -> dict[str, Any]:
        return json.loads((await self._socket.receive_output(seconds))["text"])

    async def nothing(self) -> bool:
        return await self._socket.receive_nothing(timeout=0.3)

    async def text(self, text: str) -> None:
        await self._socket.send_input({"type": "websocket.receive", "text": text})

    async def binary(self, data: bytes) -> None:
        await self._socket.send_input({"type": "websocket.receive", "bytes": data})

    async def send(self, type: str, **fields: Any) -> None:
        await self.text(json.dumps({"type": type, **fields}))

    async def until(self, *types: str) -> list[dict[str, Any]]:
        """The frames up to and including the first of one of these types."""
        found = [await self.receive()]
        while found[-1]["type"] not in types:
            found.append(await self.receive())
        return found

    async def ask(self, text: str = "What failed?", **fields: Any) -> list[dict[str, Any]]:
        await self.send("message", text=text, **fields)
        return await self.until(*ENDS)
