"""Why a job does not begin, from the rows of the plan."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tws.plan.models import (
    PlanDependency,
    PlanJob,
    PlanJobStream,
    PlanResource,
    PlanWorkstation,
)
from tws.plan.waiting import why_it_waits

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 15, tzinfo=UTC)


def make(model: Any, name: str, **columns: Any) -> Any:
    if model in (PlanJob, PlanJobStream):
        columns = {"group": "waiting", "status": "HOLD", **columns}
    return model.objects.create(
        engine="SIM", hwa_id=name, name=name, digest=b"", fetched_at=NOW, **columns
    )


def job(name: str = "J", **columns: Any) -> PlanJob:
    return make(PlanJob, name, **columns)


def edge(kind: str, target_kind: str, target: str, of: str = "J", **columns: Any) -> None:
    columns = {"is_satisfied": False, "of_kind": "job", "target_id": target, **columns}
    PlanDependency.objects.create(
        engine="SIM", of_id=of, of_name=of, number=PlanDependency.objects.count() + 1, kind=kind,
        target_kind=target_kind, target_name=target, fetched_at=NOW, **columns,
    )  # fmt: skip


def reasons(node: PlanJob) -> list[str]:
    return [one["reason"] for one in why_it_waits(node)]


def test_what_runs_or_is_done_waits_for_nothing():
    edge("INTERNAL", "job", "BEFORE")

    assert why_it_waits(job(group="running", status="EXEC")) == []


def test_time_that_has_not_come_is_a_reason_and_one_that_has_is_none():
    soon = timezone.now() + timedelta(hours=1)

    assert reasons(job("A", earliest_start_at=soon)) == ["time"]
    assert reasons(job("B", earliest_start_at=soon - timedelta(hours=2))) == []


def test_predecessor_is_told_with_the_status_it_has_now():
    job("BEFORE", group="failed", status="ABEND")
    edge("INTERNAL", "job", "BEFORE", target_status="EXEC")
    edge("INTERNAL", "job", "DONE", is_satisfied=True)

    [reason] = why_it_waits(job())

    assert (reason["reason"], reason["name"], reason["status"]) == (
        "predecessor", "BEFORE", "ABEND",
    )  # fmt: skip
    assert reason["group"] == "failed"


def test_join_names_its_members_that_are_not_satisfied():
    edge("JOIN", "join", "ANY_TWO", join_name="ANY_TWO", join_quantity=2)
    edge("INTERNAL", "job", "ONE", join_name="ANY_TWO")
    edge("INTERNAL", "job", "TWO", join_name="ANY_TWO", is_satisfied=True)
    edge("INTERNAL", "job", "THREE", join_name="ANY_TWO")

    join, *members = why_it_waits(job())

    assert (join["needed"], join["members"], join["satisfied"]) == (2, 3, 1)
    assert [(one["name"], one["join"]) for one in members] == [
        ("ONE", "ANY_TWO"), ("THREE", "ANY_TWO"),
    ]  # fmt: skip


def test_members_of_a_join_that_is_met_are_no_reason():
    edge("JOIN", "join", "ANY", join_name="ANY", join_quantity=1, is_satisfied=True)
    edge("INTERNAL", "job", "ONE", join_name="ANY")

    assert why_it_waits(job()) == []


def test_resource_prompt_and_file_say_what_is_missing():
    make(PlanResource, "TAPES", quantity=2, available=0, holders=[{"job": "OTHER"}])
    edge("RESOURCE", "resource", "TAPES", quantity=1)
    edge("PROMPT", "prompt", "GO", text="May it go?", target_status="ASKED")
    edge("FILE", "file", "/in/x.csv", target_workstation="WS")
    edge("?", "", "")

    resource, prompt, file, unknown = why_it_waits(job())

    assert (resource["needed"], resource["available"], resource["quantity"]) == (1, 0, 2)
    assert resource["holders"] == [{"job": "OTHER"}]
    assert (prompt["text"], prompt["status"]) == ("May it go?", "ASKED")
    assert (file["name"], file["workstation"]) == ("/in/x.csv", "WS")
    assert unknown["reason"] == "unknown"


def test_job_waits_for_what_its_stream_waits_for():
    make(PlanJobStream, "S")
    edge("EXTERNAL_JOBSTREAM", "stream", "EARLIER", of="S", of_kind="stream")

    [reason] = why_it_waits(job(stream_id="S"))

    assert (reason["reason"], reason["of"], reason["name"]) == ("predecessor", "S", "EARLIER")


@pytest.mark.parametrize(
    ("limit", "running", "expected"),
    [(-1, 3, []), (None, 3, []), (4, 3, []), (3, 3, ["stream_limit"]), (0, 0, ["stream_limit"])],
)
def test_stream_runs_as_many_jobs_at_once_as_its_limit_says(limit, running, expected):
    make(PlanJobStream, "S", group="running", job_limit=limit, running_jobs=running)

    assert reasons(job(stream_id="S")) == expected


@pytest.mark.parametrize(
    ("place", "priority", "expected"),
    [
        ({"problems": ["unlinked", "jobman_down"]}, 10, ["unlinked", "jobman_down"]),
        ({"problems": ["limit_0"], "job_limit": 0}, 10, ["limit_0"]),
        ({"problems": ["fence"], "fence": 10}, 10, ["fence"]),
        ({"problems": ["fence"], "fence": 10}, 11, []),
        ({"job_limit": 1}, 10, ["limit"]),
        ({"job_limit": 2}, 10, []),
        ({}, 0, ["priority_0"]),
    ],
)
def test_workstation_and_priority_hold_back_what_depends_on_nothing(place, priority, expected):
    make(PlanWorkstation, "WS", **place)
    job("RUNS", workstation="WS", group="running", status="EXEC")

    assert reasons(job(workstation="WS", priority=priority)) == expected
