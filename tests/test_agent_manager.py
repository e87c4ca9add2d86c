"""One HWA client per engine and event loop, made by whoever asks first."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, nullcontext

import pytest

from tws.answers.agents import AgentManager, agent_manager
from tws.answers.events import Chunk, Final, RunStarted, ToolCall
from tws.hwa import engines
from tws.hwa.engine import Engine
from tws.models import Agent

PROD = Engine(name="PROD", base_url="https://prod.example:31116", tags=("PROD",))
DR = Engine(name="DR", base_url="https://dr.example:31116")
CALL = ToolCall("count_jobs", {})


class CountedClient:
    """Stands in for TWSClient where only its making and closing matter."""

    made: list[CountedClient]

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.closed = False
        self.made.append(self)

    async def aclose(self) -> None:
        self.closed = True


@pytest.fixture
def counted(monkeypatch):
    monkeypatch.setattr(CountedClient, "made", [], raising=False)
    monkeypatch.setattr(engines, "configured_engines", lambda: [PROD, DR])
    return CountedClient


async def five_at_once(manager):
    return await asyncio.gather(*(manager._get_tws_client() for _ in range(5)))


async def test_five_concurrent_callers_get_one_client(counted):
    manager = AgentManager(counted)

    clients = await five_at_once(manager)

    assert isinstance(manager._tws_client_lock, asyncio.Lock)
    assert len(counted.made) == 1
    assert all(client is counted.made[0] for client in clients)


async def test_without_its_lock_there_would_be_several_clients(counted):
    """The test above can fail: it is the lock that makes it pass."""

    class Unlocked:
        async def __aenter__(self):
            return nullcontext()

        async def __aexit__(self, *_):
            return None

    manager = AgentManager(counted)
    manager._tws_client_lock = Unlocked()

    await five_at_once(manager)

    assert len(counted.made) > 1


async def test_no_client_is_made_before_the_first_use(counted):
    AgentManager(counted)

    assert counted.made == []


async def test_each_engine_has_its_own_client(counted):
    manager = AgentManager(counted)

    first, second = await manager._get_tws_client(PROD), await manager._get_tws_client(DR)

    assert first is not second
    assert await manager.tws_client("DR") is second


async def test_closing_closes_every_client_and_the_next_use_opens_a_new_one(counted):
    async with AgentManager(counted) as manager:
        await manager._get_tws_client(PROD)
        await manager._get_tws_client(DR)

    assert all(client.closed for client in counted.made)
    assert await manager._get_tws_client(PROD) is not counted.made[0]


def test_each_event_loop_has_its_own_manager():
    async def mine():
        return agent_manager(), agent_manager()

    first, again = asyncio.run(mine())
    other, _ = asyncio.run(mine())

    assert first is again
    assert other is not first


async def test_a_failed_attempt_leaves_the_lock_free(counted):
    attempts = []

    def failing_once(engine):
        attempts.append(engine)
        if len(attempts) == 1:
            raise OSError("the token file cannot be read")
        return counted(engine)

    manager = AgentManager(failing_once)
    with pytest.raises(OSError, match="token file"):
        await manager._get_tws_client()

    assert await manager._get_tws_client() is counted.made[0]


@pytest.mark.django_db(transaction=True)
async def test_closing_the_answer_stops_the_run(counted, settings):
    settings.LLM_BASE_URL = ""
    begun, stopped = asyncio.Event(), asyncio.Event()

    async def slow_recall(question, limit):
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()

    manager = AgentManager(counted, slow_recall)
    agent = Agent(slug="tws-analyzer", name="Analyzer")
    async with aclosing(manager.answer(agent, "who do I call at night?")) as events:
        async for event in events:
            assert isinstance(event, RunStarted)
            await asyncio.wait_for(begun.wait(), 20)
            break

    await asyncio.wait_for(stopped.wait(), 5)


@pytest.mark.django_db(transaction=True)
async def test_the_chunks_make_up_the_answer(counted, settings):
    settings.LLM_BASE_URL = ""

    async def none(question, limit):
        return []

    agent = Agent(slug="tws-analyzer", name="Analyzer", languages=["en"])
    async with aclosing(AgentManager(counted, none).answer(agent, "hello")) as events:
        seen = [event async for event in events]

    assert isinstance(seen[-1], Final)
    assert "".join(e.text for e in seen if isinstance(e, Chunk)) == seen[-1].answer
    assert not seen[-1].is_worth_keeping


async def test_words_that_wait_are_read_as_one_and_a_lone_one_waits_for_nothing(monkeypatch):
    read = asyncio.Event()

    async def run(self, agent, question, history, taken, own, emit):
        for event in (Chunk("Let "), Chunk("me "), Chunk("see."), CALL, Chunk("There ")):
            emit(event)
        await read.wait()
        emit(Chunk("are 3."))

    monkeypatch.setattr(AgentManager, "_run", run)
    seen = []
    async with aclosing(AgentManager().answer(Agent(), "how many?")) as events:
        async for event in events:
            seen.append(event)
            if event == Chunk("There "):
                read.set()

    assert seen == [Chunk("Let me see."), CALL, Chunk("There "), Chunk("are 3.")]
