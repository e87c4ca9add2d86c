"""One decision on many memories: the rules of `moves`, the writing together."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audits.decisions import Decision, Move, append
from audits.models import AuditRecord
from audits.moves import (
    ReviewError,
    UnknownMemory,
    Wanted,
    check_contradictions,
    check_move,
    check_sense,
    decide,
)
from audits.states import MOVES, TRUST_OF
from knowledge import store
from knowledge.cleaning import clean
from knowledge.models import Memory, MemoryRevision


def decide_all(
    versions: Mapping[uuid.UUID, int], by: User, wanted: Wanted
) -> dict[uuid.UUID, int | ReviewError]:
    """The same decision on many memories, each in the version seen: its log line, or why not.

    As `decide` does it, inside the caller's transaction; those that need no second look are
    written together.
    """
    check_sense(wanted)
    others = Memory.objects.filter(superseded_by__in=list(versions)).values_list("pk", flat=True)
    memories = {one.pk: one for one in Memory.objects.locked([*versions, *others])}
    records = _records(list(versions))
    # Whose text somebody wrote here, who asked it, and what takes another's place: one by one.
    revised = set(
        MemoryRevision.objects.filter(memory__in=list(versions)).values_list("memory", flat=True)
    )
    replacing = {memories[pk].superseded_by_id for pk in others}
    outcomes: dict[uuid.UUID, int | ReviewError] = {}
    together: list[tuple[Memory, AuditRecord]] = []
    for pk, version in versions.items():
        memory, record = memories.get(pk), records.get(pk)
        one = replace(wanted, version=version)
        try:
            if memory is None or record is None:
                raise UnknownMemory(_("There is no such memory."))
            if memory.user_id == by.pk or pk in revised or pk in replacing:
                with transaction.atomic():
                    outcomes[pk] = last_seq(decide(memory, record, by, one))
                continue
            check_move(memory, record, by, one)
            check_contradictions(memory, one)
            together.append((memory, record))
        except ReviewError as error:
            outcomes[pk] = error
    return outcomes | _move_all(together, by, wanted)


def _records(memory_ids: list[uuid.UUID]) -> dict[uuid.UUID, AuditRecord]:
    records = AuditRecord.objects.filter(memory__in=memory_ids).order_by("id")
    locked = records.select_for_update(of=("self",)).select_related("reviewer", "review_claimed_by")
    return {record.memory_id: record for record in locked}


def _move_all(
    pairs: list[tuple[Memory, AuditRecord]], by: User, wanted: Wanted
) -> dict[uuid.UUID, int]:
    """`move` for many at once, which all go to the same status."""
    if not pairs:
        return {}
    to_status, note = MOVES[wanted.action][1], clean(wanted.note).strip()
    to_trust = TRUST_OF[to_status]
    lines = [
        Move(
            memory, wanted.action, record.status, to_status, memory.trust, to_trust,
            actor=by, judge=record.judge, confidence=record.ia_audit_confidence,
            reason_code=wanted.reason_code, note=note, from_digest=memory.content_hash,
        )
        for memory, record in pairs
    ]  # fmt: skip
    AuditRecord.objects.filter(id__any={record.pk for _memory, record in pairs}).update(
        status=to_status, reviewer=by, reviewed_at=timezone.now(), note=note,
        reason_code=wanted.reason_code, review_claimed_by=None, review_claimed_until=None,
        lease_owner="", lease_until=None,
    )  # fmt: skip
    flagged = [memory.pk for memory, record in pairs if record.ia_audit_confidence is not None]
    store.set_trust([memory for memory, _record in pairs], to_trust, flagged=flagged)
    return {line.memory_id: line.seq for line in append(lines)}


def last_seq(record: AuditRecord) -> int:
    """The line of the log that was just written about a record."""
    lines = Decision.objects.filter(memory_id=record.memory_id).exclude(
        action__in=["supersede", "reinstate"]
    )
    return lines.order_by("-seq").values_list("seq", flat=True)[0]
