"""The typed query: what it finds, what it refuses, how pages follow each other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resync_site.environment import CHECKOUT
from tests.examples import examples
from tws.plan.models import (
    PlanDependency,
    PlanEngine,
    PlanJob,
    PlanJobStream,
    PlanPrompt,
    PlanRun,
    PlanWorkstation,
    StatusCount,
)
from tws.plan.query import PlanQuery, PlanQueryRefused, PlanUnavailable, answer
from tws.plan.query.catalogue import ENTITIES

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 15, tzinfo=UTC)  # noon in São Paulo
MIDNIGHT = datetime(2026, 11, 25, 3, tzinfo=UTC)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


@pytest.fixture(autouse=True)
def engine(db: None, monkeypatch: pytest.MonkeyPatch) -> PlanEngine:
    monkeypatch.setattr(
        "tws.plan.query.answering._default_engine", lambda: PlanEngine.objects.first()
    )
    return PlanEngine.objects.create(
        name="SIM", read_in_full_at=NOW, fetched_at=timezone.now(), is_complete=True,
        span_start_at=MIDNIGHT, span_end_at=MIDNIGHT + timedelta(days=1), plan_number=2,
    )  # fmt: skip


def job(name: str, **columns: Any) -> PlanJob:
    columns = {"workstation": "WS1", "stream_name": "DAILY", **columns}
    return PlanJob.objects.create(
        engine="SIM", hwa_id=name, name=name, digest=b"", fetched_at=NOW, **columns
    )


def run(job_name: str, number: int = 1, **columns: Any) -> PlanRun:
    columns = {"started_at": ago(hours=1), "group": "success", "status": "SUCC", **columns}
    return PlanRun.objects.create(
        engine="SIM", run_id=f"{job_name}.{number}", job_id=job_name, job_name=job_name,
        number=number, plan_number=2, day=NOW.date(), fetched_at=NOW, **columns,
    )  # fmt: skip


def ask(entity: str, *where: tuple[Any, ...] | dict[str, Any], **more: Any) -> dict[str, Any]:
    conditions = [
        part if isinstance(part, dict) else dict(zip(("field", "op", "value"), part, strict=True))
        for part in where
    ]
    return answer(PlanQuery(entity=entity, where=conditions, **more), now=NOW)


def names(result: dict[str, Any], field: str = "job") -> list[str]:
    return [row[field] for row in result["rows"]]


# --- what is found ------------------------------------------------------------------------------


def test_failures_between_two_hours_are_runs_by_their_end():
    for hour, name in enumerate(("EARLY", "FIRST", "LAST", "LATE")):
        run(name, group="failed", status="ABEND", ended_at=MIDNIGHT + timedelta(hours=1 + 2 * hour))

    result = ask(
        "runs",
        ("group", "=", "failed"),
        ("end", "between", ["02:00", "06:00"]),
        order_by="-end",
    )

    assert (result["matched"], names(result)) == (2, ["LAST", "FIRST"])
    assert result["rows"][0]["end"] == "2026-11-25T05:00:00-03:00"
    assert result["understood"]["where"][1] == {
        "field": "end",
        "op": "between",
        "value": ["2026-11-25T02:00:00-03:00", "2026-11-25T06:00:00-03:00"],
    }


def test_runs_without_a_time_are_those_of_the_plan_and_the_result_says_so():
    run("TODAY")
    run("OLD", started_at=ago(days=3))

    result = ask("runs")

    assert names(result) == ["TODAY"]
    assert result["understood"]["where"][-1]["assumed"] == "this plan"
    assert ask("runs", ("start", ">=", "now-5d"))["matched"] == 2


def test_runs_are_counted_and_so_are_their_jobs():
    for number in (1, 2, 3):
        run("TWICE", number, group="failed", status="ABEND")
    run("ONCE", group="failed", status="ABEND")

    result = ask("runs", ("group", "=", "failed"), group_by="job")

    assert (result["matched"], result["distinct_jobs"]) == (4, 2)
    assert result["groups"] == [{"job": "TWICE", "count": 3}, {"job": "ONCE", "count": 1}]
    assert "rows" not in result


def test_what_runs_for_more_than_an_hour_is_found_by_its_minutes():
    job("LONG", group="running", status="EXEC", started_at=ago(minutes=90))
    job("SHORT", group="running", status="EXEC", started_at=ago(minutes=9))
    job("AHEAD", group="running", status="EXEC", started_at=ago(minutes=-170))
    job("OVER", group="success", status="SUCC", started_at=ago(minutes=90))

    result = ask("jobs", ("running_minutes", ">", "1h"), fields=["job", "running_minutes"])

    assert result["rows"] == [{"id": "LONG", "job": "LONG", "running_minutes": 90.0}]
    assert ask("jobs", ("running_minutes", "<", 0))["matched"] == 0


@pytest.mark.parametrize(
    ("columns", "risk"),
    [
        ({"group": "waiting", "deadline_at": ago(minutes=1)}, "deadline_passed"),
        ({"group": "success", "deadline_at": ago(minutes=1)}, None),
        ({"group": "waiting", "is_late": True}, "late"),
        (
            {
                "group": "running",
                "started_at": ago(minutes=5),
                "estimated_seconds": 3600,
                "deadline_at": NOW + timedelta(minutes=30),
            },
            "will_miss",
        ),
        (
            {
                "group": "waiting",
                "usual_high_seconds": 3600,
                "deadline_at": NOW + timedelta(minutes=30),
            },
            "may_miss",
        ),
        ({"group": "waiting", "deadline_at": NOW + timedelta(minutes=30)}, "none"),
        ({"group": "waiting"}, None),
    ],
)
def test_risk_is_hwas_word_first_then_estimates(columns, risk):
    job("J", **columns)

    assert ask("jobs", fields=["risk"])["rows"][0]["risk"] == risk


def test_unknown_values_satisfy_no_condition_but_null():
    job("RAN", return_code=0)
    job("NEVER")

    assert names(ask("jobs", ("return_code", "!=", 12))) == ["RAN"]
    assert names(ask("jobs", ("return_code", "=", None))) == ["NEVER"]
    assert names(ask("jobs", ("return_code", "!=", None))) == ["RAN"]


def test_a_whole_day_is_a_day_of_the_sites_clock():
    job("BEFORE", ended_at=MIDNIGHT - timedelta(seconds=1))
    job("FIRST", ended_at=MIDNIGHT)

    assert names(ask("jobs", ("end", "=", "2026-11-25"))) == ["FIRST"]
    assert names(ask("jobs", ("end", "=", "yesterday"))) == ["BEFORE"]
    assert names(ask("jobs", ("end", "<", "today"))) == ["BEFORE"]
    assert ask("jobs", ("end", ">", "2026-11-24"))["matched"] == 1


def test_one_of_several_conditions_may_hold():
    job("A", return_code=8)
    job("B", is_critical=True)
    job("C")

    either = {
        "any": [
            {"field": "return_code", "op": ">=", "value": 8},
            {"field": "critical", "value": True},
        ]
    }
    assert sorted(names(ask("jobs", either))) == ["A", "B"]


def test_hwas_wildcards_find_names_and_underscores_are_themselves():
    for name in ("PAY_A", "PAYXA", "PAY_B"):
        job(name)

    assert names(ask("jobs", ("job", "like", "PAY_@"), order_by="job")) == ["PAY_A", "PAY_B"]
    assert names(ask("jobs", ("job", "like", "pay?a"), order_by="job")) == ["PAYXA", "PAY_A"]


def test_one_of_hwas_wildcards_is_a_digit():
    for name in ("PAY1", "PAYX", "PAY12"):
        job(name, description=f"of {name}")

    assert names(ask("jobs", ("job", "like", "pay%"))) == ["PAY1"]
    assert names(ask("jobs", ("job", "not like", "PAY%"), order_by="job")) == ["PAY12", "PAYX"]
    assert names(ask("jobs", ("description", "like", "OF pay%"))) == ["PAY1"]
    with pytest.raises(PlanQueryRefused, match="is like 'PAYX%'"):
        ask("jobs", ("job", "like", "PAYX%"))


def test_what_a_job_waits_for_is_asked_by_name():
    job("WAITS")
    job("FREE")
    PlanDependency.objects.create(
        engine="SIM", of_kind="job", of_id="WAITS", of_name="WAITS", number=1, kind="INTERNAL",
        target_name="FREE", is_satisfied=False, fetched_at=NOW,
    )  # fmt: skip

    result = ask("jobs", ("waits_for", "=", "FREE"), fields=["job", "waits_for"])

    assert result["rows"] == [{"id": "WAITS", "job": "WAITS", "waits_for": ["FREE"]}]


def test_workstations_tell_their_problems():
    for name, problems in (("OK", []), ("BAD", ["unlinked", "limit_0"])):
        PlanWorkstation.objects.create(
            engine="SIM", hwa_id=name, name=name, problems=problems, job_limit=0 if problems else 9,
            is_linked=not problems, digest=b"", fetched_at=NOW,
        )  # fmt: skip

    assert names(ask("workstations", ("problems", "=", "limit_0")), "workstation") == ["BAD"]
    assert names(ask("workstations", ("problems", "=", None)), "workstation") == ["OK"]
    assert names(ask("workstations", ("linked", "=", False)), "workstation") == ["BAD"]
    assert ask("workstations", ("limit", "=", 0))["rows"][0]["limit"] == 0


def test_runs_are_asked_as_they_were():
    run("STILL", started_at=ago(hours=3), ended_at=ago(hours=1), group="failed", status="ABEND")

    then = ask("runs", as_of="now-2h")["rows"][0]

    assert (then["status"], then["end"]) == ("EXEC", None)
    long = ask("runs", ("running_minutes", ">=", 60), as_of="now-2h", fields="running_minutes")
    assert [row["running_minutes"] for row in long["rows"]] == [60.0]
    assert ask("runs", ("group", "=", "failed"), as_of="now-2h")["matched"] == 0
    assert ask("runs", ("group", "=", "failed"), as_of="now-30m")["matched"] == 1


def test_counts_are_those_of_the_quarter_before_and_add_up():
    for hours, count in ((1, 5), (2, 7)):
        for status in ("SUCC", "ABEND"):
            StatusCount.objects.create(
                engine="SIM", taken_at=ago(hours=hours), kind="job", status=status, count=count,
                group="success" if status == "SUCC" else "failed",
            )  # fmt: skip

    result = ask("counts", ("kind", "=", "job"), as_of="now-90m", group_by="kind")

    assert result["groups"] == [{"kind": "job", "count": 14}]


def test_times_are_grouped_by_the_hour():
    for minute in (1, 59, 61):
        run(f"J{minute}", ended_at=MIDNIGHT + timedelta(minutes=minute))

    groups = ask("runs", group_by="end.hour")["groups"]

    assert groups == [
        {"end.hour": "2026-11-25T00:00:00-03:00", "count": 2},
        {"end.hour": "2026-11-25T01:00:00-03:00", "count": 1},
    ]


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entity", "where", "more", "words"),
    [
        ("jobz", (), {}, "There is nothing called 'jobz'"),
        ("jobs", (("colour", "=", "red"),), {}, "no field 'colour'"),
        ("jobs", (("status", "=", "GREEN"),), {}, "none of the words of 'status'"),
        ("jobs", (("group", "=", "bad"),), {}, "Known: success, failed|cancelled"),
        ("jobs", (("workstation", "=", "WS9"),), {}, "Known: WS1"),
        ("jobs", (("job", "like", "ZZZ@"),), {}, "is like 'ZZZ@'"),
        ("jobs", (("return_code", "=", "many"),), {}, "not a number"),
        ("jobs", (("return_code", "=", True),), {}, "not a number"),
        ("jobs", (("return_code", "=", "nan"),), {}, "not a number"),
        ("jobs", (("return_code", "like", "1@"),), {}, "does not apply"),
        ("jobs", (("end", ">", "soon"),), {}, "not a time"),
        ("jobs", (("end", "between", ["06:00", "02:00"]),), {}, "beyond the second"),
        ("jobs", (("late", "=", "perhaps"),), {}, "neither true nor false"),
        ("jobs", (("job", "=", "A\0B"),), {}, "not a word"),
        ("jobs", (), {"as_of": "now-1h"}, "past of runs and counts"),
        ("runs", (), {"as_of": "now+1h"}, "future"),
        ("jobs", (), {"order_by": "-colour"}, "no field 'colour'"),
        ("jobs", (), {"fields": ["colour"]}, "no field 'colour'"),
        ("jobs", (), {"group_by": ["end.week"]}, "no part 'week'"),
        ("jobs", (), {"after": "eyJ4Ijox"}, "was not given out"),
        ("jobs", (), {"engine": "PROD"}, "no engine 'PROD'"),
    ],
)
def test_what_is_not_known_is_refused_with_what_is(entity, where, more, words):
    job("PAY_A")

    with pytest.raises(PlanQueryRefused, match=words):
        ask(entity, *where, **more)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("start", "9999-12-31T23:59:59-14:00"),
        ("start", "0001-01-01T00:00:00+14:00"),
        ("start", "9999-12-31"),
        ("priority", 10**400),
        ("running_minutes", "1" * 4000),
    ],
)
def test_a_value_beyond_all_bounds_is_refused_like_any_other(field, value):
    with pytest.raises(PlanQueryRefused):
        ask("jobs", (field, ">", value))


def test_an_engine_of_no_possible_name_is_refused():
    with pytest.raises(PlanQueryRefused):
        ask("jobs", engine="PROD\0")


def test_a_workstation_without_jobs_is_a_zero_and_no_mistake():
    PlanWorkstation.objects.create(
        engine="SIM", hwa_id="IDLE", name="IDLE", digest=b"", fetched_at=NOW
    )

    assert ask("jobs", ("workstation", "=", "idle"))["matched"] == 0


def test_a_plan_that_is_not_of_now_is_no_answer(engine):
    engine.down_since = NOW
    engine.save()

    with pytest.raises(PlanUnavailable, match="can't be read since"):
        ask("jobs")
    stale = answer(PlanQuery(entity="jobs"), now=NOW, as_last_read=True)
    assert stale["down_since"] == "2026-11-25T12:00:00-03:00"


def test_a_plan_that_nobody_reads_any_more_is_no_answer(engine):
    engine.fetched_at = timezone.now() - timedelta(hours=1)
    engine.save()

    with pytest.raises(PlanUnavailable, match="was last read at"):
        ask("jobs")


def test_a_plan_never_read_is_no_answer(engine):
    engine.read_in_full_at = None
    engine.save()

    with pytest.raises(PlanUnavailable, match="not been read"):
        ask("jobs")


# --- pages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["-end", "end", "job", "-running_minutes", "-workstation"])
def test_pages_follow_each_other_and_lose_nothing(order):
    for number in range(7):
        job(
            f"J{number}",
            ended_at=None if number % 3 == 0 else ago(minutes=number % 2),
            group="running" if number % 2 else "waiting",
            started_at=ago(minutes=number),
            workstation="" if number == 3 else f"WS{number % 2}",
        )
    whole = names(ask("jobs", order_by=order, limit=100))

    paged, after = [], ""
    while after is not None:
        result = ask("jobs", order_by=order, limit=2, after=after)
        paged += names(result)
        after = result["next"]

    assert paged == whole
    assert len(paged) == 7


def test_the_next_page_of_another_question_is_refused():
    for number in range(3):
        job(f"J{number}")
    token = ask("jobs", limit=1)["next"]

    with pytest.raises(PlanQueryRefused, match="not given out"):
        ask("jobs", ("critical", "=", True), limit=1, after=token)


# --- the whole language against plain Python ----------------------------------------------------

JOBS = st.fixed_dictionaries(
    {
        "workstation": st.sampled_from(["WS1", "WS2", "AGT_1"]),
        "status": st.sampled_from(["SUCC", "ABEND", "EXEC", "HOLD", ""]),
        "return_code": st.sampled_from([None, 0, 4, 12]),
        "is_critical": st.sampled_from([None, True, False]),
        "ended_at": st.sampled_from([None, *(ago(hours=hours) for hours in (0, 1, 5, 20))]),
        "elapsed_seconds": st.sampled_from([None, 0.0, 30.0, 3600.0]),
        "group": st.sampled_from(["success", "running", "waiting", "failed", ""]),
        "started_at": st.sampled_from([None, ago(hours=1), ago(hours=5)]),
        "deadline_at": st.sampled_from([None, ago(hours=1), ago(hours=-1)]),
        "is_late": st.sampled_from([None, False, True]),
        "estimated_seconds": st.sampled_from([None, 600.0, 7200.0]),
    }
)


def test_minutes_are_compared_to_the_second_and_told_near_enough():
    for seconds in (119, 120, 121):
        run(f"R{seconds}", elapsed_seconds=seconds, ended_at=ago(minutes=1))

    less, more = (
        ask("runs", ("elapsed_minutes", op, 2), fields=["elapsed_minutes"]) for op in "<>"
    )

    assert [row["elapsed_minutes"] for row in less["rows"]] == [1.98]
    assert [row["elapsed_minutes"] for row in more["rows"]] == [2.02]


def minutes_since(moment: datetime | None) -> float | None:
    return None if moment is None else (NOW - moment).total_seconds() / 60


def overdue(row: dict[str, Any]) -> float | None:
    since = minutes_since(row["deadline_at"])
    return since if row["group"] != "success" and since is not None and since > 0 else None


def risk(row: dict[str, Any]) -> str | None:
    if row["group"] == "success":
        return None
    if overdue(row) is not None:
        return "deadline_passed"
    if row["is_late"]:
        return "late"
    if row["deadline_at"] is None:
        return None
    begins = row["started_at"] if row["group"] == "running" else NOW
    if begins is None or row["estimated_seconds"] is None:
        return "none"
    ends = begins + timedelta(seconds=row["estimated_seconds"])
    return "will_miss" if row["deadline_at"] < ends else "none"


READ: dict[str, Callable[[dict[str, Any]], Any]] = {
    "workstation": lambda row: row["workstation"],
    "status": lambda row: row["status"] or None,
    "return_code": lambda row: row["return_code"],
    "critical": lambda row: row["is_critical"],
    "end": lambda row: row["ended_at"],
    "running_minutes": lambda row: (
        minutes_since(row["started_at"]) if row["group"] == "running" else None
    ),
    "overdue_minutes": overdue,
    "risk": risk,
    "elapsed_minutes": lambda row: (
        None if row["elapsed_seconds"] is None else row["elapsed_seconds"] / 60
    ),
}
HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda have, want: have == want,
    "!=": lambda have, want: have != want,
    "<": lambda have, want: have < want,
    "<=": lambda have, want: have <= want,
    ">": lambda have, want: have > want,
    ">=": lambda have, want: have >= want,
    "in": lambda have, want: have in want,
    "not in": lambda have, want: have not in want,
    "between": lambda have, want: want[0] <= have <= want[1],
}


def conditions_on(field: str, values: list[Any], ops: list[str]) -> st.SearchStrategy[Any]:
    one = st.sampled_from(values)
    return st.one_of(
        st.tuples(st.just(field), st.sampled_from([op for op in ops if op[-2:] != "in"]), one),
        st.tuples(st.just(field), st.sampled_from(["=", "!="]), st.none()),
        *(
            st.tuples(st.just(field), st.just(op), st.lists(one, min_size=1, max_size=3))
            for op in ops
            if op.endswith("in")
        ),
    )


EQUAL = ["=", "!="]
MANY = [*EQUAL, "in", "not in"]
ORDERED = [*EQUAL, "<", "<=", ">", ">="]
CONDITIONS = st.one_of(
    conditions_on("workstation", ["WS1", "WS2", "AGT_1"], MANY),
    conditions_on("status", ["SUCC", "ABEND", "EXEC", "HOLD"], MANY),
    conditions_on("return_code", [0, 4, 12, 99], [*ORDERED, "in", "not in"]),
    conditions_on("critical", [True, False], EQUAL),
    conditions_on("end", [ago(hours=hours).isoformat() for hours in (0, 1, 4, 5)], ORDERED),
    conditions_on("elapsed_minutes", [0, 0.5, 60], [*ORDERED, "in", "not in"]),
    conditions_on("running_minutes", [0, 60, 90], ORDERED),
    conditions_on("overdue_minutes", [0, 60, 90], ORDERED),
    conditions_on("risk", ["deadline_passed", "late", "will_miss", "none"], MANY),
    st.tuples(st.just("return_code"), st.just("between"), st.just([0, 4])),
)


def holds(row: dict[str, Any], condition: tuple[str, str, Any]) -> bool:
    field, op, want = condition
    have = READ[field](row)
    if want is None:
        return (have is None) == (op == "=")
    if field == "end":
        want = datetime.fromisoformat(want)
    return have is not None and HOLDS[op](have, want)


@settings(
    max_examples=examples(20, of=60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rows=st.lists(JOBS, max_size=8),
    all_of=st.lists(CONDITIONS, max_size=3),
    any_of=st.lists(CONDITIONS, max_size=2),
)
def test_the_query_finds_what_plain_python_finds(rows, all_of, any_of):
    PlanJob.objects.all().delete()
    PlanJobStream.objects.all().delete()
    for name in ("WS1", "WS2", "AGT_1"):
        PlanWorkstation.objects.get_or_create(
            engine="SIM", hwa_id=name, defaults={"name": name, "fetched_at": timezone.now()}
        )
    for number, row in enumerate(rows):
        job(f"J{number}", **row)
    where: list[Any] = list(all_of)
    if any_of:
        where.append({"any": [dict(zip(("field", "op", "value"), one)) for one in any_of]})  # noqa: B905

    result = ask("jobs", *where, limit=100, order_by="job")

    expected = [
        f"J{number}"
        for number, row in enumerate(rows)
        if all(holds(row, one) for one in all_of)
        and (not any_of or any(holds(row, one) for one in any_of))
    ]
    assert names(result) == expected
    assert result["matched"] == len(expected)


# --- the document, and REST ---------------------------------------------------------------------

DOCUMENT = (CHECKOUT / "docs/plan-query.md").read_text(encoding="utf-8")
EXAMPLES = [
    json.loads(one) for one in re.findall(r"^    (\{\"entity.*\})$", DOCUMENT, re.MULTILINE)
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["entity"])
def test_each_documented_example_is_understood(example):
    PlanDependency.objects.create(
        engine="SIM", of_kind="job", of_id="J", number=1, kind="FILE", fetched_at=NOW
    )
    PlanPrompt.objects.create(engine="SIM", hwa_id="1", status="ASKED", fetched_at=NOW)
    StatusCount.objects.create(
        engine="SIM", taken_at=ago(hours=3), kind="job", status="SUCC", group="success", count=1
    )

    assert "matched" in answer(PlanQuery.model_validate(example), now=NOW)


def test_the_document_names_every_entity_and_field():
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", DOCUMENT, re.M | re.S))

    assert {entity: set(re.findall(r"`(\w+)`", text)) for entity, text in sections.items()} == {
        name: set(entity.fields) for name, entity in ENTITIES.items()
    }
    assert {example["entity"] for example in EXAMPLES} == set(ENTITIES)


def test_rest_answers_the_same_query(client, operator):
    job("PAY_A", group="failed")
    client.force_login(operator)
    body = {"entity": "jobs", "where": [{"field": "group", "value": "failed"}]}

    reply = client.post("/api/plan/query", body, content_type="application/json")

    assert (reply.status_code, reply.json()["matched"]) == (200, 1)
    assert reply.json()["rows"][0]["job"] == "PAY_A"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"entity": "jobs", "where": [{"field": "colour", "value": 1}]}, "no field 'colour'"),
        ({"entity": "jobs", "colour": 1}, "colour"),
        ({"entity": "jobs", "limit": 501}, "limit"),
        ({"entity": "jobs", "limit": False}, "limit"),
        ({"entity": "jobs", "where": [{"field": "job", "op": "in", "value": "A"}]}, "a list"),
    ],
)
def test_rest_says_what_it_does_not_understand(body, words, client, operator):
    client.force_login(operator)

    reply = client.post("/api/plan/query", body, content_type="application/json")

    assert reply.status_code == 422
    assert words in str(reply.json()["detail"])


def test_rest_without_a_plan_is_503(client, operator, engine):
    engine.delete()
    client.force_login(operator)

    reply = client.post("/api/plan/query", {"entity": "jobs"}, content_type="application/json")

    assert reply.status_code == 503
