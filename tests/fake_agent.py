"""An agent that says what a test tells it to: the chat's network edge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Any

import pytest
from django.core.cache import cache

from tws.answers.events import (
    Chunk,
    Event,
    Final,
    RunStarted,
    Source,
    ToolCall,
    ToolResult,
    ToolUse,
)
from tws.answers.understanding.asked import Summary, Thing, Understood
from tws.chat import answering

FETCHED_AT = "2026-03-02T10:00:00-03:00"
EVIDENCE = {"tool": "count_jobs", "arguments": {}, "result": {"ABEND": 2}, "fetched_at": FETCHED_AT}


def words(answer: str, **final: Any) -> list[Event]:
    """The events of an answer that comes word by word: a model's, unless `final` says else."""
    final.setdefault("mode", "llm")
    pieces = answer.split(" ")
    chunks = [Chunk(piece + " ") for piece in pieces[:-1]] + [Chunk(pieces[-1])]
    return [RunStarted("tws-analyzer", "rules"), *chunks, Final(answer, **final)]


def reading(answer: str) -> list[Event]:
    """The events of an answer that rests on a reading of HWA."""
    started, *rest = words(
        answer,
        sources=(Source("hwa", "count_jobs", "PROD · count_jobs", "PROD", FETCHED_AT),),
        tools=(ToolUse("count_jobs", {"by": "status"}, True, FETCHED_AT),),
        kind="state",
        evidence=(EVIDENCE,),
    )
    call = ToolCall("count_jobs", {"by": "status"})
    result = ToolResult("count_jobs", {"by": "status"}, True, FETCHED_AT, "PROD")
    return [started, call, result, *rest]


TAKEN = Understood(
    Summary(), "pt", "quais jobs falharam?", ("jobs", "terminou com erro"), ("sexta",),
    (Thing("job", "JOB_A"),),
)  # fmt: skip


def understood(answer: str) -> list[Event]:
    """The events of an answer that tells how its question was taken, and leaves out a word."""
    return words(answer, understood=TAKEN, outcome="partial", suggestions=("why did JOB_A fail?",))


class FakeAgents:
    """Stands in for the AgentManager. `asked` holds the questions that reached it.

    An item of `script` is an event, a number of seconds to wait, or an exception to raise.
    """

    def __init__(self, *script: Event | float | Exception) -> None:
        self.script: Iterable[Event | float | Exception] = script or words("Two jobs failed.")
        self.asked: list[str] = []
        self.history: Sequence[Any] = ()
        self.taken: Any = None
        self.stopped = 0
        self.go = asyncio.Event()
        self.go.set()

    async def answer(
        self,
        agent: Any,
        question: str,
        *,
        history: Sequence[Any] = (),
        taken: Any = None,
        own: Any = None,
    ) -> AsyncGenerator[Event, None]:
        self.asked.append(question)
        self.history, self.taken = history, taken
        try:
            for item in self.script:
                if isinstance(item, Exception):
                    raise item
                if isinstance(item, int | float):
                    await asyncio.sleep(item)
                else:
                    await self.go.wait()
                    yield item
        except (asyncio.CancelledError, GeneratorExit):
            self.stopped += 1
            raise


@pytest.fixture
def agents(monkeypatch: pytest.MonkeyPatch) -> FakeAgents:
    """Who answers in the chat; and nobody has asked anything yet."""
    fake = FakeAgents()
    monkeypatch.setattr(answering, "agent_manager", lambda: fake)
    cache.clear()
    return fake
