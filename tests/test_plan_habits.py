"""The plan as it is read from sites with habits: what is odd costs itself, and is never a zero."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.plan_reading import state
from tests.test_simulator_habits import ENGINE, HARMLESS, REFUSALS, site
from tws.answers.toolkit import EngineDown, Toolkit
from tws.database import in_database
from tws.hwa.client import TWSClient
from tws.hwa.errors import TWSError
from tws.hwa.schemas import JobInPlan
from tws.plan import details
from tws.plan.edges import edges_of
from tws.plan.models import PlanEngine, PlanJob, PlanJobStream, PlanRun
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
        if isinstance(changed, httpx.Response):
            return changed
        if changed is None:
            return httpx.Response(answer.status_code, headers=answer.headers, content=body)
        return httpx.Response(200, json=changed)


@asynccontextmanager
async def reading(client: TWSClient) -> AsyncIterator[tuple[Reader, PlanStore]]:
    async with await connect() as connection:
        store = PlanStore(connection, "SIM")
        yield Reader(client, store), store


async def read(client: TWSClient) -> None:
    async with reading(client) as (reader, _store):
        await reader.read()


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
    assert plan.is_complete is (habit != "nulls")
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
        jobs = len((await client.first("/plan/job", JobInPlan)).value)
    async with client_of(change=change) as client:
        await read(client)

    plan = await in_database(state)
    assert await in_database(PlanJob.objects.count) == jobs
    assert (plan.not_understood, plan.is_complete) == (1, False)


def on_lists(change: Callable[[dict[str, Any]], object]) -> Change:
    """Changes each object of each list, and leaves the rest."""

    def changed(request: httpx.Request, value: dict[str, Any]) -> object:
        for one in value.get("results", ()):
            change(one)
        return value

    return changed


def renamed(one: dict[str, Any]) -> None:
    for name in list(one):
        one[name.upper()] = one.pop(name)


async def test_objects_of_which_none_is_understood_are_no_empty_plan() -> None:
    async with client_of() as client:
        await read(client)
        held = await in_database(PlanJob.objects.count)
    async with client_of(change=on_lists(renamed)) as client:
        with pytest.raises(TWSError, match="none can be understood"):
            await read(client)

    assert await in_database(PlanJob.objects.count) == held > 0
    assert (await in_database(state)).down_since is not None


async def test_ids_are_kept_whatever_they_look_like() -> None:
    """Numbers, ids longer than any column, ids that can't stand in an address."""
    like = [lambda n: n, lambda n: "x" * 3_000 + str(n), lambda n: f"a/b;c {n}"]
    numbers: dict[str, int] = {}

    def change(one: dict[str, Any]) -> None:
        for name in ("id", "jobStreamId"):
            if name in one:
                number = numbers.setdefault(one[name], len(numbers) + 1)
                one[name] = like[number % 3](number)

    plain_jobs, plain_runs = await plain_jobs_and_runs()
    async with client_of(change=on_lists(change)) as client:
        for _ in range(2):
            await read(client)
        plan = await in_database(state)
        told = await toolkit(client).plan_query(PlanQuery(entity="jobs", group_by=["group"]))
        job = await in_database(PlanJob.objects.filter(hwa_id__startswith="#").first)
        seen = await toolkit(client).inspect("job", job.hwa_id)

    assert (plan.is_complete, plan.not_understood, plan.plan_number) == (True, 0, 1)
    assert told.result["matched"] == len(plain_jobs)
    assert await in_database(PlanRun.objects.count) == len(plain_runs)
    assert await in_database(
        PlanJob.objects.filter(
            stream_id__in=PlanJobStream.objects.values_list("hwa_id", flat=True)
        ).count
    ) == len(plain_jobs)
    assert seen.result["job"] == job.name


async def test_what_can_not_be_asked_for_by_its_id_holds_up_no_other_object() -> None:
    def change(one: dict[str, Any]) -> None:
        one["id"] = f"{one['id']}!"

    async with client_of(change=on_lists(change)) as client, reading(client) as (reader, store):
        await reader.read()
        due = (await store.details_due(4))[0]
        await details.read_one(client, store, due)

        assert due not in await store.details_due(4)


@pytest.mark.parametrize("status", [404, 500])
async def test_conditions_that_fail_in_whatever_way_are_done_without(status: int) -> None:
    def change(request: httpx.Request, value: dict[str, Any]) -> object:
        return httpx.Response(status, text="no") if "oql" in request.url.params else None

    async with client_of(change=change) as client, reading(client) as (reader, _store):
        await reader.read()
        done = []
        for _ in range(4):
            with suppress(TWSError):
                done.append((await reader.read()).full)
        plan = await in_database(state)

    assert done[-2:] == [True, True]
    assert plan.is_current


