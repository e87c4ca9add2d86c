"""The LLM gateway against a real OpenAI-compatible server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
import time

import pytest

from knowledge import llm
from knowledge.llm import (
    LLMBadReply,
    LLMBrokenOff,
    LLMError,
    LLMOff,
    LLMRefused,
    LLMUnavailable,
    Reply,
    ToolCall,
    as_message,
    call_llm,
    gateway,
    stream,
    transport,
)
from knowledge.llm.errors import LONGEST_ASKED_SECONDS, wanted_wait
from tests.fake_llm import Scripted, fake_llm, meet, refuse, say, say_json

pytestmark = pytest.mark.usefixtures("llm_without_rows")

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

    with pytest.raises(LLMUnavailable, match="bad key"):
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


async def test_a_stream_that_is_cut_is_broken_off(scripted):
    scripted(lambda body: say("one two three four", drop_after=2))

    with pytest.raises(LLMBrokenOff):
        [delta async for delta in stream(HELLO, max_tokens=50)]


def sent_when(monkeypatch, *pieces):
    """Let an endpoint send these bytes, each once everything before was read."""
    read = [asyncio.Event() for _ in pieces]

    async def exchange(request):
        for before, piece in zip([None, *read], pieces, strict=False):
            if before:
                await before.wait()
            yield piece

    monkeypatch.setattr(gateway, "exchange", exchange)
    return iter(read)


def event(text, **more):
    delta = {"index": 0, "delta": {"content": text}} | more
    return f"data: {json.dumps({'choices': [delta]})}\n\n".encode()


async def test_tokens_that_come_at_once_leave_as_one_and_a_lone_one_waits_for_nothing(
    settings, monkeypatch
):
    settings.LLM_BASE_URL = "http://llm.example/v1"
    await meet()
    read = sent_when(
        monkeypatch,
        event("There ") + event("are "),
        event("3"),
        event(" jobs.") + event("", finish_reason="stop"),
    )

    texts = []
    async for delta in stream(HELLO, max_tokens=50):
        texts.append(delta.text)
        if (next_read := next(read, None)) is not None:
            next_read.set()

    assert texts == ["There are ", "3", " jobs.", ""]


async def test_the_wire_is_left_alone_and_all_that_came_meanwhile_is_read_at_once(
    scripted, monkeypatch
):
    monkeypatch.setattr(gateway, "PACE_SECONDS", 0.5)
    scripted(lambda body: say("word " * 300))
    await meet()

    came = [time.monotonic() async for delta in stream(HELLO, max_tokens=50) if delta.text]

    assert all(later - one > 0.49 for one, later in itertools.pairwise(came))
    assert 1 < len(came) < 30


class Proxy:
    """A proxy on loopback that answers by itself, and keeps what it was asked."""

    async def __aenter__(self):
        self.asked = []
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()

    async def _answer(self, reader, writer):
        self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + event("by proxy", finish_reason="stop"))
        await writer.drain()
        writer.close()


async def test_the_proxy_of_the_environment_is_used_but_not_for_who_is_left_out(
    settings, monkeypatch, scripted
):
    scripted(lambda body: say("directly"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    async with Proxy() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//me:secret@"))
        assert (await call_llm("?", max_tokens=5)).text == "directly"

        settings.LLM_BASE_URL = "http://llm.example/v1"
        assert (await call_llm("?", max_tokens=5)).text == "by proxy"

    [asked] = proxy.asked
    assert asked.startswith("POST http://llm.example/v1/chat/completions HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic bWU6c2VjcmV0" in asked


class Forgetful:
    """An endpoint on loopback that keeps each connection, and ends it when it is used again."""

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self.ended = 0
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()

    async def _answer(self, reader, writer):
        await self._read(reader)
        answer = event("here", finish_reason="stop")
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n"
        writer.write(f"{head}Content-Type: text/event-stream\r\n\r\n".encode() + answer)
        with contextlib.suppress(asyncio.IncompleteReadError):
            await self._read(reader)
            self.ended += 1
        writer.close()

    async def _read(self, reader):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1])
        await reader.readexactly(length)


async def test_a_kept_connection_that_the_endpoint_ended_is_replaced_at_once(settings):
    async with Forgetful() as endpoint:
        settings.LLM_BASE_URL, settings.LLM_MAX_RETRIES = endpoint.url, 0

        answers = [(await call_llm("?", max_tokens=5)).text for _ in range(4)]
        await llm.aclose()

    assert (answers, endpoint.ended) == (["here"] * 4, 3)


@pytest.mark.parametrize("key", ["sk-\u00e9", "sk\r\nX-Evil: 1", "sk\u2013"])
async def test_a_key_that_no_header_holds_is_said_to_be_none(key, scripted, settings):
    settings.LLM_API_KEY = key
    server = scripted(lambda body: say("ok"))

    with pytest.raises(LLMUnavailable, match="odd characters") as refused:
        await call_llm("?", max_tokens=5)
    assert (refused.value.kind, server.requests) == ("key", [])


ANSWERS_ON_THE_WIRE = {
    "no HTTP": b"SSH-2.0-OpenSSH_9.9\r\n",
    "nothing": b"",
    "an odd status": b"HTTP/1.1 abc No\r\n\r\n",
    "a header without end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
    "less than it says": b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{",
    "a chunk that is none": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n",
    "a chunk that is cut": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n99\r\n{",
    "broken gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nno!",
}  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS_ON_THE_WIRE.values(), ids=ANSWERS_ON_THE_WIRE)
@pytest.mark.parametrize("streamed", [True, False])
async def test_what_is_no_http_is_an_llm_error(answer, streamed, settings):
    settings.LLM_MAX_RETRIES = 0

    async def say_it(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(say_it, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings.LLM_BASE_URL = f"http://127.0.0.1:{port}/v1"
        with pytest.raises(LLMError):
            if streamed:
                [_ async for _ in stream(HELLO, max_tokens=5)]
            else:
                await call_llm("?", max_tokens=5)


async def test_what_came_together_with_the_break_is_shown(settings, monkeypatch):
    monkeypatch.setattr(gateway, "PACE_SECONDS", 1)
    shown = asyncio.Event()

    async def say_it(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for part in (event("There "), event("are ")):
            writer.write(b"%x\r\n%s\r\n" % (len(part), part))
            await shown.wait()
        writer.close()

    texts = []
    async with await asyncio.start_server(say_it, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings.LLM_BASE_URL = f"http://127.0.0.1:{port}/v1"
        await meet()
        with pytest.raises(LLMBrokenOff):
            async for delta in stream(HELLO, max_tokens=5):
                texts.append(delta.text)
                shown.set()
    assert texts == ["There ", "are "]


async def test_a_headers_length_that_gateways_write_is_taken(settings):
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: s=%s\r\n\r\n" % (b"x" * 30_000)

    async def say_it(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer + event("ok", finish_reason="stop"))
        writer.close()

    async with await asyncio.start_server(say_it, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings.LLM_BASE_URL = f"http://127.0.0.1:{port}/v1"
        assert (await call_llm("?", max_tokens=5)).text == "ok"


async def test_what_comes_together_with_an_error_is_shown_before_it(settings, monkeypatch):
    settings.LLM_BASE_URL = "http://llm.example/v1"
    await meet()
    sent_when(monkeypatch, event("There ") + event("are") + b'data: {"error": "no memory"}\n\n')

    texts = []
    with pytest.raises(LLMBrokenOff, match="no memory"):
        async for delta in stream(HELLO, max_tokens=50):
            texts.append(delta.text)

    assert texts == ["There are"]


@pytest.mark.parametrize(
    "url", ["http://[::1/v1", "http://a..b/v1", f"http://{'a' * 64}.example/v1", "http://u:p@x/v1"]
)
async def test_an_address_that_is_none_is_said_to_be(url, settings):
    settings.LLM_BASE_URL, settings.LLM_API_KEY, settings.LLM_MAX_RETRIES = url, "k", 0

    with pytest.raises(LLMUnavailable):
        await call_llm("?", max_tokens=5)


async def test_leaving_a_stream_closes_the_connection(scripted):
    server = scripted(lambda body: say("word " * 200, chunk_delay=0.02))
    await meet()

    deltas = stream(HELLO, max_tokens=50)
    async for _ in deltas:
        break
    await deltas.aclose()
    await asyncio.sleep(0.5)

    assert server.cut_off == 1


# --- what an endpoint takes -------------------------------------------------------------------

TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "hello"},
    {"role": "system", "content": "It is Monday."},
    {"role": "assistant", "content": None, "tool_calls": [
        {"id": "a", "type": "function", "function": {"name": "count_jobs", "arguments": "{}"}}]},
    {"role": "tool", "tool_call_id": "a", "content": "3"},
    {"role": "user", "content": "and now?"},
]  # fmt: skip
TALK_WITHOUT_TOOLS = [*TALK[:2], TALK[-1]]
TOOLS = [{"type": "function", "function": {"name": "count_jobs", "parameters": {}}}]


def beside_calls(body):
    """What stands beside tool calls; "-" for nothing."""
    [turn] = [one for one in body["messages"] if "tool_calls" in one]
    return turn.get("content", "-")


def unless(takes, status, message):
    """A model that refuses a request with these words unless it `takes` it."""
    return lambda body: say_json({"ok": True}) if takes(body) else refuse(status, message)


def roles(body):
    return [message["role"] for message in body["messages"]]


MINDS = {
    "temperature": (lambda body: "temperature" not in body, "'temperature' is not supported"),
    "stream_options": (lambda body: "stream_options" not in body,
                       "{'loc': ('body', 'stream_options'), 'msg': 'Extra inputs'}"),
    "max_tokens": (lambda body: "max_tokens" not in body, "Use 'max_completion_tokens'"),
    "any limit": (lambda body: not {"max_tokens", "max_completion_tokens"} & set(body),
                  "max_tokens is too large: 500"),
    "a system role": (lambda body: "system" not in roles(body), "System role not supported"),
    "roles": (lambda body: "system" not in roles(body), "roles must alternate user/assistant"),
    "streams": (lambda body: not body.get("stream"), "Streaming is not available"),
    "null beside calls": (lambda body: beside_calls(body) is None, "content and tool_calls: one"),
    "nothing beside calls": (lambda body: beside_calls(body) == "-", "content must not be empty"),
    "words beside calls": (lambda body: beside_calls(body) == " ", "text content is empty"),
    "tools in streams": (lambda body: not body.get("stream"), "Cannot use tools with stream"),
}  # fmt: skip


@pytest.mark.parametrize("status", [400, 422, 500])
@pytest.mark.parametrize(("takes", "message"), MINDS.values(), ids=MINDS)
async def test_what_an_endpoint_names_is_left_out_and_remembered(
    takes, message, status, scripted, settings
):
    settings.LLM_MAX_RETRIES = 0
    server = scripted(unless(takes, status, message))

    for _ in range(3 if status == 500 else 2):  # one failure of its own may be a passing one
        deltas = [delta async for delta in stream(TALK, max_tokens=50, tools=TOOLS)]
        assert deltas[-1].reply.text
    assert takes(server.requests[-1])
    assert takes(server.requests[-2])
    assert len(server.requests) <= (9 if status == 500 else 5)
    assert server.requests[-1]["tools"]


@pytest.mark.parametrize("message", ["This model only support stream mode", "Bad request"])
async def test_a_model_that_only_streams_is_asked_for_a_stream(message, scripted):
    server = scripted(unless(lambda body: body.get("stream"), 400, message))

    replies = [await call_llm(TALK, max_tokens=50, schema=SCHEMA) for _ in range(2)]

    assert [reply.data for reply in replies] == [{"ok": True}] * 2
    assert [bool(body.get("stream")) for body in server.requests[-2:]] == [True, True]
    assert "response_format" in server.requests[-1]


@pytest.mark.parametrize("streams", [False, True])
async def test_one_that_takes_next_to_nothing_is_asked_for_that(streams, scripted):
    plain = {"model", "messages", "max_tokens"} | ({"stream"} if streams else set())
    takes = lambda body: body.keys() <= plain and (body.get("stream") or not streams)  # noqa: E731
    server = scripted(unless(takes, 400, "Bad request"))

    for _ in range(2):
        assert (await call_llm("?", max_tokens=50, schema=SCHEMA)).data == {"ok": True}
    assert takes(server.requests[-1])
    assert takes(server.requests[-2])


async def test_one_that_takes_a_stream_as_little_as_a_whole_is_given_up(scripted):
    server = scripted(lambda body: refuse(400, "stream is what I mind"))

    for ask in (call_llm(TALK, max_tokens=50), anext(stream(TALK, max_tokens=50))):
        with pytest.raises(LLMRefused):
            await ask
    assert len(server.requests) < 30


async def test_one_thing_after_the_other_is_left_out(scripted):
    def script(body):
        for name in ("max_tokens", "temperature", "response_format"):
            if name in body:
                return refuse(400, f"{name} is not supported by this model")
        return say_json({"ok": True})

    server = scripted(script)

    await call_llm("?", max_tokens=50, schema=SCHEMA)
    assert server.requests[-1].keys() == {"model", "messages", "max_completion_tokens"}


@pytest.mark.parametrize("status", [400, 422, 500])
@pytest.mark.parametrize(("takes", "_message"), MINDS.values(), ids=MINDS)
async def test_what_it_does_not_name_is_found(takes, _message, status, scripted, settings):
    settings.LLM_MAX_RETRIES = 0
    server = scripted(unless(takes, status, "Bad request"))

    for _ in range(3 if status == 500 else 2):  # one failure of its own may be a passing one
        deltas = [delta async for delta in stream(TALK, max_tokens=50, tools=TOOLS)]
        assert deltas[-1].reply.text
    assert takes(server.requests[-1])
    assert takes(server.requests[-2])


@pytest.mark.parametrize("message", ["no structured outputs here", "Bad request"])
async def test_a_schema_is_left_out_for_who_does_not_take_it(message, scripted):
    server = scripted(unless(lambda body: "response_format" not in body, 422, message))

    assert (await call_llm("?", max_tokens=50, schema=SCHEMA)).data == {"ok": True}
    assert "temperature" in server.requests[-1]


RICH = {"type": "function", "function": {"name": "count_jobs", "parameters": {
    "type": "object", "additionalProperties": False, "title": "Count", "required": ["by"],
    "$defs": {"By": {"enum": ["status", "day"], "type": "string", "title": "By"}},
    "properties": {
        "by": {"$ref": "#/$defs/By", "description": "what", "default": "status"},
        "day": {"anyOf": [{"type": "null"}, {"type": "string", "format": "date"}], "default": None},
        "names": {"type": "array", "minItems": 1, "items": {"type": "string", "maxLength": 9}},
    },
}}}  # fmt: skip
PLAIN = {
    "type": "object", "required": ["by"],
    "properties": {
        "by": {"type": "string", "enum": ["status", "day"], "description": "what"},
        "day": {"type": "string"},
        "names": {"type": "array", "items": {"type": "string"}},
    },
}  # fmt: skip


@pytest.mark.parametrize("status", [400, 422, 500])
@pytest.mark.parametrize(
    "message",
    ["Unknown name 'additionalProperties' at 'tools[0].function_declarations[0].parameters'",
     "anyOf is not supported", "$ref", "properties.day.format: only 'enum' and 'date-time'",
     "Bad request"],
)  # fmt: skip
async def test_tools_are_sent_in_plainer_words_before_they_are_given_up(
    message, status, scripted, settings
):
    settings.LLM_MAX_RETRIES = 0
    takes = lambda body: body["tools"][0]["function"]["parameters"] == PLAIN  # noqa: E731
    server = scripted(unless(takes, status, message))

    for _ in range(3):  # one failure of its own may be a passing one
        deltas = [_ async for _ in stream(TALK_WITHOUT_TOOLS, max_tokens=50, tools=[RICH])]
        assert deltas[-1].reply.text
    assert takes(server.requests[-1])
    assert takes(server.requests[-2])


async def test_a_refusal_that_nothing_helps_is_told_and_not_guessed_at_again(scripted):
    server = scripted(lambda body: refuse(400, "Bad request"))

    for _ in range(2):
        with pytest.raises(LLMRefused, match="Bad request"):
            await call_llm("?", max_tokens=50, schema=SCHEMA)
    assert server.requests[-1].keys() == server.requests[0].keys()
    assert len(server.requests) < 10


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (401, "Incorrect API key provided", "key"),
        (400, "API key not valid", "key"),
        (404, "model 'odd' not found, try pulling it first", "model"),
        (400, "The model `odd` does not exist", "model"),
        (400, "odd/1 is not a valid model ID", "model"),
        (429, "You exceeded your current quota (insufficient_quota)", "quota"),
        (402, "Insufficient credits", "quota"),
        (400, "This model's maximum context length is 4096 tokens, not max_tokens 6011",
         "too_long"),
        (400, "'max_tokens' or 'max_completion_tokens' is too large: 1500. This model's maximum "
              "context length is 4096 tokens and your request has 3500 input tokens", "too_long"),
        (400, "max_tokens must be at least 1, got -1904.", "too_long"),
        (400, "The decoder prompt (length 6011) is longer than the maximum model length of 4096",
         "too_long"),
        (422, "`inputs` tokens + `max_new_tokens` must be <= 4096", "too_long"),
        (400, "The input token count (7000) exceeds the maximum number of tokens allowed (4096)",
         "too_long"),
        (413, "Payload", "too_long"),
        (400, "blocked by the content management policy", "declined"),
    ],
)  # fmt: skip
async def test_a_refusal_of_another_kind_is_named_at_once(status, message, kind, scripted, caplog):
    server = scripted(lambda body: refuse(status, message))

    with pytest.raises(LLMError) as refused:
        await call_llm("?", max_tokens=50, schema=SCHEMA)
    assert (refused.value.kind, refused.value.status) == (kind, status)
    assert len(server.requests) == 1
    [line] = [record.getMessage() for record in caplog.records if "failed" in record.getMessage()]
    assert f"{kind}, status {status}" in line
    assert message[:20] in line


async def test_a_model_without_tools_is_not_asked_to_make_something_up(scripted):
    server = scripted(unless(lambda body: "tools" not in body, 400, "tiny does not support tools"))

    for _ in range(2):
        with pytest.raises(LLMRefused) as refused:
            [delta async for delta in stream(TALK_WITHOUT_TOOLS, max_tokens=50, tools=TOOLS)]
        assert refused.value.kind == "tools"
    assert len(server.requests) == 2
    assert (await call_llm("?", max_tokens=50)).text


@pytest.mark.parametrize(
    "words", ["Internal error", "system error", "tool parser failed", "stream reset", "no schema"]
)
async def test_a_server_that_failed_once_is_not_taken_for_one_that_takes_less(
    words, scripted, settings
):
    settings.LLM_MAX_RETRIES = 0
    server = scripted(one_after_the_other(refuse(500, words), say_json({"ok": True})))

    for _ in range(2):
        with contextlib.suppress(LLMRefused):
            [_ async for _ in stream(TALK_WITHOUT_TOOLS, max_tokens=50, tools=TOOLS)]
    assert server.requests[-1] == server.requests[0]


async def test_failures_with_an_answer_between_them_teach_nothing(scripted, settings):
    settings.LLM_MAX_RETRIES = 0
    failed, fine = refuse(500), say_json({"ok": True})
    server = scripted(one_after_the_other(failed, fine, fine, failed, fine))

    for _ in range(4):
        await call_llm("?", max_tokens=50, schema=SCHEMA)
    assert server.requests[-1] == server.requests[0]


async def test_calls_that_one_outage_hit_together_teach_nothing(scripted, settings):
    settings.LLM_MAX_RETRIES = 0
    server = scripted(
        one_after_the_other(*[refuse(500, delay=0.1)] * 4, say_json({"ok": True}, delay=0.1))
    )

    await asyncio.gather(*(call_llm("?", max_tokens=50, schema=SCHEMA) for _ in range(4)))
    await call_llm("?", max_tokens=50, schema=SCHEMA)
    assert server.requests[-1] == server.requests[0]


async def test_a_refusal_after_a_tools_result_is_not_about_tools(scripted):
    server = scripted(
        lambda body: (
            refuse(400, "tools: text is empty") if "tool" in roles(body) else say_json({"ok": True})
        )
    )

    with pytest.raises(LLMRefused):
        [_ async for _ in stream(TALK, max_tokens=50, tools=TOOLS)]
    [_ async for _ in stream(TALK_WITHOUT_TOOLS, max_tokens=50, tools=TOOLS)]
    assert server.requests[-1]["tools"]


@pytest.mark.parametrize("arguments", ['{"by": ', "[]", '"{}"', ""])
def test_a_calls_arguments_are_given_back_as_an_object(arguments):
    turn = as_message(Reply("", tool_calls=(ToolCall("a", "count_jobs", arguments),)))

    assert turn["tool_calls"][0]["function"]["arguments"] == "{}"


THOUGHT_ABOUT = [
    {"content": None, "reasoning_content": "I look, "},
    {"reasoning_content": "then say.", "tool_calls": [
        {"index": 0, "id": "a", "function": {"name": "count_jobs", "arguments": "{}"},
         "extra_content": {"google": {"thought_signature": "c2ln"}}}]},
]  # fmt: skip


async def talk_with_a_call(server):
    """Two turns: the model calls a tool and gets its result. The last turns that it was sent."""
    deltas = [delta async for delta in stream(TALK_WITHOUT_TOOLS, max_tokens=50, tools=TOOLS)]
    called = as_message(deltas[-1].reply)
    told = {"role": "tool", "tool_call_id": called["tool_calls"][0]["id"], "content": "3"}
    talk = [*TALK_WITHOUT_TOOLS, called, told]
    [_ async for _ in stream(talk, max_tokens=50, tools=TOOLS)]
    return server.requests[-1]["messages"][-2:]


def calls_first(refused=lambda body: None):
    def script(body):
        if roles(body)[-1] == "tool":
            return refused(body) or say("3 jobs.")
        return Scripted(events=[
            *(f"data: {json.dumps({'choices': [{'delta': one}]})}\n\n".encode()
              for one in THOUGHT_ABOUT),
            event("", finish_reason="tool_calls"),
        ])  # fmt: skip

    return script


async def test_what_an_endpoint_writes_beside_its_call_is_given_back(scripted):
    called, _told = await talk_with_a_call(scripted(calls_first()))

    assert called["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "c2ln"}}
    assert "reasoning_content" not in called


async def test_thoughts_are_given_back_to_who_misses_them(scripted):
    def misses(body):
        if any("reasoning_content" not in one for one in body["messages"][2:-1]):
            return refuse(400, "Missing `reasoning_content` field in the assistant message")
        return None

    server = scripted(calls_first(misses))
    for _ in range(2):
        called, _told = await talk_with_a_call(server)
        assert called["reasoning_content"] == "I look, then say."
    assert len(server.requests) == 5

    talk = [*HELLO, {"role": "assistant", "content": "3"}, *HELLO]
    [_ async for _ in stream(talk, max_tokens=50, tools=TOOLS)]
    assert server.requests[-1]["messages"][1]["reasoning_content"] == ""


async def test_tokens_that_are_counted_after_the_end_count(settings, monkeypatch):
    settings.LLM_BASE_URL = "http://llm.example/v1"
    await meet()
    usage = b'data: {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}\n\n'
    read = sent_when(monkeypatch, event("3", finish_reason="stop") + b"data: [DONE]\n\n", usage)
    next(read).set()

    deltas = [delta async for delta in stream(HELLO, max_tokens=50)]

    assert deltas[-1].reply.usage == llm.Usage(7, 2)


async def test_two_calls_at_once_learn_both_what_they_found(scripted):
    def script(body):
        if "stream_options" in body:
            return refuse(400, "stream_options?", delay=0.05)
        if "response_format" in body:
            return refuse(400, "response_format?", delay=0.05)
        return say_json({"ok": True})

    server = scripted(script)

    async def chat():
        return [delta async for delta in stream(TALK, max_tokens=50)]

    await asyncio.gather(chat(), call_llm("?", max_tokens=50, schema=SCHEMA))
    before = len(server.requests)
    await chat()
    await call_llm("?", max_tokens=50, schema=SCHEMA)

    assert len(server.requests) == before + 2


# --- messages ---------------------------------------------------------------------------------


async def test_messages_have_the_shape_that_every_template_takes(scripted):
    server = scripted(lambda body: say("ok"))

    [delta async for delta in stream(TALK, max_tokens=50, tools=TOOLS)]

    messages = server.requests[0]["messages"]
    assert [m["role"] for m in messages] == ["system", "user", "assistant", "tool", "user"]
    assert messages[0]["content"] == "Be brief.\n\nIt is Monday."
    assert all(isinstance(message["content"], str) for message in messages)


async def test_without_tools_their_results_are_text(scripted):
    server = scripted(lambda body: say("ok"))

    await call_llm(TALK, max_tokens=50)

    messages = server.requests[0]["messages"]
    assert [message["role"] for message in messages] == ["system", "user"]
    assert messages[1]["content"] == "hello\n\nResult of count_jobs({}):\n3\n\nand now?"


async def test_halves_of_characters_in_a_question_stop_no_call(scripted):
    server = scripted(lambda body: say("ok"))

    await call_llm("half \ud83d", max_tokens=50)

    assert server.requests[0]["messages"][0]["content"] == "half ?"


# --- thinking ---------------------------------------------------------------------------------


async def test_a_model_that_thinks_gets_tokens_on_top(scripted, settings):
    settings.LLM_REASONING_TOKENS = 700

    def script(body):
        if body["max_tokens"] < 1000:
            return say("<think>hm", finish_reason="length")
        return say("<think>hm</think>ok")

    server = scripted(script)

    assert (await call_llm("?", max_tokens=500)).text == "ok"
    await call_llm("?", max_tokens=500)
    assert [request["max_tokens"] for request in server.requests] == [500, 1200, 1200]


async def test_a_model_that_spends_all_on_thoughts_is_broken_off(scripted):
    server = scripted(lambda body: say("<think>hm", finish_reason="length"))

    with pytest.raises(LLMBrokenOff) as broken:
        await call_llm("?", max_tokens=500)
    assert (broken.value.how, broken.value.said) == ("length", False)
    assert len(server.requests) == 2


async def test_nothing_is_shown_before_it_is_known_to_be_no_thought(scripted):
    scripted(lambda body: say("I guess 17. </think>3 jobs."))

    for _ in range(2):
        deltas = [delta async for delta in stream(HELLO, max_tokens=50)]
        assert "".join(delta.text for delta in deltas) == deltas[-1].reply.text == "3 jobs."


async def test_a_model_that_begins_to_think_without_saying_so_is_held_from_then_on(scripted):
    scripted(lambda body: say("I guess 17 </think> 3 jobs."))
    await meet()

    with pytest.raises(LLMBrokenOff):
        [_ async for _ in stream(HELLO, max_tokens=50)]
    assert (await call_llm("?", max_tokens=50)).text == "3 jobs."
    assert "".join([one.text async for one in stream(HELLO, max_tokens=50)]) == "3 jobs."


@pytest.mark.parametrize("stays_open", [True, False])
async def test_an_answer_is_whole_at_done_whatever_becomes_of_the_connection(stays_open, settings):
    settings.LLM_TIMEOUT_SECONDS = 3
    read, closed = asyncio.Event(), asyncio.Event()

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        event = {"choices": [{"index": 0, "delta": {"content": "3"}, "finish_reason": "stop"}]}
        for data in (json.dumps(event), "[DONE]"):
            line = f"data: {data}\n\n".encode()
            writer.write(b"%x\r\n%s\r\n" % (len(line), line))
        await writer.drain()
        if stays_open:
            await read.wait()
        writer.close()
        closed.set()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings.LLM_BASE_URL = f"http://127.0.0.1:{port}/v1"
        try:
            deltas = [delta async for delta in stream(HELLO, max_tokens=50)]
        finally:
            read.set()
            await closed.wait()
    assert deltas[-1].reply.text == "3"


async def test_a_part_of_an_answer_is_shown_when_it_breaks_off(scripted):
    scripted(lambda body: say("one two three four", drop_after=2))

    texts = []
    with pytest.raises(LLMBrokenOff):
        async for delta in stream(HELLO, max_tokens=50):
            texts.append(delta.text)
    assert "".join(texts) == "one two "


# --- retries ----------------------------------------------------------------------------------


async def test_a_429_while_streaming_is_tried_again_as_its_header_says(scripted):
    busy = refuse(429, headers={"Retry-After": "1"})
    server = scripted(one_after_the_other(busy, say("ok")))
    began = asyncio.get_running_loop().time()

    deltas = [delta async for delta in stream(HELLO, max_tokens=50)]

    assert deltas[-1].reply.text == "ok"
    assert len(server.requests) == 2
    assert asyncio.get_running_loop().time() - began >= 0.9


@pytest.mark.parametrize(("status", "kind"), [(429, "quota"), (503, "overloaded")])
async def test_nobody_waits_for_what_never_comes(status, kind, scripted):
    server = scripted(lambda body: refuse(status, headers={"retry-after": "9" * 400}))

    with pytest.raises(LLMUnavailable) as over:
        await call_llm("?", max_tokens=5)
    assert (over.value.kind, len(server.requests)) == (kind, 1)


async def test_nobody_waits_long_for_a_quota(scripted):
    server = scripted(lambda body: refuse(429, "slow down", headers={"Retry-After": "3600"}))

    with pytest.raises(LLMUnavailable) as over:
        await call_llm("?", max_tokens=5)
    assert over.value.kind == "quota"
    assert 3500 < over.value.wait_seconds <= 3600
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"retry-after": "soon"}, 0),
        ({"retry-after": "9" * 400}, LONGEST_ASKED_SECONDS),
        ({"retry-after-ms": "inf"}, LONGEST_ASKED_SECONDS),
        ({"retry-after-ms": "nan"}, 0),
    ],
)
def test_the_wait_that_headers_ask_for(headers, seconds):
    assert wanted_wait(headers) == seconds


@pytest.mark.parametrize("headers", [{"content-encoding": "gzip"}, {"content-encoding": "br"}])
async def test_what_can_not_be_decoded_is_an_llm_error(headers, scripted):
    scripted(lambda body: Scripted(events=[b"data: {}\n\n"], headers=headers))

    with pytest.raises(LLMError):
        [delta async for delta in stream(HELLO, max_tokens=5)]


async def test_a_refusal_is_one_though_its_words_can_not_be_read(scripted):
    scripted(lambda body: refuse(401, "no", headers={"content-encoding": "gzip"}))

    with pytest.raises(LLMUnavailable, match="HTTP 401") as refused:
        await call_llm("?", max_tokens=5)
    assert refused.value.kind == "key"


async def test_a_refusal_is_one_though_its_words_never_end(settings, monkeypatch):
    monkeypatch.setattr(transport, "REFUSAL_SECONDS", 0.2)
    heard, closed = asyncio.Event(), asyncio.Event()

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 No\r\nContent-Length: 9000\r\n\r\nno key")
        await heard.wait()
        writer.close()
        closed.set()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings.LLM_BASE_URL = f"http://127.0.0.1:{port}/v1"
        with pytest.raises(LLMUnavailable, match="HTTP 401: no key") as refused:
            await call_llm("?", max_tokens=50)
        heard.set()
        await closed.wait()
    assert refused.value.kind == "key"


async def test_a_redirect_says_so(scripted):
    scripted(lambda body: refuse(302, headers={"Location": "/login"}))

    with pytest.raises(LLMError, match="redirects to /login"):
        await call_llm("?", max_tokens=5)
