"""Tools about what holds a job back and what a job holds back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from tws.hwa import oql
from tws.hwa.client import TWSClient
from tws.hwa.readings import Reading
from tws.hwa.schemas import (
    Dependency,
    JobInPlan,
    JobStreamInPlan,
    WorkstationInPlan,
)
from tws.tools.base import Reply, tool
from tws.tools.jobs import JobName, pick_job, workstation_spellings
from tws.tools.shapes import (
    dependency_line,
    job_detail,
    job_line,
    place,
    stamp,
    stream_line,
    without_empty,
    workstation_line,
)

MOST_SHOWN = 15
_WAITING = ("waiting", "ready")


@tool(JobName)
async def why_job_waits(client: TWSClient, asked: JobName) -> Reply:
    """Why a job has not started: each thing it waits for, as HWA shows it.

    `reasons` name a kind: PREDECESSOR, JOB_STREAM (its stream waits), TIME, PROMPT, RESOURCE,
    FILE, PRIORITY_ZERO, LIMIT (workstation's job limit), FENCE (priority not above it), AGENT (not
    linked). `waiting` is false when the job does not wait; then its status is the answer.
    """
    listed, about, since = await pick_job(client, asked)
    job = await client.job(listed.id or "")
    waiting = job.value.group in _WAITING
    result: dict[str, Any] = {"job": job_detail(job.value), "waiting": waiting, **about}
    readings: list[Reading[Any]] = [job]
    if waiting:
        station, stream = await asyncio.gather(
            _workstation(client, job.value.workstation), _stream(client, job.value)
        )
        readings += [one for one in (station, stream) if one is not None]
        machine = station.value.items[0] if station and station.value.items else None
        result["reasons"] = _reasons(job.value, machine, stream.value if stream else None)
        result["workstation"] = workstation_line(machine) if machine else {}
        result["jobStream"] = stream_line(stream.value) if stream else {}
    reply = Reply.of(without_empty(result) | {"waiting": waiting}, *readings)
    return Reply(reply.result, min(reply.fetched_at, since))


async def _workstation(client: TWSClient, key: str | None) -> Reading[Any] | None:
    if not key:
        return None
    name = key.rpartition("/")[2]
    return await client.workstations(oql.one_of("name", workstation_spellings(name)), limit=1)


async def _stream(client: TWSClient, job: JobInPlan) -> Reading[JobStreamInPlan] | None:
    return await client.job_stream(job.job_stream_id) if job.job_stream_id else None


_KINDS = {
    "INTERNAL": "PREDECESSOR",
    "EXTERNAL_JOB": "PREDECESSOR",
    "EXTERNAL_JOBSTREAM": "PREDECESSOR",
    "INTERNETWORK": "PREDECESSOR",
    "JOIN": "PREDECESSOR",
    "RESOURCE": "RESOURCE",
    "PROMPT": "PROMPT",
    "FILE": "FILE",
}


def _reasons(
    job: JobInPlan, machine: WorkstationInPlan | None, stream: JobStreamInPlan | None
) -> list[dict[str, Any]]:
    found = [_reason(one) for one in _unsatisfied(job.dependencies)]
    if stream is not None:
        found += [{**_reason(one), "of": "JOB_STREAM"} for one in _unsatisfied(stream.dependencies)]
    found += _by_time(job) + _by_substatus(job)
    if job.group == "ready" and machine is not None:
        found += _by_workstation(job, machine)
    return _each_once(found)[:MOST_SHOWN]


def _unsatisfied(dependencies: list[Dependency]) -> Iterator[Dependency]:
    """What is not satisfied; of a JOIN the members that are not, which is what is waited for."""
    for one in dependencies:
        if one.satisfied is False:
            yield from [part for part in one.members if part.satisfied is False] or [one]


def _reason(dependency: Dependency) -> dict[str, Any]:
    kind = _kind(dependency)
    return {"kind": kind, **dependency_line(dependency)}


def _kind(dependency: Dependency) -> str:
    """What is waited for, by the dependency's type; by its fields where the type is missing."""
    told = dependency.dependency_type
    if told:
        return _KINDS.get(told, told)
    if dependency.file:
        return "FILE"
    if dependency.prompt_status or dependency.prompt_name:
        return "PROMPT"
    return "PREDECESSOR" if dependency.job_name or dependency.job_stream_name else "OTHER"


