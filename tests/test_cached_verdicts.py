"""The LLM's verdicts in rows: bounded, gone with the text, alive after a restart."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.utils import timezone

from audits import caching
from audits.caching import VerdictsInRows
from audits.models import CachedVerdict
from tests.factories import make_memory


def kept(memory_id: UUID, days_ago: float = 0) -> str:
    row = CachedVerdict.objects.create(
        key=uuid4().hex,
        memory_id=memory_id,
        verdict={"confidence": 0.0},
        created_at=timezone.now() - timedelta(days=days_ago),
    )
    return row.key


def keys() -> set[str]:
    return set(CachedVerdict.objects.values_list("key", flat=True))


@pytest.mark.django_db(transaction=True)
def test_after_a_restart_of_the_database_the_cache_answers_again() -> None:
    cache, memory_id = VerdictsInRows(), uuid4()

    async def ask_before_and_after() -> list[object]:
        await cache.put("key", memory_id, {"confidence": 0.5})
        before = await cache.get("key")
        await asyncio.to_thread(end_other_connections, spared)
        return [before, await cache.get("key"), await cache.get("another")]

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        spared = cursor.fetchone()[0]

    assert asyncio.run(ask_before_and_after()) == [{"confidence": 0.5}] * 2 + [None]


def end_other_connections(spared: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid NOT IN (pg_backend_pid(), %s) AND datname = current_database()",
            [spared],
        )
    connection.close()


@pytest.mark.django_db
def test_what_was_said_of_a_memory_is_forgotten_with_it() -> None:
    one, other = make_memory("a?", "answer a"), make_memory("b?", "answer b")
    kept(one.pk)
    stays = kept(other.pk)

    assert caching.forget([one.pk]) == 1
    assert keys() == {stays}


@pytest.mark.django_db
def test_the_cache_keeps_neither_what_is_old_nor_what_is_of_no_memory(settings) -> None:
    settings.AUDIT_CACHE_DAYS = 30
    memory = make_memory()
    kept(memory.pk, days_ago=31)
    kept(uuid4(), days_ago=2)
    stay = {kept(memory.pk, days_ago=29), kept(uuid4(), days_ago=0.5)}

    assert caching.prune() == 2
    assert keys() == stay


@pytest.mark.django_db
def test_the_cache_keeps_the_newest_rows_only(settings) -> None:
    settings.AUDIT_CACHE_ROWS = 2
    memory = make_memory()
    ages = {age: kept(memory.pk, days_ago=age) for age in (4, 1, 3, 2)}

    caching.prune()

    assert keys() == {ages[1], ages[2]}
