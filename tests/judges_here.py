"""The judges in the process of the test, where it is not their own processes that are tested."""

from __future__ import annotations

import asyncio
import json

import pytest

from audits.judges import MemoryUnderAudit, Verdict, bounded, worker


class JudgesHere(bounded.BoundedJudges):
    """What goes to a process of the judges and comes from it, without the time it takes to start.

    Nobody waits for a judge that hangs here, and none that dies of a text is replaced.
    """

    async def __call__(self, memory: MemoryUnderAudit) -> list[Verdict]:
        sent = json.loads(bounded._request(memory)[worker.LENGTH.size :])
        judges = [worker.judge_at(path) for path in self._paths]
        said = await worker._said_by(judges, worker.memory_of(sent))
        answer: asyncio.Future[list[Verdict]] = asyncio.get_running_loop().create_future()
        bounded._answer(answer, json.loads(worker.framed(said)[worker.LENGTH.size :]))
        return await answer


@pytest.fixture
def judges_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audits.judging.BoundedJudges", JudgesHere)
