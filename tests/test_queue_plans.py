"""How PostgreSQL finds a page of the queue: what it reads does not grow with the store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audits import counting
from audits.console.changelist import VIEWS, ordering_of
from audits.console.filters import NOBODY, condition_of
from audits.models import AuditRecord
from audits.purging import old_states
from audits.search import find
from audits.states import WAITING
from knowledge.models import Memory
from knowledge.text_search import first_holding

pytestmark = pytest.mark.django_db

ROWS = 40_000
PAGE = 50
MOST_READ = 6_000
"""Rows that are looked at for one page: what a combination of filters finds, or, along the order of
the list, a page of what one record in a hundred has; however many there are, it is no more."""

FILL = """
    INSERT INTO knowledge_memory (
        id, agent, user_query, asked_as, agent_response, evidence, engine, kind, source,
        content_hash, use_count, terms, marks, trust, version, index_owner, index_attempts,
        index_error, flagged_by_ia, created_at, updated_at
    )
    SELECT gen_random_uuid(), 'agent ' || n %% 3,
           CASE WHEN n %% 5 = 0 THEN 'batchman' WHEN n %% 10000 = 7777 THEN 'conman' ELSE 'Q' END,
           '', 'A', '[]', '',
           CASE WHEN n < %(rows)s / 2 AND n / 7 %% 2 = 1 THEN 'state' ELSE 'knowledge' END,
           'import', n::text, 1, '{}', '{}',
           CASE WHEN n %% 100 < 2 THEN 'suspect' WHEN n %% 100 < 7 THEN 'unverified'
                ELSE 'cleared' END, 1, '', 0, '', false, now() - n * interval '1 minute', now()
      FROM generate_series(1, %(rows)s) AS n;
    INSERT INTO audit_queue (
        memory_id, status, lease_owner, attempts, excused, ready_at, last_error, ia_audit_reason,
        findings, judge, model, prompt_version, note, reason_code, created_at, agent, kind, uses,
        language, why, cluster, weight, ia_audit_confidence
    )
    SELECT id, CASE trust WHEN 'suspect' THEN 'pending' ELSE trust END, '', 1, 0, now(), '',
           '', '[]',
           CASE WHEN content_hash::int %% 200 IN (1, 50) THEN 'person'
                WHEN content_hash::int %% 5 = 0 THEN 'llm' ELSE 'claims' END,
           '', '', '', '', created_at, agent, kind, 1,
           CASE WHEN content_hash::int %% 11 = 0 THEN 'en' ELSE 'pt' END,
           CASE WHEN content_hash::int %% 1100 = 1 THEN 'danger' ELSE 'unsure' END, '', 1, 0.5
      FROM knowledge_memory;
    ANALYZE knowledge_memory; ANALYZE audit_queue
"""


@pytest.fixture
def many() -> None:
    with connection.cursor() as cursor:
        # Into new files: what an earlier test rolled back still stands in the indexes.
        cursor.execute("TRUNCATE knowledge_memory CASCADE")
        cursor.execute("SET LOCAL session_replication_role = 'replica'")
        cursor.execute(FILL, {"rows": ROWS})
        cursor.execute("SET LOCAL session_replication_role = 'origin'")
        cursor.execute(
            "UPDATE audit_queue SET assigned_to_id = %s WHERE status = 'pending' AND id %% 3 = 0",
            [User.objects.create_user("ana").pk],
        )
        cursor.execute("ANALYZE audit_queue")


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def read_for(rows: Any) -> tuple[int, str]:
    return read_by(*rows.query.sql_with_params())


def read_by(sql: str, values: Any = None) -> tuple[int, str]:
    """How many rows and index entries a statement looks at, and through which indexes."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values)
        (told,) = cursor.fetchone()
    plan = (json.loads(told) if isinstance(told, str) else told)[0]
    looked, through = 0, []
    for node in nodes(plan["Plan"]):
        if "Scan" not in node["Node Type"] or not {"Relation Name", "Index Name"} & node.keys():
            continue
        loops = node["Actual Loops"]
        looked += loops * (
            node["Actual Rows"]
            + node.get("Rows Removed by Filter", 0)
            + node.get("Rows Removed by Index Recheck", 0)
        )
        only = " only" if node["Node Type"] == "Index Only Scan" else ""
        through.append(node.get("Index Name", node["Node Type"]) + only)
    return int(looked), " ".join(through)


