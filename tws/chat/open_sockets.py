"""The open sockets of an event loop, and the one look every few seconds at who may stay."""

from __future__ import annotations

import asyncio
from typing import Protocol

from django.conf import settings

from tws.chat import admission
from tws.chat.admission import Ending, Guest
from tws.chat.background import keep_going
from tws.chat.running import runs
from tws.database import in_database
from tws.per_loop import PerLoop

CHECK_SECONDS = 2.0


class Socket(Protocol):
    async def end(self, ending: Ending) -> None: ...


class OpenSockets:
    def __init__(self) -> None:
        self._guests: dict[Socket, Guest] = {}
        self._watch: asyncio.Task[None] | None = None
        self._ends: set[asyncio.Task[None]] = set()

    def enter(self, socket: Socket, guest: Guest) -> bool:
        """Whether there is room for one more of this user."""
        of_user = sum(1 for other in self._guests.values() if other.user_id == guest.user_id)
        if of_user >= settings.CHAT_SOCKETS_PER_USER:
            return False
        self._guests[socket] = guest
        if self._watch is None or self._watch.done():
            self._watch = keep_going("the look at who may stay", self._look_on)
        return True

    def leave(self, socket: Socket) -> None:
        self._guests.pop(socket, None)

    async def _look_on(self) -> None:
        while self._guests or runs().guests():
            await asyncio.sleep(CHECK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """End the sockets, and stop the runs, of all who may not stay."""
        guests = {*self._guests.values(), *runs().guests()}
        endings = await in_database(admission.endings, guests)
        for socket, guest in list(self._guests.items()):
            if guest in endings:
                self._end(socket, endings[guest])
        runs().stop_of(endings.keys())

    def _end(self, socket: Socket, ending: Ending) -> None:
        """In a task of its own: who does not read holds up nobody else's end."""
        self.leave(socket)
        task = asyncio.create_task(socket.end(ending))
        self._ends.add(task)
        task.add_done_callback(self._ends.discard)


open_sockets = PerLoop(OpenSockets)
