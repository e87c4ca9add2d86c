"""The LLM gateway against a real OpenAI-compatible server on loopback."""

from __future__ import annotations

import asyncio
import itertools
import json

import pytest

from knowledge import llm
from knowledge.llm import LLMBadReply, LLMOff, LLMRefused, LLMUnavailable, call_llm, stream
from tests.fake_llm import Scripted, fake_llm, refuse, say, say_json

SCHEMA = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture(autouse=True)
async def _quick(settings):
    settings.LLM_MODEL = "tiny"
    settings.LLM_API_KEY = "sk-test"
    settings.LLM_MAX_RETRIES = 2
    settings.LLM_TIMEOUT_SECONDS = 5
    yield
    await llm.aclose()


def serve(settings, script):
    server = fake_llm(script)
    llm_server = server.__enter__()
    settings.LLM_BASE_URL = llm_server.url
    return server, llm_server


@pytest.fixture
def scripted(settings):
    """Start the server with a script; it is stopped when the test ends."""
    running = []

    def start(script):
        server, llm_server = serve(settings, script)
        running.append(server)
        return llm_server

    yield start
    for server in running:
        server.__exit__(None, None, None)


def one_after_the_other(*answers: Scripted):
    turns = itertools.chain(answers, itertools.repeat(answers[-1]))
    return lambda body: next(turns)


async def test_an_answer_comes_with_its_usage(scripted):
    server = scripted(lambda body: say("two words"))

    reply = await call_llm("hello", max_tokens=500)

    assert (reply.text, reply.finish_reason, reply.model) == ("two words", "stop", "tiny")
    assert reply.usage.completion_tokens == 2
    assert server.requests[0]["max_tokens"] == 500
    assert llm.endpoint().completion_tokens == 2


async def test_what_was_spent_is_counted_and_priced(scripted, settings):
    settings.LLM_PRICE_INPUT, settings.LLM_PRICE_OUTPUT = 2.0, 10.0
    scripted(lambda body: say("two words"))

    await call_llm("hello", max_tokens=500)

    spent = llm.spent()
    assert (spent.calls, spent.prompt_tokens, spent.completion_tokens) == (1, 11, 2)
    assert spent.cost == pytest.approx((11 * 2 + 2 * 10) / 1_000_000)
    assert "cost" in str(spent)


async def test_without_a_base_url_the_llm_is_off(settings):
    settings.LLM_BASE_URL = ""

    with pytest.raises(LLMOff):
        await call_llm("hello", max_tokens=5)


async def test_a_schema_is_asked_for_and_parsed(scripted):
    server = scripted(lambda body: say_json({"ok": True}))

    reply = await call_llm("?", max_tokens=5, schema=SCHEMA)

    assert reply.data == {"ok": True}
    assert server.requests[0]["response_format"]["json_schema"]["schema"] == SCHEMA


async def test_an_endpoint_without_json_schema_is_asked_for_json_and_remembered(scripted):
    def script(body):
        kind = body.get("response_format", {}).get("type")
        return (
            refuse(400, "response_format json_schema unknown")
            if kind == "json_schema"
            else (say_json({"ok": True}))
        )

    server = scripted(script)
    await call_llm("?", max_tokens=5, schema=SCHEMA)
    await call_llm("?", max_tokens=5, schema=SCHEMA)

    kinds = [request["response_format"]["type"] for request in server.requests]
    assert kinds == ["json_schema", "json_object", "json_object"]


async def test_an_endpoint_that_wants_max_completion_tokens_gets_it(scripted):
    def script(body):
        if "max_tokens" in body:
            return refuse(400, "Use max_completion_tokens instead of max_tokens")
        return say("ok")

    server = scripted(script)

    assert (await call_llm("?", max_tokens=7)).text == "ok"
    assert server.requests[-1]["max_completion_tokens"] == 7


