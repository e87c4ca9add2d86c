"""What happened to the queue in a stretch of days: how much waited, what was decided, by whom.

Figures come from the newest MOST rows of their kind in those days, so that no table is read whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone

from audits import counting
from audits.decisions import Decision, DecisionHead, last_before
from audits.models import AuditRecord
from audits.states import DECIDED, WAITING, ReasonCode, Status
from knowledge.models import Memory, MemoryUse, Source, Trust

MOST = 10_000
MOST_ANSWERS = 2_000
MOST_LINES = 200_000
"""Of the decision log; days before are not drawn."""
LONGEST_DAYS = 366
EARLIEST = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Days:
    """From one day to another, both included, on the site's clock."""

    first: date
    last: date

    @classmethod
    def read(cls, first: str, last: str) -> Days:
        """As an address says them; the last fortnight where it says nothing that makes sense."""
        today = timezone.localdate()
        until = _day(last) or today
        until = until if EARLIEST <= until <= today else today
        since = _day(first)
        if since is None or not 0 <= (until - since).days < LONGEST_DAYS:
            since = until - timedelta(days=13)
        return cls(since, until)

    @property
    def since(self) -> datetime:
        return _start(self.first)

    @property
    def until(self) -> datetime:
        return _start(self.last + timedelta(days=1))

    def each(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


# --- how much waited ----------------------------------------------------------------------------


def waiting_by_day(days: Days) -> list[tuple[date, int]]:
    """How much waited for a person at the end of each day: as much as now, less what came since.

    The decision log has every move in and out; what it holds of the days is counted backwards.
    """
    begins, is_cut = _first_line(days.since)
    lines = Decision.objects.filter(seq__gt=begins).order_by().annotate(day=TruncDate("at"))
    moved: Counter[date] = Counter()
    for day, was, becomes, n in lines.values_list("day", "from_status", "to_status").annotate(
        n=Count("seq")
    ):
        moved[day] += n * ((becomes in WAITING) - (was in WAITING))
    counts = counting.by_status()
    at_end = sum(counts[status] for status in WAITING)
    found, day = [], timezone.localdate()
    oldest = min(moved, default=day) if is_cut else days.first
    while day >= max(days.first, oldest):
        if day <= days.last:
            found.append((day, max(0, at_end)))
        at_end -= moved[day]
        day -= timedelta(days=1)
    return found[::-1]


def _first_line(since: datetime) -> tuple[int, bool]:
    """The last line before `since`, and whether that is further back than lines are counted."""
    found = last_before(since)
    furthest = DecisionHead.objects.get(pk=1).seq - MOST_LINES
    return max(found, furthest), found < furthest


def oldest_waiting() -> AuditRecord | None:
    records = AuditRecord.objects.select_related("memory").order_by("created_at", "id")
    found = [records.filter(status=status).first() for status in WAITING]
    return min((one for one in found if one), key=lambda one: one.created_at, default=None)


# --- what was decided ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decided:
    """A person's decision: when, by whom, what became of it, and how long it had waited."""

    day: date
    by: str
    what: str
    waited: timedelta


def decided(days: Days) -> list[Decided]:
    """The newest first."""
    rows = AuditRecord.objects.filter(
        status__in=DECIDED, reviewed_at__gte=days.since, reviewed_at__lt=days.until
    ).order_by("-reviewed_at")
    columns = ("reviewed_at", "reviewer__username", "status", "reason_code", "judged_at")
    return [
        Decided(
            timezone.localdate(at),
            by or "",
            "corrected" if code == ReasonCode.CORRECTED else status,
            max(timedelta(0), at - (judged_at or created_at)),
        )
        for at, by, status, code, judged_at, created_at in rows.values_list(*columns, "created_at")[
            :MOST
        ]
        if at is not None
    ]


@dataclass(frozen=True, slots=True)
class Share:
    """What one reviewer did, and how long what they decided had waited in the median."""

    by: str
    approved: int
    corrected: int
    rejected: int
    waited: timedelta

    @property
    def whole(self) -> int:
        return self.approved + self.corrected + self.rejected


def by_reviewer(found: Sequence[Decided]) -> list[Share]:
    """Who decided most first."""
    shares = []
    for name in {one.by for one in found}:
        own = [one for one in found if one.by == name]
        what = Counter(one.what for one in own)
        counts = (what[Status.APPROVED], what["corrected"], what[Status.REJECTED])
        shares.append(Share(name, *counts, waited(own) or timedelta(0)))
    return sorted(shares, key=lambda one: (-one.whole, one.by))


def waited(found: Iterable[Decided]) -> timedelta | None:
    """The median time to a decision; None where nothing was decided."""
    seconds = [one.waited.total_seconds() for one in found]
    return timedelta(seconds=median(seconds)) if seconds else None


# --- what came of it ----------------------------------------------------------------------------


def answers_by_reviewed(days: Days) -> tuple[int, int]:
    """Of the answers of these days that were kept, how many rest on a memory a person approved."""
    said = Memory.objects.filter(
        source=Source.CHAT, created_at__gte=days.since, created_at__lt=days.until
    ).order_by("-created_at", "-id")
    ids = list(said.values_list("pk", flat=True)[:MOST_ANSWERS])
    approved = MemoryUse.objects.filter(answer__in=ids, memory__trust=Trust.TRUSTED)
    return approved.values("answer").distinct().count(), len(ids)
