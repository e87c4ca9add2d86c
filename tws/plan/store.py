"""The reader's way to the database: one connection per engine, and what it stages there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from django.db import models
from psycopg import AsyncConnection, sql

from knowledge.connections import conninfo
from tws.database import in_database
from tws.plan.models import PlanEngine
from tws.plan.tables import DEPENDENCIES, IN_LISTS, JOBS, PROMPTS, RUNS, STREAMS, Table

CHANNEL = "resync_plan"
"""NOTIFY on it, with the engine's name, says that a pass has been written."""

LOCK_CLASS = 0x52_50  # of the advisory locks "this engine is being read"
OPEN = sql.SQL("\"group\" <> 'success'")
"""Rows of jobs or streams that are not done."""

STATEMENT_SECONDS = 600.0  # a first plan of 200,000 jobs is merged in one statement


async def connect(application: str = "resync plan reader") -> AsyncConnection[Any]:
    """A connection of its own. Should this machine vanish, its lock is free after some 12 s."""
    connection = await AsyncConnection.connect(
        conninfo(STATEMENT_SECONDS, application), autocommit=True
    )
    await connection.execute(
        "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; "
        "SET tcp_keepalives_count = 3; SET client_min_messages = warning"
    )
    return connection


class Due(NamedTuple):
    """An object to be read by its id; a definition, or a job or job stream of the plan."""

    is_definition: bool
    kind: str
    hwa_id: str
    plan_number: int
    fetched_at: datetime


# Nobody asks first what a job that is done has waited for; it is read when it is named.
_NODES_DUE = """
    SELECT false, kind, hwa_id, 0, fetched_at FROM (
        SELECT 'job' AS kind, hwa_id, "group", is_critical, details_read_at, fetched_at
        FROM tws_planjob
        WHERE engine = %(engine)s AND details_due AND "group" <> 'success'
        UNION ALL
        SELECT 'stream', hwa_id, "group", NULL, details_read_at, fetched_at
        FROM tws_planjobstream
        WHERE engine = %(engine)s AND details_due AND "group" <> 'success'
    ) AS due
    ORDER BY "group" <> 'failed', is_critical IS NOT TRUE, details_read_at NULLS FIRST, hwa_id
    LIMIT %(limit)s
"""
_DEFINITIONS_DUE = """
    SELECT true, kind, definition_id, plan.plan_number, now() FROM (
        SELECT 'job' AS kind, definition_id, bool_or("group" = 'failed') AS failed,
            bool_or(is_critical) AS critical
        FROM tws_planjob
        WHERE engine = %(engine)s AND "group" <> 'success' AND definition_id <> ''
        GROUP BY definition_id
        UNION ALL
        SELECT 'stream', definition_id, bool_or("group" = 'failed'), true
        FROM tws_planjobstream
        WHERE engine = %(engine)s AND "group" <> 'success' AND definition_id <> ''
        GROUP BY definition_id
    ) AS used
    JOIN tws_planengine AS plan ON plan.name = %(engine)s
    WHERE NOT EXISTS (
        SELECT FROM tws_plandefinition AS held
        WHERE held.engine = %(engine)s AND held.kind = used.kind
            AND held.hwa_id = used.definition_id AND held.plan_number >= plan.plan_number
    )
    ORDER BY failed IS NOT TRUE, critical IS NOT TRUE, definition_id
    LIMIT %(limit)s
"""


