"""The plan at a glance, from PostgreSQL: counts, and the short lists that everybody looks at."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone

from tws.plan.models import PlanEngine, PlanJob, PlanWorkstation

FAILED_HOURS = 3
SHOWN = 8


@dataclass(frozen=True, slots=True)
class JobCounts:
    """Jobs by HWA's statuses, and by the groups people speak of. A status in no table is a group
    of its own."""

    by_status: dict[str, int]
    by_group: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.by_status.values())


def job_counts(engine: str) -> JobCounts:
    found = PlanJob.objects.filter(engine=engine).order_by().values_list("group", "status")
    by_status: Counter[str] = Counter()
    by_group: Counter[str] = Counter()
    for group, status, count in found.annotate(n=Count("pk")):
        by_status[status] += count
        by_group[group or status] += count
    return JobCounts(dict(by_status), dict(by_group))


def at_a_glance(plan: PlanEngine) -> dict[str, Any]:
    """What the live page shows of a plan that is current."""
    from knowledge.hwa.statuses import OPEN_GROUPS  # the table is read from its file

    jobs = PlanJob.objects.filter(engine=plan.name)
    still_open = jobs.filter(group__in=OPEN_GROUPS)
    counts = job_counts(plan.name)
    recent = timezone.now() - timedelta(hours=FAILED_HOURS)
    troubled = PlanWorkstation.objects.filter(engine=plan.name).exclude(problems=[])
    return {
        "engine": plan.name,
        "simulated": plan.simulated,
        "fetched_at": _stamp(plan.fetched_at),
        "complete": plan.is_complete,
        "not_understood": plan.not_understood,
        "refused": plan.refused_lists,
        "jobs": {"count": counts.total, "groups": counts.by_group},
        "failed": _few(jobs.filter(group="failed", ended_at__gte=recent), "-ended_at"),
        "late": _few(still_open.filter(is_late=True), "deadline_at"),
        "critical": _few(still_open.filter(is_critical=True), "deadline_at"),
        "workstations": {
            "count": troubled.count(),
            "items": [
                {"name": one.name, "type": one.type, "problems": one.problems}
                for one in troubled.order_by("name")[:SHOWN]
            ],
        },
    }


def _few(jobs: QuerySet[PlanJob], order: str) -> dict[str, Any]:
    return {
        "count": jobs.count(),
        "items": [_line(job) for job in jobs.order_by(order, "name")[:SHOWN]],
    }


def _line(job: PlanJob) -> dict[str, Any]:
    return {
        "name": job.name,
        "stream": job.stream_name,
        "workstation": job.workstation,
        "status": job.status,
        "return_code": job.return_code,
        "ended_at": _stamp(job.ended_at),
        "deadline_at": _stamp(job.deadline_at),
    }


def _stamp(moment: datetime | None) -> str | None:
    return timezone.localtime(moment).isoformat(timespec="seconds") if moment else None
