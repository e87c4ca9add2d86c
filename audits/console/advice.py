"""What a reviewer may make of a record, in a sentence that comes before all details."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audits.models import AuditRecord
from audits.states import UNDECIDED, Status, Why
from knowledge.models import Kind, Memory, Source

_OF_WHY: dict[str, Any] = {
    Why.DANGER: gettext_lazy(
        "Whoever follows it can destroy something, and no word of it warns. "
        "Reject it, or correct it so that it warns."
    ),
    Why.SECRET: gettext_lazy(
        "A secret stands in it, for every reader to see. "
        "Reject it, or correct it: a correction starts without the secret."
    ),
    Why.ATTACK: gettext_lazy(
        "It speaks to a program, or claims what the assistant can't do. Reject it."
    ),
    Why.CONTRADICTED: gettext_lazy(
        "What was read says otherwise. Reject it, or correct it to what was read."
    ),
    Why.REPORTED: gettext_lazy(
        "A reader says that it is wrong. Hold their words against answer and evidence: "
        "reject or correct it if they are right, approve it if the answer is."
    ),
    Why.OUTDATED: gettext_lazy(
        "What it rests on has changed since. Approve it only if it still holds; "
        "else reject it as no longer true."
    ),
    Why.UNREAD: gettext_lazy(
        "It names what nobody read. Approve it only if you know that to be right; else reject it."
    ),
    Why.UNSURE: gettext_lazy("Nobody could tell. Approve it only if you know it to be right."),
    Why.FAILED: gettext_lazy(
        "The auditor could not check it: nothing is known either way. "
        "Have it audited again, or approve it only if you know it to be right."
    ),
    Why.JUNK: gettext_lazy("Nobody can learn anything from it. Reject it."),
}
_BEFORE_ALL = {Why.DANGER, Why.SECRET, Why.ATTACK}
"""What is decided by this alone, whatever else speaks for or against it."""


def advice(record: AuditRecord, *, is_opposed: bool) -> str:
    """What is known and what follows from it; "" where nothing waits for a person.

    `is_opposed`: an approved memory says otherwise.
    """
    memory = record.memory
    if record.status not in UNDECIDED:
        return ""
    if record.why in _BEFORE_ALL:
        return str(_OF_WHY[record.why])
    if memory.kind == Kind.STATE and removed_at(memory) < timezone.now():
        return _("It is past its days and goes by itself. Nothing has to be decided.")
    if is_opposed:
        return _(
            "An approved memory says otherwise. Find out which is right, and keep that one; "
            "keep both only where each holds in a case of its own."
        )
    if memory.source == Source.TOLD and record.judge == "auditor":
        return _(
            "An operator tells what fixed it; nothing was read for that. Approve it if it would "
            "help the next one, correct what is unclear."
        )
    if record.status == Status.CLEARED:
        return _(
            "Each of its values was read and is the same. Nothing has to be decided; "
            "once approved, it is found first."
        )
    if record.status == Status.UNVERIFIED:
        return _unverified(memory)
    return str(_OF_WHY.get(record.why, _OF_WHY[Why.UNSURE]))


def _unverified(memory: Memory) -> str:
    if not memory.evidence:
        return _(
            "Nothing was read for it, so nothing bears it out. Approve it only if you know it to "
            "be right, reject it if you know it to be wrong; else leave it."
        )
    return _("No program could check its sentences. Approve it only if what was read bears it out.")


def removed_at(memory: Memory) -> datetime:
    """When an answer about the plan as it was goes by itself."""
    return memory.created_at + timedelta(days=settings.STATE_MEMORY_DAYS)


def validity(memory: Memory) -> str:
    """From when until when it holds; "" for what holds until somebody says otherwise."""
    if memory.kind == Kind.STATE:
        said = _(
            "It says how the plan was on %(when)s, is found only for questions about that time, "
            "and goes by itself on %(until)s."
        )
        return said % {"when": _day(memory.created_at), "until": _day(removed_at(memory))}
    if memory.valid_until is None:
        return ""
    if memory.valid_until < timezone.now():
        return _("It was valid until %(until)s, and is not used any more.") % {
            "until": _day(memory.valid_until)
        }
    return _("It is valid until %(until)s.") % {"until": _day(memory.valid_until)}


def _day(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M")
