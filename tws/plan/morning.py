"""The plan as operators look at it in the morning: what needs a person, the next hours, counts."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from knowledge.hwa.statuses import OPEN_GROUPS
from tws.plan.glance import job_counts
from tws.plan.hours import next_hours
from tws.plan.models import PlanEngine, PlanJob
from tws.plan.needs import needs_of
from tws.plan.query.values import plain
from tws.plan.scope import Scope

SHOWN = 8


def at_a_glance(plan: PlanEngine, scope: Scope) -> dict[str, Any]:
    """What the live page shows of a plan that is current."""
    still_open = scope.jobs.filter(group__in=OPEN_GROUPS)
    counts = job_counts(scope.jobs)
    return {
        "engine": plan.name,
        "simulated": plan.simulated,
        "fetched_at": plain(plan.fetched_at),
        "complete": plan.is_complete,
        "edges_whole": plan.edges_are_whole,
        "not_understood": plan.not_understood,
        "refused": plan.refused_lists,
        "backup": plan.backup,
        "wrong_clock_minutes": plan.wrong_clock_minutes,
        "jobs": {"count": counts.total, "groups": counts.by_group},
        "needs": needs_of(scope),
        "hours": next_hours(scope),
        "critical": _few(still_open.filter(is_critical=True), "deadline_at"),
    }


def _few(jobs: QuerySet[PlanJob], order: str) -> dict[str, Any]:
    return {
        "count": jobs.count(),
        "items": [_line(job) for job in jobs.order_by(order, "name")[:SHOWN]],
    }


def _line(job: PlanJob) -> dict[str, Any]:
    return {
        "id": job.hwa_id,
        "name": job.name,
        "stream": job.stream_name,
        "workstation": job.workstation,
        "status": job.status,
        "group": job.group,
        "deadline_at": plain(job.deadline_at),
    }
