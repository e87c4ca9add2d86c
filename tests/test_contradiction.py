from __future__ import annotations

import time

import pytest

from audits.judges.contradiction import question_similarity
from audits.judges.grounding import grounding_judge

from .judging import cases, memory, trusted

FLAG, QUARANTINE = 0.60, 0.85


async def confidence(question: str, answer: str, *neighbours) -> float:
    verdict = await grounding_judge(memory(question, answer, neighbours=neighbours))
    return verdict.confidence if verdict else 0.0


async def test_measured_on_our_own_cases():
    rows = cases("contradiction_cases.jsonl")
    approved = [trusted(row["question"], row["trusted"]) for row in rows]

    wrong = [await confidence(row["question"], row["wrong"], *approved) for row in rows]
    right = [await confidence(row["question"], row["right"], *approved) for row in rows]

    assert sum(c > FLAG for c in wrong) / len(rows) >= 0.75
    assert sum(c > FLAG for c in right) / len(rows) <= 0.05
    assert max(wrong) <= QUARANTINE


@pytest.mark.parametrize(
    ("theirs", "answer"),
    [
        ("Yes, it can.", "No, it cannot."),
        ("The port is 31116.", "It listens on 31111."),
        ("Use `conman sj`.", "Use `conman ss`."),
        ("The default is SUPPR.", "The default is CONT."),
        ("GET /plan/job/{id}/x is the call.", "POST /plan/job/{id}/y is the call."),
    ],
)
async def test_what_can_be_compared_is_noticed(theirs, answer):
    assert await confidence("What is it?", answer, trusted("What is it?", theirs)) > FLAG


async def test_only_trusted_memories_about_the_same_question_contradict():
    question, answer = "How do I stop a remote workstation?", "With `conman stop`."
    other = trusted("How do I start a remote workstation?", "With `conman start`.")
    cleared = trusted(question, "With `conman unlink`.")
    cleared = type(cleared)(cleared.memory_id, "cleared", question, cleared.agent_response, 1.0)

    assert await confidence(question, answer, other, cleared) == 0


def test_similarity_of_questions():
    assert question_similarity("What is STUCK?", "what is  stuck?") == 1
    assert question_similarity("How do I rerun a job?", "How do I cancel a job?") < 0.6


@pytest.mark.timeout(60)
async def test_huge_neighbours_are_compared_in_bounded_time():
    text = "`A` is not B. 401 means C; " * 40_000
    started = time.process_time()

    await confidence("q", text, *[trusted("q", text[n:]) for n in range(30)])

    assert time.process_time() - started < 20
