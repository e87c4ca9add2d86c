"""The lookup judge: what neither evidence nor question names, and nothing more clever."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from audits.judges.lookup import lookup_judge
from audits.judging import bench
from audits.scoring import Scoring
from tests.factories import ANSWER
from tests.judging import DATA, cases, memory, trusted

JOBS = [
    {
        "tool": "list_jobs",
        "result": [
            {"name": "PAY_CALC", "workstation": "FTA_1", "status": "ABEND", "returnCode": 12},
            {"name": "PAY_SEND", "workstation": "FTA_1", "status": "HOLD"},
        ],
    },
    {"tool": "job_log", "result": "AWSBHT001E the job has ended, GL_LOCK is held"},
]


async def said(answer: str, question: str = "Which jobs failed?") -> tuple[str, list[str]]:
    """The status it leads to, and what it names."""
    verdict = await lookup_judge(memory(question, answer, JOBS, "state"))
    if verdict is None:
        return "unverified", []
    return Scoring().status(verdict), [finding.quote for finding in verdict.findings]


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ("PAY_LOAD failed with return code 12.", "PAY_LOAD"),
        ("PAY_CALC failed on FTA_2.", "FTA_2"),
        ("FTA_1#PAYROLL_S.PAY_CALC failed.", "FTA_1#PAYROLL_S.PAY_CALC"),
        ("PAY_CALC failed with AWSBHT002E.", "AWSBHT002E"),
        ("PAY_CALC is in SUCC.", "SUCC"),
    ],
)
async def test_what_was_not_read_goes_to_a_person(answer: str, named: str) -> None:
    assert await said(answer) == ("pending", [named])


@pytest.mark.parametrize(
    "answer",
    [
        "PAY_CALC ended in ABEND (rc 12) on FTA_1: AWSBHT001E, GL_LOCK is held.",
        "pay_calc and Pay_Send did not end well.",
        "FTA_1#PAY_CALC FAILED, PAY_SEND is WAITING.",  # another word for the same
        "No job is in SUCC.",
        "PAY_SEND starts when PAY_CALC is in SUCC.",
        "THE JOB FAILED, see the ERROR in its log; return_code 12.",
        "It ended well.",  # wrong, but that is said in words
    ],
)
async def test_what_was_read_denied_or_said_in_words_does_not(answer: str) -> None:
    assert (await said(answer))[0] == "unverified"


async def test_what_the_question_names_may_be_answered_about() -> None:
    assert (await said("PAY_LOAD is not in the plan.", "How is PAY_LOAD?"))[1] == []


async def test_a_number_is_a_note_for_the_reviewer() -> None:
    assert await said("PAY_CALC ran for 95 minutes, 12 more than usual.") == ("unverified", ["95"])


async def test_where_nothing_was_read_nothing_is_looked_up() -> None:
    assert await lookup_judge(memory("PAY_CALC?", "PAY_LOAD is in ABEND.", kind="state")) is None


async def test_what_an_approved_memory_says_otherwise_is_a_note_with_its_id() -> None:
    port = "Which port does netman listen on?"
    approved = trusted(port, "It listens on 31111.")

    said = await lookup_judge(memory(port, "On 41114.", neighbours=(approved,)))

    assert Scoring().status(said) == "unverified"
    assert [(f.quote, f.datum) for f in said.findings] == [
        ("41114", f"{approved.memory_id}: 31111")
    ]
    assert await lookup_judge(memory(port, "On 31111.", neighbours=(approved,))) is None


async def test_an_answer_with_parts_is_the_claims_judges() -> None:
    from dataclasses import replace

    asked = replace(memory("?", "PAY_LOAD failed.", JOBS, "state"), answer=ANSWER)

    assert await lookup_judge(asked) is None


async def test_no_right_answer_is_flagged() -> None:
    flagged, caught = [], 0
    for case in cases("evidence_cases.jsonl"):
        for key in ("good_answer", "bad_answer"):
            asked = memory(case["question"], case[key], case["evidence"], "state")
            verdict = await lookup_judge(asked)
            if verdict and verdict.confidence > 0.6:
                caught += key == "bad_answer"
                flagged += [case["id"]] * (key == "good_answer")

    assert flagged == []
    assert caught > 5


def test_it_sits_only_where_no_llm_does(settings) -> None:
    settings.LLM_BASE_URL, settings.LLM_MODEL = "", ""
    assert len(bench().bounded._paths) == 3
    settings.LLM_BASE_URL, settings.LLM_MODEL = "http://127.0.0.1:9/v1", "any"
    assert not any("lookup" in path for path in bench().bounded._paths)


@pytest.mark.django_db
@pytest.mark.usefixtures("judges_here")
def test_answers_that_the_lookup_was_made_with_are_still_judged_so(capsys) -> None:
    """55 pairs of a right answer and one with a single wrong fact, known when the rules were made.

    So this holds what was reached, and says nothing of answers that nobody has seen.
    """
    call_command("eval_auditor", str(DATA / "answers_dev.jsonl"), "--json")

    found = json.loads(capsys.readouterr().out)
    print({name: found[name] for name in ("precision", "recall", "false_alarms", "abstained")})  # noqa: T201  CI shows it
    assert found["precision"] >= 0.97
    assert found["false_alarms"] <= 0.01
    assert found["confusion"]["tn"] == 0, "nothing is cleared without grounds"
