#!/usr/bin/env python3
"""Many answers at once: how late does each token reach its reader, and what does it cost?

    .venv/bin/python scripts/bench/streaming.py [--answers 50] [--rate 200] [--tokens 400]

An endpoint in a process of its own writes RATE tokens a second into each answer and stamps each
with the moment at which it left; readers on WebSockets compare it with the moment of arrival.
Prints the added time per token (p50, p95, p99, in ms; p99 of each answer's first and last quarter
and of its middle, too), the time to the first token, how many frames the tokens came in, the web
process's CPU per token in microseconds, with all that an answer takes before and after them, and
the machine's load average: under load the CPU can be compared, the times can't. The goal: p99 at
most 50 ms, at most 150 µs.

With --browser one more answer is read in Chromium meanwhile, drawn as it comes: the gaps between
the frames that it paints, in ms (16.7 at 60 a second), say whether that is smooth.

What is measured is the steady state of what `scripts/serve` starts: sockets are open before the
questions are asked, and after a first round of a few the endpoint is known (the very first answer
of an unknown one is held back until it is clear that it is no thought).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import _bench
import psutil
from websockets.asyncio.client import ClientConnection, connect

QUESTION = "Quantos jobs estão em ABEND agora na produção?"
STAMP = re.compile(r"@([a-z]{5})")
BEGAN_NS = time.monotonic_ns()
TICK_NS = 100_000


def stamp(now_ns: int, began_ns: int) -> str:
    """A moment as a token no longer than a model's. In letters: a number that it types itself
    would be looked up in the evidence."""
    ticks, letters = (now_ns - began_ns) // TICK_NS, ""
    for _ in range(5):
        ticks, letter = divmod(ticks, 26)
        letters = chr(ord("a") + letter) + letters
    return f" @{letters}"


def moment_ns(letters: str) -> int:
    ticks = 0
    for letter in letters:
        ticks = 26 * ticks + ord(letter) - ord("a")
    return BEGAN_NS + ticks * TICK_NS


# --- the endpoint -----------------------------------------------------------------------------


def endpoint(listener: socket.socket, rate: float, tokens: int, began_ns: int) -> None:
    asyncio.run(_serve(listener, rate, tokens, began_ns))


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


async def _serve(listener: socket.socket, rate: float, tokens: int, began_ns: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1])  # type: ignore[index]
        await reader.readexactly(length)
        writer.write(HEAD)
        began = time.monotonic()
        for number in range(tokens):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            text = stamp(time.monotonic_ns(), began_ns)
            writer.write(_chunk(_event(text, None)))
        writer.write(_chunk(_event("", "stop") + b"data: [DONE]\n\n") + _chunk(b""))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, sock=listener)
    async with server:
        await server.serve_forever()


def _chunk(data: bytes) -> bytes:
    """As endpoints write: each token in one of its own."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def _event(text: str, finish: str | None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    event = {"id": "c", "object": "chat.completion.chunk", "model": "bench", "choices": [choice]}
    return b"data: " + json.dumps(event).encode() + b"\n\n"


# --- the readers ------------------------------------------------------------------------------


@dataclass
class Answer:
    first_ms: float = 0.0  # from the question to the first token
    late_ms: list[float] = field(default_factory=list)  # of each token
    frames: int = 0


Measured = tuple[list[Answer], float]
"""The answers, and the seconds of CPU that they took the web process."""
Gaps = dict[str, float]


async def ask(web: ClientConnection) -> Answer:
    answer, asked = Answer(), time.monotonic_ns()
    await web.send(QUESTION)
    async for text in web:
        now = time.monotonic_ns()
        frame = json.loads(text)
        if frame["type"] == "stream":
            answer.first_ms = answer.first_ms or (now - asked) / 1e6
            answer.late_ms += [
                (now - moment_ns(at)) / 1e6 for at in STAMP.findall(frame["message"])
            ]
            answer.frames += 1
        if frame["type"] == "error":
            raise RuntimeError(frame["message"])
        if frame["type"] == "message":
            break
    return answer


async def ask_together(count: int, url: str, token: str, web: psutil.Process) -> Measured:
    """The answers to that many at once, and the seconds of CPU they took the web process."""
    signed_in = {"Authorization": f"Bearer {token}"}
    async with AsyncExitStack() as opened:
        sockets = [
            await opened.enter_async_context(connect(url, additional_headers=signed_in))
            for _ in range(count)
        ]
        before = sum(web.cpu_times()[:2])
        answers = await asyncio.gather(*map(ask, sockets))
        return answers, sum(web.cpu_times()[:2]) - before


# --- the reader in a browser --------------------------------------------------------------------

