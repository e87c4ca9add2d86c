"""How many records and memories there are, at a cost that does not grow with the tables.

Up to FEW of a kind are counted now. More are counted now and then: that count is kept for a
thousand times as long as it took, and what the decision log holds since then is added to it. So
whoever has just decided sees it; what the log does not hold (queued, cleared, unverified, the
trust of memories) is as old as `age` says.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Count, Subquery
from django.utils import timezone

from audits.models import AuditRecord, Decision, DecisionHead
from audits.states import Status
from knowledge.models import Memory, Trust

FEW = 1000
TIMES_ITS_COST = 1000
LONGEST_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Counted:
    """A full count by status or trust, true when the decision log ended at `seq`."""

    of: dict[str, int]
    seq: int
    at: float
    cost: float

    @property
    def age(self) -> float:
        return time.monotonic() - self.at

    @property
    def is_fresh(self) -> bool:
        return self.age < min(self.cost * TIMES_ITS_COST, LONGEST_SECONDS)


_kept: dict[str, Counted] = {}


def up_to(most: int, rows: models.QuerySet[Any]) -> int:
    """How many rows, counted no further than one more than `most`.

    They have the order of an index: without one the planner may walk the table to find them.
    """
    return rows[: most + 1].count()


def few_by_status(most: int = FEW) -> dict[str, int]:
    records = AuditRecord.objects.order_by("created_at", "id")
    return {status: up_to(most, records.filter(status=status)) for status in Status.values}


def by_status() -> dict[str, int]:
    """A count per status, every status named."""
    found = few_by_status()
    if many := [status for status, count in found.items() if count > FEW]:
        counted = _counted("status", _count_statuses)
        moved = _moved_since(counted.seq)
        found |= {name: counted.of.get(name, 0) + moved.get(name, 0) for name in many}
    return found


def by_trust() -> dict[str, int]:
    """A count of memories per trust, every trust named."""
    memories = Memory.objects.order_by("-created_at")
    found = {trust: up_to(FEW, memories.filter(trust=trust)) for trust in Trust.values}
    if many := [trust for trust, count in found.items() if count > FEW]:
        counted = _counted("trust", _count_trust)
        found |= {name: counted.of.get(name, 0) for name in many}
    return found


def age() -> float:
    """Seconds since the oldest count that is kept; 0 when all was counted now."""
    return max((counted.age for counted in _kept.values()), default=0.0)


def forget() -> None:
    """Count anew: another database."""
    _kept.clear()


def _counted(name: str, count: Callable[[], tuple[dict[str, int], int]]) -> Counted:
    if name not in _kept or not _kept[name].is_fresh:
        started = time.monotonic()
        of, seq = count()
        _kept[name] = Counted(of, seq, started, time.monotonic() - started)
    return _kept[name]


def _count_statuses() -> tuple[dict[str, int], int]:
    """With the end of the log as the very same statement sees it."""
    seq = Subquery(DecisionHead.objects.values("seq")[:1])
    rows = AuditRecord.objects.order_by().annotate(seq=seq).values_list("status", "seq")
    found = list(rows.annotate(n=Count("*")))
    return {status: n for status, _, n in found}, found[0][1] if found else 0


def _count_trust() -> tuple[dict[str, int], int]:
    return dict(Memory.objects.order_by().values_list("trust").annotate(n=Count("*"))), 0


def _moved_since(seq: int) -> dict[str, int]:
    """By how many each status has grown or shrunk, as the decision log tells it."""
    moved: dict[str, int] = {}
    moves = Decision.objects.filter(seq__gt=seq).order_by().values_list("from_status", "to_status")
    for source, target, n in moves.annotate(n=Count("seq")):
        moved[source] = moved.get(source, 0) - n
        moved[target] = moved.get(target, 0) + n
    return moved


def oldest_pending_seconds() -> float | None:
    """Seconds since the oldest pending record was queued; None when none is pending."""
    pending = AuditRecord.objects.filter(status=Status.PENDING).order_by("created_at", "id")
    oldest = pending.values_list("created_at", flat=True).first()
    return (timezone.now() - oldest).total_seconds() if oldest else None
