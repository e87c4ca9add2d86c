"""The loop: claims ahead, judges within its places, settles behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from audits import heartbeats, settling
from audits.auditor import duties
from audits.auditor.claiming import CLAIM_AT_MOST, Claimed, Claimer, Scope
from audits.auditor.clocks import Clock
from audits.auditor.judging import Judging, Neighbours, no_neighbours
from audits.auditor.outages import Outages
from audits.auditor.settling import Attempted, Settler
from audits.auditor.tally import Tally
from audits.auditor.threads import DatabaseThread
from audits.judging import Bench
from audits.models import AuditRecord
from audits.scoring import Scoring
from audits.settling import Outcome

AHEAD = 2
"""Claimed and not judged yet, in places: judges need not wait for the next claim."""
BEGUN_AT_ONCE = 25
"""Attempts begun before the event loop gets its turn."""


def worker_name() -> str:
    """Unique per auditor, so that a lease says whose it is."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


@dataclass(slots=True)
class Auditor:
    """One auditor process. `run` ends when nothing is ready; `stop` lets it finish early.

    With `keeps_house` its queue and index duties come on time, from the first run to `close`.
    """

    bench: Bench
    concurrency: int = 32
    limit: int | None = None
    scope: Scope = field(default_factory=Scope)
    neighbours: Neighbours = no_neighbours
    keeps_house: bool = False
    watches: bool = False
    on_progress: Callable[[Tally], None] = lambda tally: None
    worker: str = field(default_factory=worker_name)
    tally: Tally = field(default_factory=Tally)
    outages: Outages = field(default_factory=Outages)
    _stopping: bool = False
    _claimed: int = 0
    _judging: int = 0
    _found_none: bool = False
    _held: dict[int, int] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _clocks: list[Clock] = field(default_factory=list)
    _claiming: DatabaseThread = field(default_factory=lambda: DatabaseThread("claim"))

    def wake(self) -> None:
        """Something new may be there."""
        self._news.set()

    def stop(self) -> None:
        """Claim nothing more; what is in flight is finished."""
        self._stopping = True
        self._news.set()

    @property
    def stopping(self) -> bool:
        return self._stopping

    async def run(self) -> Tally:
        """Audit until nothing is ready, the limit is reached or `stop` was called.

        After a run that an outage of the database ended, the next one begins by handing back
        what was in hand, at no cost to the memories.
        """
        scoring = await self._claiming.run(Scoring.current)
        self._start_clocks()  # with a database that answers: else there are as many complaints
        await self._hand_back()
        settler = Settler(self.tally, self._settled)
        judging = Judging(self.worker, self.bench, scoring, self.neighbours, self.outages)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(settler.run())
                await self._judge_all(judging, settler)
                await settler.finish()
        finally:
            await settler.close()
        return self.tally

    async def run_again(self, limit: int | None) -> int:
        """Audit up to `limit` unverified memories once more, most used first; how many remain.

        In waves: who reads the queue meanwhile never sees all of them in it.
        """
        began_at, remaining = timezone.now(), 0
        while not self._stopping and not self.outages.resting:
            wave = CLAIM_AT_MOST if limit is None else min(limit, CLAIM_AT_MOST)
            ids = await self._claiming.run(AuditRecord.objects.requeue_unverified, wave, began_at)
            if not ids:
                break
            limit = None if limit is None else limit - len(ids)
            self.scope = Scope(memory_ids=ids)
            await self.run()
            remaining += await self.remaining()
        return remaining

    async def sleep(self) -> None:
        """Until something new may be there, or the poll interval is over."""
        if not self._stopping:
            await self._wait_for_news()
        self._news.clear()

    async def close(self) -> None:
        """Stop the clocks, give threads and connections back."""
        for clock in self._clocks:
            await asyncio.to_thread(clock.stop)
        self._clocks = []
        with contextlib.suppress(DatabaseError):  # the row goes after a day
            await self._claiming.run(heartbeats.end, self.worker)
        await self._claiming.close()
        await self.bench.aclose()

    async def remaining(self) -> int:
        """How many memories of this run's scope still have no verdict."""
        return await self._claiming.run(self._claimer().remaining)

    def _start_clocks(self) -> None:
        if self._clocks:
            return
        if self.keeps_house:
            self._clocks = [
                duties.queue_keeping(self.tally, self.scope.of_memories()),
                duties.index_keeping(),
                *duties.telling(),
            ]
        others = [duty for clock in self._clocks for duty in clock.duties]
        leases = duties.leases(self.worker, others, self.outages, watches=self.watches)
        self._clocks.append(leases)
        for clock in self._clocks:
            clock.start()

    async def _hand_back(self) -> None:
        if self._held:
            await self._claiming.run(settling.hand_back, self.worker, self._held)
        self._held, self._judging = {}, 0

    # --- claiming and judging ---------------------------------------------------------------

    async def _judge_all(self, judging: Judging, settler: Settler) -> None:
        places = asyncio.Semaphore(self.concurrency)
        async with asyncio.TaskGroup() as attempts:
            while (batch := await self._next_batch()) is not None:
                self._claimed += len(batch)
                self._judging += len(batch)
                self._held.update({record.id: record.attempts for record, _ in batch})
                for number, claimed in enumerate(batch, start=1):
                    attempts.create_task(self._attempt(claimed, places, judging, settler))
                    if number % BEGUN_AT_ONCE == 0:
                        await asyncio.sleep(0)

    async def _attempt(
        self, claimed: Claimed, places: asyncio.Semaphore, judging: Judging, settler: Settler
    ) -> None:
        """The place is free once the judge has spoken; settling goes on behind."""
        async with places:
            attempted = await judging.attempt(*claimed)
            await settler.put(attempted)
        self._judging -= 1
        if self._wanted() and not self._found_none:
            self._news.set()

    def _settled(self, group: Sequence[Attempted]) -> None:
        for attempted in group:
            self._held.pop(attempted.record_id, None)
        if not self._held:
            self._news.set()
        self.on_progress(self.tally)

    async def _next_batch(self) -> list[Claimed] | None:
        """What was claimed, once there is room for it; None when the run is over.

        Once nothing was ready, the next look is at news from outside or when all is settled: what
        judges free meanwhile has nothing to take.
        """
        claimer = self._claimer()
        self._found_none = False
        while not self._stopping and not self.outages.resting:
            self._news.clear()
            if wanted := self._wanted():
                batch = await self._claiming.run(claimer.take, wanted)
                if batch is not None:
                    return batch
                self._found_none = True
            if not self._held:
                return None
            await self._wait_for_news()
        return None

    def _claimer(self) -> Claimer:
        return Claimer(self.worker, self.scope, self.tally)

    def _wanted(self) -> int:
        """How many to claim now: in bites of a fifth of the places at least."""
        room = AHEAD * self.concurrency - self._judging
        if self._judging and room < max(1, self.concurrency // 5):
            return 0
        if self.limit is not None:
            room = min(room, self.limit - self._claimed)
        return max(0, min(room, CLAIM_AT_MOST))

    async def _wait_for_news(self) -> None:
        """Until there is room or something new may be there; judges can be slow."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), settings.AUDIT_POLL_SECONDS)


async def analyze_memory(memory_id: uuid.UUID | str, bench: Bench | None = None) -> Outcome | None:
    """Audit one memory through the real queue; what became of it.

    None when there is nothing to judge: it is flagged or decided already, or being judged.
    """
    from audits.judging import bench as configured

    auditor = Auditor(bench or configured(), concurrency=1, limit=1)
    auditor.scope = Scope(memory_ids=[uuid.UUID(str(memory_id))])
    try:
        await auditor.run()
    finally:
        await auditor.close()
    return auditor.tally.outcome()
