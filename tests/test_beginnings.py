"""Few answers begin at a time, and what they begin and end with is done one by one."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tws.answers import beginnings
from tws.answers.beginnings import AT_ONCE, beginning
from tws.database import in_database, in_turn


class Answers:
    """Answers that begin, each until it is told to go on."""

    def __init__(self, count: int) -> None:
        self.begun: list[int] = []
        self._go_on = [asyncio.Event() for _ in range(count)]
        self.tasks = [asyncio.create_task(self._begin(number)) for number in range(count)]

    async def _begin(self, number: int) -> None:
        async with beginning():
            self.begun.append(number)
            await self._go_on[number].wait()

    async def go_on(self, number: int) -> None:
        self._go_on[number].set()
        await self.tasks[number]
        await self.settled()

    async def settled(self) -> None:
        """Until all who may begin have."""
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginnings, "PATIENCE_SECONDS", 600)


@pytest.mark.usefixtures("patient")
async def test_few_answers_begin_at_a_time_in_the_order_in_which_they_were_asked() -> None:
    answers = Answers(AT_ONCE + 2)
    await answers.settled()
    at_first = list(answers.begun)
    await answers.go_on(1)

    assert at_first == [0, 1]
    assert answers.begun == [0, 1, 2]
    for number in (0, 2, 3):
        await answers.go_on(number)
    assert answers.begun == [0, 1, 2, 3]


@pytest.mark.usefixtures("patient")
async def test_an_answer_that_is_stopped_takes_no_place_with_it() -> None:
    answers = Answers(AT_ONCE + 2)
    await answers.settled()
    for number in (0, AT_ONCE):  # one that has begun, and one that waits
        answers.tasks[number].cancel()
    await answers.settled()

    assert answers.begun == [0, 1, 3]


async def test_who_waits_for_somebody_else_holds_up_no_other_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(beginnings, "PATIENCE_SECONDS", 0)
    answers = Answers(3 * AT_ONCE)
    async with asyncio.timeout(60):
        while len(answers.begun) < 3 * AT_ONCE:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0)
    for number in range(3 * AT_ONCE):
        await answers.go_on(number)
    monkeypatch.setattr(beginnings, "PATIENCE_SECONDS", 600)

    later = Answers(AT_ONCE + 1)  # a place that was given up is not given back a second time
    await later.settled()

    assert later.begun == [0, 1]
    for task in later.tasks:
        task.cancel()


async def test_what_answers_begin_and_end_with_is_done_one_by_one_and_holds_up_no_socket() -> None:
    begun, go_on, at_work, most = threading.Event(), threading.Event(), [0], [0]

    def work() -> None:
        at_work[0] += 1
        most[0] = max(most[0], at_work[0])
        begun.set()
        assert go_on.wait(60)
        at_work[0] -= 1

    works = [asyncio.create_task(in_turn(work)) for _ in range(3)]
    await asyncio.to_thread(begun.wait, 60)
    told = await in_database(lambda: "at once")
    go_on.set()
    await asyncio.gather(*works)

    assert told == "at once"
    assert most == [1]
