"""The auditor's loop on the real queue, alone and in a crowd."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from audits.auditor import Auditor, Scope, analyze_memory
from audits.judges import MemoryUnderAudit, Verdict
from audits.judging import Bench
from audits.models import AuditRecord, Decision
from audits.queue import AuditRecordQuerySet
from audits.states import Status
from knowledge.llm import LLMUnavailable
from knowledge.models import Memory, StoredVector, Trust
from tests.factories import make_memory, make_record

pytestmark = pytest.mark.django_db(transaction=True)


async def by_its_words(memory: MemoryUnderAudit) -> Verdict | None:
    """A judge for tests: the answer says what should become of it."""
    await asyncio.sleep(0)
    for word, confidence in (("quarantine", 0.9), ("flag", 0.7)):
        if word in memory.agent_response:
            return Verdict("rules", confidence, f"it says {word}")
    return None


def memories(count: int) -> None:
    words = ["clear", "flag", "quarantine", "clear"]
    for n in range(count):
        make_memory(f"question {n}?", f"{words[n % 4]} {n}")


async def audit(bench: Bench, **options: object) -> Auditor:
    auditor = Auditor(bench, **options)
    try:
        await auditor.run()
    finally:
        await auditor.close()
    return auditor


def audit_now(bench: Bench | None = None, **options: object) -> Auditor:
    return asyncio.run(audit(bench or Bench([by_its_words]), **options))


def test_one_run_audits_everything_and_counts_what_it_committed() -> None:
    memories(40)

    tally = audit_now(concurrency=7).tally

    assert (tally.cleared, tally.flagged, tally.quarantined, tally.failed) == (20, 10, 10, 0)
    assert Counter(Memory.objects.values_list("trust", flat=True)) == {
        Trust.CLEARED: 20,
        Trust.SUSPECT: 10,
        Trust.QUARANTINED: 10,
    }
    assert Decision.objects.count() == 20


def test_a_second_run_finds_nothing_to_do() -> None:
    memories(8)
    audit_now()

    assert audit_now().tally.audited == 0


def test_the_limit_holds_and_the_oldest_go_first() -> None:
    memories(10)

    audit_now(limit=3, concurrency=2)

    audited = Memory.objects.exclude(trust=Trust.NEW).order_by("created_at")
    assert [memory.user_query for memory in audited] == [
        "question 0?",
        "question 1?",
        "question 2?",
    ]


def test_only_the_memory_that_was_named_is_audited() -> None:
    memories(3)
    one = Memory.objects.order_by("created_at")[1]

    audit_now(scope=Scope(memory_id=one.pk))

    assert list(Memory.objects.exclude(trust=Trust.NEW)) == [one]


def test_a_judge_slower_than_the_lease_keeps_its_records(settings) -> None:
    settings.AUDIT_LEASE_SECONDS = 0.3
    memories(4)

    async def slow(memory: MemoryUnderAudit) -> Verdict | None:
        await asyncio.sleep(1.0)
        return await by_its_words(memory)

    async def two_at_once() -> list[Auditor]:
        return await asyncio.gather(audit(Bench([slow])), audit(Bench([slow])))

    auditors = asyncio.run(two_at_once())

    assert sum(auditor.tally.audited for auditor in auditors) == 4
    assert set(AuditRecord.objects.values_list("attempts", flat=True)) == {1}


def test_leases_are_renewed_even_while_the_event_loop_stands_still(settings) -> None:
    settings.AUDIT_LEASE_SECONDS = 0.6
    memories(1)
    taken_over: list[list[AuditRecord]] = []

    async def standing(memory: MemoryUnderAudit) -> Verdict | None:
        time.sleep(1.5)  # noqa: ASYNC251  what a judge should not do
        taken_over.append(await sync_to_async(AuditRecord.objects.claim)("another", 5))
        return await by_its_words(memory)

    tally = audit_now(Bench([standing])).tally

    assert (tally.cleared, taken_over) == (1, [[]])


def test_without_renewal_two_workers_take_turns_and_every_verdict_is_counted(
    settings, monkeypatch
) -> None:
    settings.AUDIT_LEASE_SECONDS, settings.AUDIT_MAX_ATTEMPTS = 0.4, 50
    monkeypatch.setattr(AuditRecordQuerySet, "renew", lambda self, worker: 0)
    memories(40)
    chance = random.Random(7)

    async def slow(memory: MemoryUnderAudit) -> Verdict | None:
        await asyncio.sleep(chance.uniform(0, 0.7))
        return await by_its_words(memory)

    async def two_at_once() -> list[Auditor]:
        return await asyncio.gather(audit(Bench([slow])), audit(Bench([slow])))

    tallies = [auditor.tally for auditor in asyncio.run(two_at_once())]

    assert sum(tally.lost for tally in tallies) > 0
    assert sum(tally.audited for tally in tallies) == 40
    assert len(set(flagged_ids())) == len(flagged_ids()) == 20


def flagged_ids() -> list[object]:
    return list(Decision.objects.values_list("memory_id", flat=True))


def test_a_judge_that_breaks_on_one_memory_stops_no_other_and_a_person_sees_it(settings) -> None:
    settings.AUDIT_MAX_ATTEMPTS = 1
    memories(4)

    async def fragile(memory: MemoryUnderAudit) -> Verdict | None:
        if memory.user_query == "question 0?":
            raise RecursionError("too deep")
        return await by_its_words(memory)

    tally = audit_now(Bench([fragile])).tally
    AuditRecord.objects.filter(status=Status.QUEUED).update(ready_at="2020-01-01T00:00Z")
    failed = audit_now(Bench([fragile])).tally

    assert (tally.audited, failed.failed) == (3, 1)
    assert "too deep" in AuditRecord.objects.get(status=Status.FAILED).last_error


def test_an_llm_outage_costs_no_attempt_and_loses_nothing(settings) -> None:
    settings.AUDIT_MAX_ATTEMPTS = 1
    memories(1)

    async def away(memory: MemoryUnderAudit) -> Verdict | None:
        raise LLMUnavailable("connection refused")

    async def nothing(memory: MemoryUnderAudit) -> Verdict | None:
        return None

    audit_now(Bench([nothing], away))
    AuditRecord.objects.update(ready_at="2020-01-01T00:00Z")
    tally = audit_now().tally

    assert (tally.cleared, tally.failed) == (1, 0)


def test_a_memory_that_is_flagged_or_decided_is_skipped(reviewer) -> None:
    flagged = make_record(Status.PENDING)

    assert asyncio.run(analyze_memory(flagged.memory_id, Bench([by_its_words]))) is None
    assert AuditRecord.objects.get().status == Status.PENDING


def test_analyze_memory_tells_what_became_of_the_memory() -> None:
    memory = make_memory("?", "flag this")

    assert asyncio.run(analyze_memory(memory.pk, Bench([by_its_words]))) == "pending"


def test_what_another_program_wrote_into_mem0s_store_is_audited_too() -> None:
    payload = {"data": "quarantine this", "user_id": "someone", "trust": "trusted"}
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO knowledge_vectors (id, vector, payload) "
            "VALUES (gen_random_uuid(), array_fill(0.1, ARRAY[%s])::vector, %s)",
            [django_settings.EMBEDDING_DIMENSIONS, json.dumps(payload)],
        )

    tally = audit_now().tally

    assert tally.quarantined == 1
    assert Memory.objects.get().source == "mem0"
    assert not StoredVector.objects.exists()


def test_only_memories_since_a_time_are_audited() -> None:
    now = timezone.now()
    make_memory("old?", "clear", created_at=now - timedelta(days=3))
    recent = make_memory("new?", "clear too", created_at=now)

    audit_now(scope=Scope(since=now - timedelta(days=1)))

    assert list(Memory.objects.exclude(trust=Trust.NEW)) == [recent]
