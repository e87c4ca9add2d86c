"""How PostgreSQL finds a page of the queue: what it reads does not grow with the store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.db.models import Q

from audits.console.changelist import VIEWS, ordering_of
from audits.console.filters import NOBODY, condition_of
from audits.models import AuditRecord

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
    SELECT gen_random_uuid(), 'agent ' || n %% 3, 'Q', '', 'A', '[]', '',
           (ARRAY['knowledge', 'state'])[1 + n / 7 %% 2], 'import', n::text, 1, '{}', '{}',
           CASE WHEN n %% 100 < 2 THEN 'suspect' ELSE 'cleared' END, 1, '', 0, '', false,
           now() - n * interval '1 minute', now()
      FROM generate_series(1, %(rows)s) AS n;
    INSERT INTO audit_queue (
        memory_id, status, lease_owner, attempts, excused, ready_at, last_error, ia_audit_reason,
        findings, judge, model, prompt_version, note, reason_code, created_at, agent, kind, uses,
        language, why, cluster, weight, ia_audit_confidence
    )
    SELECT id, CASE trust WHEN 'suspect' THEN 'pending' ELSE 'cleared' END, '', 1, 0, now(), '',
           '', '[]',
           CASE WHEN content_hash::int %% 200 IN (1, 50) THEN 'person'
                WHEN content_hash::int %% 5 = 0 THEN 'llm' ELSE 'claims' END,
           '', '', '', '', created_at, '', '', 1,
           CASE WHEN content_hash::int %% 11 = 0 THEN 'en' ELSE 'pt' END,
           CASE WHEN content_hash::int %% 1100 = 1 THEN 'danger' ELSE 'unsure' END, '', 1, 0.5
      FROM knowledge_memory;
    ANALYZE knowledge_memory; ANALYZE audit_queue
"""


@pytest.fixture
def many() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = 'replica'")
        cursor.execute(FILL, {"rows": ROWS})
        cursor.execute("SET LOCAL session_replication_role = 'origin'")
        cursor.execute(
            "UPDATE audit_queue SET agent = memory.agent, kind = memory.kind "
            "FROM knowledge_memory memory WHERE memory.id = memory_id"
        )
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
    """How many rows and index entries a statement looks at, and through which indexes."""
    sql, values = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values)
        (told,) = cursor.fetchone()
    plan = (json.loads(told) if isinstance(told, str) else told)[0]
    looked, through = 0, []
    for node in nodes(plan["Plan"]):
        if "Scan" not in node["Node Type"]:
            continue
        loops = node["Actual Loops"]
        looked += loops * (
            node["Actual Rows"]
            + node.get("Rows Removed by Filter", 0)
            + node.get("Rows Removed by Index Recheck", 0)
        )
        through.append(node.get("Index Name") or node["Node Type"])
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
        page = records.order_by(*ordering_of(view))[:PAGE]
        for what, rows in (("page", page), ("count", records.order_by()[:1001])):
            looked[f"{view} {filters} {what}"] = (*read_for(rows), records.count())
    for name, (read, through, found) in looked.items():
        print(f"{read:7,} read, {found:7,} found  {name}: {through}")  # noqa: T201

    assert {
        name: (read, through)
        for name, (read, through, found) in looked.items()
        if read > max(MOST_READ, found)
    } == {}
