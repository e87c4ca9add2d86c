"""What is past its undo time is purged, from memory, record and all that was given from it.

The decision log holds digests alone, and stays.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from audits import caching
from audits.models import AuditRecord, BulkItem, KnownCase, Remark, ReviewNote
from audits.queue import AuditRecordQuerySet
from audits.states import Status
from knowledge import purging
from knowledge.models import Kind, Memory, MemoryQuerySet, MemoryUse

BATCH = 200


@dataclass(slots=True)
class Purged:
    """One batch: the memories, the answers given from them, and what all of them said."""

    memory_ids: list[uuid.UUID] = field(default_factory=list)
    answer_ids: list[uuid.UUID] = field(default_factory=list)
    run_ids: list[uuid.UUID] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def rejected() -> AuditRecordQuerySet:
    """Rejected for so long that it can't be undone any more, not purged, and no known case."""
    before = timezone.now() - timedelta(days=settings.AUDIT_UNDO_DAYS)
    return AuditRecord.objects.filter(
        ~_is_known("pk"), status=Status.REJECTED, reviewed_at__lt=before, memory__purged_at=None
    )


def old_states() -> MemoryQuerySet:
    """Answers about the plan as it was, kept for STATE_MEMORY_DAYS; no known cases."""
    before = timezone.now() - timedelta(days=settings.STATE_MEMORY_DAYS)
    return Memory.objects.filter(~_is_known("audit"), kind=Kind.STATE, created_at__lt=before)


def _is_known(record: str) -> Exists:
    """Somebody keeps it to hold others' judgement against; until they say that it may go."""
    return Exists(KnownCase.objects.standing().filter(record=OuterRef(record)))


@transaction.atomic
def purge_rejected() -> Purged:
    """Purge the next rejected memories; an empty batch when none is left.

    Inside it, the caller removes what other rooms keep of these texts.
    """
    ids = list(rejected().order_by("reviewed_at").values_list("memory_id", flat=True)[:BATCH])
    if not ids:
        return Purged()
    answer_ids = purging.answers_from(ids)
    locked = {one.pk: one for one in Memory.objects.locked([*ids, *answer_ids])}
    list(AuditRecord.objects.filter(memory_id__in=locked).order_by("id").select_for_update())
    memories = [locked[pk] for pk in ids if pk in locked]
    texts = purging.texts_of(memories)
    uses = MemoryUse.objects.filter(memory__in=ids)
    run_ids = [run_id for run_id in set(uses.values_list("run_id", flat=True)) if run_id]
    purging.blank(memories)
    answers = [locked[pk] for pk in answer_ids if pk in locked]
    purging.blank_in_answers(answers, ids, texts)
    _forget([*ids, *answer_ids])
    return Purged(ids, answer_ids, run_ids, texts)


def _forget(memory_ids: Collection[uuid.UUID]) -> None:
    """What records and reviewers said about these texts."""
    AuditRecord.objects.filter(memory__in=memory_ids).update(
        findings=[], ia_audit_reason="", last_error="", note="", cluster=""
    )
    ReviewNote.objects.filter(memory_id__in=memory_ids).delete()
    Remark.objects.filter(memory_id__in=memory_ids).delete()
    BulkItem.objects.filter(memory_id__in=memory_ids).update(refused="")
    caching.forget(memory_ids)


@transaction.atomic
def expire_states(limit: int = BATCH) -> int:
    """Delete the oldest answers about the plan past their days; how many."""
    ids = purging.delete(old_states().order_by("created_at", "id")[:limit])
    _forget(ids)
    return len(ids)


def expire_all_states() -> int:
    return sum(_batches())


def _batches() -> Iterable[int]:
    while found := expire_states():
        yield found
