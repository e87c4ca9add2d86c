"""Tools about workstations, resources, prompts and the engine itself."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import Field

from knowledge.hwa.statuses import codes_of
from tws.hwa import oql
from tws.hwa.client import TWSClient
from tws.hwa.readings import Reading
from tws.hwa.schemas import JobInPlan, JobStreamInPlan, WorkstationInPlan
from tws.tools import reading as read
from tws.tools.base import Arguments, Reply, tool
from tws.tools.shapes import (
    dependency_line,
    resource_line,
    stamp,
    without_empty,
    workstation_line,
)


class Workstations(Arguments):
    name: str = Field("", description="Exact name, or one with * as wildcard")
    only_problems: bool = Field(
        False, description="Only those not linked, with limit 0 or with a fence"
    )
    limit: int = Field(20, ge=1, le=50)


@tool(Workstations)
async def workstations(client: TWSClient, asked: Workstations) -> Reply:
    """List workstations: type, whether linked, active states, job limit and fence.

    `problems` says what is wrong with one: NOT_LINKED, LIMIT_0 (starts no job), FENCE (starts only
    jobs of higher priority).
    """
    condition = read.all_of(_named(asked.name) if asked.name else None)
    found = await client.workstations(condition)
    items = [(problems(one), one) for one in found.value.items]
    troubled = [pair for pair in items if pair[0]]
    listed = troubled if asked.only_problems else items
    shown = [
        workstation_line(one) | without_empty({"problems": wrong})
        for wrong, one in listed[: asked.limit]
    ]
    result: dict[str, Any] = {
        "items": shown,
        "shown": len(shown),
        "totalCount": len(listed),
        "withProblems": len(troubled),
        "workstations": found.value.total if found.value.total is not None else len(items),
    }
    if len(listed) > len(shown):
        result["narrow"] = "More than are shown: narrow by name or only_problems."
    return Reply.of(result, found)


def _named(name: str) -> oql.OQL:
    return read.name_condition("name", name.lstrip("/"))


def problems(workstation: WorkstationInPlan) -> list[str]:
    """What keeps a workstation from starting jobs."""
    found = []
    if not workstation.linked:
        found.append("NOT_LINKED")
    if workstation.limit == 0:
        found.append("LIMIT_0")
    if workstation.fence:
        found.append("FENCE")
    return found


class Resources(Arguments):
    name: str = Field("", description="Exact name, or one with * as wildcard")
    limit: int = Field(20, ge=1, le=50)


@tool(Resources)
async def resources(client: TWSClient, asked: Resources) -> Reply:
    """List resources of the plan: how many units there are, are free, and who holds them."""
    condition = read.all_of(_named(asked.name) if asked.name else None)
    found = await client.resources(condition, limit=asked.limit)
    items = [resource_line(one) for one in found.value.items]
    result: dict[str, Any] = {
        "items": items,
        "shown": len(items),
        "totalCount": found.value.total if found.value.total is not None else len(items),
    }
    return Reply.of(result, found)


class Prompts(Arguments):
    limit: int = Field(20, ge=1, le=50)


MOST_ASKED = 60
"""How many waiting jobs and streams are opened for their prompts: one request each."""


@tool(Prompts)
async def prompts(client: TWSClient, asked: Prompts) -> Reply:
    """Prompts that wait for an answer, with the job or job stream each one holds back.

    HWA's API lists prompts only inside what depends on them, so waiting jobs and streams are
    looked through; `complete` is false when there were more than could be.
    """
    waiting = oql.one_of("status", codes_of("waiting"))
    by_substatus = waiting & oql.equals("substatus", "HOLD_WAITING_FOR_PROMPT")
    jobs, streams = await asyncio.gather(
        read.jobs_where(client, by_substatus, waiting),
        client.job_streams(oql.one_of("status", codes_of("waiting", of="stream"))),
    )
    held: list[JobInPlan | JobStreamInPlan] = [
        *(job for job in jobs.value.items if _has_prompt(job) and _waits_for_prompt(job)),
        *(stream for stream in streams.value.items if _has_prompt(stream)),
    ]
    opened = await asyncio.gather(*(_open(client, node) for node in held[:MOST_ASKED]))
    items = [
        _prompt_line(reading.value, prompt)
        for reading in opened
        for prompt in reading.value.prompts
        if prompt.satisfied is False and prompt.prompt_status == "ASKED"
    ]
    complete = len(held) <= MOST_ASKED and jobs.value.complete and streams.value.complete
    result: dict[str, Any] = {
        "items": items[: asked.limit],
        "shown": min(len(items), asked.limit),
        "totalCount": len(items),
        "complete": complete,
    }
    return Reply.of(result, jobs, streams, *opened)


def _has_prompt(node: JobInPlan | JobStreamInPlan) -> bool:
    stats = node.dependencies_stats
    return bool(stats and stats.number_of_prompt_dependencies)


def _waits_for_prompt(job: JobInPlan) -> bool:
    return job.substatus in (None, "HOLD_WAITING_FOR_PROMPT")


async def _open(
    client: TWSClient, node: JobInPlan | JobStreamInPlan
) -> Reading[JobInPlan] | Reading[JobStreamInPlan]:
    if isinstance(node, JobInPlan):
        return await client.job(node.id or "")
    return await client.job_stream(node.id or "")


def _prompt_line(node: JobInPlan | JobStreamInPlan, prompt: Any) -> dict[str, Any]:
    line = dependency_line(prompt)
    if isinstance(node, JobInPlan):
        return line | without_empty({"job": node.name, "jobStream": node.job_stream_name})
    return line | without_empty({"jobStream": node.name})


class EngineQuestion(Arguments):
    """No arguments."""


@tool(EngineQuestion)
async def engine_info(client: TWSClient, asked: EngineQuestion) -> Reply:
    """The engine itself: version, time zone, and whether it is the simulator."""
    found = await client.engine_info()
    info = found.value
    result = {
        "engine": client.engine.name,
        "tags": list(client.engine.tags),
        "version": info.display_version,
        "fullVersion": info.full_version,
        "timezone": info.timezone,
        "licenseType": info.license_type,
        "isSimulator": info.simulated,
        "readAt": stamp(found.fetched_at),
    }
    return Reply.of(without_empty(result), found)
