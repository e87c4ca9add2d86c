"""One object read live, because somebody asks about it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.hwa_fixtures import engine_of
from tests.plan_reading import MovedSimulator, ReadingSession, moved_simulator, rows_of, state
from tws.database import in_database
from tws.hwa.client import TWSClient
from tws.hwa.engine import Engine
from tws.plan import fresh
from tws.plan.looking import read_now
from tws.plan.models import PlanDependency, PlanJob, PlanRun
from tws.simulator.catalogue import HALF_DAY
from tws.simulator.faults import Faults

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hwa() -> Iterator[MovedSimulator]:
    with moved_simulator() as simulator:
        yield simulator


async def read_plan(hwa: MovedSimulator) -> None:
    async with ReadingSession(hwa) as session:
        await session.read()


def changed_job(hwa: MovedSimulator) -> str:
    """A job whose status on the engine is no longer the one in the plan, with dependencies."""
    told = hwa.jobs()
    for job in PlanJob.objects.filter(dependency_count__gt=0):
        if told[job.hwa_id]["lastRunCompositeStatus"]["status"] != job.status:
            return job.hwa_id
    raise AssertionError("nothing moved")


async def test_object_asked_about_is_as_the_engine_says_now(hwa: MovedSimulator) -> None:
    await read_plan(hwa)
    hwa.move(3_600)
    hwa_id = await in_database(changed_job, hwa)

    async with TWSClient(hwa.engine) as client:
        asked_at = await read_now(client, "job", hwa_id)

    told = hwa.jobs()[hwa_id]
    job = await in_database(PlanJob.objects.get, hwa_id=hwa_id)
    assert job.status == told["lastRunCompositeStatus"]["status"]
    assert job.fetched_at == asked_at == job.details_read_at
    assert await in_database(PlanDependency.objects.filter(of_id=hwa_id).exists)
    runs = await in_database(PlanRun.objects.filter(job_id=hwa_id).count)
    assert runs == len(told["jobruns"])


async def test_many_who_ask_at_once_cost_one_request(hwa: MovedSimulator) -> None:
    await read_plan(hwa)
    hwa_id = next(iter(hwa.jobs()))
    before = hwa.server.simulator.requests

    async with TWSClient(engine_of(hwa.server, cache_seconds=60)) as client:
        times = await asyncio.gather(*(read_now(client, "job", hwa_id) for _ in range(50)))
        times.append(await read_now(client, "job", hwa_id))

    assert len(set(times)) == 1
    assert hwa.server.simulator.requests == before + 1


async def test_object_that_has_left_the_plan_is_none(hwa: MovedSimulator) -> None:
    hwa_id = next(iter(hwa.jobs()))
    hwa.move(2 * HALF_DAY)

    async with TWSClient(hwa.engine) as client:
        assert await read_now(client, "job", hwa_id) is None


async def test_what_was_read_live_is_not_undone_by_a_pass_that_asked_before(
    hwa: MovedSimulator,
) -> None:
    async with ReadingSession(hwa) as session, TWSClient(hwa.engine) as client:
        await session.read()
        held = await in_database(rows_of, PlanJob)
        hwa.move(1_800)
        staged = {key: raw for key, raw in hwa.jobs().items() if held[key] != raw}
        merge = session.reader._store.merge
        looked: list[str] = []

        async def look_between(table):
            if not looked:  # the pass has read all, and written nothing yet
                hwa.move(7_200)
                now = hwa.jobs()
                looked.append(next(key for key, raw in staged.items() if now[key] != raw))
                await read_now(client, "job", looked[0])
            return await merge(table)

        session.reader._store.merge = look_between
        await session.read()

    job = await in_database(PlanJob.objects.get, hwa_id=looked[0])
    assert job.raw == hwa.jobs()[looked[0]]


# --- without a reader -----------------------------------------------------------------------


async def test_without_a_reader_a_command_makes_one_pass(hwa: MovedSimulator) -> None:
    plan = await fresh.fresh_state(hwa.engine)
    hwa.move(3_600)
    requests = hwa.server.simulator.requests
    again = await fresh.fresh_state(hwa.engine)

    assert plan.is_current
    assert again.pass_number == plan.pass_number == 1  # it is of now
    assert hwa.server.simulator.requests == requests


async def test_without_a_reader_and_engine_the_plan_says_why_it_is_not_of_now(
    hwa: MovedSimulator,
) -> None:
    await read_plan(hwa)
    await in_database(lambda: type(state()).objects.update(fetched_at=None))
    hwa.server.simulator.faults = Faults(error_rate=1, error_status=500)

    plan = await fresh.fresh_state(hwa.engine)

    assert not plan.is_current
    assert "500" in plan.why_not_current


async def test_with_a_reader_nobody_else_reads(hwa: MovedSimulator) -> None:
    async with ReadingSession(hwa) as session:
        await session.reader._store.lead()
        await session.read()
        requests = hwa.server.simulator.requests

        plans = await asyncio.gather(*(fresh.fresh_state(hwa.engine) for _ in range(50)))

    assert {plan.pass_number for plan in plans} == {1}
    assert hwa.server.simulator.requests == requests


async def test_engines_stand_side_by_side(hwa: MovedSimulator) -> None:
    other = engine_of(hwa.server, name="DR")
    for engine in (hwa.engine, other):
        await fresh.fresh_state(engine)

    def counts(engine: Engine) -> int:
        return PlanJob.objects.filter(engine=engine.name).count()

    assert [await in_database(counts, engine) for engine in (hwa.engine, other)] == [300, 300]
