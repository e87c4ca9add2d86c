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
from tws.plan.details import PATHS, Statement, node_statements
from tws.plan.models import PlanEngine

_looks: WeakKeyDictionary[TWSClient, SingleFlightCache[datetime | None]] = WeakKeyDictionary()


async def read_now(client: TWSClient, kind: str, hwa_id: str) -> datetime | None:
    """Read a job or a job stream (`kind`), with runs and dependencies, into its row.

    When HWA was asked; None when the object is not in the plan any more. TWSError when HWA can't
    be read: the row is then as it was.
    """
    looks = _looks.setdefault(client, SingleFlightCache())

    async def look() -> datetime | None:
        return await _read(client, kind, hwa_id)

    return await looks.get((kind, hwa_id), client.engine.cache_seconds, look)


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
