"""The checks of scripts/chaos.py notice what they are there for: each planted fault, by name."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from scripts.storm.importing import ROWS, unkept
from scripts.storm.invariants import CHECKS, violations
from scripts.storm.records import Question, Rated, Records, Tried
from scripts.storm.rows import Line, MemoryRow, Rows, Run

NOTE = "reviewer 1"
DIGEST = hashlib.sha256(NOTE.encode()).hexdigest()


def frame(seq: int, type: str, **more: Any) -> dict[str, Any]:
    return {"run_id": "r1", "client_id": "c1", "seq": seq, "type": type, **more}


def a_good_storm() -> tuple[Records, Rows]:
    """One of each: a question answered, a flag approved, a search, a rating, an import."""
    question = Question("talk", "c1")
    for one in (frame(1, "run_started"), frame(2, "message", memory_id="m1")):
        question.take(one)
    known = Records(
        questions=[question],
        decisions=[Tried("m2", "approve", NOTE, 200)],
        ratings=[Rated("m2", 4, 200)],
        found={"m2": "trusted"},
        imported=["How 2?"],
    )
    kept = Rows(
        memories={
            "m1": MemoryRow("m1", "What failed?", "suspect", "pending"),
            "m2": MemoryRow("m2", "How 2?", "trusted", "approved", is_indexed=True, vectors=1),
        },
        log=[
            Line(1, "flag", "m1", 1, "running", "pending"),
            Line(2, "flag", "m2", 1, "running", "pending"),
            Line(3, "approve", "m2", 1, "pending", "approved", "suspect", "rules", DIGEST),
        ],
        runs=[Run("talk", "c1", "r1", ("message",), 1)],
        ratings={"m2": 4},
    )
    return known, kept


def change(kept: Rows, memory_id: str, **values: Any) -> None:
    kept.memories[memory_id] = kept.memories[memory_id]._replace(**values)


def twice_in_the_log(known: Records, kept: Rows) -> None:
    kept.log.append(kept.log[2]._replace(seq=4, from_status="approved"))


PLANTED = {
    "answers_are_remembered": lambda known, kept: kept.memories.pop("m1"),
    "decisions_are_logged_once": lambda known, kept: kept.log.pop(),
    "nothing_is_flagged_twice": lambda known, kept: kept.log.append(kept.log[0]._replace(seq=4)),
    "the_log_tells_each_life": lambda known, kept: kept.log.pop(0),
    "pairs_are_in_the_table": lambda known, kept: change(kept, "m1", trust="cleared"),
    "everything_is_settled": lambda known, kept: change(kept, "m1", status="running"),
    "only_the_usable_is_found": lambda known, kept: known.found.update(m1="cleared"),
    "the_index_follows": lambda known, kept: change(kept, "m2", vectors=0),
    "runs_have_one_end": lambda known, kept: kept.runs.append(Run("talk", "c2", "r2", (), 0)),
    "questions_are_asked_once": lambda known, kept: kept.runs.append(
        Run("talk", "c1", "r2", ("error",), 1)
    ),
    "frames_agree": lambda known, kept: known.questions[0].take(frame(1, "stream", message="!")),
    "imports_are_whole": lambda known, kept: known.imported.append("How 3?"),
    "ratings_are_kept": lambda known, kept: kept.ratings.update(m2=1),
}


def test_a_storm_in_which_all_went_well_breaks_nothing():
    assert violations(*a_good_storm()) == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_each_check_notices_the_fault_it_is_there_for(check):
    known, kept = a_good_storm()
    PLANTED[check.__name__](known, kept)

    assert len(list(check(known, kept))) == 1


def test_a_decision_that_was_logged_twice_is_noticed():
    known, kept = a_good_storm()
    twice_in_the_log(known, kept)

    assert any("stands 2 times" in said for said in violations(known, kept))


def test_a_refused_decision_in_the_log_is_noticed_and_an_unanswered_one_is_not():
    known, kept = a_good_storm()
    known.decisions[:] = [Tried("m2", "approve", NOTE, None)]
    assert violations(known, kept) == []

    known.decisions[:] = [Tried("m2", "approve", NOTE, 409)]
    assert len(violations(known, kept)) == 1


def test_a_person_may_report_what_the_auditor_had_flagged_before():
    known, kept = a_good_storm()
    kept.log[0:0] = [Line(0, "fail", "m1", 1, "running", "failed")]
    kept.log[1] = Line(1, "flag", "m1", 1, "failed", "pending", judge="person")

    assert violations(known, kept) == []


def test_what_is_queued_again_may_be_flagged_again():
    known, kept = a_good_storm()
    kept.log += [
        Line(4, "audit_again", "m1", 1, "pending", "queued"),
        Line(5, "flag", "m1", 1, "running", "pending"),
    ]

    assert violations(known, kept) == []


def test_what_was_usable_when_it_was_found_may_be_suspect_now():
    known, kept = a_good_storm()
    known.found["m1"] = "cleared"
    kept.log[0] = kept.log[0]._replace(from_status="cleared", from_trust="cleared", judge="person")

    assert violations(known, kept) == []


def test_an_answer_that_only_its_client_saw_is_noticed():
    known, kept = a_good_storm()
    kept.runs[0] = kept.runs[0]._replace(ends=("error",))

    assert violations(known, kept) == ["run r1 ended with message for its client only"]


def test_a_frame_that_never_came_is_noticed():
    known, kept = a_good_storm()
    del known.questions[0].frames["r1"][1]

    assert violations(known, kept) == ["run r1 came as frames [2]"]


def test_rows_may_be_refused_only_as_what_was_imported_before_and_quarantined_since():
    def said(reason: str, rejected: int = 2) -> dict[str, Any]:
        errors = [{"line": 7, "reason": reason}] * 2
        return {"imported": 30, "duplicates": 8, "rejected": rejected, "errors": errors}

    assert ROWS == 40
    assert unkept(said("the same memory is quarantined")) == []
    assert len(unkept(said("the answer is empty"))) == 1
    assert len(unkept(said("the same memory is quarantined", rejected=3))) == 1
