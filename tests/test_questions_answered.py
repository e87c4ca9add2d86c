"""Operators' questions answered by rules, each text held against the engine's own data.

`-s` prints each that is not right, and the figures.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from tests import question_scoring as scoring
from tests.plan_reading import MovedSimulator, ReadingSession, moved_simulator
from tests.test_questions_understood import AFTERNOON
from tws.answers.agents import AgentManager
from tws.answers.events import Final, Turn
from tws.database import in_database
from tws.hwa import engines
from tws.hwa.client import TWSClient
from tws.models import Agent
from tws.plan.models import PlanEngine

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

AGENT = Agent(slug="tws-analyzer", name="Analyzer", languages=["pt-br", "en"])
NOW = datetime.fromtimestamp(AFTERNOON, UTC)


@pytest.fixture
def hwa(monkeypatch: pytest.MonkeyPatch, settings) -> Iterator[MovedSimulator]:
    settings.LLM_BASE_URL = ""
    with moved_simulator(jobs=1_500) as simulator:
        simulator.at = AFTERNOON
        simulator.plan.refresh()
        monkeypatch.setattr(engines, "configured_engines", lambda: [simulator.engine])
        monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
        yield simulator


async def no_memories(question: str, limit: int) -> list:
    return []


async def answered(manager: AgentManager, turns: list[scoring.Asking]):
    """Each turn of a conversation with its score and its text."""
    history: list[Turn] = []
    for asking in turns:
        events = manager.answer(AGENT, asking.question, history=history)
        async with aclosing(events):
            end = [event async for event in events][-1]
        assert isinstance(end, Final), end
        history.append(Turn(asking.question, end.answer, end.tools, end.understood))
        yield asking, scoring.score_text(asking, end.answer, end.outcome), end.answer


@pytest.mark.parametrize("name", ["questions_dev", "questions_sixth", "questions_seventh"])
async def test_questions_are_answered_as_the_engine_s_data_say(hwa, name):
    async with ReadingSession(hwa) as session:
        await session.read()
    await in_database(PlanEngine.objects.update, fetched_at=NOW)
    truth = scoring.truth_of(hwa)
    verdicts: Counter[str] = Counter()
    connect = lambda engine: TWSClient(engine, attempts=1)  # noqa: E731

    async with AgentManager(connect, no_memories) as manager:
        for turns in scoring.conversations(scoring.DATA / f"{name}.jsonl", truth):
            async for asking, score, text in answered(manager, turns):
                verdicts[score.verdict] += 1
                if score.verdict != "right":
                    line = (
                        f"{score.verdict:7}{asking.question!r} {score.why[:150]} | {text[:200]!r}"
                    )
                    sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{name} {dict(verdicts)}\n")

    assert verdicts["right"] >= 0.9 * verdicts.total()
    assert verdicts["wrong"] <= 0.015 * verdicts.total()
