"""What a reviewer sees of one record: texts, reasons, evidence, history, and what may be done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audits import review
from audits.console.diffing import Change, changes
from audits.findings import judge_name
from audits.models import AuditRecord, Decision, ReviewNote
from audits.queue import AuditRecordQuerySet
from audits.states import MOVES, OPEN, WAITING, ReasonCode, Status
from knowledge.models import Memory, MemoryUse
from knowledge.secrets import mask_secrets
from knowledge.shown import LONGEST, shown
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
    reason: Any = ""
    note: str = ""
    diff: list[Change] | None = None


@dataclass(frozen=True, slots=True)
class Uses:
    """Which answers a memory bore on, and how many people read them."""

    answers: int
    readers: int
    latest: list[MemoryUse]


def page(record: AuditRecord, by: User, *, full: bool = False) -> dict[str, Any]:
    """The template's context. `full`: texts of any length, whole."""
    # They load all that claims are made of; commands load this module with the admin.
    from audits.console.answer import drawn, parts_of
    from audits.console.evidence import sources
    from audits.console.reasons import explained, found_in, reasons, string
    from audits.contradicting import contradictions

    memory, longest = record.memory, None if full else LONGEST
    own = not settings.AUDIT_ALLOW_OWN and review.is_own(memory, by)
    undoable = review.undoable(record)
    found, parts = found_in(record), parts_of(memory)
    quotes = [string(finding, "quote") for finding in found]
    data = [string(finding, "datum") for finding in found]
    read = list(sources(memory, parts.cited, data, longest))
    question = shown(memory.user_query, quotes, longest)
    answer, cut = drawn(memory.agent_response, parts, quotes, longest)
    return {
        "record": record,
        "memory": memory,
        "question": question,
        "answer": answer,
        "parts": parts,
        "judge": judge_name(record.judge),
        "explained": explained(record, parts),
        "why_failed": shown(record.last_error, longest=longest),
        "reasons": reasons(found, memory, parts),
        "sources": read,
        "left_out": max(question.left_out, cut, *(s.raw.left_out for s in read), 0),
        "history": history(memory),
        "is_waiting": record.status in WAITING,
        "is_overdue": is_late(record),
        "claimed_by": claimant(record, by),
        "is_mine": _is_claimed(record) and record.review_claimed_by_id == by.pk,
        "moves": []
        if own
        else [name for name, (from_, _to) in MOVES.items() if record.status in from_],
        "undoable": None if own and undoable and undoable.actor_id != by.pk else undoable,
        "may_audit_again": record.status not in OPEN and not own,
        "reason_codes": ReasonCode.choices,
        "is_own": own,
        "feedback": memory.feedback.select_related("user").order_by("created_at")[:20],
        "editable": editable(memory.agent_response),
        "contradictions": contradictions(memory)
        if record.status not in {*OPEN, Status.APPROVED}
        else [],
        "uses": uses(memory),
    }


def uses(memory: Memory) -> Uses:
    """Where this memory was shown, quoted or given to a model: what a mistake in it reached."""
    found = MemoryUse.objects.filter(memory=memory)
    counts = found.aggregate(
        answers=Count("run_id", distinct=True), readers=Count("reader_id", distinct=True)
    )
    latest = found.select_related("answer", "reader").order_by("-id")[:10]
    return Uses(counts["answers"], counts["readers"], list(latest))


def editable(text: str) -> str:
    """A text to start a correction from: without its secrets and its hidden characters."""
    return _WRITTEN_OUT.sub("", visible(mask_secrets(text)))


def history(memory: Memory) -> list[Event]:
    """Decisions with their notes, and texts with what changed, newest first."""
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
            codes.get(line.reason_code, line.reason_code),
            str(shown(notes.get(line.seq, ""))),
        )
        for line in lines
    ]
    events += _revisions(memory)
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


def next_of(record: AuditRecord) -> AuditRecord | None:
    """The one after it in the queue; from its end, or from elsewhere, the queue's first."""
    queue = AuditRecord.objects.awaiting_review().exclude(pk=record.pk)
    if record.status not in WAITING:
        return queue.first()
    return _beyond(record, queue).first() or _other_group(record, queue).first() or queue.first()


def previous_of(record: AuditRecord) -> AuditRecord | None:
    """The one before it in its part of the queue."""
    if record.status not in WAITING:
        return None
    earlier = _same_group(record, AuditRecord.objects.awaiting_review())
    earlier = earlier.filter(created_at__lte=record.created_at).filter(
        Q(created_at__lt=record.created_at) | Q(id__lt=record.pk)
    )
    return earlier.order_by("-created_at", "-id").first()


def _beyond(record: AuditRecord, queue: AuditRecordQuerySet) -> AuditRecordQuerySet:
    later = Q(created_at__gt=record.created_at) | Q(id__gt=record.pk)
    return _same_group(record, queue).filter(created_at__gte=record.created_at).filter(later)


def _same_group(record: AuditRecord, queue: AuditRecordQuerySet) -> AuditRecordQuerySet:
    """The queue has two parts: the pending ones, and the rest."""
    if record.status == Status.PENDING:
        return queue.filter(status=Status.PENDING)
    return queue.exclude(status=Status.PENDING)


def _other_group(record: AuditRecord, queue: AuditRecordQuerySet) -> AuditRecordQuerySet:
    if record.status == Status.PENDING:
        return queue.exclude(status=Status.PENDING)
    return queue.none()
