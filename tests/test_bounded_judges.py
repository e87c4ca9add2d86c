"""Judges in processes of their own: whatever a text does to them, the auditor goes on."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import pytest

from audits.auditor import Auditor
from audits.judges import NotInTime, Verdict
from audits.judges.bounded import BoundedJudges, JudgeBroke
from audits.judging import Bench, bench
from audits.models import AuditRecord, Decision
from audits.states import Status
from knowledge.models import Trust
from tests.factories import make_memory
from tests.judging import memory

BY_WORD = "tests.judging.by_word"


@pytest.fixture(autouse=True)
def one_process(settings) -> None:
    settings.AUDIT_JUDGE_PROCESSES = 1
    settings.AUDIT_JUDGE_SECONDS = 1.5


async def asked(judges: BoundedJudges, *answers: str) -> list[object]:
    try:
        said = (judges(memory("How?", answer)) for answer in answers)
        return await asyncio.gather(*said, return_exceptions=True)
    finally:
        await judges.aclose()


async def test_verdicts_come_back_from_the_process_as_they_were_given() -> None:
    said = await asked(BoundedJudges([BY_WORD]), "fine", "wrong")

    assert said == [[], [Verdict("rules", 0.7, "wrong")]]


async def test_a_judge_that_hangs_is_killed_and_the_others_get_their_verdicts() -> None:
    said = await asked(BoundedJudges([BY_WORD]), "wrong 1", "hang", "wrong 2", "hang too", "fine")

    assert [isinstance(one, NotInTime) for one in said] == [False, True, False, True, False]
    assert said[2] == [Verdict("rules", 0.7, "wrong")]
    assert said[4] == []


async def test_a_memory_that_a_judge_breaks_on_or_dies_of_harms_no_other() -> None:
    said = await asked(BoundedJudges([BY_WORD]), "break", "die", "wrong")

    assert [type(one) for one in said] == [JudgeBroke, JudgeBroke, list]
    assert "too deep" in str(said[0])


async def test_judges_that_cannot_be_started_are_an_outage_and_nobodys_fault() -> None:
    [said] = await asked(BoundedJudges(["tests.judging.no_such_judge"]), "fine")

    assert isinstance(said, ConnectionError)


@pytest.mark.parametrize(
    ("setting", "limit", "evidence"),
    [
        ("AUDIT_JUDGE_CHARACTERS", 3, []),
        pytest.param("AUDIT_JUDGE_KIB", 1, [{"result": "x" * 2000}], marks=pytest.mark.slow),
        pytest.param("AUDIT_JUDGE_DEPTH", 3, [{"result": [[["deep"]]]}], marks=pytest.mark.slow),
    ],
)
async def test_what_is_too_large_or_too_deep_is_never_sent(
    settings, setting, limit, evidence
) -> None:
    within = await asked(BoundedJudges([BY_WORD]), "fine")
    setattr(settings, setting, limit)
    judges = BoundedJudges([BY_WORD])

    with pytest.raises(NotInTime):
        await judges(replace(memory("How?", "fine"), evidence=evidence))
    await judges.aclose()

    assert within == [[]]


@pytest.mark.slow
async def test_the_event_loop_goes_on_while_a_judge_hangs() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.05)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await asked(BoundedJudges([BY_WORD]), "hang")
    ticking.cancel()

    assert ticks > 10


def of_the_issue() -> list[tuple[str, list]]:
    """What once took the judges 79 and 10 seconds on the auditor's loop."""
    jobs = [
        {"name": f"JOB_{n}", "status": "ABEND" if n % 3 else "SUCC", "returnCode": n % 7}
        for n in range(1500)
    ]
    return [
        ("3 failed 4 waiting 5 running " * 200, [{"tool": "count_jobs", "result": {"ABEND": 3}}]),
        (" ".join(f"JOB_{n} failed." for n in range(300)), [{"tool": "jobs", "result": jobs}]),
    ]


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_checked_in_time_goes_to_a_person_once_and_never_round_again() -> None:
    hanging = make_memory("How?", "hang")
    for n in range(6):
        make_memory(f"question {n}?", f"fine {n}")

    async def run() -> Auditor:
        auditor = Auditor(Bench(bounded=BoundedJudges([BY_WORD])))
        await auditor.run()
        await auditor.run()
        await auditor.close()
        return auditor

    tally = asyncio.run(run()).tally

    record = AuditRecord.objects.get(memory=hanging)
    assert (tally.unverified, tally.flagged, tally.retried) == (6, 1, 0)
    assert (record.status, record.memory.trust) == (Status.PENDING, Trust.SUSPECT)
    assert (record.attempts, record.ia_audit_confidence) == (1, None)
    assert "could not be checked in time" in record.ia_audit_reason
    assert Decision.objects.count() == 1


@pytest.mark.slow
@pytest.mark.timeout(60)  # it took 79 and 10 seconds
async def test_texts_that_once_held_up_the_auditor_are_judged_or_given_up_in_time() -> None:
    sitting = bench()
    for answer, evidence in of_the_issue():
        with contextlib.suppress(NotInTime):
            await sitting.verdict_on(replace(memory("How many?", answer), evidence=evidence))
    await sitting.aclose()
