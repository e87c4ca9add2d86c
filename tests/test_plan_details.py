"""What is read object by object: dependencies, prompts, definitions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db.models import Q

from tests.plan_reading import MovedSimulator, ReadingSession, moved_simulator, state
from tws.database import in_database
from tws.plan import details
from tws.plan.edges import edges_of
from tws.plan.models import PlanDefinition, PlanDependency, PlanJob, PlanPrompt
from tws.plan.tables import JOBS

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def hwa(settings) -> Iterator[MovedSimulator]:
    settings.PLAN_DETAILS_PER_SECOND = 1_000_000
    with moved_simulator(jobs=150) as simulator:
        yield simulator


async def read_all_details(session: ReadingSession) -> int:
    reader = session.reader
    return await details.read(reader._client, reader._store, time.monotonic() + 60)


@pytest.mark.django_db(transaction=True)
async def test_every_open_object_gets_its_dependencies(hwa: MovedSimulator) -> None:
    async with ReadingSession(hwa) as session:
        await session.read()
        await read_all_details(session)
        hwa.move(1)
        await session.read()

    await in_database(assert_details_are_whole, hwa)


def assert_details_are_whole(hwa: MovedSimulator) -> None:
    plan = state()
    assert plan.edges_are_whole
    assert plan.edges_total == plan.edges_read > 0
    simulated = hwa.server.simulator
    for job in PlanJob.objects.exclude(group="success"):
        half, at = simulated._job_of(job.hwa_id)
        told = simulated._dependencies.of_job(half, at)
        kept = PlanDependency.objects.filter(of_kind="job", of_id=job.hwa_id).exclude(kind="TIME")
        flat = [one for each in told for one in (each, *each.get("members", []))]
        assert [one["dependencyType"] for one in flat] == [one.kind for one in kept]
        assert [one["satisfied"] for one in flat] == [one.is_satisfied for one in kept]
    assert PlanPrompt.objects.exclude(text="").exists()
    used = PlanJob.objects.exclude(group="success").values("definition_id")
    assert PlanDefinition.objects.filter(kind="job", hwa_id__in=used).exists()
    streams = PlanDefinition.objects.filter(kind="stream")
    assert streams.exclude(documentation="").exists()
    assert streams.filter(~Q(run_cycles=[])).exists()


@pytest.mark.django_db(transaction=True)
async def test_what_moved_is_read_again_and_nothing_else(hwa: MovedSimulator) -> None:
    async with ReadingSession(hwa) as session:
        await session.read()
        await read_all_details(session)
        again = await read_all_details(session)
        hwa.move(3_600)
        await session.read()
        due = await in_database(
            lambda: PlanJob.objects.filter(details_due=True).exclude(group="success").count()
        )
        moved = await read_all_details(session)

    assert again == 0
    assert 0 < due <= moved < 200


def dependency_rows(written: object) -> list[tuple[str, str, str, bool | None]]:
    job = PlanJob(engine="SIM", hwa_id="1", fetched_at=NOW)
    rows = edges_of(job, written).dependencies
    return [(row.kind, row.join_name, row.target_name, row.is_satisfied) for row in rows]


def test_join_is_a_row_and_so_is_each_of_its_members() -> None:
    members = [
        {"dependencyType": "INTERNAL", "jobId": "7", "jobName": "LOAD", "satisfied": True},
        {"dependencyType": "FILE", "file": {"name": "/in/x"}, "satisfied": False},
    ]
    join = {"dependencyType": "JOIN", "joinName": "ALL", "satisfied": False, "members": members}

    assert dependency_rows([join]) == [
        ("JOIN", "ALL", "ALL", False),
        ("INTERNAL", "ALL", "LOAD", True),
        ("FILE", "ALL", "/in/x", False),
    ]


def test_dependency_without_a_kind_is_kept_as_it_came() -> None:
    written = [{"jobName": "LOAD", "satisfied": False}, "nonsense"]

    assert [(kind, done) for kind, _, _, done in dependency_rows(written)] == [
        ("", False),
        ("", None),
    ]


def test_start_time_is_a_dependency_of_its_own() -> None:
    job = PlanJob(engine="SIM", hwa_id="1", fetched_at=NOW, earliest_start_at=NOW)
    job.raw = {"timeRestrictions": {"startTimeSatisfied": False}}

    (row,) = edges_of(job, None).dependencies

    assert (row.kind, row.at, row.is_satisfied) == ("TIME", NOW, False)


def test_value_too_long_or_too_large_costs_itself_alone() -> None:
    row = PlanJob(engine="SIM", hwa_id="1", digest=b"", fetched_at=NOW, name="N" * 999)
    row.priority, row.return_code = 10**12, 10**12

    values = dict(zip(JOBS.columns, JOBS.values(row), strict=True))

    assert values["name"] == "N" * 256
    assert values["priority"] is None
    assert values["return_code"] == 10**12
