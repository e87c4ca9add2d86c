"""Verdicts of judges that are gone: handed to those of today, as long as no person has decided."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from audits.decisions import Move, append
from audits.models import AuditRecord
from audits.queue import AuditRecordQuerySet
from audits.states import Status
from knowledge import store
from knowledge.models import Memory, Trust

GONE = ("grounding",)
SUPPORTING = ("claims", "llm")
AT_A_TIME = 500


def replaced() -> AuditRecordQuerySet:
    """Undecided records that such a judge flagged, or that were cleared for want of an objection.

    Not what a reviewer has taken to decide on.
    """
    flagged = Q(status__in=[Status.PENDING, Status.QUARANTINED], judge__in=GONE)
    unfounded = Q(status=Status.CLEARED) & ~Q(judge__in=SUPPORTING)
    taken = Q(review_claimed_until__gt=timezone.now())
    return AuditRecord.objects.filter(flagged | unfounded).exclude(taken)


def counts() -> dict[str, int]:
    """How many of them there are, by status."""
    statuses = (Status.CLEARED, Status.PENDING, Status.QUARANTINED)
    return {status.value: replaced().filter(status=status).count() for status in statuses}


@transaction.atomic
def requeue() -> int:
    """Queue a batch of them again, a line in the log for each that was flagged; how many."""
    ids = replaced().order_by("id").values_list("memory_id", flat=True)[:AT_A_TIME]
    memories = {memory.pk: memory for memory in Memory.objects.locked(list(ids))}
    records = list(replaced().filter(memory__in=memories).order_by("id").select_for_update())
    moves = [
        Move(
            memory, "requeue", record.status, Status.QUEUED, memory.trust, Trust.NEW,
            judge=record.judge,
        )
        for record in records
        if record.status != Status.CLEARED
        for memory in [memories[record.memory_id]]
    ]  # fmt: skip
    AuditRecord.objects.filter(id__in=[record.id for record in records]).update(
        status=Status.QUEUED, excused=F("attempts"), ready_at=timezone.now(), last_error=""
    )
    store.set_trust([memories[record.memory_id] for record in records], Trust.NEW)
    append(moves)
    return len(records)
