"""What came of the attempts, written in groups on the settling thread, and counted there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from django.db import DataError, IntegrityError

from audits import settling
from audits.auditor.tally import Tally
from audits.auditor.threads import DatabaseThread
from audits.settling import Judged, Released

log = logging.getLogger("audits.auditor")

SETTLE_AT_MOST = 500

Attempted = Judged | Released


class Settler:
    """Takes what attempts came to; `on_settled` hears what has been committed."""

    def __init__(self, tally: Tally, on_settled: Callable[[Sequence[Attempted]], None]) -> None:
        self._tally, self._on_settled = tally, on_settled
        self._thread = DatabaseThread("settle")
        # Bounded: when the database is slower than the judges, they wait.
        self._waiting: asyncio.Queue[Attempted | None] = asyncio.Queue(2 * SETTLE_AT_MOST)

    async def put(self, attempted: Attempted) -> None:
        await self._waiting.put(attempted)

    async def finish(self) -> None:
        """Nothing more comes: `run` ends when all is written."""
        await self._waiting.put(None)

    async def run(self) -> None:
        """Write what comes, all that waits in one transaction, until `finish`."""
        while group := await self._next_group():
            await self._thread.run(self._write, group)
            self._on_settled(group)

    async def close(self) -> None:
        await self._thread.close()

    async def _next_group(self) -> list[Attempted]:
        group: list[Attempted] = []
        while (attempted := await self._waiting.get()) is not None:
            group.append(attempted)
            if self._waiting.empty() or len(group) == SETTLE_AT_MOST:
                return group
        if group:
            self._waiting.put_nowait(None)  # the next call ends
        return group

    # --- on the thread ----------------------------------------------------------------------

    def _write(self, group: Sequence[Attempted]) -> None:
        self._settle([one for one in group if isinstance(one, Judged)])
        for one in group:
            if isinstance(one, Released):
                self._tally.count("queued" if settling.release(one) else "lost")

    def _settle(self, group: Sequence[Judged]) -> None:
        """Counted where it is committed: whoever waits for it may be gone by then.

        A verdict that the database refuses is given up alone.
        """
        try:
            outcomes = settling.settle(group) if group else []
        except (DataError, IntegrityError, ValueError) as error:
            if len(group) > 1:
                for one in group:
                    self._settle([one])
                return
            log.exception("the verdict on memory %s can't be written", group[0].memory_id)
            settling.release(group[0].given_up(str(error)))
            outcomes = ["queued"]
        for outcome in outcomes:
            self._tally.count(outcome)