FILTERS = [
    ("waiting", {"age": "overdue"}),
    ("waiting", {"judge": "person"}),
    ("waiting", {"judge": "llm"}),
    ("waiting", {"agent": "agent 1"}),
    ("waiting", {"why": "danger", "language": "en"}),
    ("waiting", {"assigned": "ana"}),
    ("waiting", {"assigned": NOBODY}),
    ("all", {"assigned": "ana"}),
    ("all", {"judge": "person"}),
    ("all", {"why": "danger"}),
    ("all", {"judge": "llm"}),
    ("cleared", {"judge": "person"}),
    ("cleared", {"judge": "person", "agent": "agent 1", "kind": "state"}),
    ("cleared", {"why": "danger", "language": "en", "kind": "state", "judge": "person"}),
    ("cleared", {"agent": "agent 2", "kind": "knowledge", "judge": "llm"}),
]


@pytest.mark.slow
def test_no_combination_of_filters_walks_the_store(many):
    looked = {}
    for view, filters in FILTERS:
        condition = Q()
        for name, value in filters.items():
            condition &= condition_of(name, value, AnonymousUser(), VIEWS[view][1]) or Q(pk=None)
        statuses = VIEWS[view][1]
        records = AuditRecord.objects.filter(condition)
        records = records if statuses is None else records.filter(status__in=statuses)
        page = records.order_by(*ordering_of(view)).values("pk")[:PAGE]
        for what, rows in (("page", page), ("count", records.order_by()[:1001])):
            looked[f"{view} {filters} {what}"] = (*read_for(rows), records.count())
    for name, (read, through, found) in looked.items():
        print(f"{read:7,} read, {found:7,} found  {name}: {through}")  # noqa: T201

    assert {
        name: (read, through)
        for name, (read, through, found) in looked.items()
        if read > max(MOST_READ, found)
    } == {}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "value"), [("used", "yes"), ("confidence", "low")])
def test_which_of_what_waits_a_filter_leaves_the_index_tells(many, name, value):
    condition = condition_of(name, value, AnonymousUser(), WAITING) or Q(pk=None)

    _read, through = read_for(waiting().filter(condition).values("pk")[:PAGE])

    assert through == "audit_queue_waiting only"


@pytest.mark.parametrize("count", [counting._count_statuses, counting._count_trust])
def test_all_rows_are_counted_in_an_index_alone(count):
    with connection.cursor() as cursor:
        # A few rows are read sooner than an index.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    with CaptureQueriesContext(connection) as queries:
        count()

    _read, through = read_by(queries[0]["sql"])

    assert " only" in through


LOOKED_FOR: dict[str, Callable[[], Any]] = {
    "a common word": lambda: first_holding(Memory.objects.all(), "batchman"),
    "a part of a common word": lambda: first_holding(Memory.objects.all(), "atchma"),
    "a rare word": lambda: first_holding(Memory.objects.all(), "conman"),
    "a common word of what waits": lambda: list(find(waiting(), "batchman", WAITING, some=True)),
    "what is judged again": lambda: AuditRecord.objects.requeue_unverified(100, timezone.now()),
    "states past their days": lambda: list(old_states().order_by("created_at", "id")[:200]),
}


def waiting() -> Any:
    return AuditRecord.objects.awaiting_review()


@pytest.mark.slow
def test_what_is_looked_for_is_found_without_walking_the_store(many, settings):
    settings.STATE_MEMORY_DAYS = 20
    looked = {}
    for what, act in LOOKED_FOR.items():
        with CaptureQueriesContext(connection) as queries:
            act()
        asked = [one["sql"] for one in queries if one["sql"].startswith(("SELECT", "WITH"))]
        looked[what] = [read_by(sql) for sql in asked]
    for what, found in looked.items():
        print(what, found)  # noqa: T201

    assert {
        what: found
        for what, found in looked.items()
        if not found or max(read for read, _through in found) > MOST_READ
    } == {}
    assert looked["what is judged again"][0] == (100, "audit_queue_unverified")
