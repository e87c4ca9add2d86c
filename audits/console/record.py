"""What a reviewer sees of one record: texts, reasons, evidence, history, and what may be done."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audits import assigning, review
from audits.console.confidence import meter
from audits.console.diffing import Change, changes
from audits.counting import up_to
from audits.findings import judge_name
from audits.models import AuditRecord, Decision, Remark, ReviewNote
from audits.permissions import DECIDE
from audits.queue import BY_HARM, AuditRecordQuerySet
from audits.states import (
    MOVES,
    OPEN,
    REASONS_AGAINST,
    REASONS_FOR,
    UNDECIDED,
    WAITING,
    ReasonCode,
    Status,
)
from knowledge.models import Memory
from knowledge.secrets import mask_secrets
from knowledge.shown import LONGEST, excerpt, shown
from knowledge.visible import visible

ACTIONS: dict[str, Any] = {
    "flag": _("flagged"),
    "quarantine": _("quarantined"),
    "fail": _("could not be judged"),
    "approve": _("approved"),
    "reject": _("rejected"),
    "restore": _("restored"),
    "undo": _("undone"),
    "audit_again": _("sent to the auditor again"),
    "dismiss": _("report dismissed"),
    "requeue": _("queued again: its judge is gone"),
    "supersede": _("replaced by another"),
    "reinstate": _("no longer replaced"),
    "migrate": _("brought in from the earlier queue"),
}
"""What the decision log calls an action → how the console says it."""

_WRITTEN_OUT = re.compile(r"⟨U\+[0-9A-F]{4,6}⟩")


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a memory's history: a decision, or an earlier text with what changed since."""

    at: datetime
    who: str
    what: Any
    line: Decision | None = None
    move: str = ""
    judge: Any = ""
    reason: Any = ""
    note: str = ""
    diff: list[Change] | None = None


def page(record: AuditRecord, by: User, *, full: bool = False) -> dict[str, Any]:
    """The template's context. `full`: texts of any length, whole."""
    # They load all that claims are made of; commands load this module with the admin.
    from audits.console.advice import advice, validity
    from audits.console.answer import drawn, parts_of
    from audits.console.asked import asked
    from audits.console.evidence import sources
    from audits.console.reasons import explained, found_in, reasons, string
    from audits.contradicting import contradictions

    memory, longest = record.memory, None if full else LONGEST
    own = not settings.AUDIT_ALLOW_OWN and review.is_own(memory, by)
    undoable = review.undoable(record)
    opposed = contradictions(memory) if weighs_contradictions(record) else []
    found, parts = found_in(record, is_opposed=bool(opposed)), parts_of(memory)
    quotes = [string(finding, "quote") for finding in found]
    data = [string(finding, "datum") for finding in found]
    read = list(sources(memory, parts.cited, data, longest))
    question = shown(memory.user_query, quotes, longest)
    answer, cut = drawn(memory.agent_response, parts, quotes, longest)
    return {
        "record": record,
        "memory": memory,
        "question": question,
        "asked": list(asked(memory)),
        "answer": answer,
        "parts": parts,
        "judge": judge_name(record.judge),
        "confidence": meter(record.ia_audit_confidence),
        "explained": explained(record, parts),
        "why_failed": shown(record.last_error, longest=longest),
        "reasons": reasons(found, memory, parts),
        "sources": read,
        "left_out": max(question.left_out, cut, *(s.raw.left_out for s in read), 0),
        "history": history(memory),
        "is_waiting": record.status in WAITING,
        "is_decided": record.status not in UNDECIDED,
        "is_overdue": is_late(record),
        "claimed_by": claimant(record, by),
        "is_mine": _is_claimed(record) and record.review_claimed_by_id == by.pk,
        "moves": [] if own else _moves(record),
        "undoable": None if own and undoable and undoable.actor_id != by.pk else undoable,
        "may_audit_again": record.status not in OPEN and not own,
        "why": _reasons_to_choose(record),
        "last": last_done(by),
        "is_own": own,
        "feedback": memory.feedback.given().select_related("user").order_by("created_at")[:20],
        "editable": editable(memory.agent_response),
        "contradictions": opposed,
        "advice": advice(record, is_opposed=bool(opposed)),
        "validity": validity(memory),
        "alike": alike(record),
        "may_be_assigned": record.status in UNDECIDED,
        "reviewers": assigning.reviewers() if by.has_perm(DECIDE) else [],
    }


