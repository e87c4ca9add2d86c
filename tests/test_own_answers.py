"""The agent's own answers, judged: each verifies as stored, each change of a fact is noticed.

`-s` prints how many changes of each kind were made, and each that was not noticed.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from random import Random

import pytest

from audits.judges import Verdict
from audits.judges.claimed import claims_judge
from tests.own_answers import Given, answers, changes, fixed_words, reworded, sayings

pytestmark = pytest.mark.django_db(transaction=True)


def judged(given: Given) -> Verdict:
    verdict = asyncio.run(claims_judge(given.memory()))
    assert verdict is not None
    return verdict


def check_all(given: list[Given], random: Random) -> tuple[Counter[str], list[str]]:
    """How many changes of each kind were made, and what came out otherwise than it must."""
    made: Counter[str] = Counter()
    problems = []
    for one in given:
        verdict = judged(one)
        if not verdict.supports:
            problems.append(f"not verified: {one.question!r} {verdict.reason} {one.text[:200]!r}")
            continue
        if named := one.names & fixed_words(one):
            problems.append(f"{one.question!r}: a phrase names {named}")
        for kind, changed in changes(one, random, given):
            made[kind] += 1
            if not judged(changed).findings:
                problems.append(f"{kind}: {one.question!r} {difference(one, changed)}")
        for kind, same in sayings(one, random):
            if not judged(same).supports:
                problems.append(f"{kind}: {one.question!r} {judged(same).reason}")
        with reworded():
            if judged(one).findings:
                problems.append(f"reworded: {one.question!r} {judged(one).reason}")
    return made, problems


def difference(one: Given, changed: Given) -> str:
    if one.text != changed.text:
        return f"{one.text[:160]!r} -> {changed.text[:160]!r}"
    return f"{one.answer}" if one.answer != changed.answer else "evidence"


def told(name: str, given: list[Given], made: Counter[str], problems: list[str]) -> None:
    lines = [f"{name}: {len(given)} answers, {made.total()} changes {dict(made)}", *problems]
    sys.stdout.write("\n".join(lines) + "\n")


def test_own_answers_verify_and_changed_ones_are_noticed() -> None:
    given = asyncio.run(answers(seed=1, wanted=30, jobs=300))

    made, problems = check_all(given, Random(1))

    told("seed 1", given, made, problems)
    assert made.total() > 200
    assert not problems


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 14))
def test_own_answers_of_many_plans_verify_and_changed_ones_are_noticed(seed: int) -> None:
    given = asyncio.run(answers(seed, wanted=60))

    made, problems = check_all(given, Random(seed))

    told(f"seed {seed}", given, made, problems)
    assert made.total() > 500
    assert not problems
