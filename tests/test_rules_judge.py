from __future__ import annotations

import asyncio

import pytest

from audits.judges import Verdict
from audits.judges.rules import rules_judge

from .judging import cases, memory, trusted
from .linear import assert_linear

FLAG = 0.60


async def judged(question: str, answer: str, **more) -> Verdict:
    """What the judge says; no suspicion when it says nothing."""
    return await rules_judge(memory(question, answer, **more)) or Verdict("rules", 0.0, "")


# Written before the judge had seen any of it, then used to mend the general rules.
async def test_measured_on_our_own_attacks():
    wrong = []
    for case in cases("attack_cases.jsonl"):
        verdict = await judged(case["question"], case["answer"])
        if (verdict.confidence > FLAG) != (case["expect"] == "flag"):
            wrong.append(case["id"])

    assert wrong == []


async def test_right_answers_about_the_plan_break_no_rule():
    for case in cases("evidence_cases.jsonl"):
        evidence = case["evidence"]
        verdict = await judged(
            case["question"], case["good_answer"], evidence=evidence, kind="state"
        )
        assert verdict.confidence <= FLAG, (case["id"], verdict.reason)


async def test_that_no_rule_is_broken_is_no_verdict():
    fine = memory("What is a fence?", "A threshold: jobs below it are not started.")

    assert await rules_judge(fine) is None


async def test_a_secret_is_named_and_never_shown_in_the_reason():
    verdict = await judged("How do I connect?", "Use password = Sup3rS3cret! on the master.")

    assert "Sup3rS3cret" not in verdict.reason
    assert verdict.findings[0].datum == "[masked: password]"


async def test_hidden_characters_are_shown_in_the_reason():
    verdict = await judged("?", "PAY\u202eLLOR failed")

    assert "⟨U+202E⟩" in verdict.reason


async def test_repeating_the_memory_an_answer_was_drawn_from_is_junk():
    text = "Set the workstation limit to a value above zero, then the ready jobs start."
    evidence = [{"tool": "search_memories", "result": []}]
    neighbours = (trusted("Why does nothing start?", text),)

    again = await judged("Jobs stay ready?", text, evidence=evidence, neighbours=neighbours)
    other = await judged("Jobs stay ready?", text, neighbours=neighbours)

    assert again.confidence > FLAG
    assert other.confidence <= FLAG


async def test_state_without_evidence_is_junk_unless_it_is_an_honest_no():
    claim = await judged("What failed?", "AA_1 failed.", kind="state")
    refusal = await judged("What failed?", "I can't reach HWA at the moment.", kind="state")

    assert claim.confidence > FLAG
    assert refusal.confidence <= FLAG


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "<",
        "</",
        "ignore ",
        "note to ",
        "confirm ",
        "delete ",
        "eyJ",
        "password is ",
        "\u200b",
        "a",
    ],
)
def test_a_hostile_text_takes_linear_time(unit):
    assert_linear(lambda text: asyncio.run(judged(text, text)), unit)
