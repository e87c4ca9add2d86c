"""Texts and evidence made to take long: no local judge over its limit, whatever stands in them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.conf import settings as site
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audits.judges.claimed import claims_judge
from audits.judges.lookup import lookup_judge
from audits.judges.rules import rules_judge
from tests.judging import cases, memory

JUDGES = (rules_judge, claims_judge, lookup_judge)
LONGEST, DRAWN = 60_000, 6_000
"""Characters of the texts made of one unit, and of those drawn by the thousand."""

BEGINNINGS = [
    "[", "<", "</", "{{", "{", "```", "<think>", "ignore ", "note to the auditor, ", "confirm ",
    "delete ", "eyJ", "password is ", "token ", "bearer ", "a", " ", "\n", "\u200b", "é",
    "\u0130", "0", "1,", "1.", "A_", "A#", "/A", "the user ", "i am ", "vou ", "estou ",
    "agora ", "há 3 jobs ", "new policy ", "assistant: ", "'ai ", "# ", "|", "- ", "AWS",
    "AWSBHT061E ", "#REF! ", "=SUM(", "action: x\n", "um momento ", "nesta conversa ", "rm -rf ",
    "is ", "estão ", "today is ", "HOLD ", "SUCC, ", "return code ", "conman ", "https://",
    "x@y", "sk_", "a.b_c", "=", "-", "\ud83d\ude00", "\ufeff",
]  # fmt: skip
UNITS = st.sampled_from(BEGINNINGS) | st.text(min_size=1, max_size=12)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A few units, repeated up to a length that no person writes."""
    parts = draw(st.lists(st.tuples(UNITS, st.integers(1, DRAWN)), min_size=1, max_size=4))
    return "".join(unit * (times // len(unit) + 1) for unit, times in parts)[:DRAWN]


SHORT = st.text(max_size=30) | st.sampled_from([row["answer"] for row in cases("junk_cases.jsonl")])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
EVIDENCE = st.lists(st.fixed_dictionaries({"tool": SHORT, "result": JSON}), max_size=3)


async def slowest(question: str, answer: str, evidence: list[dict[str, Any]]) -> float:
    """CPU seconds of the judge that took longest."""
    about = memory(question, answer, evidence, "state" if evidence else "knowledge")
    took = []
    for judge in JUDGES:
        began = time.process_time()
        await judge(about)
        took.append(time.process_time() - began)
    return max(took)


def hostile(examples: int):
    def decorate(test):
        held = settings(
            max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck)
        )
        return held(given(question=SHORT | texts(), answer=texts(), evidence=EVIDENCE)(test))

    return decorate


@hostile(10)
async def test_no_judge_is_over_its_limit(question, answer, evidence) -> None:
    assert await slowest(question, answer, evidence) < site.AUDIT_JUDGE_SECONDS


@pytest.mark.slow
@pytest.mark.timeout(900)
@hostile(250)
async def test_no_judge_is_over_its_limit_on_hundreds(question, answer, evidence) -> None:
    assert await slowest(question, answer, evidence) < site.AUDIT_JUDGE_SECONDS


@pytest.mark.slow
@pytest.mark.parametrize("beginning", BEGINNINGS)
async def test_one_beginning_over_and_over_takes_no_judge_long(beginning: str) -> None:
    text = (beginning * LONGEST)[:LONGEST]

    assert await slowest(text, text, []) < site.AUDIT_JUDGE_SECONDS
    assert await slowest(text, text, [{"tool": "x", "result": text}]) < site.AUDIT_JUDGE_SECONDS
