"""How tools ask the client: by name, by status, with a bound on what is looked through."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from knowledge.hwa.statuses import OPEN_GROUPS, Kind, codes_asked, codes_of
from tws.hwa import oql
from tws.hwa.client import TWSClient
from tws.hwa.errors import TWSRefused
from tws.hwa.oql import OQL
from tws.hwa.readings import Page, Reading
from tws.hwa.schemas import JobInPlan, JobStreamInPlan
from tws.tools.shapes import started_at

MOST_LOOKED_THROUGH = 10_000
"""How many objects a tool reads to find the few it shows; beyond it, it says that it stopped."""

OPEN = codes_of(*OPEN_GROUPS)
"""The statuses of jobs that are still to be done."""

_WILDCARDS = re.compile(r"[*@%?]+")

RANKS = {
    group: rank
    for rank, group in enumerate(("failed", "stuck", "running", "ready", "undecided", "success"))
}


def codes(statuses: Iterable[str], of: Kind = "job") -> list[str]:
    """Groups and HWA's own codes, as codes."""
    found = [code for status in statuses for code in codes_asked(status, of)]
    return list(dict.fromkeys(found))


def name_condition(field: str, name: str) -> OQL:
    """An exact name, or one with wildcards (`ETL_*`, `*_DIARIO`).

    Of several parts the longest is asked for; `matches` sorts out the rest.
    """
    parts = [part for part in _WILDCARDS.split(name) if part]
    if not _WILDCARDS.search(name):
        return oql.equals(field, name)
    if not parts:
        raise oql.OQLValueError("a name of wildcards alone selects nothing; leave the name out")
    longest = max(parts, key=len)
    if name.startswith(longest):
        return oql.starts_with(field, longest)
    return oql.contains(field, longest)


def matches(name: str, asked: str) -> bool:
    pattern = "".join(
        ".*" if _WILDCARDS.fullmatch(part) else re.escape(part)
        for part in re.split(f"({_WILDCARDS.pattern})", asked)
    )
    return re.fullmatch(pattern, name, re.IGNORECASE) is not None


def all_of(*conditions: OQL | None) -> OQL | str:
    given = [condition for condition in conditions if condition is not None]
    if not given:
        return ""
    joined = given[0]
    for condition in given[1:]:
        joined = joined & condition
    return joined


async def jobs_where(
    client: TWSClient, sharp: OQL, plain: OQL | str, limit: int = MOST_LOOKED_THROUGH
) -> Reading[Page[JobInPlan]]:
    """Jobs by a sharp condition, or by a plain one where the engine does not take the sharp.

    HCL documents OQL's syntax but no list of fields: what one release filters by (`endTime`,
    `late`, `critical`) another may refuse. Callers check each job themselves either way.
    """
    try:
        return await client.jobs(sharp, limit=limit)
    except TWSRefused as error:
        if error.status != 400:
            raise
    return await client.jobs(plain, limit=limit)


async def jobs_named(client: TWSClient, name: str, stream: str = "") -> Reading[Page[JobInPlan]]:
    """The jobs of that exact name, as typed or in capitals; those that matter most first."""

    async def ask(spelling: str) -> Reading[Page[JobInPlan]]:
        condition = oql.equals("name", spelling)
        if stream:
            condition = condition & oql.equals("jobStreamName", stream)
        return await client.jobs(condition, limit=200)

    reading = await ask(name)
    if not reading.value.items and name != name.upper():
        reading = await ask(name.upper())
    items = sorted(reading.value.items, key=_relevance)
    page = Page(items, reading.value.total, reading.value.complete)
    return Reading(page, reading.fetched_at, reading.engine)


def _relevance(job: JobInPlan) -> tuple[int, float]:
    """What failed first, then what runs, waits ready, is done; the newest of each first."""
    rank = RANKS.get(job.group or "", len(RANKS))
    moment = started_at(job) or job.sched_time or datetime.min.replace(tzinfo=UTC)
    return rank, -moment.timestamp()


async def streams_named(client: TWSClient, name: str) -> Reading[Page[JobStreamInPlan]]:
    reading = await client.job_streams(oql.equals("name", name), limit=200)
    if not reading.value.items and name != name.upper():
        reading = await client.job_streams(oql.equals("name", name.upper()), limit=200)
    return reading


async def names_like(client: TWSClient, name: str) -> tuple[list[str], list[Reading[Any]]]:
    """Names of jobs and streams that share a part with `name`: its beginning or a word."""
    parts = [part for part in re.split(r"[^A-Z0-9]+", name.upper()) if len(part) > 2]
    conditions = [oql.starts_with("name", name.upper()[:4])] if name[:4].isalnum() else []
    conditions += [oql.contains("name", part) for part in sorted(parts, key=len)[-3:]]
    conditions += [oql.contains("name", part[-4:]) for part in parts if len(part) > 6][:2]
    if not conditions:
        return [], []
    jobs, streams = await asyncio.gather(
        asyncio.gather(*(client.jobs(one, limit=500) for one in conditions)),
        asyncio.gather(*(client.job_streams(one, limit=500) for one in conditions)),
    )
    readings: list[Reading[Any]] = [*jobs, *streams]
    found = [item.name for reading in readings for item in reading.value.items if item.name]
    return list(dict.fromkeys(found)), readings
