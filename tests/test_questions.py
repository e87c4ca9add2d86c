"""Two hundred questions, and a checker that decides: no answer says what no tool returned."""

from __future__ import annotations

import json
import re
import uuid
from contextlib import aclosing
from pathlib import Path

import httpx
import pytest

from audits.judges import MemoryUnderAudit
from audits.judges.lookup import lookup_judge
from audits.judges.rules import rules_judge
from tests.answer_checker import unsupported
from tws.answers.agents import AgentManager
from tws.answers.events import Failed, Final, Turn
from tws.answers.language import language_of
from tws.hwa import engines
from tws.hwa.client import TWSClient
from tws.hwa.engine import Engine
from tws.models import Agent
from tws.simulator.app import Simulator
from tws.simulator.catalogue import Catalogue
from tws.simulator.plan import Clock, Plan
from tws.simulator.states import State
from tws.tools.shapes import stamp

QUESTIONS = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "questions.jsonl").read_text().splitlines()
]
ENGINE = Engine(name="127.0.0.1:31116", base_url="https://sim.test", username="u", password="p")
FLAGGED = 0.60
EMPTY = {"count": 0, "results": [], "groupedCount": {}}


def simulated(jobs: int) -> httpx.AsyncBaseTransport:
    plan = Plan(Catalogue(jobs, seed=7), Clock())
    return httpx.ASGITransport(app=Simulator(plan, host="sim.test", user="u", password="p"))


