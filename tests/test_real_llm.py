"""The gateway against a real inference server: llama.cpp with a model of 135M parameters."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from knowledge import llm
from knowledge.llm import LLMBrokenOff, LLMError, LLMRefused, LLMUnavailable, call_llm, stream
from tests.fake_llm import meet
from tests.llama_server import CONTEXT, llama_server, weights

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("llm_without_rows"),
    pytest.mark.timeout(600),  # the first time the weights are downloaded
]

SUM = [{"role": "user", "content": "What is 2+2? Answer with one number."}]
LONG = [{"role": "user", "content": "Write a long story about a scheduler."}]
SCHEMA = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}},
    "required": ["ok"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def running():
    with llama_server(weights()) as server:
        yield server


@pytest.fixture
async def served(running, settings):
    settings.LLM_BASE_URL = running.url
    settings.LLM_MODEL = "tiny"
    settings.LLM_MAX_RETRIES = 0
    settings.LLM_TIMEOUT_SECONDS = 300  # a busy machine
    yield running
    await llm.aclose()


async def test_an_answer_is_streamed_with_its_usage(served):
    await meet()

    deltas = [delta async for delta in stream(SUM, max_tokens=100)]

    reply = deltas[-1].reply
    assert len(deltas) > 3
    assert "".join(delta.text for delta in deltas) == reply.text
    assert "4" in reply.text
    assert reply.finish_reason == "stop"
    assert reply.usage.prompt_tokens > 10
    assert 0 < reply.usage.completion_tokens <= 100


async def test_an_answer_that_is_cut_is_broken_off(served):
    with pytest.raises(LLMBrokenOff) as broken:
        [_ async for _ in stream(LONG, max_tokens=8)]
    assert (broken.value.how, broken.value.used) == ("length", 8)


async def test_a_schema_is_kept_to(served):
    reply = await call_llm("Is water wet?", max_tokens=100, schema=SCHEMA)

    assert isinstance(reply.data["ok"], bool)


async def test_many_are_answered_at_once(served):
    questions = [f"Is {number} even?" for number in range(8)]

    replies = await asyncio.gather(
        *(call_llm(question, max_tokens=100, schema=SCHEMA) for question in questions)
    )

    assert all(isinstance(reply.data["ok"], bool) for reply in replies)


async def test_leaving_a_stream_stops_the_model(served):
    await meet()
    deltas = stream(LONG, max_tokens=900)
    async for _ in deltas:
        break
    await deltas.aclose()

    async with httpx.AsyncClient() as client, asyncio.timeout(20):
        while await _busy(client, served.url):  # noqa: ASYNC110  it runs in a process of its own
            await asyncio.sleep(0.1)


async def _busy(client, url):
    slots = await client.get(url.removesuffix("/v1") + "/slots")
    return any(slot["is_processing"] for slot in slots.json())


async def test_what_is_too_long_is_said_to_be(served):
    with pytest.raises(LLMRefused) as refused:
        await call_llm("word " * CONTEXT * 2, max_tokens=5)
    assert refused.value.kind == "too_long"


async def test_a_server_that_is_killed_midway_breaks_the_answer_off(settings):
    settings.LLM_MODEL, settings.LLM_MAX_RETRIES = "tiny", 0
    with llama_server(weights()) as server:
        settings.LLM_BASE_URL = server.url
        await meet()
        with pytest.raises(LLMError) as broken:
            async for _ in stream(LONG, max_tokens=900):
                server.process.kill()
        assert isinstance(broken.value, LLMBrokenOff)
        with pytest.raises(LLMUnavailable):
            await call_llm("?", max_tokens=5)
    await llm.aclose()