async def test_conditions_that_are_ignored_are_done_without() -> None:
    asked: list[str] = []

    def change(request: httpx.Request, value: dict[str, Any]) -> object:
        asked.append(request.url.params.get("oql", ""))
        return None

    async with (
        client_of("oql-ignored", change=change) as client,
        reading(client) as (reader, _store),
    ):
        reports = [await reader.read() for _ in range(2)]
        asked.clear()
        reports += [await reader.read() for _ in range(2)]

    assert [report.full for report in reports] == [True] * 4
    assert not any(asked)


async def test_a_list_of_which_each_page_is_counted_is_read_to_its_end() -> None:
    def change(request: httpx.Request, value: dict[str, Any]) -> object:
        if "results" in value:
            value.pop("next", None)
            value["results"] = value["results"][:150]
            value["count"] = len(value["results"])
        return value

    plain_jobs, _runs = await plain_jobs_and_runs()
    async with client_of(change=change) as client:
        await read(client)
    jobs, _runs = await in_database(jobs_and_runs)

    assert jobs == plain_jobs
    assert (await in_database(state)).is_complete


async def test_what_has_left_a_plan_that_is_counted_wrongly_goes_all_the_same() -> None:
    gone: set[str] = set()

    def change(request: httpx.Request, value: dict[str, Any]) -> object:
        if request.url.path.rpartition("/")[2] in gone:
            return httpx.Response(404, json={"messages": ["AWSJPL018E"]})
        if not request.url.path.endswith("/plan/job"):
            return None
        first = request.url.params["offset"] == "0"
        value["results"] = [one for one in value["results"] if first and one["id"] not in gone]
        value["count"] = 1_000 - len(gone)
        return value

    async with client_of(change=change) as client, reading(client) as (reader, _store):
        await reader.read()
        open_ones = PlanJob.objects.filter(group="waiting").values_list("hwa_id", flat=True)
        gone |= set(await in_database(lambda: list(open_ones[:3])))
        reports = [await reader.read() for _ in range(2)]
        left = await in_database(PlanJob.objects.filter(hwa_id__in=gone).count)
        plan = await in_database(state)

    assert left == 0
    assert [report.full for report in reports] == [True, False]
    assert not plan.is_complete  # the engine counts more than it shows


@pytest.mark.parametrize(
    ("written", "readable"),
    [("%Y%m%dT%H%M%SZ", True), ("%Y-%m-%d %H:%M:%S+0000", True), ("%d/%m/%Y %H:%M", False)],
)
async def test_times_are_read_in_isos_notations_and_told_in_others(
    written: str, readable: bool
) -> None:
    def rewrite(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: rewrite(one) for name, one in value.items()}
        if isinstance(value, list):
            return [rewrite(one) for one in value]
        if isinstance(value, str) and value.endswith("Z") and value[:2] == "20":
            return datetime.fromisoformat(value).strftime(written)
        return value

    plain_jobs, plain_runs = await plain_jobs_and_runs()
    async with client_of(change=lambda request, value: rewrite(value)) as client:
        await read(client)
    jobs, runs = await in_database(jobs_and_runs)
    plan = await in_database(state)

    assert (jobs, runs) == (plain_jobs, plain_runs) if readable else len(jobs) == len(plain_jobs)
    assert plan.is_complete is readable
    assert (plan.not_understood == 0) is readable


async def test_statuses_are_hwas_in_whatever_case_they_are_written() -> None:
    def lower(one: dict[str, Any]) -> None:
        for name in ("lastRunCompositeStatus", "compositeStatus"):
            if name in one:
                one[name]["status"] = one[name]["status"].lower()

    async with client_of(change=on_lists(lower)) as client:
        await read(client)
        held = await in_database(PlanJob.objects.filter(status="HOLD").count)
        asked = PlanQuery.model_validate(
            {"entity": "jobs", "where": [{"field": "status", "value": "HOLD"}]}
        )
        told = await toolkit(client).plan_query(asked)

    assert told.result["matched"] == held > 0


async def test_a_status_that_the_engine_sums_up_is_no_zero() -> None:
    asked = {"entity": "jobs", "engine": "SIM", "where": [{"field": "status", "value": "HOLD"}]}
    async with client_of("status-lower-common") as client:
        await read(client)

    with pytest.raises(PlanQueryRefused, match="says WAITING"):
        await in_database(answer, PlanQuery.model_validate(asked))


async def test_a_dependency_is_satisfied_in_whatever_way_that_is_written() -> None:
    job = PlanJob(hwa_id="J", name="J", dependency_count=3)
    written = [{"dependencyType": "FILE", "satisfied": said} for said in ("true", 0, "perhaps")]

    found = edges_of(job, written).dependencies

    assert [one.is_satisfied for one in found] == [True, False, None]


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
