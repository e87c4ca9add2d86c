from __future__ import annotations

import time

import pytest

from audits.judges.facts import read_facts
from audits.judges.grounding import grounding_judge

from .judging import cases, memory

FLAG, QUARANTINE = 0.60, 0.85

JOBS = [
    {
        "tool": "list_jobs",
        "result": {
            "items": [
                {"name": "AA_1", "jobStreamName": "AA", "workstation": "WS_1", "status": "SUCC"},
                {
                    "name": "AA_2",
                    "jobStreamName": "AA",
                    "workstation": "WS_2",
                    "status": "ABEND",
                    "returnCode": 12,
                },
                {"name": "AA_3", "jobStreamName": "AA", "workstation": "WS_2", "status": "HOLD"},
            ]
        },
    }
]


async def confidence(question: str, answer: str, evidence=JOBS) -> float:
    verdict = await grounding_judge(memory(question, answer, evidence, "state"))
    return verdict.confidence if verdict else 0.0


@pytest.mark.parametrize(
    "answer",
    [
        "AA_2 failed with return code 12 on WS_2.",
        "O AA_2 abendou (RC 12) na WS_2; o AA_3 aguarda e o AA_1 terminou bem.",
        "Um job falhou: AA_2. Os outros dois não.",
        "AA_1 did not fail.",
        "aa_3 ainda não começou.",
        "If AA_3 fails too, call the on-call team.",
    ],
)
async def test_what_the_evidence_says_is_not_flagged(answer):
    assert await confidence("AA?", answer) <= FLAG


@pytest.mark.parametrize(
    "answer",
    [
        "AA_1 failed with return code 12.",
        "O AA_2 terminou com sucesso; AA_3 aguarda, nenhuma falha.",
        "AA_2 abended with return code 4 on WS_2.",
        "AA_2 abended on WS_1.",
        "Two jobs failed: AA_2 and AA_3.",
        "AA_2 e AA_3 falharam.",
        "AA_2 failed and AA_9 is waiting.",
        "AA_3 is running; AA_2 failed.",
        "AA_2 failed with AWSBEH021E.",
    ],
)
async def test_what_the_evidence_contradicts_is_quarantined(answer):
    assert await confidence("How is stream AA?", answer) > QUARANTINE


async def test_a_time_from_nowhere_is_flagged():
    assert FLAG < await confidence("AA?", "AA_2 failed at 03:15.") <= QUARANTINE


async def test_the_finding_shows_the_sentence_and_the_datum_side_by_side():
    verdict = await grounding_judge(memory("AA?", "All ran. AA_1 failed today.", JOBS, "state"))

    finding = verdict.findings[0]
    assert finding.quote == "AA_1 failed today."
    assert "AA_1: SUCC" in finding.datum
    assert finding.quote in verdict.reason


async def test_finding_nothing_against_an_answer_decides_nothing():
    verdict = await grounding_judge(memory("AA_2?", "AA_2 failed on WS_2.", JOBS, "state"))

    assert not verdict.supports
    assert verdict.confidence < 0.1


async def test_state_without_evidence_is_flagged_and_an_honest_no_is_not():
    claim = await grounding_judge(memory("AA_2?", "AA_2 is running.", kind="state"))
    refusal = await grounding_judge(memory("AA_2?", "I could not reach HWA.", kind="state"))

    assert claim.confidence > FLAG
    assert refusal is None


async def test_knowledge_without_evidence_or_neighbours_is_no_verdict():
    assert await grounding_judge(memory("What is STUCK?", "A stream that cannot go on.")) is None


def test_facts_are_read_from_hwa_own_format():
    run = {"compositeStatus": {"status": "ABEND"}, "returnCode": 8, "actualWorkstation": "AGT7"}
    facts = read_facts(
        [{"tool": "get_job", "result": {"name": "J_1", "workstation": "POOL1", "jobruns": [run]}}]
    )

    job = facts.find("j_1")
    assert (job.codes, job.return_codes) == ({"ABEND"}, {8})
    assert job.workstations == {"pool1", "agt7"}


def measured(name: str):
    async def rates() -> tuple[float, float]:
        rows = cases(name)
        bad = [await confidence(r["question"], r["bad_answer"], r["evidence"]) for r in rows]
        good = [await confidence(r["question"], r["good_answer"], r["evidence"]) for r in rows]
        return sum(c > FLAG for c in bad) / len(rows), sum(c > FLAG for c in good) / len(rows)

    return rates()


# Each file was written before the judge had seen any of it, then used to mend the general rules.
@pytest.mark.parametrize(
    "name", ["grounding_cases.jsonl", *(f"grounding_cases_{part}.jsonl" for part in range(2, 12))]
)
async def test_measured_on_our_own_cases(name):
    caught, false_alarms = await measured(name)

    assert caught >= 0.95
    assert false_alarms <= 0.05


def nested(depth: int):
    value: dict = {}
    for _ in range(depth):
        value = {"a": value}
    return value


async def test_right_answers_in_other_words_are_not_flagged():
    rows = cases("right_answers.jsonl")

    flagged = [
        row["id"]
        for row in rows
        if await confidence(row["question"], row["good_answer"], row["evidence"]) > FLAG
    ]

    assert len(flagged) <= 0.05 * len(rows), flagged


HOSTILE = {
    "deep": nested(900),
    "wide": {"items": [{"name": f"J_{n}", "status": "SUCC"} for n in range(20_000)]},
    "keys": {"name": ["x"], "status": {"status": 7}, "workstation": None, "timeInfo": [None, "T"]},
    "text": "[" * 1_000_000,
    "number": 10**400,
    "none": None,
    "codes": {"groupedCount": {"SUCC": -1, "": 3, "ABEND": True}},
    "time": {"time": "2025-99-99T99:99:99Z", "startTime": "9999-12-31T23:59:59+00:00"},
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("shape", HOSTILE)
async def test_evidence_of_any_shape_is_read_in_bounded_time(shape):
    started = time.process_time()

    await confidence(
        "Status of J_1?", "J_1 failed at 10:00 with RC 3.", [{"result": HOSTILE[shape]}]
    )

    assert time.process_time() - started < 5


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "unit", ["[", "AA_2 failed. ", "A_", "nao ", "AA_1, ", "1 ", "três jobs ", "10:00 ", "e ", "("]
)
async def test_hostile_answers_are_read_in_bounded_time(unit):
    started = time.process_time()

    await confidence(unit * 50_000, unit * (1_000_000 // len(unit)))

    assert time.process_time() - started < 10


@pytest.mark.parametrize("evidence", [["x"], [None], [{}], [{"tool": 3, "result": 1.5}]])
async def test_a_malformed_evidence_list_is_no_crash(evidence):
    await confidence("What runs?", "AA_1 runs.", evidence)
