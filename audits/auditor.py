"""The IA Auditor: finds what is unaudited, claims it, has it judged, settles it. Exactly once.

Judging happens in many coroutines at a time; the database is spoken to by three threads of our
own: one claims, one settles verdicts in groups, one keeps the leases alive. What the tally counts
has been committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from django.conf import settings
from django.db import connections
from django.db.models import Q

from audits import heartbeats, reports, settling
from audits.clocks import Clock, Duty
from audits.duplicates import twin_of
from audits.judges import Neighbour
from audits.judging import Bench, NoVerdict, under_audit
from audits.models import AuditRecord
from audits.scoring import Scoring
from audits.settling import Judged, Outcome
from audits.states import OPEN
from knowledge import indexer
from knowledge.llm import LLMError, LLMUnavailable
from knowledge.models import Memory, Trust

log = logging.getLogger(__name__)
T = TypeVar("T")

CLAIM_AT_MOST = 500
SETTLE_AT_MOST = 500
RETRY_SECONDS = (2.0, 10.0, 60.0, 300.0)
"""How long a record rests after its first, second, … attempt without a verdict."""

Neighbours = Callable[[Memory], Awaitable[tuple[Neighbour, ...]]]


@dataclass(slots=True)
class Tally:
    """What this process committed."""

    cleared: int = 0
    flagged: int = 0
    quarantined: int = 0
    failed: int = 0
    retried: int = 0
    lost: int = 0

    @property
    def audited(self) -> int:
        return self.cleared + self.flagged + self.quarantined

    def count(self, outcome: Outcome) -> None:
        names = {"pending": "flagged", "queued": "retried"}
        name = names.get(outcome, outcome)
        setattr(self, name, getattr(self, name) + 1)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which memories a run is about: all, those since a time, or one."""

    since: datetime | None = None
    memory_id: uuid.UUID | None = None

    def of_memories(self) -> Q:
        return self._q("created_at__gte", "pk")

    def of_records(self) -> Q:
        return self._q("memory__created_at__gte", "memory_id")

    def _q(self, since: str, one: str) -> Q:
        wanted = {since: self.since, one: self.memory_id}
        return Q(**{name: value for name, value in wanted.items() if value is not None})


