"""Tools about jobs: which there are, one of them, its log, its runs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field

from knowledge.hwa.statuses import codes_of
from knowledge.secrets import mask_secrets
from tws.hwa import oql
from tws.hwa.client import TWSClient
from tws.hwa.errors import TWSRefused
from tws.hwa.schemas import JobInPlan, JobRun
from tws.tools import reading as read
from tws.tools.base import Arguments, Reply, tool
from tws.tools.shapes import (
    ended_at,
    job_detail,
    job_line,
    run_end,
    run_line,
    stamp,
    stream_line,
    without_empty,
    workstation_line,
)

NARROW = "More match than are shown: narrow by name, status, job_stream or workstation."


class FindJobs(Arguments):
    name: str = Field("", description="Exact name, or one with * as wildcard, e.g. ETL_*")
    status: list[str] = Field(
        default_factory=list,
        description="failed, running, waiting, ready, success, stuck, cancelled, suppressed, "
        "undecided, or HWA's own codes such as ABEND",
    )
    job_stream: str = Field("", description="Exact name of the job stream")
    workstation: str = Field("", description="Exact name of the workstation")
    limit: int = Field(20, ge=1, le=50)


@tool(FindJobs)
async def find_jobs(client: TWSClient, asked: FindJobs) -> Reply:
    """List jobs of today's plan by name, status, job stream or workstation.

    Gives how many match and the first of them. Without any argument it only says how many jobs
    there are; use count_jobs for counts.
    """
    condition = read.all_of(
        read.name_condition("name", asked.name) if asked.name else None,
        oql.one_of("status", read.codes(asked.status)) if asked.status else None,
        oql.equals("jobStreamName", asked.job_stream) if asked.job_stream else None,
        oql.one_of("workstation", workstation_spellings(asked.workstation))
        if asked.workstation
        else None,
    )
    wide = len(re.findall(r"[*@%?]+", asked.name)) > 1
    found = await client.jobs(condition, limit=read.MOST_LOOKED_THROUGH if wide else asked.limit)
    items = [
        job for job in found.value.items if not wide or read.matches(job.name or "", asked.name)
    ]
    total = len(items) if wide else found.value.total
    return Reply.of(_listing(items, asked.limit, total), found)


def workstation_spellings(name: str) -> list[str]:
    """HWA writes a workstation with its folder; in the root folder people leave that out."""
    return [name, f"/{name}"] if not name.startswith("/") else [name]


def _listing(items: list[JobInPlan], limit: int, total: int | None) -> dict[str, Any]:
    shown = [job_line(job) for job in items[:limit]]
    result: dict[str, Any] = {"items": shown, "shown": len(shown), "totalCount": total}
    if total is None:
        result["more"] = len(items) > limit
    if total is None or total > len(shown):
        result["narrow"] = NARROW
    return result


class JobName(Arguments):
    job: str = Field(min_length=1, description="Exact name of the job in the plan")
    job_stream: str = Field("", description="Its job stream, when several jobs have that name")


async def pick_job(client: TWSClient, asked: JobName) -> tuple[JobInPlan, dict[str, Any], datetime]:
    """The job meant, what says so when several have its name, and the age of the list.

    TWSRefused when there is none; its words go to whoever asked.
    """
    found = await read.jobs_named(client, asked.job, asked.job_stream)
    if not found.value.items:
        raise TWSRefused(
            f"there is no job {asked.job} in the plan of {client.engine.name}; "
            "similar_names offers the closest names",
            engine=client.engine.name,
        )
    job, *others = found.value.items
    about = {"otherInstances": [job_line(other) for other in others[:5]]} if others else {}
    return job, about, found.fetched_at


@tool(JobName)
async def get_job(client: TWSClient, asked: JobName) -> Reply:
    """One job: status and why it waits (substatus), runs, return code, times, priority, deadline.

    When several jobs have the name, the first three are detailed and totalCount says how many.
    No items means that the plan has no such job.
    """
    found = await read.jobs_named(client, asked.job, asked.job_stream)
    items = found.value.items
    details = [
        job_detail(job) | without_empty({"runs": [run_line(run) for run in job.jobruns[-5:]]})
        for job in items[:3]
    ]
    return Reply.of({"items": details, "totalCount": len(items)}, found)


class ObjectName(Arguments):
    name: str = Field(min_length=1, description="The name as the user wrote it")


@tool(ObjectName)
async def find_object(client: TWSClient, asked: ObjectName) -> Reply:
    """What a name is in the plan: a job, a job stream or a workstation (or several of these)."""
    jobs = await read.jobs_named(client, asked.name)
    streams = await read.streams_named(client, asked.name)
    spellings = workstation_spellings(asked.name.upper().lstrip("/"))
    stations = await client.workstations(
        oql.one_of("name", [spellings[0], asked.name.lstrip("/")]), limit=5
    )
    result = {
        "jobs": [job_line(job) for job in jobs.value.items[:3]],
        "jobStreams": [stream_line(stream) for stream in streams.value.items[:3]],
        "workstations": [workstation_line(one) for one in stations.value.items[:3]],
    }
    return Reply.of(result, jobs, streams, stations)


@tool(ObjectName)
async def similar_names(client: TWSClient, asked: ObjectName) -> Reply:
    """Names of jobs and job streams in the plan that are closest to a name that does not exist.

    Offer them to the user; never choose one yourself.
    """
    names, readings = await read.names_like(client, asked.name)
    if not readings:
        readings = [await client.jobs(limit=1)]
    from rapidfuzz import fuzz, process  # loaded when a name was not found

    ranked = process.extract(asked.name.upper(), names, scorer=fuzz.ratio, limit=5, score_cutoff=55)
    return Reply.of({"asked": asked.name, "names": [name for name, *_ in ranked]}, *readings)


class JobLog(JobName):
    failed: bool = Field(False, description="The last run that failed, not simply the last run")
    lines: int = Field(25, ge=1, le=100, description="How many lines from the end")


# What states a cause in a job log, in the words of shells, databases, Java and HWA itself.
_CAUSE = re.compile(
    r"\b(error|erro|fatal|severe|exception|ORA-\d{5}|SQL\d{4,5}N|AWS[A-Z]{2,4}\d{3,4}E"
    r"|denied|refused|not found|no such file|no space|cannot|could not|timed? ?out|killed"
    r"|out ?of ?memory|deadlock|unlinked|abend(?:ed)?|rejected|does not exist)\b",
    re.IGNORECASE,
)
MOST_CAUSES = 6
LOG_LOOKED_THROUGH = 400
LONGEST_LINE = 400


@tool(JobLog)
async def get_job_log(client: TWSClient, asked: JobLog) -> Reply:
    """The end of a job's log, and the lines in it that state a cause (errors, exceptions).

    Lines are numbered as in the log. `failed=true` reads the last failed run, also when a rerun
    has succeeded since.
    """
    job, about, since = await pick_job(client, asked)
    run = _failed_run(job) if asked.failed else job.last_run
    if run is None or run.id is None:
        kind = "failed run" if asked.failed else "run"
        raise TWSRefused(f"{job.name} has no {kind} in this plan, so there is no log to read")
    log = await client.job_log_tail(run.id, LOG_LOOKED_THROUGH)
    part = log.value
    numbered = list(enumerate(part.lines, part.first_line))
    causes = [_line(number, text) for number, text in numbered if _CAUSE.search(text)]
    result = {
        "name": job.name,
        "jobStreamName": job.job_stream_name,
        "run": run_line(run),
        "lastLine": part.last_line,
        "causeLines": causes[-MOST_CAUSES:],
        "lines": [_line(number, text) for number, text in numbered[-asked.lines :]],
        **about,
    }
    return Reply(without_empty(result), min(since, log.fetched_at))


def _line(number: int, text: str) -> dict[str, Any]:
    return {"line": number, "text": mask_secrets(text[:LONGEST_LINE])}


def _failed_run(job: JobInPlan) -> JobRun | None:
    failed = [run for run in job.jobruns if run_failed(run)]
    return failed[-1] if failed else None


def run_failed(run: JobRun) -> bool:
    return run.group == "failed"


class CompareRuns(JobName):
    last: int = Field(5, ge=2, le=10, description="How many runs, the newest first")


@tool(CompareRuns)
async def compare_runs(client: TWSClient, asked: CompareRuns) -> Reply:
    """The last runs of a job side by side: start, duration, estimate, return code, how they ended.

    Covers the runs that are in the current plan, over all instances of the job.
    """
    found = await read.jobs_named(client, asked.job, asked.job_stream)
    runs = [
        {"jobStreamName": job.job_stream_name, **run_line(run)}
        for job in found.value.items
        for run in job.jobruns
    ]
    runs.sort(key=lambda run: run.get("startTime") or "", reverse=True)
    result = {"name": asked.job, "runs": runs[: asked.last], "totalCount": len(runs)}
    if not found.value.items:
        result["found"] = False
    return Reply.of(result, found)


class FailedJobs(Arguments):
    hours: float = Field(3, gt=0, le=72, description="How many hours back")
    limit: int = Field(20, ge=1, le=50)


@tool(FailedJobs)
async def failed_jobs(client: TWSClient, asked: FailedJobs) -> Reply:
    """Jobs that failed in the last hours, the newest failure first.

    `items`: those that are still in error. `recovered`: those whose run failed in that time and
    that have been rerun since, with the status they have now.
    """
    failed = await client.jobs(oql.one_of("status", codes_of("failed")))
    since = datetime.now(UTC) - timedelta(hours=asked.hours)
    recent = [
        (when, job) for job in failed.value.items if (when := ended_at(job)) and when >= since
    ]
    undated = [job for job in failed.value.items if ended_at(job) is None]
    recent.sort(key=lambda pair: pair[0], reverse=True)
    rerun, looked = await _recovered(client, since)
    shown = [job_line(job) for _, job in recent[: asked.limit]]
    result: dict[str, Any] = {
        "hours": int(asked.hours) if asked.hours == int(asked.hours) else asked.hours,
        "since": stamp(since),
        "items": shown,
        "shown": len(shown),
        "totalCount": len(recent),
        "inErrorInPlan": failed.value.total
        if failed.value.total is not None
        else len(failed.value.items),
        "recovered": rerun[: asked.limit],
        "recoveredCount": len(rerun),
        "complete": failed.value.complete and looked.value.complete,
    }
    if asked.hours < 1:
        result["minutes"] = round(asked.hours * 60)
    if undated:
        result["withoutEndTime"] = [job_line(job) for job in undated[:5]]
    if len(recent) > len(shown):
        result["narrow"] = "More failed than are shown: ask for fewer hours, or use find_jobs."
    return Reply.of(result, failed, looked)


async def _recovered(client: TWSClient, since: datetime) -> tuple[list[dict[str, Any]], Any]:
    """Jobs no longer in error whose last failed run ended after `since`, newest failure first."""
    done = oql.one_of("status", codes_of("success"))
    moving = oql.one_of("status", codes_of("running", "ready"))
    minute = since.replace(second=0, microsecond=0)  # the same query for a minute: it is cached
    looked = await read.jobs_where(
        client, (done & oql.compare("endTime", ">=", minute)) | moving, done | moving
    )
    found = []
    for job in looked.value.items:
        run = _failed_run(job)
        ended = run_end(run) if run else None
        if run and ended and ended >= since:
            line = {**job_line(job), "failedRun": run_line(run)}
            found.append((ended, line))
    found.sort(key=lambda pair: pair[0], reverse=True)
    return [line for _, line in found], looked
