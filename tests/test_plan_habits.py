"""The plan as it is read from sites with habits: what is odd costs itself, and is never a zero."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.plan_reading import state
from tests.test_simulator_habits import ENGINE, HARMLESS, REFUSALS, site
from tws.answers.toolkit import EngineDown, Toolkit
from tws.database import in_database
from tws.hwa.client import TWSClient
from tws.hwa.errors import TWSError
from tws.plan.edges import edges_of
from tws.plan.models import PlanEngine, PlanJob, PlanRun
from tws.plan.query import PlanQuery, PlanQueryRefused, answer
from tws.plan.reader import Reader
from tws.plan.store import PlanStore, connect

pytestmark = pytest.mark.django_db(transaction=True)

Change = Callable[[httpx.Request, dict[str, Any]], object]


@asynccontextmanager
async def client_of(*habits: str, change: Change | None = None) -> AsyncIterator[TWSClient]:
    transport = httpx.ASGITransport(app=site(*habits))
    told = transport if change is None else _Changed(transport, change)
    async with TWSClient(ENGINE, transport=told, attempts=1) as client:
        yield client


class _Changed(httpx.AsyncBaseTransport):
    """Answers otherwise than the engine: `change` gives another value, or None."""

    def __init__(self, within: httpx.AsyncBaseTransport, change: Change) -> None:
        self._within, self._change = within, change

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._within.handle_async_request(request)
        body = await answer.aread()
        changed = self._change(request, answer.json()) if answer.status_code == 200 else None
        if changed is None:
            return httpx.Response(answer.status_code, headers=answer.headers, content=body)
        return httpx.Response(200, json=changed)


async def read(client: TWSClient) -> None:
    connection = await connect()
    try:
        await Reader(client, PlanStore(connection, "SIM")).read()
    finally:
        await connection.close()


def jobs_and_runs() -> tuple[list[Any], list[Any]]:
    jobs = PlanJob.objects.order_by("hwa_id").values_list("hwa_id", "group", "scheduled_at")
    runs = PlanRun.objects.order_by("run_id").values_list("run_id", "started_at")
    return list(jobs), list(runs)


_plain: list[tuple[list[Any], list[Any]]] = []


async def plain_jobs_and_runs() -> tuple[list[Any], list[Any]]:
    """What is kept of a site without habits: read by the first test that asks."""
    if not _plain:
        async with client_of() as client:
            await read(client)
        _plain.append(await in_database(jobs_and_runs))
        for model in (PlanJob, PlanRun, PlanEngine):
            await in_database(model.objects.all().delete)
    return _plain[0]


@pytest.mark.parametrize("habit", sorted(HARMLESS | {"nulls"}))
async def test_habit_of_writing_costs_no_object(habit: str) -> None:
    plain_jobs, plain_runs = await plain_jobs_and_runs()
    async with client_of(habit) as client:
        await read(client)
    jobs, runs = await in_database(jobs_and_runs)
    plan = await in_database(state)

    assert jobs == plain_jobs
    assert (runs == plain_runs) is (habit != "nulls")  # which has no runs in it
    assert plan.is_complete
    assert plan.not_understood == 0


@pytest.mark.parametrize("habit", sorted(REFUSALS))
async def test_site_that_refuses_is_told_by_its_own_words(habit: str) -> None:
    async with client_of(habit) as client:
        with pytest.raises(TWSError, match=REFUSALS[habit][1]):
            await read(client)
    plan = await in_database(state)

    assert plan.down_since is not None
    assert not plan.is_read
    assert plan.error


async def test_priority_in_words_is_unknown_and_keeps_no_job_back() -> None:
    async with client_of("priority-words") as client:
        await read(client)
        job = await in_database(PlanJob.objects.filter(group="waiting").first)
        told = await toolkit(client).inspect("job", job.hwa_id)

    assert told.result["priority"] is None
    assert "priority_0" not in {one["reason"] for one in told.result["waits"]}


async def test_reason_to_wait_names_the_members_of_a_join_that_are_open() -> None:
    async with client_of() as client:
        await read(client)
        job = await in_database(
            PlanJob.objects.filter(group="waiting", open_dependency_count__gt=0).first
        )
        plain = await toolkit(client).inspect("job", job.hwa_id)
    async with client_of("join-dependency") as client:
        joined = await toolkit(client).inspect("job", job.hwa_id)

    def names(told: Any, **of: Any) -> set[str]:
        reasons = [one for one in told.result["waits"] if one["reason"] == "predecessor"]
        return {one["name"] for one in reasons if of.items() <= one.items()}

    assert names(plain, of=job.name) == names(joined, of=job.name, join="ALLBRANCHES") != set()
    assert "join" in {one["reason"] for one in joined.result["waits"]}


async def test_log_of_a_windows_agent_has_its_accents() -> None:
    async with client_of("log-cp1252") as client:
        await read(client)
        job = await in_database(PlanJob.objects.filter(group="success").first)
        log = await toolkit(client).log(job.hwa_id)

    said = "Erro: conexão não estabelecida – “tempo esgotado” na agência São José"
    assert log.result["lines"][-1]["text"] == said
    assert log.result["cause"][-1]["text"] == said


async def test_engines_own_words_reach_who_asks() -> None:
    async with client_of() as client:
        await read(client)
    async with client_of("server-500") as client:
        job = await in_database(PlanJob.objects.earliest, "hwa_id")
        with pytest.raises(EngineDown, match="AWSBIN091E The Symphony plan is not accessible"):
            await toolkit(client).inspect("job", job.hwa_id)


def toolkit(client: TWSClient) -> Toolkit:
    async def connected() -> TWSClient:
        return client

    return Toolkit(ENGINE, connected, emit=lambda event: None)


# --- what is none -------------------------------------------------------------------------------


@pytest.mark.parametrize("results", [{}, {"id": "x"}, "none", 3])
@pytest.mark.parametrize("path", ["/plan/job", "/plan/jobstream"])
async def test_something_else_than_a_list_of_jobs_is_no_empty_plan(
    path: str, results: object
) -> None:
    def change(request: httpx.Request, value: dict[str, Any]) -> object:
        return {"count": 9, "results": results} if request.url.path.endswith(path) else None

    async with client_of(change=change) as client:
        with pytest.raises(TWSError, match="no list"):
            await read(client)

    assert await in_database(PlanJob.objects.count) == 0
    assert not (await in_database(state)).is_read


async def test_list_of_resources_that_is_none_costs_itself_and_is_said() -> None:
    def change(request: httpx.Request, value: dict[str, Any]) -> object:
        return {"messages": ["x"]} if request.url.path.endswith("/plan/resource") else None

    async with client_of(change=change) as client:
        await read(client)
    plan = await in_database(state)

    assert list(plan.refused_lists) == ["/plan/resource"]
    assert await in_database(PlanJob.objects.count) > 0
    with pytest.raises(PlanQueryRefused, match="resources"):
        await in_database(answer, PlanQuery(entity="resources", engine="SIM"))


@pytest.mark.parametrize("told", [{}, {"messages": ["no"]}, {"id": "another", "name": "X"}])
async def test_something_else_than_the_object_asked_for_leaves_the_row_as_it_was(
    told: dict[str, Any],
) -> None:
    async with client_of() as client:
        await read(client)
        job = await in_database(PlanJob.objects.filter(group="waiting").first)
        rows = await in_database(PlanJob.objects.count)

    async with client_of(change=lambda request, value: told) as client:
        found = await toolkit(client).inspect("job", job.hwa_id)

    assert found.result["job"] == job.name
    assert not found.complete
    assert await in_database(PlanJob.objects.count) == rows


async def test_run_that_is_none_costs_itself_and_is_counted() -> None:
    def change(request: httpx.Request, value: dict[str, Any]) -> object:
        if not request.url.path.endswith("/plan/job"):
            return None
        for job in value["results"][:1]:
            job["jobruns"] = ["nonsense", *job["jobruns"]]
        return value

    async with client_of() as client:
        jobs = len((await client.jobs()).value.items)
    async with client_of(change=change) as client:
        await read(client)

    assert await in_database(PlanJob.objects.count) == jobs
    assert (await in_database(state)).not_understood == 1


@pytest.mark.parametrize(
    ("written", "count", "kinds"),
    [
        ([], 0, []),
        (None, 0, []),
        (None, 2, [""]),
        ({"dependencyType": "FILE"}, 1, ["FILE"]),
        (["nonsense"], 1, [""]),
        ([{"dependencyType": "FILE", "quantity": "two"}], 1, ["FILE"]),
        ([{"dependencyType": "JOIN", "members": {"dependencyType": "FILE"}}], 1, ["JOIN", "FILE"]),
    ],
)
def test_what_a_job_depends_on_is_never_nothing_because_it_is_odd(written, count, kinds):
    job = PlanJob(hwa_id="J", name="J", dependency_count=count)

    assert [one.kind for one in edges_of(job, written).dependencies] == kinds