def weighs_contradictions(record: AuditRecord) -> bool:
    """Whether the page sets what is approved beside what contradicts it: while it can be decided.

    What is approved was weighed; of what the auditor has, nothing is said yet.
    """
    return record.status not in {*OPEN, Status.APPROVED}


def alike(record: AuditRecord) -> int:
    """How many others wait because of the same error, counted no further than a hundred."""
    if not record.cluster or record.status not in WAITING:
        return 0
    same = AuditRecord.objects.filter(cluster=record.cluster, status__in=WAITING)
    return up_to(100, same.exclude(pk=record.pk).order_by("cluster"))


def _moves(record: AuditRecord) -> list[str]:
    """What may be done. To restore is to approve: it is offered only where the other is not."""
    found = [name for name, (from_, _to) in MOVES.items() if record.status in from_]
    return [name for name in found if name != "restore" or "approve" not in found]


def _reasons_to_choose(record: AuditRecord) -> list[tuple[str, Any]]:
    """What may be chosen for a decision on this record, each by its digit."""
    is_rejected = record.status == Status.REJECTED
    return [(code.value, code.label) for code in (REASONS_FOR if is_rejected else REASONS_AGAINST)]


@dataclass(frozen=True, slots=True)
class Done:
    """Somebody's last decision: what, and on which question."""

    action: Any
    question: str


def last_done(by: User) -> Done | None:
    """What the undo key takes back from any page of the console."""
    line = review.last_of(by)
    if line is None:
        return None
    question = Memory.objects.filter(pk=line.memory_id).values_list("user_query", flat=True).first()
    return Done(ACTIONS[line.action], excerpt(question or "", 60))


def editable(text: str) -> str:
    """A text to start a correction from: without its secrets and its hidden characters."""
    return _WRITTEN_OUT.sub("", visible(mask_secrets(text)))


def history(memory: Memory) -> list[Event]:
    """Decisions with their notes, texts with what changed, and remarks, newest first."""
    lines = list(Decision.objects.filter(memory_id=memory.pk).order_by("-seq")[:200])
    notes = dict(ReviewNote.objects.filter(memory_id=memory.pk).values_list("seq", "text"))
    codes = dict(ReasonCode.choices)
    events = [
        Event(
            line.at,
            line.actor,
            ACTIONS.get(line.action, line.action),
            line,
            move(line),
            judge_name(line.judge) if line.judge else "",
            codes.get(line.reason_code, line.reason_code),
            str(shown(notes.get(line.seq, ""))),
        )
        for line in lines
    ]
    events += _revisions(memory)
    events += _remarks(memory)
    return sorted(events, key=lambda event: event.at, reverse=True)


def move(line: Decision) -> str:
    """From which status to which, as a person reads them."""
    names = dict(Status.choices)
    return f"{names.get(line.from_status, '–')} → {names.get(line.to_status, line.to_status)}"


def _revisions(memory: Memory) -> Iterator[Event]:
    later_query, later = memory.user_query, memory.agent_response
    for revision in memory.revisions.select_related("changed_by").order_by("-version")[:20]:
        diff = changes(revision.agent_response, later)
        if revision.user_query != later_query:
            diff = [*changes(revision.user_query, later_query), Change("same", "\n\n"), *diff]
        who = revision.changed_by.get_username() if revision.changed_by else ""
        what = _("text changed, version %(number)s") % {"number": revision.version + 1}
        yield Event(revision.changed_at, who, what, diff=diff)
        later_query, later = revision.user_query, revision.agent_response


