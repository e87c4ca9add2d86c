"""The storm's look at the plan notices what it is there for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone

from scripts.storm.plan import Told, differences, losses
from tests.plan_reading import make_engine
from tws.plan.models import PlanJob, PlanRun

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def engine(settings: Any) -> None:
    settings.TWS_ENGINES = json.dumps([{"name": "SIM", "base_url": "https://hwa.example"}])
    make_engine(plan_number=2)


def a_job(hwa_id: str, **raw: Any) -> None:
    PlanJob.objects.create(
        engine="SIM", hwa_id=hwa_id, name=hwa_id, raw=raw, digest=b"", fetched_at=timezone.now()
    )


def a_run(run_id: str, job_id: str, number: int) -> None:
    PlanRun.objects.create(
        engine="SIM", run_id=run_id, job_id=job_id, number=number, plan_number=1,
        day=timezone.localdate(), fetched_at=timezone.now(),
    )  # fmt: skip


def told(*runs: str) -> Told:
    return Told(jobs={"J": {"jobruns": [{"id": run} for run in runs]}})


def test_plan_that_is_the_engines_differs_in_nothing():
    a_job("J", name="J")

    assert differences(Told(jobs={"J": {"name": "J"}})) == []


@pytest.mark.parametrize("jobs", [{}, {"J": {"name": "K"}}, {"J": {"name": "J"}, "K": {}}])
def test_job_that_is_otherwise_missing_or_left_over_is_noticed(jobs):
    a_job("J", name="J")

    assert len(differences(Told(jobs=jobs))) == 1


def test_runs_of_both_plans_that_are_kept_once_are_no_loss():
    a_run("R1", "J", 1)
    a_run("R2", "J", 2)

    assert losses(told("R1"), told("R2"), plans=2) == []


@pytest.mark.parametrize(
    ("before", "now", "plans", "said"),
    [
        (told("R1", "R9"), told(), 2, "1 runs are lost, as R9"),
        (told(), told("R9"), 2, "1 runs are lost, as R9"),
        (told(), told(), 3, "2 plans were recognised, not 3"),
    ],
)
def test_lost_run_and_missed_plan_are_noticed(before, now, plans, said):
    a_run("R1", "J", 1)

    assert losses(before, now, plans) == [said]


def test_run_that_is_kept_twice_is_noticed():
    a_run("R1", "J", 1)
    a_run("R1 again", "J", 1)

    assert losses(told("R1"), told("R1"), plans=2) == ["run 1 of job J is kept twice"]
