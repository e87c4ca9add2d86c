"""What a decision does to a memory and its record: who may, from where to where, and the writing.

Both rows are locked by the caller, the memory first.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from audits.decisions import Move, append
from audits.states import MOVES, TRUST_OF, ReasonCode
from audits.superseding import reinstate, supersede
from knowledge import limits, store
from knowledge.cleaning import clean
from knowledge.models import Memory, Trust

if TYPE_CHECKING:
    from audits.contradicting import Contradiction
    from audits.models import AuditRecord


class ReviewError(Exception):
    """A decision that was not made. The message says why, for the person who tried.

    * UnknownMemory  there is no such memory
    * Refused        the move is not allowed from where the record stands, or somebody was faster
      - SameText     another memory says exactly this
      - Contradicts  an approved memory says otherwise, and nobody has said which is kept
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


class Contradicts(Refused):
    """Approved memories, `others`, say otherwise: which of them are kept has to be said."""

    def __init__(self, others: list[Contradiction]) -> None:
        first = others[0]
        text = _("This contradicts memory %(id)s, approved by %(who)s on %(when)s: keep which?")
        when = date_format(timezone.localtime(first.approved_at)) if first.approved_at else "?"
        who = first.approved_by or "?"
        super().__init__(text % {"id": first.memory.pk, "who": who, "when": when})
        self.others = others


LONGEST_VALIDITY = timedelta(days=36_525)
"""A moment near the year 9999 is none on another zone's clock, and nobody could read its row."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks for. `version` is the version of the memory that they were looking at."""

    action: str  # approve, reject, restore
    note: str = ""
    reason_code: str = ""
    corrected_response: str | None = None
    version: int | None = None
    supersedes: uuid.UUID | None = None
    """An approved memory that this one takes the place of."""
    valid_until: datetime | None = None
    keeps_both: bool = False
    """What is approved and says otherwise stays beside it."""


def decide(memory: Memory, record: AuditRecord, by: User, wanted: Wanted) -> AuditRecord:
    """Approve, reject or restore, as `by`."""
    check_sense(wanted)
    own = check_own(memory, by)
    check_move(memory, record, by, wanted)
    from_digest, reason_code = memory.content_hash, wanted.reason_code
    text = wanted.corrected_response
    if text is not None and text.strip() != memory.agent_response:
        correct(memory, _fit(text), by)
        reason_code = reason_code or ReasonCode.CORRECTED
    check_contradictions(memory, wanted)
    note = f"{clean(wanted.note).strip()}\n{own}".strip()
    if wanted.valid_until is not None:
        memory.valid_until = wanted.valid_until
        memory.save(update_fields=["valid_until", "updated_at"])
    move(
        memory, record, wanted.action, MOVES[wanted.action][1], by,
        note=note, reason_code=reason_code, from_digest=from_digest,
    )  # fmt: skip
    if wanted.supersedes is not None and not supersede(wanted.supersedes, memory, by):
        raise Refused(_("The memory to be replaced is not approved, or is replaced already."))
    return record


def check_move(memory: Memory, record: AuditRecord, by: User, wanted: Wanted) -> None:
    """Whether `by` may do this from where the record stands, in the version that they saw."""
    check_claim(record, by)
    if record.status not in MOVES[wanted.action][0]:
        raise Refused(_not_from(record, wanted.action))
    if wanted.version is not None and wanted.version != memory.version:
        raise Refused(
            _("The memory has changed: it is at version %(now)s now, not %(seen)s.")
            % {"now": memory.version, "seen": wanted.version}
        )


def check_contradictions(memory: Memory, wanted: Wanted) -> None:
    from audits.contradicting import contradictions  # with the lexicons: who decides needs them

    is_said = wanted.action == "reject" or wanted.keeps_both or wanted.supersedes
    if not is_said and (others := contradictions(memory)):
        raise Contradicts(others)


def check_sense(wanted: Wanted) -> None:
    if wanted.action not in MOVES:
        raise Invalid(_("The action must be one of %(known)s.") % {"known": ", ".join(MOVES)})
    if wanted.corrected_response is not None and wanted.action != "approve":
        raise Invalid(_("A corrected answer goes only with an approval."))
    if wanted.action == "reject" and (wanted.supersedes or wanted.valid_until):
        raise Invalid(_("Only what is approved replaces another or expires."))
    if wanted.valid_until is not None:
        now = timezone.now()
        if wanted.valid_until <= now:
            raise Invalid(_("The time until which it is valid has passed."))
        if wanted.valid_until > now + LONGEST_VALIDITY:
            raise Invalid(_("What is valid for longer than a century needs no end."))


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


def check_claim(record: AuditRecord, by: User) -> None:
    holder, until = record.review_claimed_by, record.review_claimed_until
    if holder and holder.pk != by.pk and until and until > timezone.now():
        raise Refused(
            _("%(who)s is reviewing this memory just now.") % {"who": holder.get_username()}
        )


def is_own(memory: Memory, by: User) -> bool:
    """Whether `by` asked this question, or wrote the text that is to be decided on."""
    if memory.user_id == by.pk:
        return True
    # An undo brings an earlier text back: who undoes has not written it.
    text = {"user_query": memory.user_query, "agent_response": memory.agent_response}
    first = memory.revisions.filter(**text).order_by("version").first()
    since = first.version if first else memory.version
    return memory.revisions.filter(version=since - 1, changed_by=by).exists()


def may_decide_own() -> bool:
    return bool(settings.AUDIT_ALLOW_OWN)


def check_own(memory: Memory, by: User) -> str:
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


def correct(memory: Memory, response: str, by: User, answer: dict[str, Any] | None = None) -> None:
    """Give a memory another text; `answer` are its segments, when it was there before."""
    try:
        store.revise(memory, response, by, answer=answer)
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
    if to_trust != Trust.TRUSTED:
        reinstate(memory, by)
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
