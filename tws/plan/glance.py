"""How many jobs of a plan are in each status."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from tws.plan.models import PlanJob


@dataclass(frozen=True, slots=True)
class JobCounts:
    """Jobs by HWA's statuses, and by the groups people speak of. A status in no table is a group
    of its own."""

    by_status: dict[str, int]
    by_group: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.by_status.values())


def job_counts(jobs: QuerySet[PlanJob]) -> JobCounts:
    found = jobs.order_by().values_list("group", "status")
    by_status: Counter[str] = Counter()
    by_group: Counter[str] = Counter()
    for group, status, count in found.annotate(n=Count("pk")):
        by_status[status] += count
        by_group[group or status] += count
    return JobCounts(dict(by_status), dict(by_group))
