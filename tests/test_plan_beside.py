"""Beside the query: one object whole, what it holds up, runs and days against each other."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from knowledge.claims.evidence import NoClaim, Reading
from knowledge.claims.expressions import evaluate
from tws.plan import inspecting
from tws.plan.comparing import compare_days, compare_runs
from tws.plan.impact import impact
from tws.plan.inspecting import inspect
from tws.plan.models import (
    PlanDefinition,
    PlanDependency,
    PlanEngine,
    PlanJob,
    PlanJobStream,
    PlanRun,
    PlanWorkstation,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 15, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 25, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
def engine(db: None) -> PlanEngine:
    return PlanEngine.objects.create(
        name="SIM", read_in_full_at=NOW, fetched_at=NOW, edges_read=5, edges_total=5
    )


def job(name: str, **columns: Any) -> PlanJob:
    columns = {
        "stream_id": "S", "stream_name": "S", "group": "waiting", "status": "HOLD", **columns,
    }  # fmt: skip
    return PlanJob.objects.create(
        engine="SIM", hwa_id=name, name=name, digest=b"", fetched_at=NOW, **columns
    )


def stream(name: str, **columns: Any) -> PlanJobStream:
    columns = {"group": "waiting", "status": "HOLD", **columns}
    return PlanJobStream.objects.create(
        engine="SIM", hwa_id=name, name=name, digest=b"", fetched_at=NOW, **columns
    )


def waits(of: str, target: str, kind: str = "job", satisfied: bool | None = False) -> None:
    number = PlanDependency.objects.count() + 1
    PlanDependency.objects.create(
        engine="SIM", of_kind=kind, of_id=of, of_name=of, number=number, kind="INTERNAL",
        target_kind="job", target_id=target, target_name=target, is_satisfied=satisfied,
        fetched_at=NOW,
    )  # fmt: skip


def run(number: int, minutes: float | None, job_name: str = "J", **columns: Any) -> PlanRun:
    start = columns.pop("started_at", MIDNIGHT + timedelta(hours=number))
    return PlanRun.objects.create(
        engine="SIM", run_id=f"{job_name}{number}", job_id=job_name, job_name=job_name,
        number=number, plan_number=1, day=NOW.date(), fetched_at=NOW, started_at=start,
        ended_at=None if minutes is None else start + timedelta(minutes=minutes),
        **{"group": "success", "status": "SUCC", **columns},
    )  # fmt: skip


def held(found: dict[str, Any] | None) -> set[str]:
    assert found is not None
    return {row["name"] for row in found["rows"]}


# --- impact -------------------------------------------------------------------------------------


def test_a_job_holds_up_what_waits_for_it_its_stream_and_what_waits_for_that():
    stream("S")
    stream("NEXT")
    job("A")
    job("B")
    job("C", stream_id="NEXT", stream_name="NEXT")
    job("ALONE", stream_id="", stream_name="")
    waits("B", "A")
    waits("NEXT", "S", "stream")

    found = impact("SIM", "job", "A")

    assert held(found) == {"B", "S", "NEXT", "C"}
    assert (found["jobs"], found["streams"], found["complete"]) == (2, 2, True)


def test_what_is_done_or_satisfied_is_not_held_up():
    stream("S")
    job("A")
    job("DONE", group="success")
    job("FREE")
    waits("DONE", "A")
    waits("FREE", "A", satisfied=True)

    assert held(impact("SIM", "job", "A")) == {"S"}


def test_until_when_a_job_must_start_counts_all_work_up_to_each_deadline():
    stream("S")
    job("A", estimated_seconds=600)
    job("B", estimated_seconds=1200)
    job("C", estimated_seconds=60, deadline_at=NOW + timedelta(hours=2))
    waits("B", "A")
    waits("C", "B")
    waits("C", "A")

    found = impact("SIM", "job", "A")

    assert found["until"] == "2026-11-25T13:29:00-03:00"


def test_until_when_a_job_must_start_keeps_hwas_critical_start():
    stream("S")
    job("A", estimated_seconds=600)
    job("B", estimated_seconds=1200, deadline_at=NOW + timedelta(hours=2))
    waits("B", "A")
    PlanJob.objects.filter(name="B").update(critical_start_at=NOW + timedelta(hours=1))

    found = impact("SIM", "job", "A")

    assert found["until"] == "2026-11-25T12:50:00-03:00"


def test_a_circle_of_dependencies_ends_and_is_said():
    stream("S")
    job("A", estimated_seconds=1)
    job("B", estimated_seconds=1)
    waits("B", "A")
    waits("A", "B")

    found = impact("SIM", "job", "A")

    assert "B" in held(found)
    assert found["complete"] is False


def test_an_answer_without_all_edges_says_so(engine):
    engine.edges_read = 4
    engine.save()
    stream("S")
    job("A")

    found = impact("SIM", "job", "A")

    assert (found["complete"], found["edges_read"], found["edges_total"]) == (False, 4, 5)


def test_nothing_is_held_up_by_what_is_not_there():
    assert impact("SIM", "job", "NOBODY") is None


# --- inspect ------------------------------------------------------------------------------------


def test_a_job_is_told_whole():
    job(
        "A", workstation="WS", priority=10, group="ready", status="READY", definition_id="D",
        details_read_at=NOW, details_due=False,
    )  # fmt: skip
    job("B")
    waits("B", "A")
    run(1, 5, "A")
    run(2, 7, "A")
    PlanWorkstation.objects.create(
        engine="SIM", hwa_id="WS", name="WS", problems=["limit_0", "fence"], fence=10, digest=b"",
        fetched_at=NOW,
    )  # fmt: skip
    PlanDefinition.objects.create(
        engine="SIM", plan_number=1, kind="job", hwa_id="D", name="A", owner="ana",
        documentation="Call Ana.", fetched_at=NOW,
    )  # fmt: skip

    told = inspect("SIM", "job", "A")

    assert [one["reason"] for one in told["waits"]] == ["limit_0", "fence"]
    assert told["holds_up"] == ["B"]
    assert [one["number"] for one in told["last_runs"]] == [2, 1]
    assert (told["definition"]["owner"], told["definition"]["documentation"]) == (
        "ana",
        "Call Ana.",
    )
    assert (told["details_read"], told["dependencies"]) == (True, [])


def test_what_is_left_out_of_an_object_s_lists_is_counted(monkeypatch):
    monkeypatch.setattr(inspecting, "MOST_RUNS", 2)
    monkeypatch.setattr(inspecting, "MOST_EDGES", 1)
    for name in "ABC":
        job(name)
    waits("B", "A")
    waits("C", "A")
    waits("A", "B")
    for number in (1, 2, 3):
        run(number, 5, "A")

    told = inspect("SIM", "job", "A")

    assert told["not_shown"] == {"last_runs": 1, "holds_up": 1}
    readings = {"q1": Reading("q1", "inspect", {}, told)}
    assert evaluate("q1.last_runs[0].number", readings).value == 3
    assert evaluate("length(q1.dependencies)", readings).value == 1
    with pytest.raises(NoClaim, match="cut"):
        evaluate("length(q1.last_runs)", readings)


def test_no_dependency_is_only_said_when_it_was_read():
    job("A")

    assert inspect("SIM", "job", "A")["details_read"] is False


def test_what_is_not_in_the_plan_is_none():
    assert inspect("SIM", "workstation", "WS9") is None


# --- compare ------------------------------------------------------------------------------------


def test_runs_stand_beside_the_one_before():
    for number, minutes in ((1, 10.0), (2, 25.0), (3, None)):
        run(number, minutes)

    found = compare_runs("SIM", "J")

    assert [row["minutes"] for row in found["rows"]] == [None, 25.0, 10.0]
    assert [row["difference_minutes"] for row in found["rows"]] == [None, 15.0, None]
    assert (found["matched"], found["usual_minutes"]) == (3, None)


def test_two_days_are_compared_up_to_the_same_hour():
    day = timedelta(days=1)
    run(1, 5, "BOTH", group="failed", started_at=MIDNIGHT + timedelta(hours=1))
    run(2, 5, "BOTH", group="failed", started_at=MIDNIGHT + timedelta(hours=1) - day)
    run(1, 5, "NEW", group="failed", started_at=MIDNIGHT + timedelta(hours=2))
    run(1, 5, "LATE", group="failed", started_at=MIDNIGHT + timedelta(hours=22) - day)

    run(3, 5, "OLD", started_at=MIDNIGHT - 2 * day)

    found = compare_days("SIM", date(2026, 11, 25), date(2026, 11, 24), until=time(12))

    assert found["failed_only_on_day"] == ["NEW"]
    assert found["failed_on_both"] == ["BOTH"]
    assert found["failed_only_on_other"] == []
    assert (found["day"]["matched"], found["other"]["matched"]) == (2, 1)
    assert found["day"]["groups"] == [{"group": "failed", "count": 2}]
    assert found["known_from"] is None


def test_a_run_over_midnight_is_of_the_day_on_which_it_ended():
    run(1, 90, "OVER", group="failed", started_at=MIDNIGHT - timedelta(hours=1))
    run(1, None, "ON", group="running", started_at=MIDNIGHT - timedelta(hours=1))

    found = compare_days("SIM", date(2026, 11, 25), date(2026, 11, 24))

    assert (found["day"]["failed_jobs"], found["other"]["failed_jobs"]) == (1, 0)
    assert found["other"]["groups"] == [{"group": "running", "count": 1}]
    assert found["known_from"] == "2026-11-24T23:00:00-03:00"
