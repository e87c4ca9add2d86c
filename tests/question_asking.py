"""Asks a file's questions of the understanding, or of the agent by rules, and scores each.

Used by the tests and by `scripts/bench/understanding.py`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

from asgiref.sync import async_to_sync

from tests import question_scoring as scoring
from tests.plan_reading import NOON, MovedSimulator, moved_simulator, read_once
from tws.answers.agents import AgentManager
from tws.answers.events import Final, Turn
from tws.answers.understanding.asked import (
    Ask,
    NotUnderstood,
    Thing,
    Understood,
    read_understood,
    understood_json,
)
from tws.answers.understanding.understanding import understand
from tws.hwa import engines
from tws.hwa.client import TWSClient
from tws.models import Agent
from tws.plan.models import PlanEngine
from tws.plan.query.asked import PlanQueryRefused

AFTERNOON = NOON + 19_800  # 14:30 in São Paulo
AGENT = Agent(slug="tws-analyzer", name="Analyzer", languages=["pt-br", "en"])
KINDS = {"jobs": "job", "runs": "job", "job_streams": "stream", "workstations": "workstation"}
FORGOTTEN = ("small_talk", "cannot_know", "define")
"""What does not become what a follow-up edits."""


@dataclass
class Answered:
    """One question with its verdict; `text` is empty where only the understanding was asked."""

    asking: scoring.Asking
    score: scoring.Scored
    understood: Understood
    text: str = ""

    def line(self) -> str:
        took = f"{self.understood.text} (unused: {', '.join(self.understood.unused)})"
        return " | ".join((
            f"{self.score.verdict:7}{self.asking.kind:13}{self.asking.question!r}",
            took, self.score.why[:300], self.text[:200].replace("\n", " "),
        ))  # fmt: skip


@contextmanager
def plan_in_the_afternoon(jobs: int = 1_500) -> Iterator[MovedSimulator]:
    """A simulated engine at 14:30, its plan read into the database; no other engine, no LLM."""
    with moved_simulator(jobs=jobs) as hwa:
        hwa.at = AFTERNOON
        hwa.plan.refresh()
        read_once(hwa)
        now = datetime.fromtimestamp(AFTERNOON, UTC)
        PlanEngine.objects.update(fetched_at=now)
        with (
            mock.patch.object(engines, "configured_engines", lambda: [hwa.engine]),
            mock.patch("django.utils.timezone.now", lambda: now),
        ):
            yield hwa


# --- the understanding alone --------------------------------------------------------------------


def understood_of(path: Path, truth: scoring.Truth) -> Iterator[Answered]:
    for turns in scoring.conversations(path, truth):
        last: Understood | None = None
        shown: tuple[Thing, ...] = ()
        for asking in turns:
            understood = understand(
                asking.question, now=_now(truth), zone=scoring.ZONE, engine="SIM", last=last
            )
            stored = json.loads(json.dumps(understood_json(understood)))
            assert read_understood(stored) == understood
            score = scoring.score_understood(asking, understood, list(shown))
            yield Answered(asking, score, understood)
            if asking is turns[-1]:
                break  # nobody asks about what this one shows
            shown = shown_by(understood.asked, _now(truth)) or shown
            nothing = isinstance(understood.asked, NotUnderstood) and not understood.asked.words
            if understood.asked.type not in FORGOTTEN and not nothing:
                last = replace(understood, shown=shown)


def _now(truth: scoring.Truth) -> datetime:
    return datetime.fromtimestamp(truth.now, scoring.ZONE)


def shown_by(asked: Any, now: datetime) -> tuple[Thing, ...]:
    """The objects that a list would show first."""
    kind = KINDS.get(asked.query.entity) if isinstance(asked, Ask) else None
    if kind is None:
        return ()
    try:
        rows = scoring.answered(asked.query, now).get("rows", [])
    except PlanQueryRefused:
        return ()
    things = [Thing(kind, row[kind], "", row.get("stream", "")) for row in rows]
    return tuple(dict.fromkeys(things))[:10]


# --- the whole answer ---------------------------------------------------------------------------


async def _no_memories(question: str, limit: int) -> list[Any]:
    return []


def answers_of(path: Path, truth: scoring.Truth) -> list[Answered]:
    async def all_of_them() -> list[Answered]:
        async with AgentManager(lambda engine: TWSClient(engine, attempts=1), _no_memories) as one:
            return [
                answered
                for turns in scoring.conversations(path, truth)
                async for answered in _conversation(one, turns)
            ]

    return async_to_sync(all_of_them)()


async def _conversation(
    manager: AgentManager, turns: list[scoring.Asking]
) -> AsyncIterator[Answered]:
    history: list[Turn] = []
    for asking in turns:
        async with aclosing(manager.answer(AGENT, asking.question, history=history)) as events:
            end = [event async for event in events][-1]
        assert isinstance(end, Final), end
        history.append(Turn(asking.question, end.answer, end.tools, end.understood))
        score = scoring.score_text(asking, end.answer, end.outcome)
        yield Answered(asking, score, end.understood, end.answer)
