"""Operators' questions answered by rules, each text held against the engine's own data.

`-s` prints each that is not right, and the figures.
"""

from __future__ import annotations

import sys
from collections import Counter

import pytest

from tests import question_scoring as scoring
from tests.question_asking import answers_of, plan_in_the_afternoon

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
FILES = (
    ("dev", "ninth"),
    ("tenth", "eleventh"),
    ("twelfth", "thirteenth"),
    ("fourteenth", "fifteenth"),
    ("sixteenth", "seventeenth"),
    ("eighteenth", "nineteenth"),
    ("twentieth", "twentyfirst"),
)


@pytest.fixture
def truth(settings):
    settings.LLM_BASE_URL = ""
    with plan_in_the_afternoon() as hwa:
        yield scoring.truth_of(hwa)


@pytest.mark.parametrize("names", FILES)
def test_questions_are_answered_as_the_engine_s_data_say(truth, names):
    for name in names:
        answers = answers_of(scoring.DATA / f"questions_{name}.jsonl", truth)

        verdicts = Counter(one.score.verdict for one in answers)
        sys.stdout.writelines(f"{one.line()}\n" for one in answers if one.score.verdict != "right")
        sys.stdout.write(f"{name} {dict(verdicts)}\n")
        assert verdicts["right"] >= 0.9 * verdicts.total()
        assert verdicts["wrong"] <= 0.015 * verdicts.total()
