"""Counts of large tables: right for who has just decided, and never a walk through the table."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audits import counting, review
from audits.models import AuditRecord
from audits.states import Status
from knowledge.models import Trust
from resync_site import health
from tests.factories import make_record
from tests.large_tables import fill

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counted_anew() -> Iterator[None]:
    counting.forget()
    yield
    counting.forget()


@pytest.fixture
def many(monkeypatch) -> None:
    """Some hundred records count as many, and their count is kept for long."""
    monkeypatch.setattr(counting, "FEW", 5)
    monkeypatch.setattr(counting, "TIMES_ITS_COST", 10**9)
    fill(1000)


def counted_in_full() -> dict[str, int]:
    return {status: AuditRecord.objects.filter(status=status).count() for status in Status.values}


def test_few_are_counted_now_and_every_status_is_named():
    make_record("pending")

    assert counting.by_status() == dict.fromkeys(Status.values, 0) | {"pending": 1}
    assert counting.by_trust() == dict.fromkeys(Trust.values, 0) | {"suspect": 1}
    assert counting.age() == 0


def test_many_are_counted_once_and_what_is_decided_since_is_added(many, reviewer):
    assert counting.by_status() == counted_in_full()

    pending = AuditRecord.objects.filter(status="pending")[:2]
    for record, action in zip(list(pending), ("approve", "reject"), strict=True):
        review.decide(record.memory_id, action, reviewer)
    with CaptureQueriesContext(connection) as asked:
        found = counting.by_status()

    assert found == counted_in_full()
    assert not any("GROUP BY" in query["sql"] and "audit_queue" in query["sql"] for query in asked)


def test_what_no_log_holds_is_as_old_as_the_count(many, monkeypatch):
    before = counting.by_status()["cleared"]
    fill(100)

    assert counting.by_status()["cleared"] == before
    monkeypatch.setattr(counting, "TIMES_ITS_COST", 0)
    assert counting.by_status()["cleared"] == counted_in_full()["cleared"] > before


def plans(queries: CaptureQueriesContext) -> Iterator[str]:
    for query in list(queries):
        if query["sql"].startswith("SELECT"):
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN " + query["sql"])
                yield "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_neither_health_nor_metrics_walk_through_a_large_table(admin_client):
    fill(10_000)
    with connection.cursor() as cursor:
        # As in a store of some age: nearly everything is usable, indexed, and old.
        cursor.execute(
            "UPDATE knowledge_memory SET indexed_version = version, "
            "updated_at = now() - interval '90 days'"
        )
        cursor.execute("VACUUM ANALYZE knowledge_memory, audit_queue")
    counting.by_status(), counting.by_trust()  # a full count is kept

    with CaptureQueriesContext(connection) as asked:
        health.index()
        health.auditor()
        admin_client.get("/api/audit/metrics")
        admin_client.get("/metrics")
        admin_client.get("/admin/")

    walked = [p for p in plans(asked) for table in ("knowledge_memory", "audit_queue")
              if f"Seq Scan on {table}" in p]  # fmt: skip
    assert walked == []
