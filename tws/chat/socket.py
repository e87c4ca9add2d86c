"""What the sockets of the chat and of the live page have in common: their limits and their end."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.utils import translation
from django.utils.translation import gettext as _

from tws.chat import admission
from tws.chat.admission import Ending, Guest
from tws.chat.frames import LONGEST_FRAME, Refused
from tws.chat.limits import FrameAllowance
from tws.chat.open_sockets import open_sockets
from tws.chat.trouble import nothing_taken, trouble_of

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0
"""How long a socket that sends too much is not read; its client's network holds the rest back."""


class LimitedSocket(AsyncWebsocketConsumer):
    """Subclasses say what happens at `opened`, at a frame (`obey`) and at `closed`."""

    @property
    def agent(self) -> str | None:
        """Whom the socket talks to."""
        return None

    async def opened(self) -> None: ...

    async def obey(self, text: str | None) -> None:
        """A frame, None when it is binary. May raise Refused or a DatabaseError."""

    async def closed(self) -> None: ...

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As Channels does it, without closing old connections: `in_database` minds its own."""
        with translation.override(self._of_scope("language")):
            match message["type"]:
                case "websocket.receive":
                    await self._receive(message.get("text"), message.get("bytes"))
                case "websocket.connect":
                    await self._open()
                case "websocket.disconnect":
                    await self._close()
                    raise StopConsumer()

    def _of_scope(self, name: str) -> Any:
        """What `SocketAuth` has put in the scope."""
        scope: Any = self.scope
        return scope[name]

    async def _open(self) -> None:
        self.user: User = self._of_scope("user")
        self.guest = Guest(self.user.pk, self.agent, self._of_scope("credential"))
        self._allowance = FrameAllowance()
        self._has_ended = self._was_opened = False
        await self.accept()
        if not open_sockets().enter(self, self.guest):
            await self.end(admission.TOO_MANY)
            return
        self._was_opened = True
        await self.opened()

    async def _close(self) -> None:
        self._has_ended = True
        open_sockets().leave(self)
        if self._was_opened:
            await self.closed()

    async def end(self, ending: Ending) -> None:
        """Close the socket from this side; what is on its way to it is dropped."""
        if not self._has_ended:
            self._has_ended = True
            open_sockets().leave(self)
            await self.close(ending.code, ending.reason)

    async def _receive(self, text: str | None, data: bytes | None) -> None:
        if self._has_ended:
            return
        length = len(text if text is not None else data or b"")
        if length > LONGEST_FRAME:  # only a server without PacedSocket lets one through
            await self.end(admission.FRAME_TOO_BIG)
            return
        if not self._allowance.allows(length):
            await self.tell(Refused("rate_limited", _("Too much at once. Wait a little.")).frame())
            await asyncio.sleep(PAUSE_SECONDS)
            return
        try:
            await self.obey(text)
        except Refused as refusal:
            await self.tell(refusal.frame())
        except DatabaseError as error:
            logger.exception("a frame can't be obeyed")
            await self.tell(internal(error).frame())

    async def tell(self, frame: dict[str, Any]) -> None:
        await self.show(json.dumps(frame))

    async def show(self, text: str) -> None:
        if not self._has_ended:
            await self.send(text_data=text)


def internal(error: Exception, client_id: str = "") -> Refused:
    return Refused("internal", nothing_taken(trouble_of(error)), client_id)