def nobody(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("Connection refused", request=request)


def empty_plan(request: httpx.Request) -> httpx.Response:
    if request.url.path.endswith("/engine/info"):
        return httpx.Response(200, json={"displayVersion": "10.2.8"})
    return httpx.Response(200, json=EMPTY)


@pytest.fixture(scope="module")
def worlds() -> dict[str, httpx.AsyncBaseTransport]:
    return {
        "normal": simulated(1_500),
        "large": simulated(10_000),
        "empty": httpx.MockTransport(empty_plan),
        "down": httpx.MockTransport(nobody),
    }


@pytest.fixture(scope="module")
def words(worlds) -> dict[str, str]:
    """Names of the simulated plan for the places in the questions."""
    plan = worlds["normal"].app.plan
    plan.refresh()
    jobs: dict[State, list[str]] = {}
    recovered = ""
    for row in range(len(plan)):
        half, at = plan.locate(row)
        jobs.setdefault(State(plan.states[row]), []).append(half.job(at).name)
        if len(plan.runs(half, at)) > 1 and plan.states[row] == State.SUCCESSFUL:
            recovered = half.job(at).name
    streams = {plan.stream_status(half, stream): stream for half, stream in plan.streams()}
    failed = jobs[State.ABENDED][0]
    half, at = next(
        plan.locate(row)
        for row in range(len(plan))
        if plan.locate(row)[0].job(plan.locate(row)[1]).name == failed
    )
    ready = next(jobs[one] for one in jobs if State.WAITS_FOR_RESOURCE <= one <= State.BEHIND_FENCE)
    return {
        "failed": failed,
        "failed_lower": failed.lower(),
        "full_name": f"MDM#{half.stream_of[at].name}.{failed}",
        "failed_last": last_in_stream(plan) or failed,
        "typo": failed.replace("A", "", 1) + "X",
        "done": jobs[State.SUCCESSFUL][0],
        "recovered": recovered or jobs[State.SUCCESSFUL][1],
        "running": (jobs.get(State.EXECUTING) or jobs[State.SUCCESSFUL])[0],
        "waiting": jobs[State.WAITS_FOR_PREDECESSOR][0],
        "ready": ready[0],
        "stream": half.stream_of[at].name,
        "stuck": (streams.get("STUCK") or streams["HOLD"]).name,
        "station": "FTA_SP01",
        "resource": "TAPE_DRIVE",
    }


def last_in_stream(plan: Plan) -> str:
    """A failed job that nothing comes after."""
    for row in range(len(plan)):
        half, at = plan.locate(row)
        shape = half.stream_of[at].shape
        if plan.states[row] == State.ABENDED and not shape.successors[half.position_of[at]]:
            return half.job(at).name
    return ""


async def no_memories(question, limit):
    return []


async def ask(manager: AgentManager, question: str, history: list[Turn]) -> Final | Failed:
    agent = Agent(slug="tws-analyzer", name="Analyzer", languages=["pt-br", "en"])
    async with aclosing(manager.answer(agent, question, history=history)) as events:
        return [event async for event in events][-1]


def filled(text: str, words: dict[str, str]) -> str:
    for place, word in words.items():
        text = text.replace("{" + place + "}", word)
    return text


async def answered(row, worlds, words) -> tuple[str, Final | Failed, list[dict]]:
    """The question in full, how its run ended, and what the manager itself had noted."""
    transport = worlds[row.get("world", "normal")]
    manager = AgentManager(
        lambda engine: TWSClient(engine, transport=transport, attempts=1), no_memories
    )
    history: list[Turn] = []
    for earlier in row.get("after", ()):
        asked = filled(earlier, words)
        before = await ask(manager, asked, history)
        history.append(Turn(asked, before.answer, before.tools))
    question = filled(row["q"], words)
    end = await ask(manager, question, history)
    since = [stamp(moment) for moment in manager._outages.values()]
    return question, end, [{"result": {"down since": since}}]


async def highest_suspicion(question: str, end: Final) -> float:
    """What the auditor's own judges make of the answer: a true one must not be flagged."""
    memory = MemoryUnderAudit(
        memory_id=uuid.uuid4(),
        version=1,
        agent="tws-analyzer",
        kind=end.kind,
        user_query=question,
        agent_response=end.answer,
        evidence=json.loads(json.dumps(end.evidence)),
    )
    verdicts = [await judge(memory) for judge in (rules_judge, lookup_judge)]
    return max((verdict.confidence for verdict in verdicts if verdict), default=0.0)


@pytest.fixture(autouse=True)
def rules_only(settings, monkeypatch):
    settings.LLM_BASE_URL = ""
    monkeypatch.setattr(engines, "configured_engines", lambda: [ENGINE])


@pytest.mark.parametrize("row", QUESTIONS, ids=lambda row: f"{row['lang']}-{row['q'][:50]}")
async def test_an_answer_says_only_what_the_tools_returned(row, worlds, words):
    question, end, noted = await answered(row, worlds, words)

    if "code" in row:
        assert isinstance(end, Failed), end
        assert end.code == row["code"]
        assert unsupported(end.message, noted, question + " HWA 127.0.0.1:31116") == []
        return
    assert isinstance(end, Final), end
    said = end.answer
    if not end.answered:
        said = said.split("\n- ")[0]  # the examples are the same for everybody
    assert unsupported(said, list(end.evidence), question) == []
    if "tool" in row:
        assert row["tool"] in [use.tool for use in end.tools], end.answer
    assert end.answered == row.get("answered", True), end.answer
    own = re.sub(r"```.*?```", "", said, flags=re.DOTALL)  # a log speaks its own language
    assert language_of(own) in (row["lang"], None), said
    if end.answered:
        assert await highest_suspicion(question, end) < FLAGGED


def test_there_are_two_hundred_questions_in_both_languages():
    assert len(QUESTIONS) >= 200
    assert min(sum(row["lang"] == code for row in QUESTIONS) for code in ("pt", "en")) >= 90
    assert {row.get("world", "normal") for row in QUESTIONS} == {"normal", "down", "empty", "large"}


EVIDENCE = [
    {
        "tool": "get_job",
        "arguments": {"job": "PAYROLL_CALC"},
        "result": {
            "items": [
                {
                    "name": "PAYROLL_CALC",
                    "status": "ABEND",
                    "returnCode": 8,
                    "endTime": "2026-11-22T14:31:05-03:00",
                }
            ],
            "lines": [{"line": 41, "text": "FATAL disk full"}],
        },
    }
]
TRUE = (
    "- PAYROLL_CALC: ABEND (ended in error); return code 8; ended 14:31:05\n\n"
    "```\n41: FATAL disk full\n```"
)


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("PAYROLL_CALC", "PAYROLL_SUM"),
        ("ABEND (ended in error)", "SUCC (ended well)"),
        ("ended in error", "ended well"),
        ("code 8", "code 12"),
        ("14:31:05", "14:31:06"),
        ("disk full", "disk fine"),
        ("41:", "42:"),
    ],
)
def test_the_checker_sees_what_is_wrong(said, instead):
    assert unsupported(TRUE, EVIDENCE, "why?") == []
    assert unsupported(TRUE.replace(said, instead), EVIDENCE, "why?") != []
