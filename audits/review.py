"""What a person does to a memory: one transaction each, in the one lock order of the product.

Memory → AuditRecord → vector row → DecisionHead. The admin, the REST API and the commands all
call these functions; a rule about decisions is written here and nowhere else.
"""

from __future__ import annotations

import contextlib
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audits import moves
from audits.models import AuditRecord, Decision, ReviewNote
from audits.moves import (
    Contradicts,
    Invalid,
    OwnMemory,
    Refused,
    ReviewError,
    SameText,
    UnknownMemory,
    Wanted,
    check_claim,
    check_own,
    correct,
    is_own,
    move,
)
from audits.permissions import TAKE_OVER
from audits.states import DECIDED, Status
from audits.superseding import ids_to_lock
from knowledge.models import Memory

__all__ = (
    "Contradicts", "Invalid", "OwnMemory", "Refused", "ReviewError", "SameText",
    "UnknownMemory", "Wanted", "approve_imported", "audit_again", "claim", "decide", "is_own",
    "last_of",    "release_claim", "requeue", "undo", "undoable",
)  # fmt: skip

HUMAN_ACTIONS = ("approve", "reject", "restore")
LOOKED_BACK = 200
"""Lines of one person that are looked through for a decision not undone yet."""
ABOUT_ANOTHER = ("supersede", "reinstate")
"""What a decision on another memory did to this one: taken back with that one."""


@transaction.atomic
def decide(
    memory_id: uuid.UUID | str,
    action: str,
    by: User,
    *,
    note: str = "",
    reason_code: str = "",
    corrected_response: str | None = None,
    version: int | None = None,
    supersedes: uuid.UUID | None = None,
    valid_until: datetime | None = None,
    keeps_both: bool = False,
) -> AuditRecord:
    """Approve, reject or restore, as `by`. `version` is the version that `by` was looking at.

    `supersedes` is an approved memory that this one takes the place of, `keeps_both` says that
    those that contradict it stay; after `valid_until` this one is not found any more.
    """
    memory, record = _locked(memory_id, supersedes)
    wanted = Wanted(
        action, note, reason_code, corrected_response, version, supersedes, valid_until, keeps_both
    )
    return moves.decide(memory, record, by, wanted)


def _locked(
    memory_id: uuid.UUID | str, other_id: uuid.UUID | None = None
) -> tuple[Memory, AuditRecord]:
    """The memory and its record, after all memories that a decision on it may touch, by id."""
    with contextlib.suppress(ValueError):  # no id at all: `locked` says so
        Memory.objects.locked(ids_to_lock(memory_id, other_id))
    return AuditRecord.objects.locked(memory_id)


@transaction.atomic
def undo(memory_id: uuid.UUID | str, by: User, *, only: int | None = None) -> AuditRecord:
    """Take the last decision on a memory back: status, trust and text as they were before it.

    What it superseded is in force again. `only`: the line of the log that has to be the last one.
    """
    memory, record = _locked(memory_id)
    check_claim(record, by)
    last = undoable(record)
    if last is None or only not in {None, last.seq}:
        raise Refused(_("There is no decision here that can be undone."))
    # What one has just done oneself can always be taken back; another's word on one's own not.
    own = "" if last.actor_id == by.pk else check_own(memory, by)
    _restore_text(memory, last, by)
    earlier = _decision_behind(last)
    move(memory, record, "undo", last.from_status, by, note=own, undoes=last.seq)
    if last.from_status not in DECIDED:
        record.reviewer, record.reviewed_at, record.note, record.reason_code = None, None, "", ""
    elif earlier is not None:
        record.reviewer_id, record.reviewed_at = earlier.actor_id, earlier.at
        record.reason_code = earlier.reason_code
        note = ReviewNote.objects.filter(pk=earlier.seq).first()
        record.note = note.text if note else ""
    record.save()
    return record


def undoable(record: AuditRecord) -> Decision | None:
    """The decision that `undo` would take back: the last one, a person's, not too old."""
    lines = Decision.objects.filter(memory_id=record.memory_id).order_by("-seq")
    undone = set(lines.filter(undoes__isnull=False).values_list("undoes", flat=True))
    oldest = timezone.now() - timedelta(days=settings.AUDIT_UNDO_DAYS)
    for line in lines.exclude(action__in=["undo", *ABOUT_ANOTHER]):
        if line.seq in undone:
            continue
        fits = line.action in HUMAN_ACTIONS and line.to_status == record.status
        return line if fits and line.at >= oldest else None
    return None


