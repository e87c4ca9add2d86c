"""What tests of the plan's reader share: a simulator whose clock they move, and its own truth."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.apps import apps
from django.utils import timezone
from psycopg import AsyncConnection

from tests.hwa_fixtures import engine_of, running_simulator
from tws.hwa.client import TWSClient
from tws.hwa.paths import API_ROOT
from tws.plan.models import PlanEngine, PlanJob, PlanJobStream, PlanRun
from tws.plan.passes import PassReport
from tws.plan.reader import Reader
from tws.plan.rows import as_kept
from tws.plan.store import PlanStore, connect
from tws.simulator.messages import Reply
from tws.simulator.server import Options, SimulatorServer

NOON = 1_795_608_000  # in the middle of a half day


class MovedSimulator:
    """A simulated engine that stands still until a test moves its clock."""

    def __init__(self, server: SimulatorServer, at: int = NOON) -> None:
        self.server = server
        self.at = at
        self.plan = server.simulator.plan
        self.plan._clock._now = lambda: self.at
        self.plan._clock._origin = 0
        self.plan.now = 0
        self.plan.refresh()
        self.engine = engine_of(server)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    def move(self, seconds: int) -> None:
        self.at += seconds
        self.plan.refresh()

    def routes_with(self, path: str, handler: Callable[..., Reply]) -> list[Any]:
        """The engine's routes with another answer on one path."""
        wanted = API_ROOT + path + r"\Z"
        return [
            (pattern, handler if pattern.pattern == wanted else answer)
            for pattern, answer in self.server.simulator._routes
        ]

    def jobs(self) -> dict[str, dict[str, Any]]:
        """Each job as the engine writes it now, by id."""
        records = map(self.server.simulator._records.job, range(len(self.plan)))
        return {record["id"]: as_kept(record).raw for record in records}

    def streams(self) -> dict[str, dict[str, Any]]:
        write = self.server.simulator._records.stream
        records = [write(half, stream) for half, stream in self.plan.streams()]
        return {record["id"]: as_kept(record).raw for record in records}


@contextmanager
def moved_simulator(jobs: int = 300, seed: int = 7) -> Iterator[MovedSimulator]:
    with running_simulator(Options(port=0, jobs=jobs, seed=seed)) as server:
        yield MovedSimulator(server)


class ReadingSession:
    """A reader that makes its passes when the test says so, as one process would."""

    def __init__(self, hwa: MovedSimulator) -> None:
        self._hwa = hwa

    async def __aenter__(self) -> ReadingSession:
        self._connection = await connect()
        self._client = TWSClient(self._hwa.engine, attempts=1)
        self.reader = Reader(self._client, PlanStore(self._connection, self._hwa.engine.name))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()
        await self._connection.close()

    async def read(self) -> PassReport:
        return await self.reader.read()


def read_once(hwa: MovedSimulator) -> PassReport:
    async def one() -> PassReport:
        async with ReadingSession(hwa) as session:
            return await session.read()

    return asyncio.run(one())


def state() -> PlanEngine:
    return PlanEngine.objects.get(name="SIM")


def rows_of(model: type[PlanJob] | type[PlanJobStream]) -> dict[str, dict[str, Any]]:
    return dict(model.objects.values_list("hwa_id", "raw"))


def runs_told(jobs: dict[str, dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """Each run that the engine tells of: its job, status, return code."""
    return {
        run["id"]: (job["id"], run["compositeStatus"]["status"], run.get("returnCode"))
        for job in jobs.values()
        for run in job["jobruns"]
    }


def runs_kept() -> dict[str, tuple[Any, ...]]:
    values = PlanRun.objects.values_list("run_id", "job_id", "status", "return_code")
    return {run_id: tuple(rest) for run_id, *rest in values}


def make_engine(name: str = "SIM", **fields: Any) -> PlanEngine:
    """An engine whose plan was read just now, unless `fields` say otherwise."""
    now = timezone.now()
    values = {"fetched_at": now, "read_in_full_at": now, "pass_seconds": 1.0, "is_complete": True}
    return PlanEngine.objects.create(name=name, **{**values, **fields})


# --- a plan that many tests read ------------------------------------------------------------------

_kept: dict[tuple[str, int], tuple[datetime, list[tuple[str, bytes]]]] = {}
"""When the plan of an engine, at a moment of its clock, was read, and what was kept of it then."""


async def read_or_find_again(hwa: MovedSimulator) -> None:
    """Read the plan; where a test has read the same one before, its rows are put back instead."""
    key = (hwa.engine.base_url, hwa.at)
    connection = await connect()
    try:
        if key in _kept:
            await _put_back(connection, *_kept[key])
            return
        async with ReadingSession(hwa) as session:
            await session.read()
        _kept[key] = (
            timezone.now(),
            [(table, await _copied(connection, table)) for table in _tables()],
        )
    finally:
        await connection.close()


def _tables() -> list[str]:
    models = apps.get_app_config("tws").get_models()
    return [one._meta.db_table for one in models if one.__module__.startswith("tws.plan")]


async def _copied(connection: AsyncConnection[Any], table: str) -> bytes:
    cursor = connection.cursor()
    async with cursor.copy(f"COPY {table} TO STDOUT (FORMAT BINARY)") as copy:
        return b"".join([bytes(part) async for part in copy])


async def _put_back(
    connection: AsyncConnection[Any], read_at: datetime, kept: list[tuple[str, bytes]]
) -> None:
    """As after a pass that has found nothing new."""
    await connection.execute("SET session_replication_role = replica")  # no trigger, no check
    for table, rows in kept:
        async with connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy:
            await copy.write(rows)
    await connection.execute(
        "UPDATE tws_planengine SET fetched_at = fetched_at + %(since)s, "
        "read_in_full_at = read_in_full_at + %(since)s, pass_ended_at = pass_ended_at + %(since)s",
        {"since": timezone.now() - read_at},
    )
