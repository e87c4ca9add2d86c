"""uvicorn's WebSocket for clients of any kind: `uvicorn --ws resync_site.paced_socket:PacedSocket`.

As it comes, it parses all that one read brought before anything else may run (256 KB can be 40,000
frames), unpacks compressed frames a thousandfold, and answers every ping in between.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.server import ServerProtocol

from tws.chat.frames import LONGEST_FRAME

BITE_BYTES = 4096
"""How much is parsed before others have their turn: some 8 ms of the smallest frames."""
FREE_FRAMES = 8
"""So many in one bite are no flood."""
FRAMES_PER_SECOND = 500


class PacedSocket(WebSocketsSansIOProtocol):
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.conn = ServerProtocol(  # takes no extension: nothing is unpacked
            max_size=LONGEST_FRAME, logger=logging.getLogger("uvicorn.error")
        )
        self._held = bytearray()  # was read, is not parsed yet
        self._next_bite: asyncio.Handle | None = None
        self._frames = 0

    def data_received(self, data: bytes) -> None:
        self._held += data
        self.transport.pause_reading()
        if self._next_bite is None:
            self._bite()

    def _bite(self) -> None:
        self._next_bite = None
        piece = bytes(self._held[:BITE_BYTES])
        del self._held[:BITE_BYTES]
        if self.transport.is_closing():
            return
        self._frames = 0
        super().data_received(piece)
        self._go_on(self._frames / FRAMES_PER_SECOND if self._frames > FREE_FRAMES else 0)

    def handle_events(self) -> None:
        self._frames = len(self.conn.events)
        super().handle_events()

    def _go_on(self, pause: float = 0) -> None:
        """To the next bite, unless the application has not taken what the last one held."""
        if self.read_paused or self._next_bite is not None or self.transport.is_closing():
            return
        if self._held or pause:
            self._next_bite = self.loop.call_later(pause, self._bite)
        else:
            self.transport.resume_reading()

    async def receive(self) -> Any:
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self._go_on()
        return message
