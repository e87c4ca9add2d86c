"""What the reader keeps of the past: counts per quarter of an hour, usual durations; and for how
long. Statements for the reader's connection."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

QUARTER = timedelta(minutes=15)
JUST_AFTER = timedelta(minutes=5)
"""A plan read later than this after a quarter does not tell how it was at the quarter."""
BATCH = 5_000


def quarter_of(moment: datetime) -> datetime:
    """The quarter of an hour that began last."""
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


async def count_statuses(connection: AsyncConnection[Any], engine: str, at: datetime) -> int:
    """Keep how many are in each status, once a quarter; rows written."""
    quarter = quarter_of(at)
    if at - quarter > JUST_AFTER:
        return 0
    written = 0
    for kind, table in (("job", "tws_planjob"), ("stream", "tws_planjobstream")):
        cursor = await connection.execute(
            f"""
            INSERT INTO tws_statuscount (engine, taken_at, kind, status, "group", count)
            SELECT %(engine)s::text, %(quarter)s::timestamptz, %(kind)s::text,
                status, min("group"), count(*)
            FROM {table}
            WHERE engine = %(engine)s AND NOT EXISTS (
                SELECT FROM tws_statuscount AS there WHERE there.engine = %(engine)s
                AND there.taken_at = %(quarter)s AND there.kind = %(kind)s
            )
            GROUP BY status
            ON CONFLICT DO NOTHING
            """,  # noqa: S608  (our own table's name)
            {"engine": engine, "quarter": quarter, "kind": kind},
        )
        written += cursor.rowcount
    return written


async def measure_usual_durations(connection: AsyncConnection[Any], engine: str) -> int:
    """Write beside each job how long its successful runs have taken; rows that changed.

    A batch at a time, so that nobody waits for the 200,000 jobs of a new plan.
    """
    await connection.execute(
        """
        CREATE TEMP TABLE IF NOT EXISTS plan_usual (number bigserial, job_name text COLLATE "C",
            stream_name text COLLATE "C", workstation text COLLATE "C", runs integer,
            seconds double precision[]);
        TRUNCATE plan_usual RESTART IDENTITY
        """
    )
    cursor = await connection.execute(
        """
        INSERT INTO plan_usual (job_name, stream_name, workstation, runs, seconds)
        SELECT job_name, stream_name, workstation, count(*),
            percentile_cont(ARRAY[0.1, 0.5, 0.9]) WITHIN GROUP (ORDER BY elapsed_seconds)
        FROM tws_planrun
        WHERE engine = %s AND "group" = 'success' AND elapsed_seconds IS NOT NULL
        GROUP BY job_name, stream_name, workstation
        """,
        [engine],
    )
    measured, written = cursor.rowcount, 0
    for first in range(1, measured + 1, BATCH):
        cursor = await connection.execute(
            """
            UPDATE tws_planjob AS job SET usual_runs = usual.runs,
                usual_low_seconds = usual.seconds[1], usual_seconds = usual.seconds[2],
                usual_high_seconds = usual.seconds[3]
            FROM plan_usual AS usual
            WHERE usual.number >= %(first)s AND usual.number < %(end)s AND job.engine = %(engine)s
                AND job.name = usual.job_name AND job.stream_name = usual.stream_name
                AND job.workstation = usual.workstation
                AND job.usual_runs IS DISTINCT FROM usual.runs
            """,
            {"engine": engine, "first": first, "end": first + BATCH},
        )
        written += cursor.rowcount
    return written


async def drop_old(connection: AsyncConnection[Any], engine: str, before: datetime) -> int:
    """Drop runs and counts from before then, a batch at a time so that nobody waits; how many.

    Runs of jobs that are still in the plan stay.
    """
    dropped = 0
    for table, old in (
        (
            "tws_planrun",
            "day < %(before)s::date AND NOT EXISTS (SELECT FROM tws_planjob AS job WHERE "
            "job.engine = %(engine)s AND job.hwa_id = old.job_id)",
        ),
        ("tws_statuscount", "taken_at < %(before)s"),
    ):
        while True:
            cursor = await connection.execute(
                f"""
                DELETE FROM {table} WHERE ctid = ANY(ARRAY(
                    SELECT ctid FROM {table} AS old WHERE engine = %(engine)s AND {old}
                    LIMIT {BATCH}
                ))
                """,  # noqa: S608  (nothing of it comes from outside)
                {"engine": engine, "before": before},
            )
            dropped += cursor.rowcount
            if cursor.rowcount < BATCH:
                break
    return dropped
