"""Many memories and records at once, as a site has them after years; also for the benchmark."""

from __future__ import annotations

import uuid

from audits.models import AuditRecord
from audits.states import TRUST_OF, Status
from knowledge.models import Memory
from knowledge.store import Draft

RARE = {0: Status.PENDING, 1: Status.QUARANTINED}


def fill(count: int) -> None:
    """So many more: two of a hundred wait for a person, the others are cleared and indexed."""
    for start in range(0, count, 5000):
        numbers = range(start, min(start + 5000, count))
        statuses = [RARE.get(n % 100, Status.CLEARED) for n in numbers]
        memories = Memory.objects.bulk_create(_memory(status) for status in statuses)
        AuditRecord.objects.bulk_create(
            AuditRecord(memory=memory, status=status, memory_version=1)
            for memory, status in zip(memories, statuses, strict=True)
        )


def _memory(status: Status) -> Memory:
    question = f"How do I see job {uuid.uuid4()}?"
    row = Draft(agent="tws-analyzer", user_query=question, agent_response="In conman.").row()
    row.trust, row.indexed_version = TRUST_OF[status], 1
    return row
