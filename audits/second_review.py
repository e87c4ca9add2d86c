"""Asking for second opinions, giving one, and how far two reviewers agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from audits import assigning
from audits.measuring import kappa
from audits.models import AuditRecord, Decision, SecondOpinion
from audits.moves import Refused, is_own
from audits.states import Status

ASKED_FOR = timedelta(days=14)
LOOKED_AT = 2_000
"""Decisions, the newest, among which one is looked for."""
_STATUS = {"approve": Status.APPROVED, "reject": Status.REJECTED}


def is_drawn(line: Decision) -> bool:
    """Whether this decision is among the share: its hash is as good as a die."""
    return int(line.hash[:8], 16) < settings.AUDIT_SECOND_REVIEW_SHARE * 2**32


def next_for(by: User) -> tuple[Decision, AuditRecord] | None:
    """The oldest decision of somebody else that `by` is to look at."""
    return next(_waiting(by), None)


def _waiting(by: User) -> Iterator[tuple[Decision, AuditRecord]]:
    lines = Decision.objects.filter(
        action__in=_STATUS, actor_id__isnull=False, at__gte=timezone.now() - ASKED_FOR
    ).exclude(actor_id=by.pk)
    drawn = [line for line in lines.order_by("-seq")[:LOOKED_AT] if is_drawn(line)]
    answered = SecondOpinion.objects.filter(seq__in=[line.seq for line in drawn])
    known = set(answered.values_list("seq", flat=True))
    for line in reversed(drawn):
        record = None if line.seq in known else _as_decided(line)
        if record and (settings.AUDIT_ALLOW_OWN or not is_own(record.memory, by)):
            yield line, record


def _as_decided(line: Decision) -> AuditRecord | None:
    """The record, if it still stands as that line of the log left it."""
    later = Decision.objects.filter(memory_id=line.memory_id, seq__gt=line.seq)
    record = AuditRecord.objects.select_related("memory").filter(
        memory_id=line.memory_id, status=_STATUS[line.action],
        memory__version=line.memory_version, memory__purged_at=None,
    ).first()  # fmt: skip
    return None if record is None or later.exists() else record


@transaction.atomic
def give(seq: int, approves: bool, by: User, note: str = "") -> SecondOpinion:
    """What `by` would have decided. Where it differs the reason stands in the record's history."""
    found = next((line for line, _record in _waiting(by) if line.seq == seq), None)
    if found is None:
        raise Refused(_("No second opinion on this decision is asked of you any more."))
    first_approved = found.action == "approve"
    if approves != first_approved and not note.strip():
        note = _("Second review: I would have decided otherwise.")
    try:
        with transaction.atomic():
            opinion = SecondOpinion.objects.create(
                seq=seq, memory_id=found.memory_id, first_approved=first_approved,
                approves=approves, by=by,
            )  # fmt: skip
    except IntegrityError:
        raise Refused(_("Somebody else has just given a second opinion on it.")) from None
    if note.strip():
        assigning.comment(found.memory_id, note, by)
    return opinion


def differing() -> QuerySet[SecondOpinion]:
    """Where two reviewers differ and no third has looked yet, oldest first."""
    open_ = SecondOpinion.objects.filter(settled_at=None).exclude(first_approved=F("approves"))
    return open_.select_related("by").order_by("seq")


def settle(seq: int, by: User) -> bool:
    """A third person has looked. False when somebody was faster, or `by` is one of the two."""
    mine = Decision.objects.filter(seq=seq, actor_id=by.pk).exists()
    open_ = SecondOpinion.objects.filter(seq=seq, settled_at=None).exclude(by=by)
    return not mine and bool(open_.update(settled_at=timezone.now(), settled_by=by))


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of `n` pairs how many agree; kappa is None while one answer is all there is."""

    n: int
    agreed: int
    kappa: float | None


def agreement() -> Agreement:
    """How far first and second decisions agree, over all opinions that were given."""
    pairs = list(SecondOpinion.objects.values_list("first_approved", "approves"))
    count = {
        (first, second): pairs.count((first, second))
        for first in (True, False)
        for second in (True, False)
    }
    both, none = count[True, True], count[False, False]
    found = kappa(both, count[True, False], count[False, True], none)
    return Agreement(len(pairs), both + none, found)
