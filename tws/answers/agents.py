"""Who answers: the agents' rows, the HWA clients they share, and the run of one question."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import TYPE_CHECKING

from django.conf import settings

from knowledge import llm
from tws.answers.events import Chunk, Emit, Event, Failed, RunStarted, Turn
from tws.hwa.engine import Engine
from tws.hwa.engines import engine_for, engine_named
from tws.models import Agent
from tws.per_loop import PerLoop

if TYPE_CHECKING:  # what answers is loaded with the first question
    from tws.answers.memories import OwnMemories, Recall
    from tws.answers.understanding.asked import Understood
    from tws.hwa.client import TWSClient


class _Emitted:
    """What an agent emits, for one reader. Words that wait while others are served are one Chunk:
    where more tokens come than can be passed on one by one, they pass in larger pieces."""

    def __init__(self) -> None:
        self._waiting: deque[Event] = deque()
        self._moved = asyncio.Event()
        self._is_over = False

    def add(self, event: Event) -> None:
        self._waiting.append(event)
        self._moved.set()

    def end(self) -> None:
        self._is_over = True
        self._moved.set()

    async def __aiter__(self) -> AsyncGenerator[Event, None]:
        while True:
            await self._moved.wait()
            self._moved.clear()
            while self._waiting:
                event = self._waiting.popleft()
                yield self._with_what_follows(event) if isinstance(event, Chunk) else event
            if self._is_over:
                return

    def _with_what_follows(self, chunk: Chunk) -> Chunk:
        texts = [chunk.text]
        while self._waiting and isinstance(following := self._waiting[0], Chunk):
            texts.append(following.text)
            self._waiting.popleft()
        return Chunk("".join(texts)) if len(texts) > 1 else chunk


class AgentManager:
    """Answers questions, with one HWA client per engine, made at the first use.

    A manager belongs to one event loop, as its clients do: `agent_manager()` is the running
    loop's; a command that has a loop of its own opens one with `async with AgentManager()`.
    """

    def __init__(
        self,
        connect: Callable[[Engine], TWSClient] | None = None,
        recall: Recall | None = None,
    ) -> None:
        self._connect = connect
        self._recall = recall
        self._tws_client_lock = asyncio.Lock()
        self._tws_clients: dict[str, TWSClient] = {}

    async def __aenter__(self) -> AgentManager:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every client. The next question opens a new one."""
        async with self._tws_client_lock:
            clients = list(self._tws_clients.values())
            self._tws_clients.clear()
            for client in clients:
                await client.aclose()

    async def _get_tws_client(self, engine: Engine | None = None) -> TWSClient:
        """The client of `engine` (none: the first configured one); whoever comes first makes it."""
        async with self._tws_client_lock:
            engine = engine or engine_for((), "")
            client = self._tws_clients.get(engine.name)
            if client is None:
                # In a thread: what an engine needs (a CA file, a token file) is read from disk.
                client = await asyncio.to_thread(self._connect or _client_of, engine)
                self._tws_clients[engine.name] = client
            return client

    async def tws_client(self, name: str = "") -> TWSClient:
        """The shared client of an engine by name; for the live page and the health check."""
        return await self._get_tws_client(engine_named(name) if name else None)

    async def answer(
        self,
        agent: Agent,
        question: str,
        *,
        history: Sequence[Turn] = (),
        taken: Understood | None = None,
        own: OwnMemories | None = None,
    ) -> AsyncGenerator[Event, None]:
        """The events of one run, see `tws.answers.events`. Use with `contextlib.aclosing`.

        `taken` is what the question asks when that is known: the rules answer it. `own` finds the
        memories that the asker's questions made.
        Closing the generator, or cancelling the task that reads it, stops the run at once.
        """
        emitted = _Emitted()
        run = asyncio.create_task(self._run(agent, question, history, taken, own, emitted.add))
        run.add_done_callback(lambda _: emitted.end())
        try:
            async for event in emitted:
                yield event
            await run  # raises what ended it, if anything did
        finally:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)

    async def _run(
        self,
        agent: Agent,
        question: str,
        history: Sequence[Turn],
        taken: Understood | None,
        own: OwnMemories | None,
        emit: Emit,
    ) -> None:
        from tws.answers.llm_agent import LLMAgent
        from tws.answers.memories import recall
        from tws.answers.rules import RuleAgent
        from tws.answers.toolkit import Toolkit

        engine = engine_for(agent.engines, question)
        toolkit = Toolkit(
            engine,
            lambda: self._get_tws_client(engine),
            allowed=agent.tools,
            emit=emit,
        )
        rules = RuleAgent(agent, toolkit, emit, self._recall or recall, own)
        with_llm = bool(settings.LLM_BASE_URL) and taken is None
        emit(RunStarted(agent.slug, "llm" if with_llm else "rules"))
        try:
            async with asyncio.timeout(settings.CHAT_RUN_SECONDS) as limit:
                if with_llm:
                    await LLMAgent(agent, toolkit, emit, rules).answer(question, history)
                else:
                    await rules.answer(question, history, taken=taken)
        except TimeoutError:
            if not limit.expired():
                raise
            emit(Failed("internal", rules.too_slow(question), tuple(toolkit.uses)))


def _client_of(engine: Engine) -> TWSClient:
    from tws.hwa.client import TWSClient

    return TWSClient(engine)


agent_manager = PerLoop(AgentManager)


async def close_shared() -> None:
    """Close what a command's event loop opened beside its manager: memories and the LLM."""
    if graph := sys.modules.get("knowledge.graph"):
        await graph.knowledge_graph.aclose()
    await llm.aclose()