async def test_a_429_is_tried_again(scripted):
    server = scripted(one_after_the_other(refuse(429, headers={"Retry-After": "0"}), say("ok")))

    assert (await call_llm("?", max_tokens=5)).text == "ok"
    assert len(server.requests) == 2


async def test_an_endpoint_that_stays_away_is_unavailable_after_bounded_tries(scripted):
    server = scripted(lambda body: refuse(503, "loading the model"))

    with pytest.raises(LLMUnavailable, match="loading the model"):
        await call_llm("?", max_tokens=5)
    assert len(server.requests) == 3


async def test_a_refusal_is_not_tried_again(scripted):
    server = scripted(lambda body: refuse(401, "bad key"))

    with pytest.raises(LLMRefused, match="bad key"):
        await call_llm("?", max_tokens=5)
    assert len(server.requests) == 1


async def test_an_answer_that_is_not_json_is_a_bad_reply(scripted):
    scripted(lambda body: Scripted(raw="<html>proxy</html>"))

    with pytest.raises(LLMBadReply):
        await call_llm("?", max_tokens=5)


async def test_a_slow_endpoint_times_out(scripted, settings):
    settings.LLM_TIMEOUT_SECONDS = 0.2
    settings.LLM_MAX_RETRIES = 0
    scripted(lambda body: say("late", delay=1.0))

    with pytest.raises(LLMUnavailable):
        await call_llm("?", max_tokens=5)


async def test_a_stream_brings_the_text_in_pieces_and_then_the_whole(scripted):
    scripted(lambda body: say("one two three"))

    deltas = [delta async for delta in stream(HELLO, max_tokens=50)]

    assert [delta.text for delta in deltas[:-1]] == ["one ", "two ", "three"]
    assert deltas[-1].reply.text == "one two three"
    assert deltas[-1].reply.usage.completion_tokens == 3


async def test_a_stream_assembles_tool_calls(scripted):
    scripted(lambda body: Scripted(tool_calls=[("find_jobs", {"name": "A"})]))

    deltas = [delta async for delta in stream(HELLO, max_tokens=50)]

    [call] = deltas[-1].reply.tool_calls
    assert (call.name, call.arguments) == ("find_jobs", '{"name": "A"}')


async def test_a_stream_that_breaks_off_is_unavailable(scripted):
    scripted(lambda body: say("one two three four", drop_after=2))

    with pytest.raises(LLMUnavailable):
        [delta async for delta in stream(HELLO, max_tokens=50)]


async def test_leaving_a_stream_closes_the_connection(scripted):
    server = scripted(lambda body: say("word " * 200, chunk_delay=0.02))

    deltas = stream(HELLO, max_tokens=50)
    async for _ in deltas:
        break
    await deltas.aclose()
    await asyncio.sleep(0.5)

    assert server.cut_off == 1


# --- check_llm ------------------------------------------------------------------------------


def check_llm(capsys):
    from django.core.management import call_command

    with pytest.raises(SystemExit) as exit_info:
        call_command("check_llm", "--json")
    return exit_info.value.code, json.loads(capsys.readouterr().out)


def capable(body):
    if body.get("tools"):
        return Scripted(tool_calls=[("count_jobs", {})])
    return say_json({"ok": True})


def test_check_llm_finds_a_capable_endpoint_in_order(scripted, capsys):
    scripted(capable)

    code, found = check_llm(capsys)

    assert (code, found["ok"], len(found["steps"])) == (0, True, 4)


def test_check_llm_reports_a_model_that_cuts_replies_off(scripted, capsys):
    scripted(lambda body: say("1 2 3", finish_reason="length"))

    code, found = check_llm(capsys)

    assert code == 1
    assert "stops at 3 tokens" in found["steps"][1]["mend"]


def test_check_llm_says_what_to_set_when_nothing_is_configured(settings, capsys):
    settings.LLM_BASE_URL = ""

    code, found = check_llm(capsys)

    assert code == 1
    assert "LLM_BASE_URL" in found["steps"][0]["mend"]
