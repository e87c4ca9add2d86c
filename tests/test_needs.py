"""What needs somebody now, by its cause: from the rows of the plan."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audits import review
from audits.states import Status
from knowledge.models import Source
from tests.factories import make_memory, make_record
from tests.plan_reading import make_engine
from tws.chat.reviewed_fixes import add_fixes
from tws.plan.hours import HOURS, next_hours
from tws.plan.models import PlanDependency, PlanJob, PlanJobStream, PlanPrompt, PlanWorkstation
from tws.plan.morning import at_a_glance
from tws.plan.needs import SHOWN, SHOWN_JOBS, needs_of
from tws.plan.scope import Scope, areas

pytestmark = pytest.mark.django_db

GROUPS = {"failed": "ABEND", "waiting": "HOLD", "ready": "READY", "stuck": "STUCK"}


def make(model: Any, name: str, **columns: Any) -> Any:
    return model(
        engine="SIM", hwa_id=name, name=name, digest=b"", fetched_at=timezone.now(), **columns
    )


def job(name: str, group: str = "waiting", **columns: Any) -> PlanJob:
    columns = {
        "stream_id": "S", "stream_name": "S", "workstation": "FTA_SP01", "folder": "/RH/FOLHA",
        **columns,
    }  # fmt: skip
    made = make(PlanJob, name, group=group, status=GROUPS[group], **columns)
    made.save()
    return made


def place(name: str, *problems: str) -> None:
    make(PlanWorkstation, name, problems=list(problems)).save()


def waits(of: str, target: str, *, of_kind: str = "job", kind: str = "job") -> None:
    PlanDependency.objects.create(
        engine="SIM", of_kind=of_kind, of_id=of, of_name=of, kind="INTERNAL", target_kind=kind,
        number=PlanDependency.objects.count() + 1, target_id=target, target_name=target,
        is_satisfied=False, fetched_at=timezone.now(),
    )  # fmt: skip


def minutes(count: int) -> datetime:
    return timezone.now() + timedelta(minutes=count)


def causes(**narrowed: str) -> dict[str, dict[str, Any]]:
    return {one["key"]: one for one in needs_of(Scope("SIM", **narrowed))["items"]}


def test_one_dead_agent_with_forty_jobs_is_one_line() -> None:
    place("AGT_BI01", "unlinked", "jobman_down")
    place("FTA_SP01")
    for n in range(30):
        job(f"READY_{n}", "ready", workstation="AGT_BI01")
    for n in range(10):
        job(f"LOST_{n}", "failed", workstation="AGT_BI01", return_code=-1 if n % 2 else None)
    job("READY_ELSEWHERE", "ready")

    [cause] = causes().values()

    assert (cause["kind"], cause["workstation"]) == ("place", "AGT_BI01")
    assert cause["needs"] == {"ready": 30, "failed": 10}
    assert len(cause["jobs"]) == SHOWN_JOBS
    assert cause["jobs"][0]["group"] == "failed"


def test_job_that_ended_by_itself_on_a_dead_agent_has_another_cause() -> None:
    place("AGT_BI01", "unlinked")
    job("ENDED", "failed", workstation="AGT_BI01", return_code=8)

    assert {key: one["needs"] for key, one in causes().items()} == {
        "place AGT_BI01": {},
        "failed AGT_BI01 8 ABEND": {"failed": 1},
    }


def test_jobs_that_failed_alike_are_one_line() -> None:
    for name in ("A", "B"):
        job(name, "failed", return_code=28)
    job("C", "failed", return_code=8)
    job("D", "failed", return_code=28, workstation="FTA_RJ01")

    assert {key: one["needs"]["failed"] for key, one in causes().items()} == {
        "failed FTA_SP01 28 ABEND": 2,
        "failed FTA_SP01 8 ABEND": 1,
        "failed FTA_RJ01 28 ABEND": 1,
    }


def test_what_a_failure_holds_up_is_part_of_its_line_to_the_end() -> None:
    for name in ("S", "NEXT"):
        make(PlanJobStream, name, group="waiting", status="HOLD").save()
    job("A", "failed", return_code=8)
    job("LATE", deadline_at=minutes(-5))
    job("NEXT_JOB", stream_id="NEXT", stream_name="NEXT", is_critical=True)
    job("ALONE", stream_id="", stream_name="OTHER", deadline_at=minutes(-5))
    waits("LATE", "A")
    waits("NEXT", "S", of_kind="stream", kind="stream")

    found = causes()

    failed = found["failed FTA_SP01 8 ABEND"]
    assert failed["needs"] == {"failed": 1, "late": 1}
    assert (failed["held_up"], failed["critical"]) == (1, 1)
    assert found["late OTHER"]["needs"] == {"late": 1}
    assert list(found) == ["failed FTA_SP01 8 ABEND", "late OTHER"]  # what is critical first


def test_a_failure_comes_before_what_is_only_late_however_critical() -> None:
    job("LATE", stream_name="LATE", deadline_at=minutes(-5), is_critical=True)
    job("LATE_TOO", stream_name="TOO", deadline_at=minutes(-5))
    job("FAILED", "failed", return_code=8)

    assert [one["kind"] for one in causes().values()] == ["failed", "late", "late"]
    assert next(reversed(causes())) == "late TOO"


def test_what_is_done_meanwhile_is_held_up_by_nothing() -> None:
    make(PlanJobStream, "S", group="success", status="SUCC").save()
    job("A", "failed")
    made = job("DONE")
    PlanJob.objects.filter(pk=made.pk).update(group="success")
    job("AFTER")
    waits("DONE", "A")
    waits("AFTER", "DONE")

    [cause] = causes().values()

    assert cause["held_up"] == 0


def test_job_that_will_miss_its_deadline_is_told_before_it_does() -> None:
    job("SOON", deadline_at=minutes(30), estimated_seconds=3600)
    job("IN_TIME", deadline_at=minutes(300), estimated_seconds=60)

    [cause] = causes().values()

    assert (cause["kind"], cause["needs"]) == ("late", {"will_miss": 1})
    assert [one["name"] for one in cause["jobs"]] == ["SOON"]


def test_question_that_waits_for_an_answer_is_a_line_with_what_it_holds() -> None:
    PlanPrompt.objects.create(
        engine="SIM", hwa_id="7", name="P", number=7, text="Go?", status="ASKED",
        fetched_at=timezone.now(),
    )  # fmt: skip
    job("ASKS", deadline_at=minutes(-1))
    waits("ASKS", "P", kind="prompt")

    [cause] = causes().values()

    assert (cause["kind"], cause["text"], cause["needs"]) == ("prompt", "Go?", {"late": 1})
    assert causes(stream="OTHER") == {}


@pytest.mark.parametrize(
    ("narrowed", "names"),
    [
        ({"stream": "pay@"}, {"A"}),
        ({"area": "/RH"}, {"A", "B"}),
        ({"area": "/RH/FOLHA"}, {"A"}),
        ({"area": "/R"}, set()),
        ({"area": "agt_"}, {"B"}),
        ({"area": "/RH", "stream": "OTHER"}, {"B"}),
    ],
)
def test_plan_is_narrowed_down(narrowed: dict[str, str], names: set[str]) -> None:
    job("A", "failed", stream_name="PAYROLL")
    job("B", "failed", stream_name="OTHER", folder="/RH/PONTO", workstation="AGT_BI01")

    found = causes(**narrowed).values()

    assert {one["name"] for cause in found for one in cause["jobs"]} == names


def test_areas_are_folders_and_how_workstations_begin() -> None:
    for name in ("FTA_SP01", "FTA_RJ01", "MDM"):
        place(name)
    job("A")
    job("B", folder="/")

    assert areas("SIM") == ["/RH", "/RH/FOLHA", "FTA_"]


def multiply(row: Any, count: int, where: str = "true", **columns: str) -> None:
    """So many rows like this one, made by PostgreSQL, with these columns as SQL of `n`."""
    names = [field.column for field in row._meta.concrete_fields if not field.primary_key]
    values = ", ".join(columns.get(name, f'"{name}"') for name in names)
    table, quoted = row._meta.db_table, '", "'.join(names)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO {table} ("{quoted}") SELECT {values} '  # noqa: S608
            f"FROM {table}, generate_series(1, {count - 1}) n WHERE {where}"
        )


def test_a_large_plan_costs_no_more_statements_than_a_small_one() -> None:
    """20,000 jobs, one of ten failed, each holding up the one after it."""
    engine = make_engine()
    multiply(
        job("J0", "failed", return_code=0),
        20_000,
        hwa_id="'J' || n",
        name="'J' || n",
        group="CASE WHEN n % 10 = 0 THEN 'failed' ELSE 'waiting' END",
        stream_id="'S' || n / 20",
        stream_name="'S' || n / 20",
        workstation="'WS_' || n % 50",
        return_code="n % 7",
    )
    waits("J1", "J0")
    edge = PlanDependency.objects.get()
    multiply(edge, 20_000, "n % 20 < 19", number="n", of_id="'J' || n + 1", target_id="'J' || n")

    with CaptureQueriesContext(connection) as seen:
        told = at_a_glance(engine, Scope("SIM"))

    assert told["needs"]["jobs"] == {"failed": 2_000}
    assert told["needs"]["causes"] > len(told["needs"]["items"]) == SHOWN
    assert not told["needs"]["complete"]  # it stops at a bound, and says so
    assert len(seen) < 70


# --- the next hours -----------------------------------------------------------------------------


def test_next_hours_tell_what_starts_and_what_is_due() -> None:
    job("NOW", scheduled_at=minutes(70))
    job("LATER", scheduled_at=minutes(-600), earliest_start_at=minutes(130))
    job("DUE", deadline_at=minutes(70), is_critical=True)
    job("TOMORROW", scheduled_at=minutes(60 * 24))

    hours = next_hours(Scope("SIM"))

    assert len(hours) == HOURS
    assert sum(one["starts"] for one in hours) == 2
    [due] = [one for one in hours if one["deadlines"]]
    at = timezone.localtime(minutes(70)).replace(minute=0, second=0, microsecond=0)
    assert (due["at"], due["critical"]) == (at.isoformat(), 1)


# --- reviewed fixes -----------------------------------------------------------------------------


def told_fix(reviewer: User, job: str = "A", code: int = 8, *, is_approved: bool = True) -> None:
    reading = {"id": "f1", "tool": "what_fixed_it", "result": {"job": job, "return_code": code}}
    memory = make_memory(
        f"What fixes the job {job}_{code} and {job} when it ends with return code {code}?",
        "Cause: the disk was full. What was done: **cleaned** it.",
        source=Source.TOLD,
        evidence=[reading],
    )
    make_record(Status.PENDING, memory)
    if is_approved:
        review.decide(memory.pk, "approve", reviewer)


def fix_of(cause: dict[str, Any]) -> dict[str, Any] | None:
    add_fixes([cause], "en")
    return cause["fix"]


def test_failure_has_its_reviewed_fix_beside_it(reviewer: User) -> None:
    job("PAYROLL_CALC", "failed", return_code=8)
    told_fix(reviewer, "PAYROLL_CALC")

    [cause] = causes().values()
    fix = fix_of(cause)

    assert fix is not None
    assert "<strong>cleaned</strong>" in fix["html"]
    assert (fix["approved_by"], bool(fix["approved_at"])) == ("reviewer", True)


@pytest.mark.parametrize(
    ("named", "code", "is_approved"),
    [("PAYROLL_CALC", 8, False), ("PAYROLL_CALC", 12, True), ("OTHER_JOB", 8, True)],
)
def test_what_is_not_approved_or_of_another_failure_is_no_fix(
    reviewer: User, named: str, code: int, is_approved: bool
) -> None:
    job("PAYROLL_CALC", "failed", return_code=8)
    told_fix(reviewer, named, code, is_approved=is_approved)

    [cause] = causes().values()

    assert fix_of(cause) is None


@pytest.mark.parametrize(
    ("question", "status", "is_fix"),
    [
        ("Why did PAYROLL_CALC fail?", Status.APPROVED, True),
        ("Why did PAYROLL_CALC fail?", Status.CLEARED, False),  # verified, by no person
        ("Who owns PAYROLL_CALC?", Status.APPROVED, False),
    ],
)
def test_approved_answer_to_why_it_failed_is_its_fix(
    reviewer: User, question: str, status: Status, is_fix: bool
) -> None:
    job("PAYROLL_CALC", "failed", return_code=8)
    by = {"reviewer": reviewer, "reviewed_at": timezone.now()}
    memory = make_memory(question, "The disk was full.")
    make_record(status, memory, **by if status == Status.APPROVED else {})

    [cause] = causes().values()

    assert bool(fix_of(cause)) == is_fix


def test_dead_agent_has_the_recipe_of_the_starter_knowledge(reviewer: User) -> None:
    place("AGT_BI01", "unlinked")
    memory = make_memory(
        "How do I link a workstation?", "`conman link`", source=Source.IMPORT,
        external_id="starter.acting.link.en",
    )  # fmt: skip
    make_record(Status.PENDING, memory)
    review.decide(memory.pk, "approve", reviewer)

    [cause] = causes().values()

    assert "conman link" in fix_of(cause)["html"]
    add_fixes([cause], "pt")
    assert cause["fix"] is None
