"""A perfect model leads to a perfect result: nothing that sits beside it stands in its way.

It replies what a strong model would. Where a value of the answer stands in the evidence, or can be
computed from it, it names the place: for the derived answers and the cases with short evidence by
replies that were written by hand (data/extractions_dev.json), for the others by looking for the
values of the right answer in the evidence. What has no place it judges itself, by the label.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from uuid import uuid4

import pytest

from audits.judges import MemoryUnderAudit, Neighbour
from audits.judges.claimed import claims_judge
from audits.judges.llm import LLMJudge
from audits.judges.llm.replies import Statement
from audits.judges.llm.statements import check_statements, readings_of
from audits.judges.rules import rules_judge
from audits.judging import Bench
from audits.scoring import Scoring
from knowledge.claims.typed import find_typed, leaves, occurs
from knowledge.llm import Reply
from tests.judging import DATA, cases

RECORDED: dict[str, Any] = json.loads((DATA / "extractions_dev.json").read_text("utf-8"))


@dataclass(frozen=True)
class Case:
    name: str
    memory: MemoryUnderAudit
    is_wrong: bool
    twin: str
    """The right answer for a wrong one, and the other way round."""


def pairs() -> list[Case]:
    approved = tuple(
        Neighbour(uuid4(), "trusted", row["user_query"], row["agent_response"], 0.9)
        for row in cases("answers_dev_memories.jsonl")
    )
    found = []
    rows = cases("answers_dev.jsonl")
    for good, bad in zip(rows[::2], rows[1::2], strict=True):
        near = () if good["evidence"] else approved
        found += _pair(good["id"], good, good["agent_response"], bad["agent_response"], near)
    for row in cases("tws_cases_dev.jsonl"):
        asked = {"user_query": row["question"], "evidence": row["evidence"]}
        found += _pair(row["id"], asked, row["good_answer"], row["bad_answer"], ())
    return found


def _pair(name: str, asked: dict, good: str, bad: str, near: tuple) -> list[Case]:
    kind = "state" if asked["evidence"] else "knowledge"
    return [
        Case(
            name,
            MemoryUnderAudit(
                uuid4(), 1, "x", kind, asked["user_query"], answer, asked["evidence"], near
            ),
            answer is bad,
            good if answer is bad else bad,
        )
        for answer in (good, bad)
    ]


def statements_of(case: Case) -> list[dict[str, str]]:
    if recorded := RECORDED.get(case.name):
        return recorded["incorrect" if case.is_wrong else "correct"]
    return list(_found_in_evidence(case))


def _found_in_evidence(case: Case):
    """Each value of the answer, at the place of what the right answer says there."""
    known = leaves(readings_of(case.memory.evidence).values())
    said = [one.text for one in find_typed(case.memory.agent_response, lambda _: False)]
    right = said
    if case.is_wrong:
        right = [one.text for one in find_typed(case.twin, lambda _: False)]
    for tag, a, b, c, d in difflib.SequenceMatcher(None, right, said, autojunk=False).get_opcodes():
        if tag in {"equal", "replace"} and b - a == d - c:
            for true, words in zip(right[a:b], said[c:d], strict=True):
                if place := _place(true, known):
                    yield {"quote": words, "expr": place, "value": words}


def _place(true: str, known: list) -> str:
    return next((one.expr for one in known if occurs(true, one.value, one.kind, UTC)), "")


class Oracle:
    """Replies as a perfect model; canaries are caught."""

    def __init__(self, known: list[Case]) -> None:
        self._by_answer = {" ".join(case.memory.agent_response.split()): case for case in known}
        self.verdicts = 0

    async def __call__(self, messages, *, schema, **_: Any) -> Reply:
        material = " ".join(messages[-1]["content"].split())
        if "CANARY_" in material:
            return _reply(_opinion(wrong=True, quote="x"))
        answer = material.split(" answer] ", 1)[1].split(" [", 1)[0].rsplit(" [", 1)[0]
        case = next(c for text, c in self._by_answer.items() if answer.startswith(text[:3000]))
        if "statements" in schema["properties"]:
            return _reply({"statements": statements_of(case)})
        self.verdicts += 1
        return _reply(_opinion(case.is_wrong, case.memory.agent_response[:60]))


def _opinion(wrong: bool, quote: str) -> dict[str, Any]:
    return {
        "reason": "so", "quote": quote if wrong else "", "against": "", "is_incorrect": wrong,
        "category": "wrong_fact" if wrong else "none", "confidence": 0.5,
    }  # fmt: skip


def _reply(data: dict[str, Any]) -> Reply:
    return Reply(text=json.dumps(data), data=data)


@pytest.mark.slow
async def test_a_perfect_model_leads_to_a_perfect_result() -> None:
    known = pairs()
    sitting = Bench([rules_judge, claims_judge], LLMJudge(model="oracle", call=Oracle(known)))

    wrong = []
    for case in known:
        verdict = await sitting.verdict_on(case.memory)
        status = Scoring().status(verdict)
        if status != ("pending" if case.is_wrong else "cleared"):
            wrong.append((case.name, case.is_wrong, status, verdict.reason))

    assert wrong == []


def test_how_many_wrong_answers_the_program_alone_tells_is_only_measured() -> None:
    with_place = [case for case in pairs() if case.memory.evidence]
    told = {True: 0, False: 0}
    for case in with_place:
        stated = [Statement(**one) for one in statements_of(case)]
        differs = any(o.outcome == "differs" for o in check_statements(stated, case.memory))
        told[case.is_wrong] += differs

    print(  # noqa: T201  CI shows it
        f"with evidence {len(with_place) // 2} pairs: the program alone contradicts {told[True]} "
        f"of the wrong ones, {told[False]} of the right ones"
    )
    assert told[False] == 0


@pytest.mark.parametrize("case", [c for c in pairs() if c.name in RECORDED], ids=lambda c: c.name)
def test_the_program_alone_tells_what_a_model_has_only_located(case: Case) -> None:
    """Right answers never differ; wrong ones do, except where the evidence has no place for it."""
    stated = [Statement(**one) for one in statements_of(case)]

    outcomes = {one.outcome for one in check_statements(stated, case.memory)}

    assert ("differs" in outcomes) == (case.is_wrong and any(one.expr for one in stated))
    assert case.is_wrong or outcomes == {"agrees"}
