"""What a person does to a memory: one transaction each, in the one lock order of the product.

Memory → AuditRecord → vector row → DecisionHead. The admin, the REST API and the commands all
call these functions; a rule about decisions is written here and nowhere else.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audits.decisions import Move, append
from audits.models import AuditRecord, Decision, ReviewNote
from audits.states import DECIDED, MOVES, TRUST_OF, ReasonCode, Status
from knowledge import limits, store
from knowledge.cleaning import clean
from knowledge.models import Memory

HUMAN_ACTIONS = ("approve", "reject", "restore")


class ReviewError(Exception):
    """A decision that was not made. The message says why, for the person who tried.

    * UnknownMemory  there is no such memory
    * Refused        the move is not allowed from where the record stands, or somebody was faster
    * OwnMemory      it is their own question or correction, and the site wants a second person
    * Invalid        what was asked makes no sense (a correction with a rejection)
    """


class UnknownMemory(ReviewError): ...


class Refused(ReviewError): ...


class OwnMemory(ReviewError): ...


class Invalid(ReviewError): ...


class SameText(Refused):
    """The corrected text is that of another memory, `memory`, of the same agent."""

    def __init__(self, memory: Memory) -> None:
        super().__init__(
            _("Memory %(id)s of this agent says exactly this already. Keep that one?")
            % {"id": memory.pk}
        )
        self.memory = memory


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
) -> AuditRecord:
    """Approve, reject or restore, as `by`. `version` is the version that `by` was looking at."""
    if action not in MOVES:
        raise Invalid(_("The action must be one of %(known)s.") % {"known": ", ".join(MOVES)})
    if corrected_response is not None and action != "approve":
        raise Invalid(_("A corrected answer goes only with an approval."))
    note = clean(note).strip()
    memory, record = _locked(memory_id)
    _check_claim(record, by)
    own = _check_own(memory, by)
    from_statuses, to_status = MOVES[action]
    if record.status not in from_statuses:
        raise Refused(_not_from(record, action))
    if version is not None and version != memory.version:
        raise Refused(
            _("The memory has changed: it is at version %(now)s now, not %(seen)s.")
            % {"now": memory.version, "seen": version}
        )
    from_digest = memory.content_hash
    if corrected_response is not None and corrected_response.strip() != memory.agent_response:
        _correct(memory, _fit(corrected_response), by)
        reason_code = reason_code or ReasonCode.CORRECTED
    move(
        memory,
        record,
        action,
        to_status,
        by,
        note=f"{note}\n{own}".strip(),
        reason_code=reason_code,
        from_digest=from_digest,
    )
    return record


def _not_from(record: AuditRecord, action: str) -> str:
    """Why `action` is refused, and who was faster when somebody was."""
    refused = {
        "approve": _("it can't be approved"),
        "reject": _("it can't be rejected"),
        "restore": _("it can't be restored"),
    }
    values = {"status": record.get_status_display().lower(), "refused": refused[action]}
    if record.reviewer:
        values["who"] = record.reviewer.get_username()
        return _("This memory is %(status)s already, by %(who)s: %(refused)s.") % values
    return _("This memory is %(status)s: %(refused)s.") % values


def _locked(memory_id: uuid.UUID | str) -> tuple[Memory, AuditRecord]:
    try:
        memory = Memory.objects.select_for_update().get(pk=uuid.UUID(str(memory_id)))
    except (ValueError, Memory.DoesNotExist):
        raise UnknownMemory(_("There is no such memory.")) from None
    record = AuditRecord.objects.select_for_update().filter(memory=memory).first()
    if record is None:
        raise Refused(_("This memory has not been audited yet."))
    record.memory = memory
    return memory, record


def _check_claim(record: AuditRecord, by: User) -> None:
    holder, until = record.review_claimed_by, record.review_claimed_until
    if holder and holder.pk != by.pk and until and until > timezone.now():
        raise Refused(
            _("%(who)s is reviewing this memory just now.") % {"who": holder.get_username()}
        )


def is_own(memory: Memory, by: User) -> bool:
    """Whether `by` asked this question, or wrote the text that is to be decided on."""
    if memory.user_id == by.pk:
        return True
    return memory.revisions.filter(version=memory.version - 1, changed_by=by).exists()


def _check_own(memory: Memory, by: User) -> str:
    """Four eyes, unless AUDIT_ALLOW_OWN says that the site is too small; the record says so."""
    if not is_own(memory, by):
        return ""
    if not settings.AUDIT_ALLOW_OWN:
        raise OwnMemory(
            _("This is your own question or your own correction: another reviewer has to decide.")
        )
    return _("Decided by the person whose question or correction it is (AUDIT_ALLOW_OWN).")


def _fit(response: str) -> str:
    try:
        return limits.check_text("the answer", response)
    except limits.EmptyMemory:
        raise Invalid(_("The corrected answer is empty.")) from None
    except limits.Unfit as unfit:
        raise Invalid(
            _(
                "The corrected answer can't be stored: it is longer than %(most)s characters, or "
                "holds a NUL character."
            )
            % {"most": limits.LONGEST_TEXT}
        ) from unfit


def _correct(memory: Memory, response: str, by: User) -> None:
    try:
        store.revise(memory, response, by)
    except store.SameAsAnother as same:
        raise SameText(same.memory) from None


def move(
    memory: Memory,
    record: AuditRecord,
    action: str,
    to_status: str,
    by: User,
    *,
    note: str = "",
    reason_code: str = "",
    from_digest: str = "",
    undoes: int | None = None,
) -> None:
    """Write status, trust, vector and log line together. Both rows are locked by the caller."""
    from_status, from_trust = record.status, memory.trust
    record.status = to_status
    record.reviewer, record.reviewed_at = by, timezone.now()
    record.note, record.reason_code = note, reason_code
    record.review_claimed_by = record.review_claimed_until = None
    record.lease_owner, record.lease_until = "", None
    record.save()
    to_trust = TRUST_OF[to_status]
    flagged = [memory.pk] if record.ia_audit_confidence is not None else []
    store.set_trust([memory], to_trust, flagged=flagged)
    append(
        [
            Move(
                memory, action, from_status, to_status, from_trust, to_trust,
                actor=by, judge=record.judge, confidence=record.ia_audit_confidence,
                reason_code=reason_code, note=note, from_digest=from_digest, undoes=undoes,
            )
        ]
    )  # fmt: skip


@transaction.atomic
def undo(memory_id: uuid.UUID | str, by: User) -> AuditRecord:
    """Take the last decision on a memory back: status, trust and text as they were before it."""
    memory, record = _locked(memory_id)
    _check_claim(record, by)
    last = undoable(record)
    if last is None:
        raise Refused(_("There is no decision here that can be undone."))
    _restore_text(memory, last, by)
    earlier = _decision_behind(last)
    move(memory, record, "undo", last.from_status, by, undoes=last.seq)
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
    for line in lines.exclude(action="undo"):
        if line.seq in undone:
            continue
        fits = line.action in HUMAN_ACTIONS and line.to_status == record.status
        return line if fits and line.at >= oldest else None
    return None


def _restore_text(memory: Memory, last: Decision, by: User) -> None:
    """A correction made with the decision goes back too; a later change of text stays."""
    if last.from_digest in {"", last.content_digest} or memory.version != last.memory_version:
        return
    revision = memory.revisions.get(version=last.memory_version - 1)
    _correct(memory, revision.agent_response, by)


def _decision_behind(last: Decision) -> Decision | None:
    earlier = Decision.objects.filter(memory_id=last.memory_id, seq__lt=last.seq)
    return earlier.filter(to_status=last.from_status).order_by("-seq").first()


@transaction.atomic
def audit_again(memory_id: uuid.UUID | str, by: User) -> AuditRecord:
    """Send a memory through the judges once more, whatever was decided: an explicit act."""
    memory, record = _locked(memory_id)
    _check_claim(record, by)
    if record.status in {Status.QUEUED, Status.RUNNING}:
        raise Refused(_("This memory is waiting for the auditor already."))
    requeue(memory, record, "audit_again", by)
    return record


def requeue(memory: Memory, record: AuditRecord, action: str, by: User) -> None:
    """Hand a locked record to the auditor as if it were new; `action` is the log's word for why."""
    record.excused, record.ready_at, record.last_error = record.attempts, timezone.now(), ""
    move(memory, record, action, Status.QUEUED, by)
    record.reviewer, record.reviewed_at = None, None
    record.save()


def claim(memory_id: uuid.UUID | str, by: User) -> AuditRecord:
    """Say that `by` is looking at this record, for a while, so that two never decide the same."""
    with transaction.atomic():
        record = AuditRecord.objects.select_for_update().filter(memory_id=memory_id).first()
        if record is None:
            raise UnknownMemory(_("There is no such memory."))
        _check_claim(record, by)
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
    """
    memory = Memory.objects.select_for_update().get(pk=memory.pk)
    record, _created = AuditRecord.objects.select_for_update().get_or_create(memory=memory)
    if record.status in {Status.REJECTED, Status.QUARANTINED}:
        raise Refused(f"the same memory is {record.get_status_display().lower()}")
    if record.status != Status.APPROVED:
        record.memory_version = memory.version
        move(memory, record, "approve", Status.APPROVED, by, note="")
    return record
