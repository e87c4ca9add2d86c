"""The tools over a real simulator: bounded, dated, true to the plan."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tws.answers.events import ToolCall, ToolResult
from tws.hwa.client import TWSClient
from tws.hwa.engine import Engine
from tws.hwa.errors import TWSUnavailable
from tws.simulator.states import WORDS, State
from tws.tools import TOOLS
from tws.tools.toolbox import Toolbox

LONGEST_RESULT = 30_000


@pytest.fixture
def events():
    return []


@pytest.fixture
def toolbox(hwa_client, events):
    async def connect():
        return hwa_client

    return Toolbox(connect, events.append)


@pytest.fixture
def plan(simulator):
    simulator.simulator.plan.refresh()
    return simulator.simulator.plan


def job_in(plan, *states):
    """The name of a job in one of the states."""
    for row in range(len(plan)):
        if State(plan.states[row]) in states:
            half, at = plan.locate(row)
            return half.job(at).name
    pytest.skip(f"the simulated plan has no job in {states} just now")


async def result(toolbox, tool, **arguments):
    outcome = await toolbox.call(tool, arguments)
    assert outcome.ok, outcome.error
    return outcome.result


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_has_a_schema_the_llm_can_read(name):
    function = TOOLS[name].schema()["function"]

    assert function["name"] == name
    assert len(function["description"]) > 30
    assert function["parameters"]["type"] == "object"
    json.dumps(function)


ARGUMENTS = {
    "find_jobs": {},
    "get_job": {"job": "PAYROLL_CALC"},
    "find_object": {"name": "FOLHA_DIARIA"},
    "similar_names": {"name": "PAYROL_CALC"},
    "compare_runs": {"job": "PAYROLL_CALC"},
    "why_job_waits": {"job": "PAYROLL_CALC"},
    "get_predecessors": {"job": "PAYROLL_CALC"},
    "get_successors": {"job": "PAYROLL_CALC", "depth": 3},
    "failed_jobs": {"hours": 72, "limit": 50},
}


@pytest.mark.parametrize("name", [name for name in TOOLS if name != "get_job_log"])
async def test_every_tool_answers_bounded_and_dated(name, toolbox, events):
    outcome = await toolbox.call(name, ARGUMENTS.get(name, {}))

    assert outcome.ok, outcome.error
    assert len(json.dumps(outcome.result)) < LONGEST_RESULT
    assert datetime.now(UTC) - outcome.fetched_at < timedelta(seconds=60)
    assert isinstance(events[0], ToolCall)
    assert isinstance(events[1], ToolResult)
    assert events[1].ok
    assert events[1].engine == "SIM"
    evidence = toolbox.evidence[0]
    assert set(evidence) == {"tool", "arguments", "result", "fetched_at"}
    assert toolbox.sources[0].label.startswith("SIM (simulator)")


async def test_a_list_of_the_whole_plan_says_how_many_and_how_to_narrow(toolbox, plan):
    found = await result(toolbox, "find_jobs")

    assert (found["shown"], found["totalCount"]) == (20, len(plan))
    assert "narrow" in found


async def test_jobs_are_found_by_a_part_of_their_name(toolbox):
    found = await result(toolbox, "find_jobs", name="*PAYROLL*CALC*")

    assert found["items"]
    assert all("PAYROLL_CALC" in item["name"] for item in found["items"])


def failed_in_simulator(plan, hours):
    since = time.time() - hours * 3600
    broken = (State.ABENDED, State.FAILED)
    found = set()
    for row in range(len(plan)):
        half, at = plan.locate(row)
        if State(plan.states[row]) in broken and plan.runs(half, at)[-1].end >= since:
            found.add(half.job(at).name)
    return found


@pytest.mark.parametrize("hours", [3, 12])
async def test_failed_jobs_are_those_of_the_simulator(hours, toolbox, plan):
    expected = failed_in_simulator(plan, hours)

    found = await result(toolbox, "failed_jobs", hours=hours, limit=50)

    assert {item["name"] for item in found["items"]} == expected
    assert found["totalCount"] == len(expected)
    ended = [item["endTime"] for item in found["items"]]
    assert ended == sorted(ended, reverse=True)


async def test_jobs_that_failed_and_were_rerun_are_told_apart(toolbox, plan):
    found = await result(toolbox, "failed_jobs", hours=72, limit=50)

    assert found["recoveredCount"] > 0
    for item in found["recovered"]:
        assert item["status"] not in ("ABEND", "FAIL")
        assert item["failedRun"]["status"] in ("ABEND", "FAIL")


async def test_the_log_names_the_cause_the_simulator_gave(toolbox, plan):
    row = next(row for row in range(len(plan)) if State(plan.states[row]) is State.ABENDED)
    half, at = plan.locate(row)
    cause = plan.runs(half, at)[-1].cause

    log = await result(toolbox, "get_job_log", job=half.job(at).name, failed=True)

    assert cause.lines[-1].split(" ", 1)[0] in log["causeLines"][-1]["text"]
    assert log["run"]["returnCode"] == cause.return_code
    assert log["lines"][-1]["line"] == log["lastLine"]


WAITS = {
    State.WAITS_FOR_PREDECESSOR: {"PREDECESSOR", "PROMPT"},
    State.WAITS_FOR_TIME: {"TIME"},
    State.WAITS_FOR_PROMPT: {"PROMPT"},
    State.WAITS_FOR_FILE: {"FILE"},
    State.PRIORITY_ZERO: {"PRIORITY_ZERO"},
    State.WAITS_FOR_LIMIT: {"LIMIT"},
    State.WAITS_FOR_AGENT: {"AGENT"},
    State.BEHIND_FENCE: {"FENCE"},
    State.WAITS_FOR_RESOURCE: {"RESOURCE"},
}


@pytest.mark.parametrize("state", WAITS, ids=lambda state: state.name)
async def test_why_a_job_waits_names_what_holds_it(state, toolbox, plan):
    name = job_in(plan, state)

    found = await result(toolbox, "why_job_waits", job=name)

    assert found["waiting"]
    assert found["job"]["status"] == WORDS[state].status
    assert {reason["kind"] for reason in found["reasons"]} & WAITS[state], found["reasons"]


async def test_a_job_that_is_done_does_not_wait(toolbox, plan):
    found = await result(toolbox, "why_job_waits", job=job_in(plan, State.SUCCESSFUL))

    assert found["waiting"] is False
    assert "reasons" not in found


async def test_the_closest_names_are_offered(toolbox):
    found = await result(toolbox, "similar_names", name="PAYROL_CALK")

    assert any(name.startswith("PAYROLL_CALC") for name in found["names"])
    assert len(found["names"]) <= 5


async def test_what_has_no_likeness_is_not_offered(toolbox):
    found = await result(toolbox, "similar_names", name="QWXYZ_999")

    assert found["names"] == []


async def test_late_jobs_are_those_the_engine_marks(toolbox, plan):
    done = (State.SUCCESSFUL,)
    expected = sum(
        plan.is_late(*plan.locate(row))
        for row in range(len(plan))
        if State(plan.states[row]) not in done
    )

    found = await result(toolbox, "late_jobs")

    assert abs(found["totalCount"] - expected) <= 2  # the clock moves between the two


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("get_job", {}, "job: Field required"),
        ("get_job", {"job": "X", "force": True}, "force: Extra inputs"),
        ("find_jobs", {"limit": 5_000}, "less than or equal to 50"),
        ("cancel_job", {"job": "X"}, "there is no tool"),
        ("get_job_log", {"job": "NO_SUCH_JOB"}, "there is no job NO_SUCH_JOB"),
        ("find_jobs", {"name": "X\\' OR 1=1"}, "backslash"),
        ("find_jobs", {"status": ["NONSENSE'; DROP"]}, ""),
    ],
)
async def test_a_wrong_call_is_an_outcome_not_an_exception(tool, arguments, words, toolbox):
    outcome = await toolbox.call(tool, arguments)

    if words:
        assert not outcome.ok
        assert words in outcome.error
        assert toolbox.evidence == []
    else:
        assert outcome.result["items"] == []


async def test_a_quote_in_a_name_stays_in_the_name(toolbox):
    found = await result(toolbox, "get_job", job="X' OR name LIKE '%")

    assert found == {"items": [], "totalCount": 0}


async def test_an_agent_gets_only_its_tools(hwa_client):
    async def connect():
        return hwa_client

    toolbox = Toolbox(connect, lambda event: None, names=["get_job"])

    outcome = await toolbox.call("find_jobs", {})

    assert not outcome.ok
    assert [one["function"]["name"] for one in toolbox.schemas()] == ["get_job"]


async def test_an_engine_that_does_not_answer_is_remembered_until_it_does():
    up = [False]

    def answer(request):
        if not up[0]:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(200, json={"displayVersion": "10.2.8"})

    engine = Engine(name="PROD", base_url="https://prod.test")
    client = TWSClient(engine, transport=httpx.MockTransport(answer), attempts=1)

    async def connect():
        return client

    toolbox = Toolbox(connect, lambda event: None)
    outcome = await toolbox.call("engine_info", {})
    assert isinstance(outcome.cause, TWSUnavailable)
    assert toolbox.down_since is not None

    up[0] = True
    assert (await toolbox.call("engine_info", {})).ok
    assert toolbox.down_since is None
    await client.aclose()


async def test_secrets_in_a_log_are_masked(hwa_client):
    from tws.tools.jobs import _line

    assert "hunter2secret" not in _line(3, "login password=hunter2secret ok")["text"]
