"""The engine's plan as the engine tells it, held against the one that was read meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tws.hwa.client import TWSClient
from tws.hwa.engines import configured_engines
from tws.plan.models import PlanEngine, PlanJob, PlanJobStream, PlanRun
from tws.plan.rows import as_kept

Objects = dict[str, dict[str, Any]]


@dataclass(slots=True)
class Told:
    """What the engine says now; `runs` are those of its jobs, by id."""

    jobs: Objects = field(default_factory=dict)
    streams: Objects = field(default_factory=dict)

    @property
    def runs(self) -> set[str]:
        return {run["id"] for job in self.jobs.values() for run in job["jobruns"]}


def told() -> Told:
    return asyncio.run(_told())


async def _told() -> Told:
    [engine] = configured_engines()
    found = Told()
    async with TWSClient(engine) as client:
        for path, objects in (("/plan/job", found.jobs), ("/plan/jobstream", found.streams)):
            async for page in client.pages(path):
                objects |= {one["id"]: as_kept(one).raw for one in page.objects}
    return found


def is_whole() -> bool:
    return not differences(told())


def differences(now: Told) -> list[str]:
    """In what the plan that was read is not the engine's."""
    [engine] = configured_engines()
    state = PlanEngine.of(engine.name)
    found = [f"the plan is not current: {state.why_not_current}"] if not state.is_current else []
    for name, rows, objects in (
        ("jobs", PlanJob.objects, now.jobs),
        ("job streams", PlanJobStream.objects, now.streams),
    ):
        kept = dict(rows.filter(engine=engine.name).values_list("hwa_id", "raw"))
        odd = [key for key in kept.keys() | objects.keys() if kept.get(key) != objects.get(key)]
        if odd:
            found.append(f"{len(odd)} {name} are not as the engine says, as {min(odd)}")
    return found


def losses(before: Told, now: Told, plans: int) -> list[str]:
    """Runs that were told before or after the plan was replaced, and are not kept once each."""
    [engine] = configured_engines()
    kept = list(
        PlanRun.objects.filter(engine=engine.name).values_list("run_id", "job_id", "number")
    )
    lost = (before.runs | now.runs) - {run_id for run_id, _job, _number in kept}
    twice = [one for one, count in Counter(row[1:] for row in kept).items() if count > 1]
    found = [f"{len(lost)} runs are lost, as {min(lost)}"] if lost else []
    found += [f"run {number} of job {job} is kept twice" for job, number in twice[:5]]
    known = PlanEngine.of(engine.name).plan_number
    return found if known == plans else [*found, f"{known} plans were recognised, not {plans}"]