def worker_name() -> str:
    """Unique per auditor, so that a lease says whose it is."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


@dataclass(slots=True)
class Auditor:
    """One auditor process. `run` ends when nothing is ready; `stop` lets it finish early."""

    bench: Bench
    concurrency: int = 32
    limit: int | None = None
    scope: Scope = field(default_factory=Scope)
    neighbours: Neighbours | None = None
    on_progress: Callable[[Tally], None] = lambda tally: None
    worker: str = field(default_factory=worker_name)
    tally: Tally = field(default_factory=Tally)
    _stopping: bool = False
    _resting_until: float = 0.0
    _rest_seconds: float = 0.0
    _scoring: Scoring = field(default_factory=Scoring)
    _in_hand: int = 0
    _claimed: int = 0
    _settled: asyncio.Queue[Judged | None] = field(default_factory=asyncio.Queue)
    _free: asyncio.Event = field(default_factory=asyncio.Event)
    _claimer: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "claim"))
    _settler: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "settle"))

    def wake(self) -> None:
        """Something new may be there."""
        self._free.set()

    def stop(self) -> None:
        """Claim nothing more; what is in flight is finished."""
        self._stopping = True
        self._free.set()

    async def run(self) -> Tally:
        """Audit until nothing is ready, the limit is reached or `stop` was called."""
        self._scoring = await self._in(self._claimer, Scoring.current)
        leases = Clock("leases", [self._lease_keeping(), self._heartbeat()])
        leases.start()
        try:
            await self._work()
        finally:
            await asyncio.to_thread(leases.stop)
        return self.tally

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._settle_all())
            async with asyncio.TaskGroup() as judging:
                while claimed := await self._next_batch():
                    for record, memory in claimed:
                        self._in_hand += 1
                        judging.create_task(self._judge(record, memory))
            self._settled.put_nowait(None)

    def _lease_keeping(self) -> Duty:
        """Renewing our leases while we work, so that a slow judge does not lose its record."""
        renew = partial(AuditRecord.objects.renew, self.worker)
        return Duty("lease keeping", settings.AUDIT_LEASE_SECONDS / 3, renew)

    @property
    def stopping(self) -> bool:
        return self._stopping

    async def sleep(self) -> None:
        """Until something new may be there, or the poll interval is over."""
        if not self._stopping:
            await self._place_or_news()

    async def forget_connections(self) -> None:
        """After the database was away: go on as another worker; what was in hand is forgotten.

        Its leases run out; nobody renews them.
        """
        self._in_hand, self.worker = 0, worker_name()
        self._settled = asyncio.Queue()
        for executor in (self._claimer, self._settler):
            await self._in(executor, connections.close_all)

    async def close(self) -> None:
        """Give the threads and their database connections back."""
        await self._in(self._claimer, heartbeats.end, self.worker)
        for executor in (self._claimer, self._settler):
            await self._in(executor, connections.close_all)
            executor.shutdown()

    async def remaining(self) -> int:
        """How many memories of this run's scope still have no verdict."""
        return await self._in(self._claimer, self._remaining)

    def _remaining(self) -> int:
        unseen = Memory.objects.filter(self.scope.of_memories(), trust=Trust.NEW, audit=None)
        leased = AuditRecord.objects.filter(self.scope.of_records(), status__in=OPEN)
        return unseen.count() + leased.count()

    # --- claiming ---------------------------------------------------------------------------

    async def _next_batch(self) -> list[tuple[AuditRecord, Memory]]:
        """Claimed records with their memories; empty when the run is over.

        Waits for a free place first. Claims in large bites: a fifth of the places at least.
        """
        while not self._stopping and time.monotonic() >= self._resting_until:
            wanted = self._wanted()
            if wanted == 0 and not self._in_hand:
                return []
            if wanted:
                if batch := await self._in(self._claimer, self._take, wanted):
                    self._claimed += len(batch)
                    return batch
                if not self._in_hand:
                    return []
            await self._place_or_news()
        return []

    async def _place_or_news(self) -> None:
        """Until a place is free or something new may be there; judges can be slow."""
        self._free.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._free.wait(), settings.AUDIT_POLL_SECONDS)

    def _wanted(self) -> int:
        places = self.concurrency - self._in_hand
        if places < max(1, self.concurrency // 5) and self._in_hand:
            places = 0
        if self.limit is not None:
            places = min(places, self.limit - self._claimed)
        return max(0, min(places, CLAIM_AT_MOST))

    def _take(self, wanted: int) -> list[tuple[AuditRecord, Memory]]:
        records = self._claim(wanted)
        if not records:
            self._look_around(wanted)
            records = self._claim(wanted)
        memories = Memory.objects.in_bulk([record.memory_id for record in records])
        return [(record, memories[record.memory_id]) for record in records]

    def _claim(self, wanted: int) -> list[AuditRecord]:
        queue = AuditRecord.objects.filter(self.scope.of_records())
        return queue.claim(self.worker, wanted)

    def _look_around(self, wanted: int) -> None:
        """The queue is empty: reports, worn-out records, changed texts, and what is new.

        New is what the chat and imports stored, and what other programs wrote into mem0's store.
        """
        self.tally.flagged += reports.take()
        self.tally.failed += settling.fail_exhausted()
        AuditRecord.objects.requeue_changed(wanted)
        indexer.adopt_foreign(CLAIM_AT_MOST)
        AuditRecord.objects.discover(max(wanted, CLAIM_AT_MOST), self.scope.of_memories())

    def _heartbeat(self) -> Duty:
        return Duty("heartbeat", heartbeats.EVERY_SECONDS, partial(heartbeats.beat, self.worker))

    # --- judging ----------------------------------------------------------------------------

    async def _judge(self, record: AuditRecord, memory: Memory) -> None:
        try:
            near = await self.neighbours(memory) if self.neighbours else ()
            seen = under_audit(memory, near)
            verdict = await self.bench.verdict_on(seen)
        except LLMUnavailable as error:
            self._outage()
            await self._release(record, error, excused=True)
            return
        except (NoVerdict, LLMError) as error:
            await self._release(record, error)
            return
        except Exception as error:
            log.exception("a judge broke on memory %s", record.memory_id)
            await self._release(record, error)
            return
        judged = Judged(
            record.id,
            self.worker,
            record.attempts,
            memory.pk,
            memory.version,
            self._scoring.status(verdict),
            verdict,
            self._scoring.confidence(verdict),
            twin_of(seen),
        )
        await self._settled.put(judged)

    async def _release(
        self, record: AuditRecord, error: Exception, *, excused: bool = False
    ) -> None:
        rest = RETRY_SECONDS[min(record.attempts, len(RETRY_SECONDS)) - 1]
        mine = [(record.id, record.attempts)]
        log.warning("no verdict on memory %s: %s", record.memory_id, error)
        release = partial(settling.release, mine, self.worker, str(error), rest, excused=excused)
        await self._in(self._settler, release)
        self.tally.retried += 1
        self._place_free()

    def _outage(self) -> None:
        """The LLM is away: claim nothing for a while, longer each time, 5 minutes at most."""
        if time.monotonic() < self._resting_until:
            return
        self._rest_seconds = min(300.0, 2 * self._rest_seconds or settings.AUDIT_POLL_SECONDS)
        self._resting_until = time.monotonic() + self._rest_seconds
        log.warning("the LLM does not answer: resting for %.0f s", self._rest_seconds)

    def _place_free(self) -> None:
        self._in_hand -= 1
        self._free.set()

    # --- settling ---------------------------------------------------------------------------

    async def _settle_all(self) -> None:
        """Write verdicts as they come, everything that waits in one transaction."""
        group: list[Judged] = []
        while (first := await self._settled.get()) is not None:
            group = [first]
            while len(group) < SETTLE_AT_MOST and not self._settled.empty():
                judged = self._settled.get_nowait()
                if judged is None:
                    self._settled.put_nowait(None)
                    break
                group.append(judged)
            await self._in(self._settler, self._settle, group)
            self._rest_seconds = 0.0
            for _ in group:
                self._place_free()
            self.on_progress(self.tally)

    def _settle(self, group: list[Judged]) -> None:
        """Counted where it was committed: what waits for this may be gone by then."""
        for outcome in settling.settle(group):
            self.tally.count(outcome)

    async def _in(
        self, executor: ThreadPoolExecutor, function: Callable[..., T], *args: object
    ) -> T:
        return await asyncio.get_running_loop().run_in_executor(executor, function, *args)


async def analyze_memory(memory_id: uuid.UUID | str, bench: Bench | None = None) -> Outcome | None:
    """Audit one memory through the real queue; what became of it.

    None when there is nothing to judge: it is flagged or decided already, or being judged.
    """
    from audits.judging import bench as configured

    auditor = Auditor(bench or configured(), concurrency=1, limit=1)
    auditor.scope = Scope(memory_id=uuid.UUID(str(memory_id)))
    try:
        tally = await auditor.run()
    finally:
        await auditor.close()
    outcomes: dict[Outcome, int] = {
        "cleared": tally.cleared,
        "pending": tally.flagged,
        "quarantined": tally.quarantined,
        "failed": tally.failed,
    }
    return next((outcome for outcome, count in outcomes.items() if count), None)
