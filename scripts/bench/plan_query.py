#!/usr/bin/env python3
"""How long do typical questions over a large plan with a long history take?

    .venv/bin/python scripts/bench/plan_query.py [--jobs 200000] [--runs 1000000] [--times 20]

Fills a database of its own (PostgreSQL makes the rows itself), asks each question --times times,
each time about something else, and prints its p50 and p95 in milliseconds, and those of all
together. To be reached: p95 of 100 ms at 200,000 jobs and 1,000,000 runs.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from _bench import say, scratch_database, setup

setup()

from django.db import connection, models  # noqa: E402
from django.utils import timezone  # noqa: E402

from tws.plan.models import (  # noqa: E402
    PlanDependency,
    PlanEngine,
    PlanJob,
    PlanJobStream,
    PlanRun,
    PlanWorkstation,
)
from tws.plan.query import PlanQuery, answer  # noqa: E402

ENGINE = "BENCH"
JOBS_A_STREAM = 20
STATIONS = 200
DAYS = 30

# Of a hundred jobs two have failed, three run, five are ready, forty wait; the others are done.
_GROUP = """CASE WHEN n % 100 < 2 THEN 'failed' WHEN n % 100 < 5 THEN 'running'
    WHEN n % 100 < 10 THEN 'ready' WHEN n % 100 < 50 THEN 'waiting' ELSE 'success' END"""
_STATUS = """CASE WHEN n % 100 < 2 THEN 'ABEND' WHEN n % 100 < 5 THEN 'EXEC'
    WHEN n % 100 < 10 THEN 'READY' WHEN n % 100 < 50 THEN 'HOLD' ELSE 'SUCC' END"""
_JOB = "'JOB_' || lpad(n::text, 7, '0')"
_STREAM = f"'STREAM_' || lpad((n / {JOBS_A_STREAM})::text, 6, '0')"
_STATION = f"'WS_' || lpad((n % {STATIONS})::text, 3, '0')"


def fill(jobs: int, runs: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")  # of this filling, not of the questions
    now = timezone.now()
    PlanEngine.objects.create(
        name=ENGINE, read_in_full_at=now, fetched_at=now, pass_seconds=1e6, is_complete=True,
        plan_number=1, span_start_at=now - timedelta(hours=12),
        span_end_at=now + timedelta(hours=12),
    )  # fmt: skip
    insert(PlanWorkstation, STATIONS, name=_STATION, hwa_id="'w' || n", job_limit="n % 10")
    node = {"folder": "'/'", "workstation": _STATION, "raw": "'{}'"}
    insert(
        PlanJobStream, jobs // JOBS_A_STREAM, **node, hwa_id="'s' || n", status="'EXEC'",
        name="'STREAM_' || lpad(n::text, 6, '0')", scheduled_at="now() - n * interval '1 s'",
        **{"group": "'running'"},
    )  # fmt: skip
    insert(
        PlanJob, jobs, **node, hwa_id="'j' || n", name=_JOB, stream_name=_STREAM,
        stream_id=f"'s' || (n / {JOBS_A_STREAM})", status=_STATUS, **{"group": _GROUP},
        scheduled_at="now() + (n % 86400 - 43200) * interval '1 s'",
        started_at="CASE WHEN n % 100 < 5 OR n % 100 > 49 "
        "THEN now() - (n % 43200) * interval '1 s' END",
        ended_at="CASE WHEN n % 100 < 2 OR n % 100 > 49 "
        "THEN now() - (n % 43200 - 300) * interval '1 s' END",
        deadline_at="CASE WHEN n % 10 = 0 THEN now() + (n % 7200 - 600) * interval '1 s' END",
        return_code="CASE WHEN n % 100 < 2 THEN n % 20 + 1 WHEN n % 100 > 49 THEN 0 END",
        priority="n % 100", is_late="n % 500 = 0", is_critical="n % 200 = 0",
        estimated_seconds="n % 3600", usual_runs="10", usual_high_seconds="n % 4000",
    )  # fmt: skip
    insert(
        PlanRun, runs, run_id="'r' || n", job_id=f"'j' || (n % {jobs})",
        job_name=f"'JOB_' || lpad((n % {jobs})::text, 7, '0')", workstation=_STATION,
        stream_name=f"'STREAM_' || lpad((n % {jobs} / {JOBS_A_STREAM})::text, 6, '0')",
        number=f"n / {jobs} + 1", plan_number="1", day="current_date",
        started_at=f"now() - n * interval '{DAYS} days' / {runs}",
        ended_at=f"now() - n * interval '{DAYS} days' / {runs} + interval '5 min'",
        elapsed_seconds="n % 3600", return_code="CASE WHEN n % 50 = 0 THEN n % 20 ELSE 0 END",
        status="CASE WHEN n % 50 = 0 THEN 'ABEND' ELSE 'SUCC' END", folder="'/'",
        **{"group": "CASE WHEN n % 50 = 0 THEN 'failed' ELSE 'success' END"},
    )  # fmt: skip
    insert(
        PlanDependency, jobs, of_kind="'job'", of_id="'j' || n", of_name=_JOB, of_stream=_STREAM,
        number="1", kind="'INTERNAL'", target_kind="'job'", target_id="'j' || (n - 1)",
        target_name="'JOB_' || lpad((n - 1)::text, 7, '0')", is_satisfied="n % 100 > 9",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def insert(model: type[models.Model], count: int, **columns: str) -> None:
    """So many rows, each column by its expression over `n`, or empty."""
    expressions = {"engine": f"'{ENGINE}'", "fetched_at": "now()", **columns}
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join(expressions.get(field.name) or _empty(field) for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({names}) "  # noqa: S608  (all of it is ours)
            f"SELECT {values} FROM generate_series(0, {count - 1}) AS n"
        )


def _empty(field: models.Field[Any, Any]) -> str:
    if field.null:
        return "NULL"
    match field:
        case models.BinaryField():
            return "''::bytea"
        case models.JSONField():
            return "'{}'"
        case models.BooleanField():
            return "false"
        case models.IntegerField():
            return "0"
        case models.CharField() | models.TextField():
            return "''"
    return "'{}'"  # an array


def questions(jobs: int, pick: Callable[[int], int]) -> dict[str, dict[str, Any]]:
    """Typical ones; `pick(n)` is some number below n."""

    def job() -> str:
        return f"JOB_{pick(jobs):07}"

    def station() -> str:
        return f"WS_{pick(STATIONS):03}"

    stream = f"STREAM_{pick(jobs // JOBS_A_STREAM):06}"
    failed = {"field": "group", "value": "failed"}
    night = {"field": "end", "op": "between", "value": [f"now-{pick(20) + 6}h", "now-4h"]}
    return {
        "how many in each status": {"entity": "jobs", "group_by": ["status"], "limit": 0},
        "what failed, newest first": {
            "entity": "jobs", "where": [failed], "order_by": ["-end"], "limit": 20,
        },
        "what failed between two hours": {
            "entity": "runs", "where": [failed, night], "order_by": ["-end"], "limit": 20,
        },
        "failures of a week by job": {
            "entity": "runs", "group_by": ["job"],
            "where": [failed, {"field": "end", "op": ">=", "value": "now-7d"}],
        },
        "failures of a day by hour": {
            "entity": "runs", "group_by": ["end.hour"],
            "where": [failed, {"field": "end", "op": ">=", "value": "now-24h"}],
        },
        "runs of a job in all of history": {
            "entity": "runs", "order_by": ["-start"], "limit": 10,
            "where": [
                {"field": "job", "value": job()},
                {"field": "start", "op": ">=", "value": "now-90d"},
            ],
        },
        "one job": {"entity": "jobs", "where": [{"field": "job", "value": job()}]},
        "jobs whose names begin so": {
            "entity": "jobs", "limit": 20,
            "where": [{"field": "job", "op": "like", "value": f"JOB_{pick(jobs) // 1000:04}@"}],
        },
        "jobs of a stream": {"entity": "jobs", "where": [{"field": "stream", "value": stream}]},
        "what runs on a workstation": {
            "entity": "jobs", "limit": 20, "order_by": ["-running_minutes"],
            "where": [
                {"field": "workstation", "value": station()},
                {"field": "group", "value": "running"},
            ],
        },
        "what has run for more than an hour": {
            "entity": "jobs", "order_by": ["-running_minutes"], "limit": 20,
            "where": [{"field": "running_minutes", "op": ">", "value": 60 + pick(30)}],
        },
        "what is late or will be": {
            "entity": "jobs", "order_by": ["deadline"], "limit": 20,
            "where": [
                {"field": "risk", "op": "in", "value": ["deadline_passed", "late", "will_miss"]}
            ],
        },
        "what starts next": {
            "entity": "jobs", "order_by": ["scheduled"], "limit": 10,
            "where": [
                {"field": "group", "op": "in", "value": ["waiting", "ready"]},
                {"field": "scheduled", "op": ">=", "value": "now"},
            ],
        },
        "critical jobs that are not done": {
            "entity": "jobs", "order_by": ["deadline"], "limit": 20,
            "where": [
                {"field": "critical", "value": True},
                {"field": "group", "op": "!=", "value": "success"},
            ],
        },
        "return code 12 today": {
            "entity": "runs", "limit": 20,
            "where": [{"field": "return_code", "value": 12}],
        },
        "the longest runs of today": {
            "entity": "runs", "order_by": ["-elapsed_minutes"], "limit": 5,
            "where": [{"field": "start", "op": ">=", "value": "today"}],
        },
        "how many ran in each hour": {
            "entity": "runs", "group_by": ["start.hour"],
            "where": [{"field": "start", "op": ">=", "value": "now-24h"}],
        },
        "failures on each workstation": {
            "entity": "jobs", "where": [failed], "group_by": ["workstation"],
        },
        "what waits for a job": {
            "entity": "dependencies",
            "where": [{"field": "target", "value": job()}, {"field": "satisfied", "value": False}],
        },
        "streams that are stuck": {
            "entity": "job_streams", "where": [{"field": "group", "value": "stuck"}],
        },
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    chance = random.Random(7)  # noqa: S311  the same questions each time
    with scratch_database():
        clock = time.perf_counter()
        fill(options.jobs, options.runs)
        sys.stderr.write(f"filled in {time.perf_counter() - clock:.0f} s\n")
        taken: dict[str, list[float]] = {}
        for _ in range(options.times):
            for name, asked in questions(options.jobs, chance.randrange).items():
                query = PlanQuery.model_validate({**asked, "engine": ENGINE})
                clock = time.perf_counter()
                answer(query)
                taken.setdefault(name, []).append((time.perf_counter() - clock) * 1000)
    for name, times in taken.items():
        say(question=name, p50=part_of(times, 0.5), p95=part_of(times, 0.95))
    every = [one for times in taken.values() for one in times]
    say(
        jobs=options.jobs, runs=options.runs, p50=part_of(every, 0.5), p95=part_of(every, 0.95),
        slow=sorted(name for name, times in taken.items() if part_of(times, 0.95) > 100),
        load=round(os.getloadavg()[0], 1),
    )  # fmt: skip


def part_of(times: list[float], share: float) -> float:
    return round(sorted(times)[min(int(len(times) * share), len(times) - 1)], 1)


if __name__ == "__main__":
    main()