def _remarks(memory: Memory) -> Iterator[Event]:
    remarks = Remark.objects.filter(memory_id=memory.pk).select_related("by", "assigned_to")
    for remark in remarks.order_by("-id")[:200]:
        what = _("commented")
        if remark.is_assignment and remark.assigned_to:
            what = _("assigned it to %(who)s") % {"who": remark.assigned_to.get_username()}  # type: ignore[assignment]  # lazy or not
        elif remark.is_assignment:
            what = _("took the assignment off")
        yield Event(remark.at, remark.by.get_username(), what, note=str(shown(remark.text)))


def _is_claimed(record: AuditRecord) -> bool:
    until = record.review_claimed_until
    return until is not None and until > timezone.now()


def is_late(record: AuditRecord) -> bool:
    """Waiting for longer than AUDIT_OVERDUE_HOURS."""
    limit = timedelta(hours=settings.AUDIT_OVERDUE_HOURS)
    return record.status in WAITING and record.created_at < timezone.now() - limit


def age(moment: datetime) -> str:
    """How long ago, in its largest unit: 40 s, 12 min, 3 h, 5 d."""
    seconds = max(0, int((timezone.now() - moment).total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def claimant(record: AuditRecord, but: User | None = None) -> str:
    """Who is reviewing this record just now, unless it is `but`."""
    holder = record.review_claimed_by
    if holder is None or holder == but or not _is_claimed(record):
        return ""
    return holder.get_username()


def claim_state(record: AuditRecord, by: User) -> dict[str, Any]:
    """Who is at a record, and whether it still waits: what an open page is told."""
    until = record.review_claimed_until
    mine = _is_claimed(record) and record.review_claimed_by_id == by.pk
    return {
        "mine": timezone.localtime(until).strftime("%H:%M") if mine and until else "",
        "by": claimant(record, by),
        "decided": "" if record.status in UNDECIDED else _said_of(record),
    }


def _said_of(record: AuditRecord) -> str:
    who = record.reviewer.get_username() if record.reviewer else ""
    said = f"{record.get_status_display()}, {who}" if who else str(record.get_status_display())
    return str(_("Meanwhile: %(what)s") % {"what": said})


@dataclass(frozen=True, slots=True)
class Queue:
    """What a reviewer goes through, one after the other, in the order of their list."""

    statuses: Collection[str] = WAITING
    condition: Q = field(default_factory=Q)
    but: Sequence[int] = ()
    """What was left for later."""

    def after(self, record: AuditRecord) -> AuditRecord | None:
        """The one after it; from its end, or from elsewhere, the first."""
        rows = self._rows().exclude(pk__in=[record.pk, *self.but])
        sides = _beyond(record, "lt", "gt") if record.status in self.statuses else []
        return next(filter(None, (rows.filter(side).first() for side in [*sides, Q()])), None)

    def before(self, record: AuditRecord) -> AuditRecord | None:
        sides = _beyond(record, "gt", "lt") if record.status in self.statuses else []
        rows = self._rows().reverse()
        return next(filter(None, (rows.filter(side).first() for side in sides)), None)

    def _rows(self) -> AuditRecordQuerySet:
        records = AuditRecord.objects.filter(self.condition, status__in=self.statuses)
        return records.order_by(*BY_HARM)


def _beyond(record: AuditRecord, harm: str, later: str) -> list[Q]:
    """Who stands on one side of a record, nearest first: each a stretch of the order's index."""
    same, at = Q(harm=record.harm), Q(created_at=record.created_at)
    return [
        same & at & Q(**{f"id__{later}": record.pk}),
        same & Q(**{f"created_at__{later}": record.created_at}),
        Q(**{f"harm__{harm}": record.harm}),
    ]
