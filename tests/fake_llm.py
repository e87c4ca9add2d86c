"""An OpenAI-compatible server on loopback, for tests: it says what its script says.

    with fake_llm(lambda body: say("Hello")) as llm:
        settings.LLM_BASE_URL = llm.url      # … call_llm(...) …
        llm.requests[0]["messages"]

The script is called with each request's body and returns a `Scripted` answer.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import uvicorn

from knowledge.llm.endpoints import endpoint_for
from knowledge.llm.profile import Profile


@dataclass
class Scripted:
    """What the server answers; `delay` in seconds, before the answer and between chunks."""

    text: str = ""
    status: int = 200
    finish_reason: str = "stop"
    tool_calls: list[tuple[str, dict[str, Any] | str]] = field(default_factory=list)
    delay: float = 0.0
    chunk_delay: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    raw: str | None = None
    events: list[bytes] | None = None
    """The bytes of a stream, as an odd endpoint writes them."""
    drop_after: int | None = None
    """Chunks after which a streamed answer breaks off."""


Script = Callable[[dict[str, Any]], Scripted]


def say(text: str, **values: Any) -> Scripted:
    return Scripted(text, **values)


def say_json(values: dict[str, Any], **others: Any) -> Scripted:
    return Scripted(json.dumps(values), **others)


def refuse(status: int, message: str = "no", **values: Any) -> Scripted:
    return Scripted(status=status, raw=json.dumps({"error": {"message": message}}), **values)


@dataclass
class FakeLLM:
    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    cut_off: int = 0
    """Streams whose reader went away before the end."""


async def meet(model: str = "tiny", **known: Any) -> None:
    """Let the configured endpoint be one that has answered before, without thinking aloud."""
    endpoint = await endpoint_for(model)
    endpoint.learn(Profile(), Profile(**({"thinking": "none"} | known)))


@contextmanager
def fake_llm(script: Script) -> Iterator[FakeLLM]:
    """An endpoint of its own: its address is no other's, before or after."""
    name = str(next(_names))
    llm = FakeLLM(f"http://127.0.0.1:{_port()}/{name}/v1")
    _served[name] = llm, script
    try:
        yield llm
    finally:
        del _served[name]


_names = itertools.count(1)
_served: dict[str, tuple[FakeLLM, Script]] = {}
"""By the first part of the path: one server says them all, as to start and stop one takes longer
than most tests."""


@cache
def _port() -> int:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(_app, log_level="critical", lifespan="off", ws="none")
    serving = uvicorn.Server(config).serve([listening])
    threading.Thread(target=asyncio.run, args=[serving], daemon=True).start()
    return int(listening.getsockname()[1])


async def _app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    body = b""
    while True:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            break
    name = scope["path"].split("/")[1]
    if name not in _served:
        raise ConnectionAbortedError("its test has ended")
    llm, script = _served[name]
    request = json.loads(body)
    llm.requests.append(request)
    answer = script(request)
    await asyncio.sleep(answer.delay)
    if answer.events is not None:
        await _send(send, answer, b"", "text/event-stream", more=True)
        for chunk in answer.events:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return
    if answer.status != 200 or answer.raw is not None or not request.get("stream"):
        text = answer.raw if answer.raw is not None else _whole(answer, request)
        await _send(send, answer, text.encode(), "application/json")
        return
    await _stream(llm, send, answer, request, receive)


async def _send(send: Any, answer: Scripted, body: bytes, kind: str, more: bool = False) -> None:
    headers = [(b"content-type", kind.encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": more})


def _whole(answer: Scripted, request: dict[str, Any]) -> str:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if answer.tool_calls:
        message["tool_calls"] = [
            {"id": f"call_{n}", "type": "function", "function": _function(call)}
            for n, call in enumerate(answer.tool_calls)
        ]
    return json.dumps(
        {
            "model": request.get("model"),
            "choices": [{"index": 0, "message": message, "finish_reason": answer.finish_reason}],
            "usage": {"prompt_tokens": 11, "completion_tokens": len(answer.text.split())},
        }
    )


def _function(call: tuple[str, dict[str, Any] | str]) -> dict[str, str]:
    name, arguments = call
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"name": name, "arguments": text}


async def _stream(
    llm: FakeLLM, send: Any, answer: Scripted, request: dict[str, Any], receive: Any
) -> None:
    gone = asyncio.create_task(receive())
    await _send(send, answer, b"", "text/event-stream", more=True)
    for number, delta in enumerate(_deltas(answer)):
        if gone.done():
            llm.cut_off += 1
            return
        if number == answer.drop_after:
            raise ConnectionAbortedError("as scripted")
        event = {"model": request.get("model"), "choices": [{"index": 0, "delta": delta}]}
        await send(_chunk(event))
        await asyncio.sleep(answer.chunk_delay)
    finish = {"choices": [{"index": 0, "delta": {}, "finish_reason": answer.finish_reason}]}
    usage = {"prompt_tokens": 11, "completion_tokens": len(answer.text.split())}
    await send(_chunk(finish))
    await send(_chunk({"choices": [], "usage": usage}))
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})
    gone.cancel()


def _chunk(event: dict[str, Any]) -> dict[str, Any]:
    body = b"data: " + json.dumps(event).encode() + b"\n\n"
    return {"type": "http.response.body", "body": body, "more_body": True}


def _deltas(answer: Scripted) -> Iterator[dict[str, Any]]:
    for n, call in enumerate(answer.tool_calls):
        yield {"tool_calls": [{"index": n, "id": f"call_{n}", "function": _function(call)}]}
    words = answer.text.split(" ")
    for n, word in enumerate(words):
        if answer.text:
            yield {"content": word + (" " if n < len(words) - 1 else "")}