def _by_time(job: JobInPlan) -> list[dict[str, Any]]:
    limits = job.time_restrictions
    if limits is None or limits.start_time is None or limits.start_time <= datetime.now(UTC):
        return []
    return [{"kind": "TIME", "earliestStart": stamp(limits.start_time)}]


_SUBSTATUS = {
    "HOLD_WAITING_FOR_TIME": "TIME",
    "HOLD_WAITING_FOR_PREDECESSOR": "PREDECESSOR",
    "HOLD_WAITING_FOR_PROMPT": "PROMPT",
    "HOLD_WAITING_FOR_FILE": "FILE",
    "HOLD_WAITING_FOR_INPUT": "INPUT",
    "HOLD_PRIORITY_ZERO": "PRIORITY_ZERO",
    "READY_WAITING_FOR_RESOURCES": "RESOURCE",
    "READY_WAITING_FOR_LIMIT": "LIMIT",
    "READY_WAITING_FOR_AGENT": "AGENT",
    "READY_WAITING_FOR_USER_INTERVENTION": "USER_INTERVENTION",
}


def _by_substatus(job: JobInPlan) -> list[dict[str, Any]]:
    kind = _SUBSTATUS.get(job.substatus or "")
    if kind is None:
        return [{"kind": "PRIORITY_ZERO", "priority": 0}] if job.priority == 0 else []
    about: dict[str, Any] = {"kind": kind, "substatus": job.substatus}
    if kind == "TIME":
        about["schedTime"] = stamp(job.sched_time)
    if kind == "PRIORITY_ZERO":
        about["priority"] = job.priority
    return [about]


def _by_workstation(job: JobInPlan, machine: WorkstationInPlan) -> list[dict[str, Any]]:
    at = {"workstation": place(machine.key) or machine.name}
    found: list[dict[str, Any]] = []
    if machine.limit == 0:
        found.append({"kind": "LIMIT", "limit": 0, **at})
    if machine.fence and job.priority is not None and job.priority <= machine.fence:
        found.append({"kind": "FENCE", "fence": machine.fence, "priority": job.priority, **at})
    if not machine.linked:
        found.append({"kind": "AGENT", "linked": False, **at})
    return found


def _each_once(reasons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A substatus repeats what a dependency tells in detail; the detail stays."""
    told = {reason["kind"] for reason in reasons if "substatus" not in reason}
    return [reason for reason in reasons if "substatus" not in reason or reason["kind"] not in told]


class Network(JobName):
    depth: int = Field(1, ge=1, le=3, description="How many steps away")


@tool(Network)
async def get_predecessors(client: TWSClient, asked: Network) -> Reply:
    """The jobs and job streams that a job comes after, with the status of each."""
    job, about, since = await pick_job(client, asked)
    found = await client.job_predecessors(job.id or "", asked.depth)
    stream = await _stream(client, job)
    result = _neighbours(job, found.value) | about
    readings: list[Reading[Any]] = [found]
    if stream is not None:
        readings.append(stream)
        result["streamDependencies"] = [
            dependency_line(one) for one in stream.value.dependencies[:MOST_SHOWN]
        ]
    reply = Reply.of(result, *readings)
    return Reply(
        without_empty(reply.result) | {"items": result["items"]}, min(reply.fetched_at, since)
    )


@tool(Network)
async def get_successors(client: TWSClient, asked: Network) -> Reply:
    """The jobs and job streams that come after a job, with the status of each.

    `heldUp` counts those that wait; when the job has failed, that is what its failure holds up.
    """
    job, about, since = await pick_job(client, asked)
    found = await client.job_successors(job.id or "", asked.depth)
    held = [node for node in found.value if node.group in _WAITING]
    result = _neighbours(job, found.value) | {"heldUp": len(held)} | about
    return Reply(result, min(found.fetched_at, since))


def _neighbours(job: JobInPlan, nodes: list[JobInPlan | JobStreamInPlan]) -> dict[str, Any]:
    shown = [
        {"type": "job", **job_line(node)}
        if isinstance(node, JobInPlan)
        else {"type": "jobStream", **stream_line(node)}
        for node in nodes[:MOST_SHOWN]
    ]
    return {"job": job_line(job), "items": shown, "shown": len(shown), "totalCount": len(nodes)}
