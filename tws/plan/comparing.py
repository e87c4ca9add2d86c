"""Runs of one job against each other and against what is usual; one day against another."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from tws.plan.models import PlanJob, PlanRun
from tws.plan.query.asked import PlanQueryRefused
from tws.plan.query.catalogue import RUNS
from tws.plan.query.names import known_name
from tws.plan.query.values import plain

MOST_RUNS = 1_000
"""So many of a job's runs are ever listed."""
MOST_NAMES = 50


def compare_runs(engine: str, job: str, stream: str = "", most: int = 5) -> dict[str, Any]:
    """The latest runs of a job by name, the newest first, each beside the one before it.

    `minutes` are from start to end, of what has ended; `difference_minutes` to the run before;
    `usual_minutes` is the median of `usual_runs` that ended well, null without any.
    PlanQueryRefused when neither plan nor history knows the name.
    """
    job = known_name(engine, RUNS, "job", RUNS.fields["job"], job)
    if stream:
        stream = known_name(engine, RUNS, "stream", RUNS.fields["stream"], stream)
    runs = PlanRun.objects.filter(engine=engine, job_name=job, started_at__isnull=False)
    if stream:
        runs = runs.filter(stream_name=stream)
    found = list(runs.order_by("-started_at", "-pk")[: most + 1])
    rows = [_beside(run, earlier) for run, earlier in zip(found, [*found[1:], None], strict=False)][
        :most
    ]
    usual = PlanJob.objects.filter(engine=engine, name=job, usual_seconds__isnull=False).first()
    return {
        "job": job,
        "stream": stream or None,
        "matched": runs.count(),
        "rows": rows,
        "shown": len(rows),
        "usual_minutes": _minutes(usual.usual_seconds) if usual else None,
        "usual_runs": usual.usual_runs if usual else 0,
    }


def _beside(run: PlanRun, earlier: PlanRun | None) -> dict[str, Any]:
    minutes, before = _minutes(_seconds(run)), _minutes(_seconds(earlier) if earlier else None)
    both = minutes is not None and before is not None
    return {
        "id": run.run_id,
        "number": run.number,
        "stream": run.stream_name,
        "status": run.status,
        "return_code": run.return_code,
        "start": plain(run.started_at),
        "end": plain(run.ended_at),
        "minutes": minutes,
        "difference_minutes": plain((minutes or 0) - (before or 0)) if both else None,
        "ran_on": run.actual_workstation or None,
    }


def _seconds(run: PlanRun) -> float | None:
    if run.elapsed_seconds is not None and run.ended_at is not None:
        return run.elapsed_seconds
    if run.started_at and run.ended_at:
        return (run.ended_at - run.started_at).total_seconds()
    return None


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else plain(seconds / 60)


def compare_days(engine: str, day: date, other: date, until: time | None = None) -> dict[str, Any]:
    """Two days side by side: runs per group, and what failed on one day only.

    A run is of the day on which it ended, as in lists; what has not ended, of that of its start.
    `until` ends both days at that hour, so that a day under way is compared with as much of the
    other one. `known_from` is when the earlier day's runs begin to be known, null for all of it.
    PlanQueryRefused when a day lies before all that is known of runs.
    """
    zone = timezone.get_current_timezone()
    first_start = PlanRun.objects.filter(engine=engine).aggregate(at=Min("started_at"))["at"]
    known_from = timezone.localtime(first_start or timezone.now())
    if min(day, other) < known_from.date():
        known = known_from.date().isoformat()
        raise PlanQueryRefused(f"Runs are known from {known} on.", [known])
    first, second = (_runs_of(engine, one, until, zone) for one in (day, other))
    failed, failed_then = _failed(first), _failed(second)
    return {
        "day": _told(day, first),
        "other": _told(other, second),
        "until": until.isoformat(timespec="minutes") if until else None,
        "known_from": plain(known_from) if known_from.date() in (day, other) else None,
        "failed_only_on_day": sorted(failed - failed_then)[:MOST_NAMES],
        "failed_only_on_other": sorted(failed_then - failed)[:MOST_NAMES],
        "failed_on_both": sorted(failed & failed_then)[:MOST_NAMES],
    }


def _runs_of(engine: str, day: date, until: time | None, zone: ZoneInfo | Any) -> QuerySet[PlanRun]:
    start = datetime.combine(day, time(), tzinfo=zone)
    end = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
    if until is not None:
        end = datetime.combine(day, until, tzinfo=zone)
    ended = Q(ended_at__gte=start, ended_at__lt=end)
    under_way = Q(ended_at=None, started_at__gte=start, started_at__lt=end)
    return PlanRun.objects.filter(ended | under_way, engine=engine)


def _failed(runs: QuerySet[PlanRun]) -> set[str]:
    return set(runs.filter(group="failed").order_by().values_list("job_name", flat=True).distinct())


def _told(day: date, runs: QuerySet[PlanRun]) -> dict[str, Any]:
    counted = runs.order_by().values("group").annotate(n=Count("pk")).order_by("-n", "group")
    failed = Count("job_id", distinct=True, filter=Q(group="failed"))
    return {
        "date": day.isoformat(),
        "matched": sum(one["n"] for one in counted),
        "groups": [{"group": one["group"] or None, "count": one["n"]} for one in counted],
        "failed_jobs": runs.order_by().aggregate(n=failed)["n"],
    }
