"""Asking for second opinions, giving one, and how far two reviewers agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from audits import assigning
from audits.measuring import kappa
from audits.models import AuditRecord, Decision, DecisionHead, SecondOpinion
from audits.moves import Refused, is_own, may_decide_own
from audits.states import Status

ASKED_FOR = timedelta(days=14)
LOOKED_AT = 20_000
"""Lines of the log, the newest, among which one is looked for."""
COMPARED = 10_000
"""Opinions, the newest, that agreement is reckoned from."""
_STATUS = {"approve": Status.APPROVED, "reject": Status.REJECTED}


def is_drawn(line: Decision) -> bool:
    """Whether this decision is among the share: its hash is as good as a die."""
    return int(line.hash[:8], 16) < settings.AUDIT_SECOND_REVIEW_SHARE * 2**32


def _drawn() -> Q:
    """`is_drawn`, said in SQL: hashes of one length grow as their numbers do."""
    bound = ceil(settings.AUDIT_SECOND_REVIEW_SHARE * 2**32)
    return Q() if bound >= 2**32 else Q(hash__lt=f"{bound:08x}")


def next_for(by: User) -> tuple[Decision, AuditRecord] | None:
    """The oldest decision of somebody else that `by` is to look at."""
    if not settings.AUDIT_SECOND_REVIEW_SHARE:
        return None
    newest = DecisionHead.objects.get(pk=1).seq
    later = Decision.objects.filter(memory_id=OuterRef("memory_id"), seq__gt=OuterRef("seq"))
    given = SecondOpinion.objects.filter(seq=OuterRef("seq"))
    lines = Decision.objects.filter(
        _drawn(), seq__gt=newest - LOOKED_AT, action__in=_STATUS,
        at__gte=timezone.now() - ASKED_FOR, actor_id__isnull=False,
    ).exclude(actor_id=by.pk)  # fmt: skip
    for line in lines.filter(~Exists(later), ~Exists(given)).order_by("seq"):
        if record := _asked(line, by):
            return line, record
    return None


def _asked(line: Decision, by: User) -> AuditRecord | None:
    """The record, if `by` is asked about this decision and it stands as it left it."""
    too_old = line.at < timezone.now() - ASKED_FOR
    if line.actor_id in {None, by.pk} or too_old or not is_drawn(line):
        return None
    record = AuditRecord.objects.select_related("memory").filter(
        memory_id=line.memory_id, status=_STATUS[line.action],
        memory__version=line.memory_version, memory__purged_at=None,
    ).first()  # fmt: skip
    later = Decision.objects.filter(memory_id=line.memory_id, seq__gt=line.seq)
    if record is None or later.exists():
        return None
    return None if not may_decide_own() and is_own(record.memory, by) else record


@transaction.atomic
def give(seq: int, approves: bool, by: User, note: str = "") -> SecondOpinion:
    """What `by` would have decided. Where it differs the reason stands in the record's history."""
    found = Decision.objects.filter(seq=seq, action__in=_STATUS).first()
    if found is None or _asked(found, by) is None:
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
    """How far first and second decisions agree, over the newest opinions that were given."""
    newest = SecondOpinion.objects.order_by("-seq")[:COMPARED]
    cells = [(first, second) for first in (True, False) for second in (True, False)]
    counted = newest.aggregate(
        **{
            f"cell_{number}": Count("pk", filter=Q(first_approved=first, approves=second))
            for number, (first, second) in enumerate(cells)
        }
    )
    both, only_first, only_second, none = (counted[f"cell_{number}"] for number in range(4))
    n = both + only_first + only_second + none
    return Agreement(n, both + none, kappa(both, only_first, only_second, none))
