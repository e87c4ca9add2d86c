"""Frames on their way to the database: kept here for a moment, written in groups."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tws.chat import run_log
from tws.chat.run_log import Frame
from tws.database import in_turn


class FrameWriter:
    """No frame is forgotten before it is written; when a database is away they wait."""

    def __init__(self) -> None:
        self._waiting: dict[uuid.UUID, list[Frame]] = {}
        self._writing = asyncio.Lock()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, run_id: uuid.UUID, frame: Frame) -> None:
        self._waiting.setdefault(run_id, []).append(frame)

    async def write(self) -> None:
        """Write all that waits, in one statement; raises a DatabaseError and keeps it."""
        async with self._writing:
            group, self._waiting = self._waiting, {}
            if group:
                async with self._kept_unless_written(group):
                    await in_turn(run_log.save, group)

    @asynccontextmanager
    async def last_of(self, run_id: uuid.UUID) -> AsyncIterator[list[Frame]]:
        """The frames of a run that are not written yet, for whoever writes them with its end."""
        async with self._writing:
            frames = self._waiting.pop(run_id, [])
        async with self._kept_unless_written({run_id: frames} if frames else {}):
            yield frames

    @asynccontextmanager
    async def _kept_unless_written(
        self, group: dict[uuid.UUID, list[Frame]]
    ) -> AsyncIterator[None]:
        try:
            yield
        except BaseException:
            for run_id, frames in group.items():
                self._waiting[run_id] = frames + self._waiting.get(run_id, [])
            raise
