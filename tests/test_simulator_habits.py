"""Each habit of the simulator is one that real sites have, and the client lives with it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.test_simulator import NOON, plan_at
from tws.hwa.client import TWSClient
from tws.hwa.connection import Engine
from tws.hwa.errors import TWSBadReply, TWSError, TWSRefused, TWSUnavailable
from tws.hwa.oql import equals
from tws.hwa.paths import API_ROOT
from tws.hwa.schemas import JobInPlan
from tws.simulator.app import Simulator
from tws.simulator.habits import HABITS
from tws.simulator.messages import Request

PLAN = plan_at(NOON + 43_100, jobs=150, seed=7)
ENGINE = Engine("SIM", "https://hwa.example", "u", "p", cache_seconds=0)

Ask = Callable[[TWSClient], Awaitable[Any]]


def site(*habits: str) -> Simulator:
    return Simulator(PLAN, host="localhost", user="u", password="p", habits=habits)


def answer(habit: str, path: str, **query: str) -> Any:
    """What the site with this habit answers, as a value."""
    reply = site(habit)._site(Request("GET", API_ROOT + path, query, {}))
    assert reply.status == 200
    return json.loads(reply.body)


async def asked(habits: tuple[str, ...], ask: Ask) -> Any:
    transport = httpx.ASGITransport(app=site(*habits))
    async with TWSClient(ENGINE, transport=transport, backoff_seconds=0.001) as client:
        return await ask(client)


async def all_jobs(client: TWSClient) -> list[JobInPlan]:
    return (await client.first("/plan/job", JobInPlan)).value


async def first_log(client: TWSClient) -> list[str]:
    (ended,) = (await client.first("/plan/job", JobInPlan, equals("status", "SUCC"), 1)).value
    return (await client.job_log(ended.last_run.id)).value.lines


# Habits that change how jobs are written, and nothing that the client says of them.
HARMLESS = {
    "bom-json", "count-missing", "dependency-typeless", "info-sparse", "join-dependency",
    "log-cp1252", "log-ignores-range", "log-json-wrapped", "log-missing", "no-date",
    "no-info-right", "numbers-as-text", "oql-ignored", "oql-name-only", "priority-words",
    "rc-unsigned", "results-bare-list", "times-epoch-ms", "times-of-site",
}  # fmt: skip

REFUSALS: dict[str, tuple[type[TWSError], str]] = {
    "gateway-503": (TWSUnavailable, "503 Service Unavailable"),
    "login-page": (TWSBadReply, "web page instead of data: Sign in"),
    "plan-missing": (TWSRefused, "AWSJCL075E"),
    "server-500": (TWSUnavailable, "AWSBIN091E The Symphony plan is not accessible"),
    "sso-redirect": (TWSBadReply, r"sso\.example\.com/login"),
    "unauthorized": (TWSRefused, "AWSJCO005E"),
    "v1-only": (TWSRefused, "SRVE0190E"),
}


def test_every_habit_is_held_against_the_client() -> None:
    elsewhere = {"nulls", "one-bad-object", "status-lower-common", "statuses-odd"}

    assert HARMLESS | REFUSALS.keys() | elsewhere | {"times-without-zone"} == HABITS.keys()


@pytest.mark.parametrize("habit", sorted(HARMLESS))
async def test_a_habit_of_writing_changes_no_status_and_no_time(habit: str) -> None:
    plain = await asked((), all_jobs)

    found = await asked((habit,), all_jobs)

    assert [(job.id, job.status, job.sched_time) for job in found] == [
        (job.id, job.status, job.sched_time) for job in plain
    ]


@pytest.mark.parametrize("habit", sorted(REFUSALS))
async def test_a_site_that_refuses_is_told_by_its_own_words(habit: str) -> None:
    error, said = REFUSALS[habit]

    with pytest.raises(error, match=said):
        await asked((habit,), all_jobs)


async def test_nulls_and_one_bad_object_cost_only_themselves() -> None:
    plain = [job.id for job in await asked((), all_jobs)]

    assert [job.id for job in await asked(("nulls",), all_jobs)] == plain
    kept = [job.id for job in await asked(("one-bad-object",), all_jobs)]
    assert [one for one in plain if one not in kept] == [plain[1]]


async def test_statuses_are_told_as_the_site_writes_them() -> None:
    common = {job.status for job in await asked(("status-lower-common",), all_jobs)}
    odd = {job.status for job in await asked(("statuses-odd",), all_jobs)}

    assert {"SUCCESSFUL", "WAITING"} <= common
    assert {"INTRPT", "BOUND"} & odd
    assert {"SUCC", "HOLD"} <= odd


async def test_logs_are_read_however_the_site_sends_them() -> None:
    plain = await asked((), first_log)

    assert (await asked(("log-cp1252",), first_log))[-1].endswith("na agência São José")
    assert await asked(("log-json-wrapped",), first_log) == plain
    assert await asked(("log-ignores-range",), first_log) == plain
    with pytest.raises(TWSError, match="AWSJOM179E"):
        await asked(("log-missing",), first_log)


def test_habits_are_what_they_are_called() -> None:
    count = answer("count-missing", "/plan/job/count", grouping_filters="status")
    assert "groupedCount" not in count
    assert answer("count-missing", "/plan/job", limit="1")["count"] == -1
    assert isinstance(answer("results-bare-list", "/plan/job", limit="2"), list)
    (job,) = answer("priority-words", "/plan/job", limit="1")["results"]
    assert job["priority"] == "GO"
    (job,) = answer("numbers-as-text", "/plan/job", limit="1")["results"]
    assert job["priority"].isdecimal()
    (job,) = answer("times-epoch-ms", "/plan/job", limit="1")["results"]
    assert abs(job["schedTime"] / 1000 - NOON) < 90_000
    (job,) = answer("times-of-site", "/plan/job", limit="1")["results"]
    assert job["schedTime"].endswith("-04:00")
    (job,) = answer("times-without-zone", "/plan/job", limit="1")["results"]
    assert job["schedTime"][-3] == ":"
    jobs = answer("no-date", "/plan/job")["results"]
    assert "" in {job["endTime"] for job in jobs}
    assert "timezone" in answer("info-sparse", "/engine/info")


def test_two_habits_are_had_together() -> None:
    reply = site("bom-json", "priority-words")._site(
        Request("GET", f"{API_ROOT}/plan/job", {"limit": "1"}, {})
    )

    assert reply.body.startswith(b"\xef\xbb\xbf")
    assert b'"priority":"GO"' in reply.body
