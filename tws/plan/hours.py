"""The next hours of the plan: what is to start in each, and what must be done by then."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q
from django.db.models.functions import Greatest, TruncHour
from django.utils import timezone

from tws.plan.query.catalogue import DONE
from tws.plan.query.values import plain
from tws.plan.scope import Scope
from tws.plan.waiting import NOT_BEGUN

HOURS = 12


def next_hours(scope: Scope) -> list[dict[str, Any]]:
    """For each hour, this one first: `at`, jobs to start, deadlines, critical jobs among those."""
    now = timezone.now()
    first = timezone.localtime(now).replace(minute=0, second=0, microsecond=0)
    span = (first, first + timedelta(hours=HOURS))
    begins = Greatest("scheduled_at", "earliest_start_at")  # PostgreSQL passes over null
    waiting = scope.jobs.filter(group__in=NOT_BEGUN, scheduled_at__lt=span[1])
    starting = waiting.annotate(begins=begins).filter(begins__gte=now, begins__lt=span[1])
    due = scope.jobs.exclude(group__in=DONE).filter(deadline_at__gte=now, deadline_at__lt=span[1])
    starts = _by_hour(starting, "begins")
    deadlines = _by_hour(due, "deadline_at")
    hours = [first + timedelta(hours=n) for n in range(HOURS)]
    return [
        {
            "at": plain(at),
            "starts": starts.get(at, (0, 0))[0],
            "deadlines": deadlines.get(at, (0, 0))[0],
            "critical": deadlines.get(at, (0, 0))[1],
        }
        for at in hours
    ]


def _by_hour(jobs: Any, moment: str) -> dict[datetime, tuple[int, int]]:
    hours = jobs.annotate(hour=TruncHour(F(moment))).values("hour")
    counted = hours.annotate(all=Count("pk"), critical=Count("pk", filter=Q(is_critical=True)))
    return {row["hour"]: (row["all"], row["critical"]) for row in counted}
