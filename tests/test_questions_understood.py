"""How operators' questions are understood, held against the engine's own data.

`-s` prints each that is not right, and the figures. When each file was first looked at, before
anything was mended from it (questions, right, honest, wrong):

    questions_own     145  117  16  12
    questions_dev      83   71   6   6
    questions_more    188  162  18   8
    questions_third   164  142  11  11
    questions_fourth  124  101  11  12
    questions_fifth    60   49   5   6
    questions_sixth    64   56   6   2
    questions_unseen   50   47   2   1
    questions_seventh  66   55   6   5  (the final texts: 60, 2, 4)
    questions_eighth   51   44   3   4  (the final texts: 46, 2, 3)

Nobody mends anything from questions_unseen: it is only measured.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests import question_scoring as scoring
from tests.plan_reading import NOON, moved_simulator, read_once
from tws.answers.understanding.asked import Ask, Thing, read_understood, understood_json
from tws.answers.understanding.understanding import understand
from tws.plan.query.asked import PlanQueryRefused

NAMES = ("own", "more", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "dev")
FILES = [f"questions_{name}" for name in NAMES]
AFTERNOON = NOON + 19_800  # 14:30 in São Paulo
KINDS = {"jobs": "job", "runs": "job", "job_streams": "stream", "workstations": "workstation"}


@pytest.fixture
def truth(transactional_db):
    with moved_simulator(jobs=1_500) as hwa:
        hwa.at = AFTERNOON
        hwa.plan.refresh()
        read_once(hwa)
        yield scoring.truth_of(hwa)


def shown_by(asked, now):
    """The objects that a list would show first."""
    if not isinstance(asked, Ask):
        return ()
    kind = KINDS.get(asked.query.entity)
    try:
        rows = scoring.answered(asked.query, now).get("rows", [])
    except PlanQueryRefused:
        return ()
    if kind is None:
        return ()
    things = [Thing(kind, row[kind], "", row.get("stream", "")) for row in rows]
    return tuple(dict.fromkeys(things))[:10]


def scored(path: Path, truth) -> list[tuple[scoring.Asking, scoring.Scored]]:
    now = datetime.fromtimestamp(truth.now, scoring.ZONE)
    found = []
    for turns in scoring.conversations(path, truth):
        last, shown = None, ()
        for number, asking in enumerate(turns, 1):
            understood = understand(
                asking.question, now=now, zone=scoring.ZONE, engine="SIM", last=last
            )
            assert (
                read_understood(json.loads(json.dumps(understood_json(understood)))) == understood
            )
            score = scoring.score_understood(asking, understood, list(shown))
            found.append((asking, score))
            if number == len(turns):
                break  # nobody asks about what this one shows
            shown = shown_by(understood.asked, now) or shown
            if understood.asked.type not in (
                "small_talk",
                "cannot_know",
                "not_understood",
                "define",
            ):
                last = replace(understood, shown=shown)
    return found


def told(name, found):
    verdicts = Counter(score.verdict for _asking, score in found)
    for asking, score in found:
        if score.verdict != "right":
            line = f"{score.verdict:7}{asking.kind:13}{asking.question!r}: {score.why[:300]}"
            sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{name} {len(found)} {dict(verdicts)}\n")
    return verdicts


@pytest.mark.slow
def test_questions_are_understood_as_the_engine_s_data_say(truth):
    for name in FILES:
        found = scored(scoring.DATA / f"{name}.jsonl", truth)

        verdicts = told(name, found)
        assert verdicts["right"] >= 0.95 * len(found)
        assert verdicts["wrong"] <= 0.015 * len(found)


def test_questions_that_nothing_was_mended_from_are_understood_nearly_as_well(truth):
    found = scored(scoring.DATA / "questions_unseen.jsonl", truth)

    verdicts = told("questions_unseen", found)
    assert verdicts["right"] >= 0.85 * len(found)
    assert verdicts["wrong"] <= 0.03 * len(found)
