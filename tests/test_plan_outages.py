"""`read_plan --watch` outlives its database, wherever in its round the connections are lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection

from knowledge.connections import conninfo
from tests.plan_reading import MovedSimulator, moved_simulator, rows_of
from tws.plan import details, history, reader
from tws.plan.models import PlanEngine, PlanJob
from tws.plan.passes import Pass
from tws.plan.store import PlanStore

pytestmark = pytest.mark.django_db(transaction=True)

PLACES: list[tuple[Any, str]] = [
    (PlanStore, "lead"),
    (PlanStore, "state"),
    (PlanStore, "set_state"),
    (PlanStore, "prepare"),
    (PlanStore, "known"),
    (PlanStore, "unseen"),
    (PlanStore, "merge"),
    (PlanStore, "measures"),
    (PlanStore, "tell"),
    (Pass, "_compare"),
    (history, "count_statuses"),
    (history, "measure_usual_durations"),
    (history, "drop_old"),
    (PlanStore, "details_due"),
    (details, "read_one"),
    (PlanStore, "write"),
]
"""Whatever a reader does with the database, from leading to the last detail."""


@pytest.fixture
def hwa() -> Iterator[MovedSimulator]:
    with moved_simulator(jobs=60) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def _in_a_hurry(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PLAN_READ_SECONDS = 0.1
    settings.PLAN_DETAILS_PER_SECOND = 1000
    monkeypatch.setattr(reader, "DATABASE_AWAY_SECONDS", 0.05)
    monkeypatch.setattr(reader, "TAKE_OVER_SECONDS", 0.1)


async def keep_until_read(hwa: MovedSimulator, lost: list[Any]) -> None:
    """Keep the plan until it was read once more after a loss."""
    done = asyncio.Event()

    def look(state: PlanEngine) -> None:
        hwa.move(60)
        if lost:
            done.set()

    keeping = asyncio.create_task(reader.keep(hwa.engine, look, lambda state: None))
    finished = asyncio.create_task(done.wait())
    await asyncio.wait({keeping, finished}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
    if keeping.done():
        keeping.result()
    keeping.cancel()
    assert done.is_set(), "the plan was not read again"


def end_all_connections(spared: int) -> None:
    """What a restart of PostgreSQL is to who is connected; but for the test's own connection."""
    with psycopg.connect(conninfo(10, "the outage"), autocommit=True) as outage:
        outage.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE pid NOT IN (pg_backend_pid(), %s) AND datname = current_database()",
            [spared],
        )


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize(("place", "name"), PLACES, ids=[name for _, name in PLACES])
def test_reader_goes_on_when_its_connections_are_lost(
    place: Any, name: str, hwa: MovedSimulator, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    caplog.set_level(logging.WARNING, "tws.plan.reader")
    spared, lost = backend(), []
    real: Callable[..., Awaitable[Any]] = getattr(place, name)

    async def lose_first(*args: Any, **kwargs: Any) -> Any:
        if not lost:
            lost.append(name)
            await asyncio.to_thread(end_all_connections, spared)
        return await real(*args, **kwargs)

    monkeypatch.setattr(place, name, lose_first)
    asyncio.run(keep_until_read(hwa, lost))

    assert len(rows_of(PlanJob)) == 60
    assert "the database is away" in caplog.text


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("terminating connection due to unexpected postmaster exit"),
        psycopg.OperationalError("the connection is closed"),
        psycopg.InterfaceError("the cursor is closed"),
        psycopg.errors.ReadOnlySqlTransaction("cannot execute UPDATE in a read-only transaction"),
    ],
    ids=lambda error: f"{type(error).__module__}.{type(error).__name__}",
)
def test_reader_waits_whatever_an_outage_raises(
    error: Exception, hwa: MovedSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[Exception] = []
    real = PlanStore.state

    async def fail_first(store: PlanStore) -> PlanEngine:
        if not raised:
            raised.append(error)
            raise error
        return await real(store)

    monkeypatch.setattr(PlanStore, "state", fail_first)
    asyncio.run(keep_until_read(hwa, raised))

    assert raised == [error]


def test_a_fault_of_ours_ends_the_reader(
    hwa: MovedSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(store: PlanStore) -> PlanEngine:
        raise ValueError("no outage")

    monkeypatch.setattr(PlanStore, "state", broken)

    with pytest.raises(ValueError, match="no outage"):
        asyncio.run(keep_until_read(hwa, []))
