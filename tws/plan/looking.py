"""One object read from HWA now, because a question names it; written as the reader would.

Many who ask about the same object share one request, and for `engine.cache_seconds` its answer.
"""

from __future__ import annotations

from datetime import datetime
from weakref import WeakKeyDictionary

from django.db import connection, transaction

from tws.database import in_database
from tws.hwa.cache import SingleFlightCache
from tws.hwa.client import TWSClient
from tws.hwa.errors import TWSRefused
from tws.hwa.schemas import JobInPlan
from tws.plan.details import PATHS, Statement, node_statements
from tws.plan.models import PlanEngine
from tws.plan.query.asked import Condition, PlanQuery
from tws.plan.resolving import objects_named

MOST_NAMED = 3
"""A name of more objects than this asks for a list, which the last pass has read."""
_NAMED = {
    "jobs": ("job", "job"),
    "runs": ("job", "job"),
    "job_streams": ("stream", "stream"),
    "workstations": ("workstation", "workstation"),
    "resources": ("resource", "resource"),
}

_looks: WeakKeyDictionary[TWSClient, SingleFlightCache[datetime | None]] = WeakKeyDictionary()


async def read_now(client: TWSClient, kind: str, hwa_id: str) -> datetime | None:
    """Read an object of that kind into its row; a job or job stream with runs and dependencies.

    When HWA was asked; None when the object is not in the plan any more. TWSError when HWA can't
    be read: the row is then as it was.
    """
    looks = _looks.setdefault(client, SingleFlightCache())

    async def look() -> datetime | None:
        return await _read(client, kind, hwa_id)

    return await looks.get((kind, hwa_id), client.engine.cache_seconds, look)


async def read_named(client: TWSClient, query: PlanQuery) -> None:
    """Read the objects that a question names, when these are so few that it is about them."""
    kind, field = _NAMED.get(query.entity, ("", ""))
    named = [
        one.value
        for one in query.where
        if isinstance(one, Condition) and one.field == field and one.op == "="
    ]
    if kind and named and isinstance(named[0], str):
        found = await in_database(objects_named, client.engine.name, kind, named[0])
        if len(found) <= MOST_NAMED:
            for one in found:
                await read_now(client, kind, one["id"])


async def successors_now(client: TWSClient, kind: str, hwa_id: str) -> list[tuple[str, str]]:
    """What depends on a job or a job stream, as HWA tells it now: kind and id of each."""
    asked = client.job_successors if kind == "job" else client.job_stream_successors
    reading = await asked(hwa_id)
    return [
        ("job" if isinstance(one, JobInPlan) else "stream", one.id)
        for one in reading.value
        if one.id
    ]


async def _read(client: TWSClient, kind: str, hwa_id: str) -> datetime | None:
    try:
        reading = await client.written(PATHS[kind], hwa_id)
    except TWSRefused as error:
        if error.status != 404:
            raise
        return None
    engine = client.engine.name
    plan = await in_database(PlanEngine.of, engine)
    statements = list(
        node_statements(engine, kind, reading.value, reading.fetched_at, plan.plan_number)
    )
    await in_database(_write, statements)
    return reading.fetched_at


def _write(statements: list[Statement]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement, values in statements:
            cursor.execute(statement, values)
