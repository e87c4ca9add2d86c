"""What HWA's lists leave out, read object by object: dependencies, prompts, definitions.

First what people ask about: what failed, is critical or waits. An object that moves is due again.
A definition is read once per plan.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from psycopg import sql
from pydantic import ValidationError

from knowledge.cleaning import clean_json
from tws.hwa.client import TWSClient
from tws.hwa.errors import TWSBadReply, TWSRefused
from tws.hwa.schemas import JobDefinitionObject, JobStreamDefinitionObject
from tws.plan.edges import edges_of
from tws.plan.models import PlanDefinition, PlanJob, PlanJobStream
from tws.plan.rows import Raw, RowMaker, as_kept, bare, folder_of
from tws.plan.store import Due, PlanStore
from tws.plan.tables import (
    DEFINITIONS,
    DEPENDENCIES,
    JOBS,
    PROMPTS,
    RESOURCES,
    RUNS,
    STREAMS,
    WORKSTATIONS,
    Table,
)

Statement = tuple[sql.Composed, Sequence[Any]]

BATCH = 200
PATHS = {
    "job": "/plan/job/{job_id}",
    "stream": "/plan/jobstream/{jobstream_id}",
    "workstation": "/plan/workstation/{workstation_id}",
    "resource": "/plan/resource/{resource_id}",
}
DEFINITION_PATHS = {
    "job": "/model/jobdefinition/{jobDefinition_id}",
    "stream": "/model/jobstream/{jobStream_id}",
}
TABLES: dict[str, Table] = {
    "job": JOBS,
    "stream": STREAMS,
    "workstation": WORKSTATIONS,
    "resource": RESOURCES,
}


async def read(client: TWSClient, store: PlanStore, until: float) -> int:
    """Read what is due, one request after the other, till that moment of the monotonic clock."""
    read = 0
    while True:
        due = await store.details_due(BATCH)
        for one in due:
            if time.monotonic() >= until:
                return read
            clock = time.monotonic()
            await read_one(client, store, one)
            read += 1
            pace = 1 / settings.PLAN_DETAILS_PER_SECOND
            await asyncio.sleep(max(0.0, pace - (time.monotonic() - clock)))
        if len(due) < BATCH:
            return read


async def read_one(client: TWSClient, store: PlanStore, due: Due) -> None:
    """What is gone, can't be understood or may not be read is not asked for until it moves."""
    try:
        if due.is_definition:
            statements = await _definition(client, store, due)
        else:
            reading = await client.written(PATHS[due.kind], due.hwa_id)
            statements = list(
                node_statements(store.engine, due.kind, reading.value, reading.fetched_at)
            )
    except (TWSRefused, TWSBadReply, ValidationError) as error:
        if isinstance(error, TWSRefused) and error.status not in (403, 404):
            raise
        if isinstance(error, TWSBadReply) and error.instead:
            raise  # a login page or a gateway's: it is not about this object
        statements = [_not_due(store.engine, due)]
    await store.write(statements)


async def _definition(client: TWSClient, store: PlanStore, due: Due) -> list[Statement]:
    reading = await client.written(DEFINITION_PATHS[due.kind], due.hwa_id)
    row = definition_of(due.kind, due.hwa_id, reading.value)
    row.engine, row.plan_number, row.fetched_at = store.engine, due.plan_number, reading.fetched_at
    return [(DEFINITIONS.insert, DEFINITIONS.values(row))]


def node_statements(
    engine: str, kind: str, written: Raw, fetched_at: datetime, plan_number: int = 0
) -> Iterator[Statement]:
    """What writes an object that was read whole; of a job or stream with all that belongs to it."""
    dependencies = written.get("dependencies")
    maker = RowMaker(engine, plan_number, fetched_at)
    table = TABLES[kind]
    kept = as_kept(written)
    if kind not in {"job", "stream"}:
        yield table.insert, table.values(maker.make(table.model, kept)[0])
        return
    node: PlanJob | PlanJobStream
    node, runs = maker.job(kept) if kind == "job" else (maker.stream(kept), [])
    edges = edges_of(node, dependencies)
    yield table.insert, table.values(node)
    for run in runs:
        yield RUNS.insert, RUNS.values(run)
    yield (
        sql.SQL("DELETE FROM {} WHERE engine = %s AND of_kind = %s AND of_id = %s").format(
            DEPENDENCIES.name
        ),
        [engine, kind, node.hwa_id],
    )
    for edge in edges.dependencies:
        yield DEPENDENCIES.insert, DEPENDENCIES.values(edge)
    for prompt in edges.prompts:
        yield PROMPTS.insert, PROMPTS.values(prompt)
    yield (
        sql.SQL(
            "UPDATE {} SET details_due = false, details_read_at = %s "
            "WHERE engine = %s AND hwa_id = %s"
        ).format(table.name),
        [fetched_at, engine, node.hwa_id],
    )


def definition_of(kind: str, hwa_id: str, written: Raw) -> PlanDefinition:
    """ValidationError when HWA answered something else."""
    raw = clean_json(written)
    row = PlanDefinition(kind=kind, hwa_id=hwa_id, raw=raw)
    told: Any = (
        JobDefinitionObject if kind == "job" else JobStreamDefinitionObject
    ).model_validate(raw)
    told = told.definition
    row.name, row.folder = told.name, folder_of(told.folder)
    row.workstation = bare(told.workstation)
    row.description = told.description or ""
    if kind == "job":
        row.owner = ", ".join(told.user_logins)
    else:
        row.documentation = told.documentation or ""
        row.run_cycles = [one.model_dump(mode="json", exclude_none=True) for one in told.run_cycles]
        row.calendars = list(dict.fromkeys(one.calendar for one in told.run_cycles if one.calendar))
    return row


def _not_due(engine: str, due: Due) -> Statement:
    if due.is_definition:  # kept empty, so that it is not asked for again in this plan
        row = PlanDefinition(kind=due.kind, hwa_id=due.hwa_id, engine=engine)
        row.plan_number, row.fetched_at = due.plan_number, due.fetched_at
        return DEFINITIONS.insert, DEFINITIONS.values(row)
    return (
        sql.SQL("UPDATE {} SET details_due = false WHERE engine = %s AND hwa_id = %s").format(
            TABLES[due.kind].name
        ),
        [engine, due.hwa_id],
    )
