"""Three hundred questions: each is taken as what it asks, and says only what was read."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from audits.judges import MemoryUnderAudit
from audits.judges.rules import rules_judge
from knowledge.claims.checking import check
from knowledge.claims.evidence import readings_in
from knowledge.language import language_of
from tests.plan_reading import MovedSimulator, ReadingSession, make_engine, moved_simulator
from tws.answers.agents import AgentManager
from tws.answers.events import Failed, Final, Turn
from tws.database import in_database
from tws.hwa import engines
from tws.hwa.client import TWSClient
from tws.hwa.engine import Engine
from tws.models import Agent
from tws.simulator.states import State

pytestmark = pytest.mark.django_db(transaction=True)

QUESTIONS = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "questions.jsonl").read_text().splitlines()
]
FLAGGED = 0.60
NOWHERE = Engine(name="SIM", base_url="https://127.0.0.1:9", username="u", password="p")
JOBS = {"normal": 600, "large": 3_000}


def words_of(hwa: MovedSimulator) -> dict[str, str]:
    """Names of the simulated plan for the places in the questions."""
    plan = hwa.plan
    jobs: dict[State, list[str]] = {}
    recovered = ""
    for row in range(len(plan)):
        half, at = plan.locate(row)
        jobs.setdefault(State(plan.states[row]), []).append(half.job(at).name)
        if len(plan.runs(half, at)) > 1 and plan.states[row] == State.SUCCESSFUL:
            recovered = half.job(at).name
    streams = {plan.stream_status(half, stream): stream for half, stream in plan.streams()}
    failed = jobs[State.ABENDED][0]
    located = map(plan.locate, range(len(plan)))
    half, at = next((half, at) for half, at in located if half.job(at).name == failed)
    ready = next(jobs[one] for one in jobs if State.WAITS_FOR_RESOURCE <= one <= State.BEHIND_FENCE)
    return {
        "failed": failed,
        "failed_lower": failed.lower(),
        "full_name": f"@#{half.stream_of[at].name}.{failed}",
        "failed_last": failed,
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


async def no_memories(question: str, limit: int) -> list[Any]:
    return []


async def ask(manager: AgentManager, question: str, history: list[Turn]) -> Final | Failed:
    agent = Agent(slug="tws-analyzer", name="Analyzer", languages=["pt-br", "en"])
    async with aclosing(manager.answer(agent, question, history=history)) as events:
        return [event async for event in events][-1]


def turn(question: str, end: Final | Failed) -> Turn:
    assert isinstance(end, Final), end
    return Turn(question, end.answer, end.tools, end.understood)


@asynccontextmanager
async def world(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[AgentManager, dict[str, str]]]:
    """A manager over that plan, and the words of its questions."""
    with moved_simulator(jobs=JOBS.get(name, 300)) as hwa:
        hwa.at = int(timezone.now().timestamp())
        hwa.plan.refresh()
        while State.ABENDED not in hwa.plan.states:  # at one hour in six
            hwa = MovedSimulator(hwa.server, hwa.at - 3600)
        engine = hwa.engine if name in JOBS else NOWHERE
        monkeypatch.setattr(engines, "configured_engines", lambda: [engine])
        if name in JOBS:
            async with ReadingSession(hwa) as session:
                await session.read()
        elif name == "empty":
            await in_database(make_engine)
        async with AgentManager(lambda engine: TWSClient(engine, attempts=1), no_memories) as one:
            yield one, words_of(hwa)


def filled(text: str, words: dict[str, str]) -> str:
    for place, word in words.items():
        text = text.replace("{" + place + "}", word)
    return text


def problem(row: dict[str, Any], question: str, end: Final | Failed) -> str:
    """What is wrong with an answer; nothing is."""
    if "code" in row or isinstance(end, Failed):
        return "" if getattr(end, "code", None) == row.get("code") else f"{end}"
    assert end.segments is not None and end.understood is not None
    checked = check(end.segments, end.answer, readings_in(list(end.evidence)))
    if checked.outcome != "verified" and end.is_worth_keeping:
        return f"{checked}"
    if "type" in row and end.understood.asked.type not in row["type"]:
        return f"taken as {end.understood.asked.type}: {end.answer[:100]}"
    if end.is_worth_keeping != row.get("answered", True) and "{typo}" not in row["q"]:
        return f"{end.outcome}: {end.answer[:100]}"
    if end.segments.language != row["lang"] and language_of(question) is not None:
        return f"in another language: {end.answer[:100]}"
    return ""


async def suspicion(question: str, end: Final | Failed) -> str:
    """What the auditor's rules hold against it: nothing, of an answer of ours."""
    if isinstance(end, Failed) or not end.is_worth_keeping:
        return ""
    memory = MemoryUnderAudit(
        memory_id=uuid.uuid4(),
        version=1,
        agent="tws-analyzer",
        kind=end.kind,
        user_query=question,
        agent_response=end.answer,
        evidence=list(end.evidence),
    )
    verdict = await rules_judge(memory)
    return f"flagged: {verdict.reason}" if verdict and verdict.confidence >= FLAGGED else ""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("normal", marks=pytest.mark.slow),
        pytest.param("large", marks=pytest.mark.slow),
        "empty",
        pytest.param("down", marks=pytest.mark.slow),
    ],
)
async def test_an_answer_says_what_was_asked_and_only_what_was_read(
    name: str, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.LLM_BASE_URL = ""
    rows = [row for row in QUESTIONS if row.get("world", "normal") == name]
    problems = []
    async with world(name, monkeypatch) as (manager, words):
        for row in rows:
            history: list[Turn] = []
            for earlier in (filled(one, words) for one in row.get("after", ())):
                history.append(turn(earlier, await ask(manager, earlier, history)))
            question = filled(row["q"], words)
            end = await ask(manager, question, history)
            if found := problem(row, question, end) or await suspicion(question, end):
                problems.append(f"{question}: {found}")

    assert not problems, "\n".join(problems)


def test_there_are_two_hundred_questions_in_both_languages() -> None:
    assert len(QUESTIONS) >= 200
    assert min(sum(row["lang"] == code for row in QUESTIONS) for code in ("pt", "en")) >= 90
    assert {row.get("world", "normal") for row in QUESTIONS} == {"normal", "down", "empty", "large"}
