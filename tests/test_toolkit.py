"""What agents ask with: each call a reading that is kept, or an error that says why not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from knowledge.cleaning import clean_json
from knowledge.limits import LARGEST_OWN_EVIDENCE, check_evidence
from tests.hwa_fixtures import engine_of
from tests.plan_reading import MovedSimulator, moved_simulator, read_or_find_again
from tws.admin import TOOLS
from tws.answers.events import Event, ToolCall, ToolResult
from tws.answers.toolkit import EngineDown, NoRoom, NotThere, Refused, Toolkit
from tws.answers.toolkit.calls import ARGUMENTS, SCHEMAS
from tws.answers.toolkit.toolkit import LARGEST_READING
from tws.database import in_database
from tws.hwa.client import TWSClient
from tws.plan.models import PlanEngine, PlanJob, PlanRun, PlanWorkstation
from tws.plan.query import PlanQuery
from tws.simulator.catalogue import HALF_DAY
from tws.simulator.faults import Faults

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def hwa() -> Iterator[MovedSimulator]:
    with moved_simulator(seed=11) as simulator:
        yield simulator


class Asking:
    """A plan that was read, a client as the manager shares it, and toolkits for one run each."""

    def __init__(self, hwa: MovedSimulator, cache_seconds: float = 60) -> None:
        self.hwa = hwa
        self.engine = engine_of(hwa.server, cache_seconds=cache_seconds)
        self.events: list[Event] = []

    async def __aenter__(self) -> Asking:
        await read_or_find_again(self.hwa)
        self.client = TWSClient(self.engine, attempts=1)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.hwa.server.simulator.faults = Faults()
        await self.client.aclose()

    def toolkit(self, **options: Any) -> Toolkit:
        async def client() -> TWSClient:
            return self.client

        return Toolkit(self.engine, client, emit=self.events.append, **options)


def a_job(**of: Any) -> PlanJob:
    job = PlanJob.objects.filter(**of).order_by("hwa_id").first()
    assert job is not None
    return job


# --- readings -----------------------------------------------------------------------------------


async def test_each_call_is_a_reading_with_an_id_and_is_announced(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        job = await in_database(a_job, group="failed")
        kit = asking.toolkit()
        first = await kit.plan_query(PlanQuery(entity="jobs", limit=2))
        second = await kit.inspect("job", job.hwa_id)
        third = await kit.log(job.hwa_id)
        fourth = await kit.compare_runs(job.name)

    assert [one.id for one in (first, second, third, fourth)] == ["q1", "q2", "l1", "q3"]
    assert kit.readings == [first, second, third, fourth]
    assert check_evidence(kit.evidence, LARGEST_OWN_EVIDENCE)
    assert [use.tool for use in kit.uses] == ["plan_query", "inspect", "log", "compare"]
    assert all(use.ok and use.fetched_at for use in kit.uses)
    assert [type(event) for event in asking.events] == [ToolCall, ToolResult] * 4
    assert {one.engine for one in kit.readings} == {"SIM"}


async def test_what_is_asked_about_is_as_the_engine_says_now(hwa: MovedSimulator) -> None:
    async with Asking(hwa, cache_seconds=0) as asking:
        job = await in_database(a_job, group="success")
        await in_database(PlanJob.objects.filter(pk=job.pk).update, status="EXEC", digest=b"old")
        named = PlanQuery(entity="jobs", where=[{"field": "job", "value": job.name}], limit=5)
        by_query = await asking.toolkit().plan_query(named)
        await in_database(PlanJob.objects.filter(pk=job.pk).update, status="EXEC", digest=b"old")
        whole = await asking.toolkit().inspect("job", job.hwa_id)

    told = {one["id"]: one["status"] for one in by_query.result["rows"]}
    assert told[job.hwa_id] == whole.result["status"] == "SUCC"
    assert whole.result["details_read"] is True
    assert whole.complete


async def test_workstation_is_read_now_too(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        place = await in_database(PlanWorkstation.objects.earliest, "hwa_id")
        rows = PlanWorkstation.objects.filter(pk=place.pk)
        await in_database(rows.update, job_limit=4711, digest=b"old")
        whole = await asking.toolkit().inspect("workstation", place.hwa_id)

    assert whole.result["limit"] == place.job_limit != 4711


async def test_log_has_numbered_lines_and_marks_the_cause(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        job = await in_database(a_job, group="failed")
        log = await asking.toolkit().log(job.hwa_id)

    assert log.result["cause"]
    assert all(one in log.result["lines"] for one in log.result["cause"])
    numbers = [one["number"] for one in log.result["lines"]]
    assert numbers == sorted(numbers)
    assert log.result["matched"] == numbers[-1]
    assert log.result["time_zone"]
    assert (log.result["job"], log.result["return_code"]) == (job.name, job.return_code)


async def test_what_follows_is_asked_of_the_engine_while_edges_are_missing(
    hwa: MovedSimulator,
) -> None:
    async with Asking(hwa) as asking:
        state = await in_database(PlanEngine.objects.get)
        job, after = await waited_for(asking.client)
        found = await asking.toolkit().impact("job", job)

    assert state.edges_read < state.edges_total
    assert after & {row["id"] for row in found.result["rows"]}
    assert not found.complete


async def waited_for(client: TWSClient) -> tuple[str, set[str]]:
    """A job, and the jobs that wait for it, which nothing in the plan says yet."""
    waiting = await in_database(lambda: list(PlanJob.objects.filter(group="waiting")))
    for job in waiting:
        after = {one.id for one in (await client.job_successors(job.hwa_id)).value}
        if after & {one.hwa_id for one in waiting}:
            return job.hwa_id, after
    raise AssertionError("nothing waits")


async def test_all_readings_of_an_answer_share_the_room(hwa: MovedSimulator) -> None:
    fields = ["job", "key", "stream", "scheduled", "description"]
    async with Asking(hwa) as asking:
        kit = asking.toolkit()
        for _ in range(20):
            try:
                one = await kit.plan_query(PlanQuery(entity="jobs", limit=500, fields=fields))
            except NoRoom:
                break
            assert len(json.dumps(one.as_json(), ensure_ascii=False)) <= LARGEST_READING
            assert one.result["shown"] == len(one.result["rows"]) < one.result["matched"]
            assert one.result["not_shown"]["rows"] > 0
            assert "next" not in one.result

    assert len(kit.readings) > 2
    assert check_evidence(kit.evidence, LARGEST_OWN_EVIDENCE)


async def test_secrets_are_masked_before_they_are_kept(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        job = await in_database(a_job, group="success")
        text = "connects with password=Tr0ub4dor-9x"
        rows = PlanJob.objects.filter(pk=job.pk)
        await in_database(rows.update, description=text)
        kit = asking.toolkit()
        where = [{"field": "description", "op": "like", "value": "@password@"}]
        await kit.plan_query(PlanQuery(entity="jobs", where=where, fields=["description"]))

    assert "Tr0ub4dor" not in json.dumps(kit.evidence)
    assert "masked" in json.dumps(kit.evidence)


async def test_readings_are_as_they_will_be_stored(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        kit = asking.toolkit()
        odd = "Rerun\r\nit.\x00 \ud800"
        kit.add_memory_reading(("m", 1), {"agent_response": odd}, text=odd)

    assert kit.evidence == clean_json(kit.evidence)


async def test_days_are_compared(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        run = await in_database(PlanRun.objects.exclude(started_at=None).earliest, "started_at")
        day = run.started_at.date()
        compared = await asking.toolkit().compare_days(day, day + timedelta(days=1))

        with pytest.raises(Refused):
            await asking.toolkit().compare_days(day, date(2001, 1, 1))

    assert compared.result["day"]["matched"] > 0


async def test_memory_found_twice_is_one_reading(hwa: MovedSimulator) -> None:
    kit: Toolkit

    async def search(text: str) -> list[Any]:
        return [kit.add_memory_reading(("id", 1), {"answer": "Do this."}, text=text)]

    async with Asking(hwa) as asking:
        kit = asking.toolkit(search=search)
        await kit.search_memories("how")
        await kit.search_memories("how then")

    assert [(one.id, one.arguments) for one in kit.readings] == [("m1", {"text": "how"})]


# --- what can't be read -------------------------------------------------------------------------


async def test_engine_that_is_down_is_an_error_with_since_and_why(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        hwa.server.simulator.faults = Faults(error_rate=1, error_status=503)
        await in_database(PlanEngine.objects.update, fetched_at=None)
        kit = asking.toolkit()
        with pytest.raises(EngineDown) as error:
            await kit.plan_query(PlanQuery(entity="jobs"))

    assert error.value.engine == "SIM"
    assert error.value.since is not None
    assert "503" in error.value.why
    assert kit.readings == []
    assert [use.ok for use in kit.uses] == [False]


async def test_plan_as_last_read_is_marked_and_asks_nothing_of_the_engine(
    hwa: MovedSimulator,
) -> None:
    async with Asking(hwa) as asking:
        job = await in_database(a_job, group="success")
        hwa.server.simulator.faults = Faults(error_rate=1, error_status=503)
        await in_database(PlanEngine.objects.update, down_since=job.fetched_at, error="503")
        down = asking.toolkit()
        with pytest.raises(EngineDown) as error:
            await down.inspect("job", job.hwa_id)
        found = await asking.toolkit(as_last_read=True).inspect("job", job.hwa_id)

    assert error.value.can_be_last_read
    assert found.result["stale"] is True
    assert found.result["job"] == job.name


async def test_object_that_has_left_the_plan_is_not_there(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        job = await in_database(a_job, group="success")
        hwa.move(4 * HALF_DAY)
        try:
            with pytest.raises(NotThere) as error:
                await asking.toolkit().inspect("job", job.hwa_id)
        finally:
            hwa.move(-4 * HALF_DAY)

    assert error.value.reading is not None
    assert error.value.reading.result["matched"] == 0


async def test_job_that_never_ran_has_no_log(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        job = await in_database(a_job, run_count=0)
        with pytest.raises(NotThere):
            await asking.toolkit().log(job.hwa_id)


async def test_tool_that_the_agent_may_not_use_is_refused(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        kit = asking.toolkit(allowed=["plan_query"])
        with pytest.raises(Refused):
            await kit.resolve("X")

    assert kit.names == ("plan_query",)


async def test_name_that_nothing_has_is_refused_with_the_closest(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        job = await in_database(a_job, group="success")
        with pytest.raises(Refused) as error:
            await asking.toolkit().compare_runs(job.name[:-1] + "Ç")

    assert job.name in error.value.known


# --- as an LLM calls them -----------------------------------------------------------------------


async def test_model_calls_by_name_or_id_and_reads_rows_as_columns(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        job = await in_database(one_of_its_name)
        kit = asking.toolkit()
        by_name = await kit.call("inspect", json.dumps({"kind": "job", "object": job.name.lower()}))
        by_id = await kit.call("inspect", json.dumps({"kind": "job", "object": job.hwa_id}))
        listed = await kit.call("plan_query", '{"entity": "jobs", "limit": 2}')
        grouped = await kit.call("plan_query", '{"entity": "jobs", "group_by": "group"}')
        matches = await kit.call("resolve", json.dumps({"text": job.name}))

    assert by_name.reading.result["id"] == by_id.reading.result["id"] == job.hwa_id
    told = json.loads(listed.text)
    ids = [json.loads(one.text)["id"] for one in (by_name, by_id, listed, grouped)]
    assert ids == ["q1", "q2", "q3", "q4"]
    assert len(told["rows"]["values"]) == 2
    assert told["rows"]["columns"][0] == "id"
    assert "columns" in json.loads(grouped.text)["groups"]
    assert json.loads(matches.text)["matches"][0]["name"] == job.name


def one_of_its_name() -> PlanJob:
    for job in PlanJob.objects.order_by("hwa_id"):
        if PlanJob.objects.filter(name=job.name).count() == 1:
            return job
    raise AssertionError("every name stands for several jobs")


@pytest.mark.parametrize(
    ("name", "written", "said"),
    [
        ("rm", "{}", "plan_query"),
        ("inspect", "{", "JSON"),
        ("inspect", "[" * 10_000, "JSON"),
        ("inspect", "[]", "arguments"),
        ("inspect", '{"kind": "job"}', "object"),
        ("inspect", '{"kind": "job", "object": "NOBODY"}', "NOBODY"),
        ("inspect", '{"kind": "job", "object": "\\u0000\\ud800"}', "no job"),
        ("plan_query", '{"entity": "moons"}', "jobs"),
        ("plan_query", '{"entity": "jobs", "where": [{"field": "moon"}]}', "status"),
        ("compare", "{}", "day"),
        ("search_memories", '{"text": "x"}', "memories"),
    ],
)
async def test_bad_call_is_told_in_words(
    hwa: MovedSimulator, name: str, written: str, said: str
) -> None:
    async with Asking(hwa) as asking:
        kit = asking.toolkit()
        called = await kit.call(name, written)

    assert not called.ok
    assert said in json.loads(called.text)["error"]
    assert kit.readings == []


def test_schemas_of_all_tools_are_short_and_name_real_arguments() -> None:
    written = json.dumps(list(SCHEMAS.values()), separators=(",", ":"))

    assert len(written) <= 3_100
    for name, schema in SCHEMAS.items():
        properties = schema["function"]["parameters"]["properties"]
        assert properties.keys() <= ARGUMENTS[name].model_fields.keys()


def test_people_are_told_of_each_tool_that_a_model_may_call() -> None:
    assert list(TOOLS) == list(SCHEMAS) == list(ARGUMENTS)


# --- HWA's load ---------------------------------------------------------------------------------


async def test_calls_to_hwa_are_as_many_for_fifty_users_as_for_one(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        jobs = await in_database(lambda: [one.hwa_id for one in PlanJob.objects.all()[:2]])

        async def ask(hwa_id: str, users: int) -> int:
            before = hwa.server.simulator.requests
            kits = [asking.toolkit() for _ in range(users)]
            await asyncio.gather(*(kit.inspect("job", hwa_id) for kit in kits))
            query = PlanQuery(entity="runs", group_by=["status"])
            await asyncio.gather(*(kit.plan_query(query) for kit in kits))
            return hwa.server.simulator.requests - before

        alone, together = await ask(jobs[0], 1), await ask(jobs[1], 50)

    assert alone == together == 1


async def test_many_who_find_an_old_plan_and_no_reader_make_one_pass(hwa: MovedSimulator) -> None:
    query = PlanQuery(entity="jobs", group_by=["status"])
    async with Asking(hwa) as asking:

        async def ask(users: int) -> int:
            await in_database(PlanEngine.objects.update, fetched_at=None)
            before = hwa.server.simulator.requests
            kits = [asking.toolkit() for _ in range(users)]
            found = await asyncio.gather(*(kit.plan_query(query) for kit in kits))
            assert all(one.result["matched"] for one in found)
            return hwa.server.simulator.requests - before

        assert await ask(20) == await ask(1)
