"""uvicorn's side of a socket: what one client sends is taken in bites."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from resync_site.paced_socket import PacedSocket
from tws.chat.frames import LONGEST_FRAME

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: c29tZSBzaXh0ZWVuIGJ5dA==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
)
PING = b"\x89\x80\0\0\0\0"
TEXT = b"\x81\x80\0\0\0\0"


class Wire(asyncio.Transport):
    """Keeps what was written, and whether the other side is being read."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.reading, self.closing = b"", True, False

    def write(self, data: Any) -> None:
        self.written += data

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True


@pytest.fixture
async def opened() -> tuple[PacedSocket, Wire, list[Any]]:
    taken: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await asyncio.sleep(0.05)
        while (message := await receive())["type"] == "websocket.receive":
            taken.append(message)

    config = Config(app, lifespan="off", log_level="critical", ws=PacedSocket)
    config.load()
    wire = Wire()
    socket = PacedSocket(config, ServerState(), {})
    socket.connection_made(wire)
    socket.data_received(HANDSHAKE)
    await asyncio.sleep(0.01)
    assert b"101 Switching" in wire.written
    return socket, wire, taken


async def test_pings_are_answered_a_bite_at_a_time(opened: Any) -> None:
    socket, wire, _ = opened
    wire.written = b""

    socket.data_received(PING * 40_000)

    assert 0 < wire.written.count(b"\x8a\x00") < 1_000
    assert not wire.reading
    socket.connection_lost(None)


async def test_frames_wait_until_the_application_has_taken_those_before(opened: Any) -> None:
    socket, wire, taken = opened

    socket.data_received(TEXT * 2_000)
    assert socket.queue.qsize() < 1_000
    for _ in range(400):
        await asyncio.sleep(0.01)
        if len(taken) == 2_000:
            break

    assert len(taken) == 2_000
    assert wire.reading
    socket.connection_lost(None)


async def test_nothing_is_unpacked(opened: Any) -> None:
    socket, wire, _ = opened

    assert b"permessage-deflate" not in wire.written
    socket.connection_lost(None)


@pytest.mark.parametrize(
    ("length", "said"), [(LONGEST_FRAME, b""), (LONGEST_FRAME + 1, b"\x03\xf1")]
)
async def test_longer_frame_ends_the_socket_with_1009_before_it_has_come(
    opened: Any, length: int, said: bytes
) -> None:
    socket, wire, _ = opened
    wire.written = b""

    socket.data_received(b"\x81\xff" + length.to_bytes(8, "big") + b"\0\0\0\0x")

    assert wire.written[2:4] == said
    socket.connection_lost(None)