def last_of(by: User) -> Decision | None:
    """What `by` decided last and could undo now, wherever they are."""
    lines = Decision.objects.filter(actor_id=by.pk, action__in=(*HUMAN_ACTIONS, "undo"))
    undone = set()
    for line in lines.order_by("-seq")[:LOOKED_BACK]:
        if line.action == "undo":
            undone.add(line.undoes)
        elif line.seq not in undone:
            record = AuditRecord.objects.filter(memory_id=line.memory_id).first()
            found = undoable(record) if record else None
            return line if found and found.seq == line.seq else None
    return None


def _restore_text(memory: Memory, last: Decision, by: User) -> None:
    """A correction made with the decision goes back too; a later change of text stays."""
    if last.from_digest in {"", last.content_digest} or memory.version != last.memory_version:
        return
    revision = memory.revisions.get(version=last.memory_version - 1)
    correct(memory, revision.agent_response, by, revision.answer)


def _decision_behind(last: Decision) -> Decision | None:
    earlier = Decision.objects.filter(memory_id=last.memory_id, seq__lt=last.seq)
    earlier = earlier.exclude(action__in=ABOUT_ANOTHER)
    return earlier.filter(to_status=last.from_status).order_by("-seq").first()


@transaction.atomic
def audit_again(memory_id: uuid.UUID | str, by: User) -> AuditRecord:
    """Send a memory through the judges once more, whatever was decided: an explicit act."""
    memory, record = _locked(memory_id)
    check_claim(record, by)
    if record.status in {Status.QUEUED, Status.RUNNING}:
        raise Refused(_("This memory is waiting for the auditor already."))
    requeue(memory, record, "audit_again", by, note=check_own(memory, by))
    return record


def requeue(memory: Memory, record: AuditRecord, action: str, by: User, *, note: str = "") -> None:
    """Hand a locked record to the auditor as if it were new; `action` is the log's word for why."""
    record.excused, record.ready_at, record.last_error = record.attempts, timezone.now(), ""
    move(memory, record, action, Status.QUEUED, by, note=note)
    record.reviewer, record.reviewed_at = None, None
    record.save()


def claim(memory_id: uuid.UUID | str, by: User, *, takes_over: bool = False) -> AuditRecord:
    """Say that `by` is looking at this record, for a while, so that two never decide the same.

    Again, it is renewed. `takes_over`: also from somebody else, for whom `by` answers.
    """
    with transaction.atomic():
        record = AuditRecord.objects.select_for_update().filter(memory_id=memory_id).first()
        if record is None:
            raise UnknownMemory(_("There is no such memory."))
        if not (takes_over and by.has_perm(TAKE_OVER)):
            check_claim(record, by)
        record.review_claimed_by = by
        minutes = settings.AUDIT_REVIEW_CLAIM_MINUTES
        record.review_claimed_until = timezone.now() + timedelta(minutes=minutes)
        record.save(update_fields=["review_claimed_by", "review_claimed_until"])
    return record


def release_claim(memory_id: uuid.UUID | str, by: User) -> bool:
    """Let others review again. False when the claim was not `by`'s."""
    mine = AuditRecord.objects.filter(memory_id=memory_id, review_claimed_by=by.pk)
    return bool(mine.update(review_claimed_by=None, review_claimed_until=None))


@transaction.atomic
def approve_imported(memory: Memory, by: User) -> AuditRecord:
    """An approval given with an import: the record and its log line, in `by`'s name.

    Refused when the memory was rejected or quarantined: an import never revives it.
    OwnMemory when the file holds what `by` asked or corrected here.
    """
    memory = Memory.objects.select_for_update().get(pk=memory.pk)
    record, _created = AuditRecord.objects.select_for_update().get_or_create(memory=memory)
    if record.status in {Status.REJECTED, Status.QUARANTINED}:
        trust = record.get_status_display().lower()
        raise Refused(_("the same memory is %(trust)s") % {"trust": trust})
    if record.status != Status.APPROVED:
        record.memory_version = memory.version
        move(memory, record, "approve", Status.APPROVED, by, note=check_own(memory, by))
    return record
