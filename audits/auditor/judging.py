"""One attempt at one memory: a verdict, or why there is none and whether that counts."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from audits.auditor.outages import Outages
from audits.duplicates import twin_of
from audits.judges import Neighbour, NotInTime, NoVerdict, Verdict
from audits.judging import Bench, under_audit
from audits.models import AuditRecord
from audits.quoting import quoted_by
from audits.scoring import Scoring
from audits.settling import Judged, Released
from audits.states import Status
from knowledge.llm import LLMError
from knowledge.models import Memory, Source

log = logging.getLogger("audits.auditor")

RETRY_SECONDS = (2.0, 10.0, 60.0, 300.0)
"""How long a record rests after its first, second, … attempt without a verdict."""

Neighbours = Callable[[Memory], Awaitable[tuple[Neighbour, ...]]]


async def no_neighbours(memory: Memory) -> tuple[Neighbour, ...]:
    return ()


@dataclass(slots=True)
class Judging:
    """What attempts of one run share."""

    worker: str
    bench: Bench
    scoring: Scoring
    neighbours: Neighbours
    outages: Outages

    async def attempt(self, record: AuditRecord, memory: Memory) -> Judged | Released:
        began_at = time.monotonic()
        try:
            judged = await self._judge(record, memory)
        except NotInTime as error:
            return self._for_a_person(record, memory, error)
        except Exception as error:  # noqa: BLE001  a judge may break on any text; it is reported
            return self._released(record, error, self.outages.excuse(error, began_at))
        self.outages.answered()
        return judged

    async def _judge(self, record: AuditRecord, memory: Memory) -> Judged:
        seen = under_audit(memory, await self.neighbours(memory), await quoted_by(memory))
        verdict = await self.bench.verdict_on(seen)
        if memory.source == Source.TOLD:
            return self._told(record, memory, verdict)
        return Judged(
            record.id,
            self.worker,
            record.attempts,
            memory.pk,
            memory.version,
            self.scoring.status(verdict),
            verdict,
            self.scoring.confidence(verdict),
            await asyncio.to_thread(twin_of, seen) if seen.neighbours else None,
            memory.user_query[:1000],
        )

    def _told(self, record: AuditRecord, memory: Memory, verdict: Verdict) -> Judged:
        """What a person tells is decided by a person, whatever judges make of it.

        That somebody did something is no false claim here: operators can do more than read.
        """
        against = tuple(f for f in verdict.findings if f.code != "rules.action_claimed")
        verdict = replace(verdict, findings=against)
        if not against:
            verdict = Verdict("auditor", 0.0, _("An operator tells what fixed it: you decide."))
        return self._pending(record, memory, verdict)

    def _for_a_person(self, record: AuditRecord, memory: Memory, why: NotInTime) -> Judged:
        log.warning("memory %s goes to a person: %s", memory.pk, why)
        return self._pending(record, memory, Verdict("auditor", 0.0, str(why)))

    def _pending(self, record: AuditRecord, memory: Memory, verdict: Verdict) -> Judged:
        return Judged(
            record.id,
            self.worker,
            record.attempts,
            memory.pk,
            memory.version,
            Status.PENDING,
            verdict,
        )

    def _released(self, record: AuditRecord, error: Exception, excused: bool) -> Released:
        if excused or isinstance(error, (NoVerdict, LLMError)):
            log.warning("no verdict on memory %s: %s", record.memory_id, error)
        else:
            log.exception("a judge broke on memory %s", record.memory_id, exc_info=error)
        rest = RETRY_SECONDS[min(record.attempts, len(RETRY_SECONDS)) - 1]
        why = str(error) or type(error).__name__
        return Released(record.id, self.worker, record.attempts, why, rest, excused)
