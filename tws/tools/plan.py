"""Tools about the plan as a whole: counts, what is late or critical, how it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field

from tws.hwa import oql
from tws.hwa.client import TWSClient
from tws.hwa.readings import Page, Reading
from tws.hwa.schemas import JobInPlan
from tws.tools import reading as read
from tws.tools.base import Arguments, Reply, tool
from tws.tools.jobs import FailedJobs, failed_jobs
from tws.tools.places import Workstations, workstations
from tws.tools.shapes import is_late, job_line, stamp, started_at, stream_line, times, without_empty


class CountJobs(Arguments):
    by: Literal["status", "workstation"] = "status"
    job_stream: str = Field("", description="Only the jobs of this job stream (by status only)")


MOST_GROUPS = 20


@tool(CountJobs)
async def count_jobs(client: TWSClient, asked: CountJobs) -> Reply:
    """How many jobs the plan holds, in all and by HWA's status or by workstation."""
    if asked.job_stream:
        return await _count_in_stream(client, asked.job_stream)
    counted = await client.count_jobs(asked.by)
    groups = sorted(counted.value.grouped_count.items(), key=lambda pair: -pair[1])
    shown = {name.removeprefix("/"): count for name, count in groups[:MOST_GROUPS]}
    result: dict[str, Any] = {"count": counted.value.count, "groupedCount": shown}
    if not counted.value.is_grouped:
        result["grouped"] = False
    if len(groups) > len(shown):
        result["groups"] = len(groups)
        result["narrow"] = f"The {MOST_GROUPS} largest groups are shown."
    return Reply.of(result, counted)


async def _count_in_stream(client: TWSClient, name: str) -> Reply:
    found = await client.jobs(oql.equals("jobStreamName", name))
    counts: dict[str, int] = {}
    for job in found.value.items:
        counts[job.status or "UNKNOWN"] = counts.get(job.status or "UNKNOWN", 0) + 1
    result = {"jobStreamName": name, "count": found.value.total, "groupedCount": counts}
    return Reply.of(without_empty(result) | {"count": len(found.value.items)}, found)


class Limited(Arguments):
    limit: int = Field(20, ge=1, le=50)


@tool(Limited)
async def late_jobs(client: TWSClient, asked: Limited) -> Reply:
    """Jobs not done that HWA marks as late: past their latest start or their deadline."""
    still_open = oql.one_of("status", read.OPEN)
    looked = await read.jobs_where(client, still_open & oql.equals("late", True), still_open)
    return _picked(looked, is_late, asked.limit)


@tool(Limited)
async def critical_jobs(client: TWSClient, asked: Limited) -> Reply:
    """Jobs marked critical in the plan, those not done first, with deadline and critical start."""
    looked = await read.jobs_where(client, oql.equals("critical", True), "")

    def is_critical(job: JobInPlan) -> bool:
        return bool(job.job_options and job.job_options.critical)

    reply = _picked(looked, is_critical, asked.limit, last=lambda job: job.group == "success")
    critical = [job for job in looked.value.items if is_critical(job)]
    reply.result["notDone"] = sum(job.group != "success" for job in critical)
    return reply


@tool(Limited)
async def deadline_risks(client: TWSClient, asked: Limited) -> Reply:
    """Jobs that miss, or will miss, their deadline by HWA's own fields.

    `risk`: DEADLINE_PASSED (and not done), CRITICAL_START_PASSED (not started by the last moment
    that keeps the deadline), ESTIMATE_EXCEEDS (running; start plus HWA's estimated duration lies
    after the deadline).
    """
    looked = await _open_jobs(client)
    now = datetime.now(UTC)
    risky = [(risk, job) for job in looked.value.items if (risk := _risk(job, now))]
    risky.sort(key=lambda pair: _deadline(pair[1]))
    shown = [
        {**job_line(job), **without_empty(times(job.time_restrictions)), **risk}
        for risk, job in risky[: asked.limit]
    ]
    return Reply.of(_few(shown, len(risky), looked), looked)


def _deadline(job: JobInPlan) -> datetime:
    limits = job.time_restrictions
    return (limits and limits.deadline_time) or datetime.max.replace(tzinfo=UTC)


