"""Judges in processes of their own, so that no text holds up the auditor.

What a judge does with hostile text is CPU work that nothing inside its process can stop: a regular
expression that backtracks hears no signal and keeps the interpreter's lock. So it runs elsewhere,
in order, with a wall-clock limit for each memory; past it that process is killed and replaced, and
the memory is out of time. What is too large or too deep is not judged at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from asyncio import Future, Queue, Task
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from audits.judges import MemoryUnderAudit, NotInTime, Verdict
from audits.judges.worker import LENGTH, framed, verdict_of

AT_A_TIME = 32
"""Memories sent to a process in one go: a round trip each would cost more than cheap judging."""


class JudgeBroke(Exception):
    """A judge failed on this memory, or its process died of it."""


Asked = tuple[bytes, "Future[list[Verdict]]"]


class BoundedJudges:
    """Local judges by dotted path, asked together, in at most AUDIT_JUDGE_PROCESSES processes.

    A process is started when there is something for it to do.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = tuple(paths)
        self._asked: Queue[Asked] = Queue()
        self._servants: list[Task[None]] = []

    async def __call__(self, memory: MemoryUnderAudit) -> list[Verdict]:
        """What the judges say of it. NotInTime or JudgeBroke when they can't."""
        request = _request(memory)
        answer: Future[list[Verdict]] = asyncio.get_running_loop().create_future()
        self._asked.put_nowait((request, answer))
        if len(self._servants) < settings.AUDIT_JUDGE_PROCESSES:
            self._servants.append(asyncio.create_task(self._serve()))
        return await answer

    async def aclose(self) -> None:
        """End the processes."""
        for servant in self._servants:
            servant.cancel()
        await asyncio.gather(*self._servants, return_exceptions=True)
        self._servants = []

    async def _serve(self) -> None:
        worker = _Worker(self._paths)
        try:
            while True:
                await worker.judge(await self._next_batch())
        finally:
            await worker.end()

    async def _next_batch(self) -> list[Asked]:
        batch = [await self._asked.get()]
        while len(batch) < AT_A_TIME and not self._asked.empty():
            batch.append(self._asked.get_nowait())
        return batch


class _Worker:
    """One process at a time; another one when it had to be killed."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        self._process: Process | None = None

    async def judge(self, batch: list[Asked]) -> None:
        """Answer all of the batch, in as many processes as that takes."""
        while batch:
            answered = await self._answers(batch)
            batch = batch[answered:]

    async def end(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.communicate()
            self._process = None

    async def _answers(self, batch: list[Asked]) -> int:
        """Answer from the front on, until all is answered or the process is gone; how many."""
        try:
            process = await self._started()
        except (OSError, asyncio.IncompleteReadError) as error:
            return await self._not_started(batch, error)
        assert process.stdin is not None and process.stdout is not None  # noqa: S101  pipes
        process.stdin.writelines([request for request, _ in batch])
        for number, (_request, answer) in enumerate(batch):
            try:
                async with asyncio.timeout(settings.AUDIT_JUDGE_SECONDS):
                    reply = await _read(process.stdout)
            except TimeoutError:
                _refuse(answer, NotInTime(_("It could not be checked in time.")))
            except (asyncio.IncompleteReadError, ConnectionError):
                _refuse(answer, JudgeBroke("The judges' process died of this memory."))
            else:
                _answer(answer, reply)
                continue
            await self.end()
            return number + 1
        return len(batch)

    async def _not_started(self, batch: list[Asked], error: Exception) -> int:
        """No memory's fault: an outage."""
        await self.end()
        for _request, answer in batch:
            _refuse(answer, ConnectionError(f"The judges' process can't be started: {error}"))
        return len(batch)

    async def _started(self) -> Process:
        """The process, once it has said that it is ready: starting is not the memory's time."""
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "audits.judges.worker",
                str(settings.AUDIT_JUDGE_SECONDS), *self._paths,
                cwd=settings.BASE_DIR, stdin=PIPE, stdout=PIPE,
            )  # fmt: skip
            assert self._process.stdout is not None  # noqa: S101  a pipe
            await _read(self._process.stdout)
        return self._process


async def _read(stream: asyncio.StreamReader) -> dict[str, Any]:
    length = LENGTH.unpack(await stream.readexactly(LENGTH.size))[0]
    reply: dict[str, Any] = json.loads(await stream.readexactly(length))
    return reply


def _answer(answer: Future[list[Verdict]], reply: dict[str, Any]) -> None:
    if "error" in reply:
        _refuse(answer, JudgeBroke(reply["error"]))
    elif not answer.done():  # cancelled, when the auditor ends
        answer.set_result([verdict_of(verdict) for verdict in reply["verdicts"]])


def _refuse(answer: Future[list[Verdict]], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)


def _request(memory: MemoryUnderAudit) -> bytes:
    """The memory as its process reads it. NotInTime when it is too large or too deep."""
    characters = len(memory.user_query) + len(memory.agent_response)
    if characters > settings.AUDIT_JUDGE_CHARACTERS:
        raise NotInTime(
            _("It could not be checked in time: %(n)d characters are too many.") % {"n": characters}
        )
    if not _within([memory.evidence, memory.answer], settings.AUDIT_JUDGE_DEPTH + 1):
        raise NotInTime(_("It could not be checked in time: its evidence is nested too deep."))
    request = framed(_fields(memory))
    if len(request) > settings.AUDIT_JUDGE_KIB * 1024:
        raise NotInTime(_("It could not be checked in time: its evidence is too large."))
    return request


def _fields(memory: MemoryUnderAudit) -> dict[str, Any]:
    """`asdict` without copying the evidence."""
    fields = {name: getattr(memory, name) for name in MemoryUnderAudit.__dataclass_fields__}
    quoted = memory.quoted_now
    return fields | {
        "neighbours": [asdict(neighbour) for neighbour in memory.neighbours],
        "quoted_now": None if quoted is None else [asdict(one) for one in quoted],
    }


def _within(value: Any, depth: int) -> bool:
    """Whether lists and objects in `value` are nested at most so deep. No recursion."""
    level = [value]
    for _depth in range(depth + 1):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner.extend(one.values())
            elif isinstance(one, list):
                inner.extend(one)
        if not inner:
            return True
        level = inner
    return False