class PlanStore:
    """One engine's plan in the database. What a pass reads is staged, then merged at once."""

    def __init__(self, connection: AsyncConnection[Any], engine: str) -> None:
        self.connection = connection
        self.engine = engine

    # Leading

    async def lead(self) -> bool:
        """Become the engine's one reader; the lock lasts as long as the connection."""
        return bool(await self._value("SELECT pg_try_advisory_lock(%s, hashtext(%s))", self._lock))

    @property
    def _lock(self) -> tuple[int, str]:
        return LOCK_CLASS, self.engine

    # State

    async def state(self) -> PlanEngine:
        """The engine's row, made when it is met for the first time."""
        state, _ = await in_database(PlanEngine.objects.get_or_create, name=self.engine)
        return state

    async def set_state(self, **values: Any) -> None:
        await self.connection.execute(
            sql.SQL("UPDATE {} SET {} WHERE name = {}").format(
                sql.Identifier(PlanEngine._meta.db_table),
                sql.SQL(", ").join(
                    sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name))
                    for name in values
                ),
                sql.Placeholder("_name"),
            ),
            {**values, "_name": self.engine},
        )

    async def tell(self) -> None:
        await self.connection.execute("SELECT pg_notify(%s, %s)", [CHANNEL, self.engine])

    # Staging

    async def prepare(self) -> None:
        """Empty stages: a table's rows as read, and the ids that were seen in its list."""
        for table in IN_LISTS:
            await self.connection.execute(
                sql.SQL(
                    "CREATE TEMP TABLE IF NOT EXISTS {stage} "
                    "(LIKE {table}, stage_number bigserial); TRUNCATE {stage}"
                ).format(stage=table.stage, table=table.name)
            )
            await self.connection.execute(
                sql.SQL("ALTER TABLE {} DROP COLUMN IF EXISTS id").format(table.stage)
            )
        await self.connection.execute(
            'CREATE TEMP TABLE IF NOT EXISTS plan_seen (list text, hwa_id text COLLATE "C"); '
            "CREATE INDEX IF NOT EXISTS plan_seen_ids ON pg_temp.plan_seen (list, hwa_id); "
            "TRUNCATE plan_seen"
        )

    async def known(self, table: Table, ids: Sequence[str]) -> dict[str, bytes]:
        """The digests of these objects, as far as they are in the plan."""
        cursor = await self.connection.execute(
            sql.SQL("SELECT hwa_id, digest FROM {} WHERE engine = %s AND hwa_id = ANY(%s)").format(
                table.name
            ),
            [self.engine, list(ids)],
        )
        return {hwa_id: bytes(digest) async for hwa_id, digest in cursor}

    async def stage(self, table: Table, rows: Sequence[models.Model]) -> None:
        if not rows:
            return
        into = sql.SQL("COPY {} ({}) FROM STDIN").format(table.stage, table.names())
        async with self.connection.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                await copy.write_row(table.values(row))

    async def see(self, table: Table, ids: Iterable[str]) -> None:
        list_name = table.model._meta.db_table
        async with (
            self.connection.cursor() as cursor,
            cursor.copy("COPY plan_seen (list, hwa_id) FROM STDIN") as copy,
        ):
            for hwa_id in ids:
                await copy.write_row((list_name, hwa_id))

    async def unseen(
        self, table: Table, before: datetime, condition: sql.Composable, limit: int
    ) -> list[str]:
        """Objects that we hold and this pass has not met; not those first read since `before`."""
        cursor = await self.connection.execute(
            sql.SQL(
                "SELECT hwa_id FROM {} AS held WHERE engine = %s AND fetched_at < %s AND {} "
                "AND NOT EXISTS (SELECT FROM plan_seen WHERE list = %s AND "
                "plan_seen.hwa_id = held.hwa_id) LIMIT %s"
            ).format(table.name, condition),
            [self.engine, before, table.model._meta.db_table, limit],
        )
        return [hwa_id async for (hwa_id,) in cursor]

    # Merging

    async def merge(self, table: Table) -> int:
        """How many rows were written."""
        return (await self.connection.execute(table.merge)).rowcount

    async def analyze(self) -> None:
        """Statements on a table of which nothing is known yet are planned as for an empty one."""
        for table in IN_LISTS:
            await self.connection.execute(sql.SQL("ANALYZE {}").format(table.name))

    async def drop_unseen(self, table: Table, before: datetime) -> int:
        """Take out what has left the plan. Runs stay: they are history."""
        cursor = await self.connection.execute(
            sql.SQL(
                "DELETE FROM {} AS held WHERE engine = %s AND fetched_at < %s AND NOT EXISTS "
                "(SELECT FROM plan_seen WHERE list = %s AND plan_seen.hwa_id = held.hwa_id)"
            ).format(table.name),
            [self.engine, before, table.model._meta.db_table],
        )
        return cursor.rowcount

    async def drop_orphans(self) -> None:
        """Dependencies of what has left the plan, and prompts that nothing waits for any more."""
        for kind, table in (("job", JOBS), ("stream", STREAMS)):
            await self.connection.execute(
                sql.SQL(
                    "DELETE FROM {} AS edge WHERE engine = %s AND of_kind = %s AND NOT EXISTS "
                    "(SELECT FROM {} AS node WHERE node.engine = edge.engine "
                    "AND node.hwa_id = edge.of_id)"
                ).format(DEPENDENCIES.name, table.name),
                [self.engine, kind],
            )
        await self.connection.execute(
            sql.SQL(
                "DELETE FROM {} AS prompt WHERE engine = %s AND NOT EXISTS (SELECT FROM {} AS edge "
                "WHERE edge.engine = prompt.engine AND edge.target_id = prompt.hwa_id)"
            ).format(PROMPTS.name, DEPENDENCIES.name),
            [self.engine],
        )

    async def forget_details(self) -> None:
        """A new plan: what was read per object is read again."""
        for table in (JOBS, STREAMS):
            await self.connection.execute(
                sql.SQL(
                    "UPDATE {} SET details_read_at = NULL, details_due = true WHERE engine = %s "
                    "AND (details_read_at IS NOT NULL OR NOT details_due)"
                ).format(table.name),
                [self.engine],
            )

    async def number_staged_runs(self, plan_number: int) -> None:
        await self.connection.execute(
            sql.SQL("UPDATE {} SET plan_number = %s").format(RUNS.stage), [plan_number]
        )

    # Details

    async def details_due(self, limit: int) -> list[Due]:
        """What to read by id next: jobs and streams that failed, are critical or wait, and the
        definitions of these; three of the former, then one of the latter, by turns."""
        nodes = await self._due(_NODES_DUE, limit * 3 // 4)
        definitions = await self._due(_DEFINITIONS_DUE, limit - len(nodes))
        turns: list[Due] = []
        while nodes or definitions:
            turns += [*nodes[:3], *definitions[:1]]
            del nodes[:3], definitions[:1]
        return turns

    async def _due(self, query: str, limit: int) -> list[Due]:
        cursor = await self.connection.execute(query, {"engine": self.engine, "limit": limit})
        return [Due(*row) async for row in cursor]

    async def write(self, statements: Sequence[tuple[sql.Composed, Sequence[Any]]]) -> None:
        """All of them, or none."""
        async with self.connection.transaction():
            for statement, values in statements:
                await self.connection.execute(statement, values)

    # Measures

    async def count(self, table: Table) -> int:
        query = sql.SQL("SELECT count(*) FROM {} WHERE engine = %s").format(table.name)
        return int(await self._value(query, [self.engine]))

    async def last_end(self) -> datetime | None:
        """When the last job ended that we know of."""
        query = sql.SQL("SELECT max(ended_at) FROM {} WHERE engine = %s").format(JOBS.name)
        return cast("datetime | None", await self._value(query, [self.engine]))

    async def holds_runs(self) -> bool:
        """Not so where an engine tells of jobs that have succeeded, and of no run at all."""
        query = sql.SQL(
            "SELECT NOT EXISTS (SELECT FROM {0} WHERE engine = %s AND \"group\" = 'success') "
            "OR EXISTS (SELECT FROM {0} WHERE engine = %s AND run_count > 0)"
        ).format(JOBS.name)
        return bool(await self._value(query, [self.engine, self.engine]))

    async def staged_end(self) -> datetime | None:
        """The last scheduled time among the jobs that are staged."""
        query = sql.SQL("SELECT max(scheduled_at) FROM {}").format(JOBS.stage)
        return cast("datetime | None", await self._value(query, []))

    async def measures(self) -> dict[str, Any]:
        """The plan's span, and how much is known of what the open objects depend on."""
        cursor = await self.connection.execute(
            sql.SQL("SELECT min(scheduled_at), max(scheduled_at) FROM {} WHERE engine = %s").format(
                JOBS.name
            ),
            [self.engine],
        )
        start, end = await cursor.fetchone() or (None, None)
        total = read = 0
        for table in (JOBS, STREAMS):
            cursor = await self.connection.execute(
                sql.SQL(
                    "SELECT count(*), count(*) FILTER (WHERE details_read_at IS NOT NULL "
                    "OR dependency_count = 0) FROM {} WHERE engine = %s AND {}"
                ).format(table.name, OPEN),
                [self.engine],
            )
            counted = await cursor.fetchone() or (0, 0)
            total, read = total + counted[0], read + counted[1]
        return {
            "span_start_at": start,
            "span_end_at": end,
            "edges_total": total,
            "edges_read": read,
        }

    async def _value(self, query: str | sql.Composed, parameters: Sequence[Any]) -> Any:
        found = await (await self.connection.execute(query, parameters)).fetchone()
        return found[0] if found else None
