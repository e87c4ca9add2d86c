"""Names: each object is found by each of its notations, and a notation is never guessed at."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.hwa.names import ObjectName
from tests.examples import examples
from tws.plan.models import PlanEngine, PlanJob, PlanJobStream, PlanResource, PlanWorkstation
from tws.plan.resolving import resolve

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 15, tzinfo=UTC)
SIX = datetime(2026, 11, 25, 9, tzinfo=UTC)  # 06:00 in São Paulo


@pytest.fixture(autouse=True)
def engine(db: None) -> PlanEngine:
    return PlanEngine.objects.create(name="SIM", time_zone="America/Sao_Paulo")


def row(model: type, name: str, hwa_id: str = "", **columns: Any) -> Any:
    return model.objects.create(
        engine="SIM", hwa_id=hwa_id or name, name=name, digest=b"", fetched_at=NOW, **columns
    )


def job(name: str, hwa_id: str = "", **columns: Any) -> PlanJob:
    columns = {
        "stream_name": "PAYROLL", "workstation": "FTA1", "folder": "/RH", "scheduled_at": SIX,
        **columns,
    }  # fmt: skip
    return row(PlanJob, name, hwa_id, **columns)


def found(text: str) -> list[tuple[str, str, str]]:
    return [(match.kind, match.name, match.how) for match in resolve("SIM", text)]


def test_a_name_of_several_kinds_says_all_of_them():
    job("SALES")
    row(PlanJobStream, "SALES")

    assert found("SALES") == [("job", "SALES", "exact"), ("stream", "SALES", "exact")]


@pytest.mark.parametrize("text", ["payroll_calc", "PAYROLL CALC", "payroll-calc", " Payroll_Calc "])
def test_case_and_spaces_do_not_matter(text):
    job("PAYROLL_CALC")

    assert [one[:2] for one in found(text)] == [("job", "PAYROLL_CALC")]


def test_a_typo_is_found_and_says_so():
    job("PAYROLL_CALC")
    job("SALES_LOAD")

    (match,) = resolve("SIM", "PAYROL_CALC")

    assert (match.name, match.how) == ("PAYROLL_CALC", "typo")
    assert 90 < match.score < 100


def test_what_is_like_nothing_is_nothing():
    job("PAYROLL_CALC")

    assert found("XYZ") == []
    assert found("\0") == []
    assert found("") == []


def test_a_pattern_finds_all_that_fit():
    for name in ("ETL_A", "ETL_B", "OTHER"):
        job(name)

    assert [name for _kind, name, _how in found("etl_@")] == ["ETL_A", "ETL_B"]


def test_a_start_means_that_instance_or_none():
    job("CALC", "1", scheduled_at=SIX)
    job("CALC", "2", scheduled_at=datetime(2026, 11, 25, 21, tzinfo=UTC))

    (match,) = resolve("SIM", "FTA1#PAYROLL(0600 11/25/26).CALC")

    assert [one["id"] for one in match.objects] == ["1"]
    assert resolve("SIM", "PAYROLL(0700 11/25/26).CALC") == []
    assert resolve("SIM", "PAYROLL(0600 11/24/26).CALC") == []


def test_a_notation_is_never_guessed_at():
    job("CALC")

    assert found("FTA2#PAYROLL.CALC") == []
    assert found("FTA1#PAYROL.CALC") == []
    assert found("FTA1#PAYROLL.CALC") == [("job", "CALC", "notation")]


def test_the_folder_of_a_workstation_counts():
    job("CALC", workstation_folder="/EU")

    assert found("/EU/FTA1#PAYROLL.CALC") == [("job", "CALC", "notation")]
    assert found("/US/FTA1#PAYROLL.CALC") == []


WORD = st.from_regex(r"[A-Z][A-Z0-9_]{2,12}", fullmatch=True)
FOLDER = st.lists(WORD, max_size=2).map(lambda parts: "/" + "/".join(parts))


@settings(
    max_examples=examples(20, of=60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(station=WORD, folder=FOLDER, stream=WORD, name=WORD, data=st.data())
def test_each_object_is_found_by_each_of_its_notations(station, folder, stream, name, data):
    for model in (PlanJob, PlanJobStream, PlanWorkstation, PlanResource):
        model.objects.all().delete()
    job(name, "J", stream_name=stream, workstation=station, folder=folder)
    row(PlanJobStream, stream, "S", workstation=station, folder=folder, scheduled_at=SIX)
    row(PlanWorkstation, station, "W", folder="/")
    local = SIX.astimezone().replace(tzinfo=None)
    at = {"at": local.replace(hour=6).time(), "on": local.date()}

    notations = [
        ObjectName(workstation=station, folder=folder, stream=stream, job=name),
        ObjectName(workstation=station, stream=stream, job=name, **at),
        ObjectName(stream=stream, job=name),
        ObjectName(name=name),
        ObjectName(name=name, folder=folder),
    ]
    written = str(data.draw(st.sampled_from(notations)))
    cased = data.draw(st.sampled_from([written, written.lower()]))

    matches = resolve("SIM", cased)
    assert "J" in {one["id"] for match in matches for one in match.objects}
    assert {match.how for match in matches} <= {"exact", "notation"}
