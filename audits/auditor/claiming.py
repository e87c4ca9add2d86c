"""Taking records, with their memories, for one worker. Blocking: runs on the claiming thread."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from audits.auditor.duties import catch_up
from audits.auditor.tally import Tally
from audits.models import AuditRecord
from audits.states import OPEN
from knowledge.models import Memory, Trust

CLAIM_AT_MOST = 500

JUDGED = (
    "agent", "kind", "source", "version", "user_query", "agent_response", "answer", "evidence",
)  # fmt: skip
"""What a judge may see of a memory: loading the rest of the row would cost as much again."""

Claimed = tuple[AuditRecord, Memory]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which memories a run is about: all, those since a time, or some."""

    since: datetime | None = None
    memory_ids: Sequence[uuid.UUID] | None = None

    def of_memories(self) -> Q:
        return self._q("created_at__gte", "pk__in")

    def of_records(self) -> Q:
        return self._q("memory__created_at__gte", "memory_id__in")

    def _q(self, since: str, some: str) -> Q:
        wanted = {since: self.since, some: self.memory_ids}
        return Q(**{name: value for name, value in wanted.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Claimer:
    worker: str
    scope: Scope
    tally: Tally

    def take(self, wanted: int) -> list[Claimed] | None:
        """Up to `wanted` claimed records; None when nothing is ready.

        What is queued, then what is new; the queue is looked after when there is neither.
        """
        records = self._claim(wanted)
        if len(records) < wanted:
            new = self.scope.of_memories()
            records += AuditRecord.objects.claim_new(self.worker, wanted - len(records), new)
        if not records:
            catch_up(self.tally, self.scope.of_memories())
            records = self._claim(wanted)
        return self._with_memories(records) if records else None

    def remaining(self) -> int:
        """How many memories of the scope still have no verdict."""
        unseen = Memory.objects.filter(self.scope.of_memories(), trust=Trust.NEW, audit=None)
        leased = AuditRecord.objects.filter(self.scope.of_records(), status__in=OPEN)
        return unseen.count() + leased.count()

    def _claim(self, wanted: int) -> list[AuditRecord]:
        return AuditRecord.objects.filter(self.scope.of_records()).claim(self.worker, wanted)

    def _with_memories(self, records: list[AuditRecord]) -> list[Claimed]:
        """A memory that has just been deleted took its record along: nothing is left to judge."""
        ids = {record.memory_id for record in records}
        memories = {one.pk: one for one in Memory.objects.only(*JUDGED).filter(pk__any=ids)}
        return [(r, memories[r.memory_id]) for r in records if r.memory_id in memories]