COUNT_GAPS = """() => {
  let last = performance.now();
  window.gaps = [];
  const next = (now) => { gaps.push(now - last); last = now; requestAnimationFrame(next); };
  requestAnimationFrame(next);
}"""


async def painted(port: int, session: str, others: Awaitable[Measured]) -> tuple[Measured, Gaps]:
    """What `others` give, and the gaps between the frames of a page that reads an answer, too."""
    from playwright.async_api import async_playwright

    address = f"http://127.0.0.1:{port}"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        context = await browser.new_context()
        await context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
        page = await context.new_page()
        await page.goto(f"{address}/chat/tws-analyzer/")
        await page.locator('#connection[data-state="connected"]').wait_for()
        await page.locator("#question").fill(QUESTION)
        await page.keyboard.press("Enter")
        await page.locator(".text.streaming:not(:empty)").wait_for()
        await page.evaluate(COUNT_GAPS)
        measured = await others
        gaps = await page.evaluate("gaps")
        await browser.close()
    return measured, {f"p{p}": percentile(gaps, p) for p in (50, 95, 99)}


def percentile(times: list[float], part: int) -> float:
    return round(sorted(times)[len(times) * part // 100], 1) if times else 0.0


async def measure(
    port: int, token: str, session: str, web: psutil.Process, options: argparse.Namespace
) -> None:
    url = f"ws://127.0.0.1:{port}/ws/chat/tws-analyzer/"
    for few in (1, 8):
        await ask_together(few, url, token, web)
    asking = ask_together(options.answers, url, token, web)
    shown = {}
    if options.browser:
        (answers, cpu), shown["painted_every_ms"] = await painted(port, session, asking)
    else:
        answers, cpu = await asking
    late = [one for answer in answers for one in answer.late_ms]
    quarter = options.tokens // 4
    parts = {
        "first": slice(quarter),
        "middle": slice(quarter, -quarter or None),
        "last": slice(options.tokens - quarter, None),
    }
    firsts = sorted(answer.first_ms for answer in answers)
    tokens = options.answers * options.tokens
    _bench.say(
        answers=options.answers,
        tokens=tokens,
        arrived=len(late),
        frames=sum(answer.frames for answer in answers),
        added_ms={f"p{p}": percentile(late, p) for p in (50, 95, 99)},
        added_ms_p99_of={
            part: percentile([one for answer in answers for one in answer.late_ms[at]], 99)
            for part, at in parts.items()
        },
        first_token_ms=round(firsts[len(firsts) // 2]),
        cpu_us_per_token=round(cpu / tokens * 1e6, 1),
        load=round(os.getloadavg()[0], 1),
        **shown,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=50)
    parser.add_argument("--rate", type=float, default=200, help="tokens a second, each answer")
    parser.add_argument("--tokens", type=int, default=400, help="of each answer")
    parser.add_argument("--browser", action="store_true", help="read one more in Chromium")
    options = parser.parse_args()
    _bench.setup()
    listener = socket.create_server(("127.0.0.1", 0), backlog=200)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or tokens wait in its kernel
    speaking = multiprocessing.get_context("spawn").Process(
        target=endpoint, args=(listener, options.rate, options.tokens, BEGAN_NS), daemon=True
    )
    speaking.start()
    with _bench.scratch_database():
        _measure_web(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", options)
    speaking.terminate()


def _measure_web(base_url: str, options: argparse.Namespace) -> None:
    from django.contrib.auth.models import User
    from django.test import Client
    from django.utils import timezone

    from resync_site.models import ApiToken
    from resync_site.serve import web_command
    from tws.plan.models import PlanEngine

    # A plan that counts as present while this runs, though nobody reads it.
    now = timezone.now()
    PlanEngine.objects.create(
        name="simulator", simulated=True, is_complete=True,
        fetched_at=now, read_in_full_at=now, pass_seconds=600,
    )  # fmt: skip
    user = User.objects.create_superuser("bench")
    token = ApiToken.objects.issue(user)
    client = Client()
    client.force_login(user)
    session = client.cookies["sessionid"].value
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "DATABASE_URL": _bench.database_url(),
        "LLM_BASE_URL": base_url,
        "LLM_MODEL": "bench",
        "CHAT_MESSAGES_PER_MINUTE": "100000",
        "LOG_LEVEL": "ERROR",
    }
    command = [*web_command("127.0.0.1", port), "--log-level", "error"]
    with subprocess.Popen(command, env={**os.environ, **settings}, cwd=_bench.ROOT) as web:  # noqa: S603
        try:
            _wait_for(port)
            asyncio.run(measure(port, token, session, psutil.Process(web.pid), options))
        finally:
            web.terminate()


def _wait_for(port: int) -> None:
    ends_at = time.monotonic() + 30
    while time.monotonic() < ends_at:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the web process did not start")


if __name__ == "__main__":
    main()
