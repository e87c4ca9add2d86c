"""The threads in which sockets and runs speak to the database, and those of the live page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Generic, TypeVar

from knowledge.threads import DatabaseThreads

Key = TypeVar("Key")
Found = TypeVar("Found")

_threads = DatabaseThreads(2, "sockets-database")
"""Few: each takes as much of the interpreter as the event loop, which streams meanwhile."""
_in_turn = DatabaseThreads(1, "answers")
_live_page = DatabaseThreads(2, "live-page-database")
in_database = _threads.run
in_turn = _in_turn.run
"""For what every answer begins and ends with, milliseconds of Python each: one after the other, and
where no slow query of somebody's waits."""
for_live_page = _live_page.run
"""Reading a plan takes long where it is large: no question in the chat waits for it."""


def close_connections() -> None:
    for threads in (_threads, _in_turn, _live_page):
        threads.close()


class Together(Generic[Key, Found]):
    """One call for all who ask while the one before is under way: fifty at once cost two.

    Whoever asks is answered by a call that begins after it asked, so that nothing older counts.
    Belongs to one event loop.
    """

    def __init__(self, call: Callable[[Collection[Key]], Mapping[Key, Found]]) -> None:
        self._call = call
        self._keys: set[Key] = set()
        self._next: asyncio.Task[Mapping[Key, Found]] | None = None
        self._last: asyncio.Task[Mapping[Key, Found]] | None = None

    async def ask(self, key: Key) -> Found:
        self._keys.add(key)
        if self._next is None:
            self._next = asyncio.create_task(self._ask(self._last))
        return (await asyncio.shield(self._next))[key]

    async def _ask(self, before: asyncio.Task[Mapping[Key, Found]] | None) -> Mapping[Key, Found]:
        if before is not None:
            await asyncio.wait([before])
        keys, self._keys = self._keys, set()
        self._last, self._next = self._next, None
        return await in_database(self._call, keys)
