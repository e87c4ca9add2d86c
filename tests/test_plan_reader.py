"""The reader of the plan: what PostgreSQL holds is what the engine says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings

from tests import emptying
from tests.plan_reading import (
    MovedSimulator,
    ReadingSession,
    moved_simulator,
    read_once,
    read_or_find_again,
    rows_of,
    runs_kept,
    runs_told,
    state,
)
from tws.database import in_database
from tws.hwa import connection
from tws.hwa.errors import TWSUnavailable
from tws.plan import history, passes
from tws.plan.models import (
    PlanJob,
    PlanJobStream,
    PlanResource,
    PlanRun,
    PlanWorkstation,
    StatusCount,
)
from tws.simulator.catalogue import HALF_DAY
from tws.simulator.faults import Faults
from tws.simulator.messages import Problem, Reply, Request

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hwa() -> Iterator[MovedSimulator]:
    with moved_simulator() as simulator:
        yield simulator


def assert_equal(hwa: MovedSimulator) -> None:
    jobs = hwa.jobs()
    assert rows_of(PlanJob) == jobs
    assert rows_of(PlanJobStream) == hwa.streams()
    told = runs_told(jobs)
    kept = runs_kept()
    assert {run: kept.get(run) for run in told} == told


def test_first_pass_reads_every_object_with_all_runs(hwa: MovedSimulator) -> None:
    report = read_once(hwa)

    assert_equal(hwa)
    assert PlanRun.objects.count() == len(runs_told(hwa.jobs()))
    assert PlanWorkstation.objects.count() == len(hwa.plan.catalogue.workstations)
    assert PlanResource.objects.count() == len(hwa.plan.catalogue.resources)
    assert report.full
    assert (state().plan_number, state().is_complete, state().simulated) == (1, True, True)


@pytest.mark.parametrize("seconds", [60, 900, 3_600])
async def test_later_passes_follow_the_engine(hwa: MovedSimulator, seconds: int) -> None:
    async with ReadingSession(hwa) as session:
        await session.read()
        for _ in range(6):
            hwa.move(seconds)
            await session.read()
            await in_database(assert_equal, hwa)


async def test_only_what_changed_is_written(hwa: MovedSimulator) -> None:
    async with ReadingSession(hwa) as session:
        first = await session.read()
        again = await session.read()
        before = await in_database(hwa.jobs)
        hwa.move(300)
        later = await session.read()

    changed = sum(before[hwa_id] != raw for hwa_id, raw in hwa.jobs().items())
    assert first.written > 300
    assert (again.written, again.runs_written) == (0, 0)
    assert changed <= later.written < changed + 100  # and the streams around them


async def test_new_plan_is_recognised_and_the_old_ones_runs_stay(hwa: MovedSimulator) -> None:
    async with ReadingSession(hwa) as session:
        await session.read()
        old_runs = await in_database(runs_kept)
        hwa.move(HALF_DAY)
        report = await session.read()
        await in_database(assert_equal, hwa)
        plan = await in_database(state)
        kept = await in_database(runs_kept)

    assert (report.full, report.replaced, plan.plan_number) == (True, True, 2)
    assert report.gone > 0
    assert old_runs.keys() <= kept.keys()
    assert plan.edges_read < plan.edges_total  # what was read of the old plan says nothing


async def test_engine_down_says_since_when_and_keeps_what_was_read(hwa: MovedSimulator) -> None:
    async with ReadingSession(hwa) as session:
        await session.read()
        hwa.server.simulator.faults = Faults(error_rate=1, error_status=500)
        states = []
        for _ in range(2):
            with pytest.raises(TWSUnavailable):
                await session.read()
            states.append(await in_database(state))
        hwa.server.simulator.faults = Faults()
        await session.read()
        after = await in_database(state)

    assert states[0].down_since == states[1].down_since is not None
    assert "500" in states[0].error
    assert not states[0].is_current
    assert await in_database(PlanJob.objects.count) == 300
    assert (after.down_since, after.error, after.is_current) == (None, "", True)


async def test_the_host_that_answers_for_the_first_and_its_clock_are_kept(
    hwa: MovedSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_the_simulator = hwa.engine
    monkeypatch.setattr(connection, "clock_ahead", lambda response: timedelta(minutes=-90))
    hwa.engine = replace(
        hwa.engine, base_url="https://127.0.0.1:1", backup_urls=(hwa.engine.base_url,)
    )
    async with ReadingSession(hwa) as session:
        await session.read()
        beside = await in_database(state)
    monkeypatch.undo()
    hwa.engine = of_the_simulator
    async with ReadingSession(hwa) as session:
        await session.read()
        again = await in_database(state)

    assert (beside.backup, beside.wrong_clock_minutes) == (of_the_simulator.base_url, -90)
    assert (again.backup, again.wrong_clock_minutes) == ("", 0)


async def test_a_pass_that_breaks_off_changes_nothing(hwa: MovedSimulator) -> None:
    def fail(request: Request) -> Reply:
        raise Problem(500, "AWSJSY404E", "An internal error occurred.")

    async with ReadingSession(hwa) as session:
        await session.read()
        before = await in_database(rows_of, PlanJob)
        hwa.move(1_800)
        hwa.server.simulator._routes = hwa.routes_with("/plan/resource", fail)  # the last list
        with pytest.raises(TWSUnavailable):
            await session.read()
        held = await in_database(rows_of, PlanJob)

    assert held == before


async def test_engine_that_refuses_conditions_is_read_in_full_each_time(
    hwa: MovedSimulator,
) -> None:
    answer = hwa.server.simulator._jobs

    def refuse(request: Request) -> Reply:
        if request.query.get("oql"):
            raise Problem(400, "OQL_FILTER_SYNTAX_ERROR", "status")
        return answer(request)

    async with ReadingSession(hwa) as session:
        hwa.server.simulator._routes = hwa.routes_with("/plan/job", refuse)
        reports = []
        for _ in range(3):
            reports.append(await session.read())
            hwa.move(600)

    assert [report.full for report in reports] == [True, True, True]


async def test_engine_that_ignores_conditions_is_read_right(hwa: MovedSimulator) -> None:
    answer = hwa.server.simulator._jobs

    def ignore(request: Request) -> Reply:
        request.query.pop("oql", None)
        return answer(request)

    async with ReadingSession(hwa) as session:
        hwa.server.simulator._routes = hwa.routes_with("/plan/job", ignore)
        for _ in range(3):
            await session.read()
            await in_database(assert_equal, hwa)
            hwa.move(900)


async def test_streams_that_ended_are_read_from_a_list_when_they_are_too_many_to_ask_for(
    hwa: MovedSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "MOST_BY_ID", 0)
    async with ReadingSession(hwa) as session:
        await session.read()
        before = await in_database(rows_of, PlanJobStream)
        hwa.move(1_800)
        report = await session.read()
        await in_database(assert_equal, hwa)

    ended = [key for key, stream in hwa.streams().items() if is_done(stream) > is_done(before[key])]
    assert ended
    assert not report.full


def is_done(stream: dict[str, Any]) -> bool:
    return stream["compositeStatus"]["status"] == "SUCC"


@pytest.mark.parametrize(("seconds", "followed"), [(0.01, True), (1e9, False)])
async def test_what_no_condition_shows_is_followed_once_in_a_round(
    hwa: MovedSimulator, settings: LazySettings, seconds: float, followed: bool
) -> None:
    settings.PLAN_FULL_SECONDS = seconds
    answer = hwa.server.simulator._jobs
    held: list[dict[str, Any]] = []

    def change(request: Request) -> Reply:
        """Something about a job that ended long ago, whose status and end stay."""
        reply = answer(request)
        told = json.loads(reply.body)
        for job in told["results"]:
            if job["id"] == held[0]["id"]:
                job["priority"] = 7
        reply.body = json.dumps(told).encode()
        return reply

    async with ReadingSession(hwa) as session:
        await session.read()
        done = PlanJob.objects.filter(status="SUCC").order_by("ended_at")
        held += [await in_database(lambda: done.values_list("raw", flat=True)[0])]
        hwa.server.simulator._routes = hwa.routes_with("/plan/job", change)
        reports = [await session.read() for _ in range(2)]
        job = await in_database(PlanJob.objects.get, hwa_id=held[0]["id"])

    assert not any(report.full for report in reports)
    assert (job.raw["priority"] == 7) is followed


async def test_one_object_that_is_none_costs_itself_and_is_counted(hwa: MovedSimulator) -> None:
    answer = hwa.server.simulator._jobs

    def spoil(request: Request) -> Reply:
        reply = answer(request)
        told = json.loads(reply.body)
        if len(told["results"]) > 1:
            told["results"][1] = "nonsense"
        reply.body = json.dumps(told).encode()
        return reply

    async with ReadingSession(hwa) as session:
        hwa.server.simulator._routes = hwa.routes_with("/plan/job", spoil)
        await session.read()
        plan = await in_database(state)

    assert plan.not_understood == 1
    assert await in_database(PlanJob.objects.count) == 299


async def test_list_that_may_not_be_read_is_said_and_the_others_are_read(
    hwa: MovedSimulator,
) -> None:
    def forbid(request: Request) -> Reply:
        raise Problem(403, "AWSJCS011E", "not authorized")

    async with ReadingSession(hwa) as session:
        hwa.server.simulator._routes = hwa.routes_with("/plan/resource", forbid)
        await session.read()
        plan = await in_database(state)

    assert list(plan.refused_lists) == ["/plan/resource"]
    assert await in_database(PlanJob.objects.count) == 300


async def test_counts_are_kept_once_a_quarter_and_only_just_after_it(hwa: MovedSimulator) -> None:
    async with ReadingSession(hwa) as session:
        await session.read()
        connection = session.reader._store.connection
        at = datetime(2026, 11, 25, 12, 2, tzinfo=UTC)
        written = [
            await history.count_statuses(connection, "SIM", moment)
            for moment in (at, at + timedelta(minutes=1), at + timedelta(minutes=5))
        ]

    counted = StatusCount.objects.filter(taken_at=at.replace(minute=0), kind="job")
    assert written[0] > 0
    assert written[1:] == [0, 0]
    assert await in_database(lambda: sum(one.count for one in counted)) == 300


async def test_days_past_keeping_are_dropped_but_not_runs_of_the_plan(hwa: MovedSimulator) -> None:
    async with ReadingSession(hwa) as session:
        await session.read()
        now = await in_database(PlanRun.objects.count)
        old = PlanRun(engine="SIM", run_id="old", plan_number=1, job_id="gone", number=1)
        old.day, old.fetched_at = date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)
        await in_database(old.save)

        await history.drop_old(
            session.reader._store.connection, "SIM", datetime(2030, 1, 1, tzinfo=UTC)
        )

    assert await in_database(PlanRun.objects.count) == now


async def test_usual_durations_are_those_of_successful_runs(hwa: MovedSimulator) -> None:
    async with ReadingSession(hwa) as session:
        await session.read()

    job = await in_database(lambda: PlanJob.objects.filter(status="SUCC", run_count=1).first())
    assert job is not None
    assert (job.usual_runs, job.usual_seconds) == (1, job.elapsed_seconds)


def all_rows() -> dict[str, list[str]]:
    """Of each table of the plan, but for when the engine was read."""
    models = [PlanJob, PlanJobStream, PlanRun, PlanWorkstation, PlanResource]
    return {one.__name__: sorted(map(repr, one.objects.values_list())) for one in models}


async def test_a_plan_that_tests_put_back_is_the_one_that_was_read(hwa: MovedSimulator) -> None:
    await read_or_find_again(hwa)
    read = await in_database(all_rows)
    at = await in_database(lambda: state().fetched_at)
    await in_database(emptying.start_over, None)
    assert not any((await in_database(all_rows)).values())

    await read_or_find_again(hwa)

    assert all(read.values())
    assert await in_database(all_rows) == read
    assert await in_database(lambda: state().fetched_at) > at