def _risk(job: JobInPlan, now: datetime) -> dict[str, Any]:
    limits, flags = job.time_restrictions, job.job_status_flags
    deadline = limits.deadline_time if limits else None
    if (flags and flags.deadline_has_passed) or (deadline and deadline < now):
        return {"risk": "DEADLINE_PASSED"}
    start = started_at(job)
    running = job.group == "running"
    if job.critical_start and not running and job.critical_start < now:
        return {"risk": "CRITICAL_START_PASSED", "criticalStart": stamp(job.critical_start)}
    estimate = job.job_definition.estimated_duration if job.job_definition else None
    if running and deadline and start and estimate and start + estimate > deadline:
        return {"risk": "ESTIMATE_EXCEEDS", "estimatedEnd": stamp(start + estimate)}
    return {}


async def _open_jobs(client: TWSClient) -> Reading[Page[JobInPlan]]:
    return await client.jobs(oql.one_of("status", read.OPEN), limit=read.MOST_LOOKED_THROUGH)


def _picked(
    looked: Reading[Page[JobInPlan]],
    wanted: Callable[[JobInPlan], bool],
    limit: int,
    last: Callable[[JobInPlan], bool] = lambda job: False,
) -> Reply:
    """Those wanted, the earliest deadline first, those that go `last` after the others."""
    found = [job for job in looked.value.items if wanted(job)]
    found.sort(key=lambda job: (last(job), _deadline(job)))
    shown = [
        {
            **job_line(job),
            **without_empty(
                {**times(job.time_restrictions), "criticalStart": stamp(job.critical_start)}
            ),
        }
        for job in found[:limit]
    ]
    return Reply.of(_few(shown, len(found), looked), looked)


def _few(
    shown: list[dict[str, Any]], total: int, looked: Reading[Page[JobInPlan]]
) -> dict[str, Any]:
    result: dict[str, Any] = {"items": shown, "shown": len(shown), "totalCount": total}
    if not looked.value.complete:
        result["complete"] = False
        result["examined"] = len(looked.value.items)
        result["narrow"] = "The plan is larger than what was looked through; use find_jobs."
    return result


class JobStreams(Arguments):
    name: str = Field("", description="Exact name, or one with * as wildcard")
    status: list[str] = Field(
        default_factory=list, description="As in find_jobs; a stream can also be stuck"
    )
    limit: int = Field(20, ge=1, le=50)


@tool(JobStreams)
async def job_streams(client: TWSClient, asked: JobStreams) -> Reply:
    """List job streams of the plan by name or status, with how many of their jobs are done."""
    condition = read.all_of(
        read.name_condition("name", asked.name) if asked.name else None,
        oql.one_of("status", read.codes(asked.status, "stream")) if asked.status else None,
    )
    found = await client.job_streams(condition, limit=asked.limit)
    items = found.value.items
    result: dict[str, Any] = {
        "items": [stream_line(stream) for stream in items],
        "shown": len(items),
        "totalCount": found.value.total,
    }
    if not found.value.complete:
        result["narrow"] = "More match than are shown: narrow by name or status."
    return Reply.of(result, found)


class Nothing(Arguments):
    """No arguments."""


@tool(Nothing)
async def plan_summary(client: TWSClient, asked: Nothing) -> Reply:
    """How the plan stands: jobs and streams by status, recent failures, late jobs, workstations.

    Failures are those of the last 3 hours.
    """
    jobs, streams, failures, late, places = await asyncio.gather(
        client.count_jobs("status"),
        client.count_job_streams("status"),
        failed_jobs(client, FailedJobs(hours=3, limit=5)),
        late_jobs(client, Limited(limit=5)),
        workstations(client, Workstations(name="", only_problems=True, limit=5)),
    )
    result = {
        "jobs": {"count": jobs.value.count, "groupedCount": jobs.value.grouped_count},
        "jobStreams": {"count": streams.value.count, "groupedCount": streams.value.grouped_count},
        "failedRecently": failures.result,
        "late": late.result,
        "workstationProblems": places.result,
    }
    reply = Reply.of(result, jobs, streams)
    oldest = min(reply.fetched_at, failures.fetched_at, late.fetched_at, places.fetched_at)
    return Reply(result, oldest)
