"""What people decide teaches the auditor: measures, calibration, and how far an LLM is believed."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from audits.judges import Verdict
from audits.measuring import (
    Example,
    calibration_error,
    interpolated,
    isotonic,
    lower_bound,
    measures,
    platt,
    recommended_threshold,
    reliability,
)
from audits.models import Calibration
from audits.scoring import ENOUGH_DECISIONS, Scoring
from audits.states import Status
from tests.factories import make_memory, make_record


def examples(*rows: tuple[float, bool]) -> list[Example]:
    return [Example(score, score > 0.6, wrong) for score, wrong in rows]


def test_the_measures_of_a_known_confusion() -> None:
    found = measures(examples((0.9, True), (0.9, True), (0.8, False), (0.1, True), (0.1, False)))

    cells = {"tp": 2, "fp": 1, "fn": 1, "tn": 1}
    assert found["confusion"] == cells | {"unverified_correct": 0, "unverified_incorrect": 0}
    assert (found["precision"], found["recall"], found["f1"]) == (0.6667, 0.6667, 0.6667)
    assert (found["false_alarms"], found["abstained"]) == (0.5, 0.0)
    assert found["kappa"] == pytest.approx(1 / 6, abs=1e-3)


def test_an_abstention_is_neither_caught_nor_passed_and_has_no_score() -> None:
    left = [Example(0.05, False, wrong, abstained=True) for wrong in (True, True, False)]
    judged = examples((0.9, True), (0.9, False), (0.0, False))

    found = measures([*judged, *left])

    cells = {"tp": 1, "fp": 1, "fn": 0, "tn": 1}
    assert found["confusion"] == cells | {"unverified_correct": 1, "unverified_incorrect": 2}
    assert (found["recall"], found["false_alarms"]) == (0.3333, 0.3333)  # of 3 wrong, of 3 right
    assert found["abstained"] == 0.5
    assert (found["ece"], found["f1"]) == (measures(judged)["ece"], 0.4)


def test_ratios_without_a_denominator_are_none() -> None:
    found = measures([])

    assert (found["precision"], found["kappa"], found["ece"]) == (None, None, None)


def test_reliability_compares_score_and_truth_per_tenth() -> None:
    rows = reliability(examples((0.95, True), (1.0, False), (0.05, False)))

    assert [(row["n"], row["wrong"]) for row in rows] == [(1, 0.0), (2, 0.5)]


def test_the_recommended_threshold_separates_what_can_be_separated() -> None:
    threshold = recommended_threshold(examples((0.2, False), (0.3, False), (0.5, True)))

    assert 0.3 < threshold < 0.5


@pytest.mark.parametrize("fit", [isotonic, platt])
def test_a_fit_grows_and_lowers_the_calibration_error(fit) -> None:
    overconfident = examples(*[(0.9, n % 2 == 0) for n in range(40)], *[(0.2, False)] * 40)

    points = fit(overconfident)

    values = [value for _, value in points]
    assert values == sorted(values)
    after = [Example(interpolated(points, e.score), e.flagged, e.is_wrong) for e in overconfident]
    assert calibration_error(after) < calibration_error(overconfident)


SCORED = st.tuples(st.sampled_from([0.2, 0.5, 0.9]), st.booleans())


@given(st.lists(SCORED, min_size=1, max_size=20).flatmap(lambda rows: st.permutations(rows)))
def test_decisions_fit_alike_in_whatever_order_they_come(rows) -> None:
    points = isotonic(examples(*rows))

    assert points == isotonic(examples(*sorted(rows)))
    assert len(points) == len({score for score, _ in points})


def test_few_decisions_prove_little() -> None:
    assert lower_bound(5, 5) < 0.6
    assert lower_bound(100, 100) > 0.95
    assert lower_bound(0, 0) == 0.0


def decided(judge: str, raw: float, status: Status, reviewer, number: int, **fields) -> None:
    make_record(
        status,
        make_memory(f"question {judge} {number}?", f"answer {number}"),
        judge=judge,
        raw_confidence=raw,
        ia_audit_confidence=raw,
        judged_at=timezone.now(),
        reviewer=reviewer,
        reviewed_at=timezone.now(),
        **fields,
    )


@pytest.mark.django_db
def test_an_llm_alone_only_flags_until_its_precision_is_proven(reviewer, settings) -> None:
    settings.AUDIT_LLM_QUARANTINE_PRECISION = 0.5
    sure = Verdict("llm", 0.99, "wrong")

    assert Scoring.current().status(sure) == Status.PENDING
    for n in range(10):
        decided("llm", 0.9, Status.REJECTED, reviewer, n)
    assert Scoring.current().status(sure) == Status.QUARANTINED


@pytest.mark.django_db
def test_an_approval_with_a_correction_says_that_the_flag_was_right(reviewer, settings) -> None:
    settings.AUDIT_LLM_QUARANTINE_PRECISION = 0.5
    for n in range(10):
        decided("llm", 0.9, Status.APPROVED, reviewer, n, reason_code="corrected")

    assert "llm" in Scoring.current().quarantines


@pytest.mark.django_db
def test_approved_flags_speak_against_the_llm(reviewer, settings) -> None:
    settings.AUDIT_LLM_QUARANTINE_PRECISION = 0.5
    for n in range(10):
        decided("llm", 0.9, Status.APPROVED, reviewer, n)

    assert "llm" not in Scoring.current().quarantines


@pytest.mark.parametrize(
    ("confidence", "supports", "status"),
    [
        (0.0, False, "unverified"),
        (0.6, False, "unverified"),
        (0.0, True, "cleared"),
        (0.61, True, "pending"),
    ],
)
def test_only_grounds_to_believe_it_clear(confidence, supports, status) -> None:
    verdict = Verdict("claims", confidence, "?", supports=supports)

    assert Scoring().status(verdict) == status


@pytest.mark.django_db
def test_rules_and_claims_quarantine_from_the_start() -> None:
    assert Scoring.current().status(Verdict("claims", 0.9, "no")) == Status.QUARANTINED


@pytest.mark.django_db
@pytest.mark.parametrize(("approved", "status"), [(5, "quarantined"), (10, "pending")])
def test_rules_that_people_refute_bring_a_person_instead(approved, status, reviewer) -> None:
    for n in range(ENOUGH_DECISIONS + 10):
        decision = Status.APPROVED if n < approved else Status.REJECTED
        decided("rules", 0.9, decision, reviewer, n)

    assert Scoring.current().status(Verdict("rules", 0.9, "an attack")) == status


@pytest.mark.django_db
def test_one_decision_refutes_nobody(reviewer) -> None:
    decided("rules", 0.9, Status.APPROVED, reviewer, 1)

    assert "rules" in Scoring.current().quarantines


def test_whose_findings_are_hints_never_quarantines_whatever_its_calibration() -> None:
    scoring = Scoring({"lookup": [[0.0, 0.0], [0.7, 0.99]]})

    assert scoring.status(Verdict("lookup", 0.7, "a name")) == Status.PENDING


@pytest.mark.django_db
def test_calibration_is_fitted_versioned_used_and_switched_off(reviewer, capsys) -> None:
    for n in range(60):
        status = Status.REJECTED if n % 3 == 0 else Status.APPROVED
        decided("claims", 0.9, status, reviewer, n)
        decided("claims", 0.3, Status.APPROVED if n < 59 else Status.REJECTED, reviewer, 100 + n)
    verdict = Verdict("claims", 0.9, "no")

    call_command("calibrate_auditor", "--json")
    found = json.loads(capsys.readouterr().out)

    assert found["claims"]["version"] == 1
    assert found["claims"]["ece_after"] < found["claims"]["ece_before"]
    assert Scoring.current().status(verdict) == Status.UNVERIFIED
    call_command("calibrate_auditor", "--off")
    assert Scoring.current().confidence(verdict) == 0.9
    assert Calibration.objects.count() == 1


@pytest.mark.django_db
def test_too_few_decisions_calibrate_nothing(reviewer, capsys) -> None:
    decided("claims", 0.9, Status.REJECTED, reviewer, 1)

    call_command("calibrate_auditor", "--json")

    assert json.loads(capsys.readouterr().out)["claims"]["fitted"] is False
