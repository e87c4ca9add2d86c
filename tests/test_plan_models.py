"""The tables of the plan: what PostgreSQL promises about them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from tws.plan.models import PlanJob, PlanRun

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def many_rows(db: None) -> None:
    names = [f"JOB{number:04d}" for number in range(2_000)]
    PlanJob.objects.bulk_create(
        PlanJob(engine="SIM", hwa_id=name, name=name, digest=b"", fetched_at=NOW) for name in names
    )
    PlanRun.objects.bulk_create(
        PlanRun(
            engine="SIM", run_id=name, job_id=name, job_name=name, number=1, plan_number=1,
            day=NOW.date(), fetched_at=NOW, started_at=NOW + timedelta(seconds=number),
        )
        for number, name in enumerate(names)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tws_planjob, tws_planrun")


def test_indexes_serve_names_by_how_they_begin_and_runs_of_a_job_through_history() -> None:
    jobs = PlanJob.objects.filter(engine="SIM", name__startswith="JOB12")
    runs = PlanRun.objects.filter(engine="SIM", job_name="JOB1234").order_by("-started_at")

    assert "planjob_name" in jobs.explain()
    assert "planrun_name" in runs[:10].explain()
