"""Each test finds the database as migrations left it, whatever the one before it did."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection

from audits import review
from audits.models import AuditRecord, Decision, DecisionHead
from knowledge.models import Memory
from tests.factories import make_record
from tests.large_tables import fill
from tws.models import Agent

pytestmark = pytest.mark.django_db(transaction=True)


def counts() -> dict[str, int]:
    models = (Group, Permission, User, AuditRecord, Decision, DecisionHead, Memory, Agent)
    return {model.__name__: model.objects.count() for model in models}


def as_migrated() -> None:
    assert [agent.slug for agent in Agent.objects.order_by("slug")] == [
        "tws-analyzer",
        "tws-troubleshooter",
    ]
    assert not Agent.objects.filter(name="other").exists()
    assert DecisionHead.objects.get().seq == 0
    found = counts()
    assert found["Permission"] > 50
    assert found["Group"] == 3
    assert found["DecisionHead"] == 1
    assert {name for name, count in found.items() if not count} == {
        "User", "AuditRecord", "Decision", "Memory",
    }  # fmt: skip


def as_connected() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'), array(SELECT pg_listening_channels()), "
            "(SELECT count(*) FROM pg_locks "
            "WHERE locktype = 'advisory' AND pid = pg_backend_pid()), to_regclass('left_behind')"
        )
        assert cursor.fetchone() == ("30s", [], 0, None)


def a_reviewer() -> User:
    user = User.objects.create_user("reviewer")
    user.groups.add(Group.objects.get(name="Reviewers"))
    return user


@pytest.mark.parametrize("turn", range(4))
def test_what_a_test_does_is_gone_with_it(turn: int) -> None:
    as_migrated()
    as_connected()

    review.decide(make_record("pending").memory_id, "approve", a_reviewer(), note="")
    if turn == 1:
        fill(1000)  # more than is deleted row by row
    if turn == 2:
        Group.objects.all().delete()
        Permission.objects.all().delete()
        Agent.objects.update(name="other")
        DecisionHead.objects.update(seq=9)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO knowledge_vectors (id) VALUES (gen_random_uuid())")
        cursor.execute(
            "SET statement_timeout = '7s'; LISTEN nobody; CREATE TEMP TABLE left_behind ()"
        )
        cursor.execute("SELECT pg_advisory_lock(7)")
