"""Which rows of the old queue are new here: found out in PostgreSQL, in two temporary tables.

Only ids, hashes and statuses are staged, so that a repeated or continued run is cheap: it reads
the file once and writes what is missing. Which row of several with one text counts is decided
over the whole file, not by the order in which batches happen to be written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from audits.legacy.rows import LegacyRow, Reject
from knowledge.models import Memory

_MEMORY = Memory._meta.db_table

_STAGED = """
CREATE TEMPORARY TABLE legacy_row (
    rowid bigint, memory_id uuid, old_id text, content_hash text, status text
)
"""
# repeated: an earlier row of the file has this id. known: the id is here already; taken: with
# another text, which nobody has edited since. Of the rows with one text the first by `status_rank`
# is migrated and stands for the others: a rejection beats an approval, a decision beats none.
_PLAN = f"""
CREATE TEMPORARY TABLE legacy_plan AS
WITH seen AS (
    SELECT staged.*,
           row_number() OVER (PARTITION BY memory_id ORDER BY rowid) > 1 AS repeated,
           memory.id IS NOT NULL AS known,
           coalesce(memory.content_hash <> staged.content_hash AND memory.version = 1, false)
               AS taken,
           array_position(ARRAY['rejected', 'approved', 'pending'], status) AS status_rank
    FROM legacy_row staged LEFT JOIN {_MEMORY} memory ON memory.id = staged.memory_id
), sound AS (
    SELECT *,
           row_number() OVER (PARTITION BY content_hash ORDER BY status_rank, rowid) AS nth,
           count(*) OVER same_text AS times,
           bool_or(known) OVER same_text AS text_known,
           bool_or(status = 'approved') OVER same_text
               AND bool_or(status = 'rejected') OVER same_text AS contradicted
    FROM seen WHERE NOT repeated AND NOT taken
    WINDOW same_text AS (PARTITION BY content_hash)
)
SELECT rowid, old_id, status, times, contradicted,
       CASE WHEN known THEN 'already'
            WHEN nth > 1 OR text_known OR EXISTS (
                SELECT FROM {_MEMORY} memory
                WHERE memory.agent = %s AND memory.content_hash = sound.content_hash
            ) THEN 'same_text'
            ELSE 'new' END AS outcome
FROM sound
UNION ALL
SELECT rowid, old_id, status, 1, false,
       CASE WHEN repeated THEN 'repeated_id' ELSE 'id_taken' END
FROM seen WHERE repeated OR taken
"""  # noqa: S608  a table's name

REFUSED = {
    "repeated_id": "an earlier row of this file has the same memory_id",
    "id_taken": "a memory with this id is here already, and says something else",
}


@dataclass(frozen=True, slots=True)
class Planned:
    """A row to migrate: how often its text occurs, and whether people contradicted each other."""

    rowid: int
    times: int
    contradicted: bool


@transaction.atomic
def stage(rows: Iterable[LegacyRow]) -> None:
    """Put the keys of all sound rows into a temporary table of this connection."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.legacy_row, pg_temp.legacy_plan")
        cursor.execute(_STAGED)
        with cursor.copy("COPY legacy_row FROM STDIN") as copy:
            for row in rows:
                values = (row.rowid, row.memory_id, row.old_id, row.content_hash, row.status.value)
                copy.write_row(values)
        cursor.execute("ANALYZE legacy_row")


def make_plan(agent: str) -> None:
    """Give every staged row its outcome: new, already, same_text, or one of REFUSED."""
    with connection.cursor() as cursor:
        cursor.execute(_PLAN, [agent])
        cursor.execute("CREATE INDEX ON legacy_plan (outcome, rowid)")
        cursor.execute("ANALYZE legacy_plan")


def outcomes() -> Counter[tuple[str, str]]:
    """How many rows have which outcome and status."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT outcome, status, count(*) FROM legacy_plan GROUP BY 1, 2")
        return Counter({(outcome, status): count for outcome, status, count in cursor.fetchall()})


def contradictions() -> int:
    """How many new texts the old queue held both as approved and as rejected."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM legacy_plan WHERE outcome = 'new' AND contradicted")
        return int(cursor.fetchone()[0])


def refused() -> Iterator[Reject]:
    """The staged rows that can't be migrated because of their id."""
    for rowid, old_id, outcome in _pages(
        "SELECT rowid, old_id, outcome FROM legacy_plan "
        "WHERE outcome IN ('repeated_id', 'id_taken') AND rowid > %s ORDER BY rowid LIMIT %s"
    ):
        yield Reject(rowid, old_id[:100], outcome, REFUSED[outcome])


def new_rows() -> Iterator[Planned]:
    """The rows to migrate, by rowid."""
    for values in _pages(
        "SELECT rowid, times, contradicted FROM legacy_plan "
        "WHERE outcome = 'new' AND rowid > %s ORDER BY rowid LIMIT %s"
    ):
        yield Planned(*values)


def _pages(query: str, size: int = 5000) -> Iterator[tuple[Any, ...]]:
    """All rows of a query that goes on after a rowid: its first column, and first parameter."""
    last = -(2**63)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(query, [last, size])
            rows = cursor.fetchall()
        yield from rows
        if len(rows) < size:
            return
        last = rows[-1][0]
