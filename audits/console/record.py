"""What a reviewer sees of one record: texts, reasons, evidence, history, and what may be done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audits import review
from audits.console.diffing import Change, changes
from audits.contradicting import contradictions
from audits.findings import worded
from audits.models import AuditRecord, Decision, ReviewNote
from audits.queue import AuditRecordQuerySet
from audits.states import MOVES, OPEN, UNDECIDED, WAITING, ReasonCode, Status
from knowledge.models import Memory
from knowledge.secrets import mask_secrets
from knowledge.shown import LONGEST, Shown, as_text, excerpt, shown
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
class Reason:
    """A finding: what the memory says (`quote`), and what speaks against it (`datum`)."""

    number: int
    code: str
    message: str
    quote: Shown
    datum: Shown
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Source:
    """One piece of evidence the answer was given from."""

    tool: str
    arguments: str
    fetched_at: str
    result: Shown


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


def page(record: AuditRecord, by: User, *, full: bool = False) -> dict[str, Any]:
    """The template's context. `full`: texts of any length, whole."""
    memory, longest = record.memory, None if full else LONGEST
    own = not settings.AUDIT_ALLOW_OWN and review.is_own(memory, by)
    undoable = review.undoable(record)
    found = [finding for finding in worded(record.findings) if isinstance(finding, dict)]
    quotes = [_string(finding, "quote") for finding in found]
    data = [_string(finding, "datum") for finding in found]
    sources = list(_sources(memory, data, longest))
    question, answer = (
        shown(memory.user_query, quotes, longest),
        shown(memory.agent_response, quotes, longest),
    )
    return {
        "record": record,
        "memory": memory,
        "question": question,
        "answer": answer,
        "reason": shown(record.ia_audit_reason, longest=longest),
        "why_failed": shown(record.last_error, longest=longest),
        "reasons": list(_reasons(found, memory)),
        "sources": sources,
        "left_out": max(t.left_out for t in (question, answer, *(s.result for s in sources))),
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
        "contradictions": contradictions(memory) if record.status in UNDECIDED else [],
    }


def _string(finding: dict[str, Any], name: str) -> str:
    value = finding.get(name, "")
    return value if isinstance(value, str) else as_text(value)


def _reasons(found: list[dict[str, Any]], memory: Memory) -> Iterator[Reason]:
    for number, finding in enumerate(found, start=1):
        confidence = finding.get("confidence")
        yield Reason(
            number,
            visible(_string(finding, "code"))[:100],
            str(shown(_string(finding, "message"))),
            _passage(_string(finding, "quote"), memory),
            shown(_string(finding, "datum"), longest=4000),
            confidence if isinstance(confidence, (int, float)) else None,
        )


def _passage(quote: str, memory: Memory) -> Shown:
    """The quote, masked as it is where it stands: alone it may no longer look like a secret."""
    for text in (memory.agent_response, memory.user_query):
        if quote and quote in text[: LONGEST * 10]:
            pieces = shown(text, [quote], LONGEST * 10).pieces
            return Shown(tuple(piece for piece in pieces if piece.marks))
    return shown(quote, longest=4000)


def _sources(memory: Memory, data: list[str], longest: int | None) -> Iterator[Source]:
    evidence = memory.evidence if isinstance(memory.evidence, list) else [memory.evidence]
    for item in evidence:
        if not isinstance(item, dict):
            yield Source("", "", "", shown(as_text(item), data, longest))
            continue
        arguments = item.get("arguments") or ""
        yield Source(
            excerpt(as_text(item.get("tool", "")), 100),
            excerpt(as_text(arguments), 500) if arguments else "",
            excerpt(as_text(item.get("fetched_at") or ""), 60),
            shown(as_text(item.get("result", "")), data, longest),
        )


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
