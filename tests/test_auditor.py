"""The auditor's loop on the real queue, alone and in a crowd."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from datetime import timedelta

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from audits import review, settling
from audits.auditor import Auditor, Scope, analyze_memory, duties
from audits.auditor.claiming import Claimer
from audits.auditor.outages import innermost
from audits.judges import MemoryUnderAudit, Neighbour, NoVerdict, UnfitJudge, Verdict
from audits.judging import Bench
from audits.models import AuditRecord, Decision, Heartbeat
from audits.queue import AuditRecordQuerySet
from audits.settling import Judged
from audits.states import Status
from knowledge.bounded_threads import KnowledgeBusy
from knowledge.connections import DATABASE_AWAY
from knowledge.feedback import give_feedback
from knowledge.llm import LLMBrokenOff, LLMRefused, LLMUnavailable
from knowledge.models import Memory, StoredVector, Trust
from knowledge.retrieval import SearchUnavailable
from tests.factories import make_memory, make_record

pytestmark = pytest.mark.django_db(transaction=True)


async def by_its_words(memory: MemoryUnderAudit) -> Verdict | None:
    """A judge for tests: the answer says what should become of it."""
    await asyncio.sleep(0)
    for word, confidence in (("quarantine", 0.9), ("flag", 0.7)):
        if word in memory.agent_response:
            return Verdict("rules", confidence, f"it says {word}")
    if "clear" in memory.agent_response:
        return Verdict("claims", 0.0, "it says clear", supports=True)
    return None


def memories(count: int) -> None:
    words = ["clear", "flag", "quarantine", "silence"]
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

    assert (tally.cleared, tally.flagged, tally.quarantined, tally.unverified) == (10,) * 4
    assert (tally.audited, tally.failed) == (40, 0)
    assert Counter(Memory.objects.values_list("trust", flat=True)) == {
        Trust.CLEARED: 10,
        Trust.UNVERIFIED: 10,
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

    audit_now(scope=Scope(memory_ids=[one.pk]))

    assert list(Memory.objects.exclude(trust=Trust.NEW)) == [one]


async def again(bench: Bench, limit: int | None = None) -> tuple[Auditor, int]:
    auditor = Auditor(bench)
    try:
        return auditor, await auditor.run_again(limit)
    finally:
        await auditor.close()


async def supports(memory: MemoryUnderAudit) -> Verdict | None:
    return Verdict("claims", 0.0, "borne out", supports=True)


def unverified(*use_counts: int) -> None:
    for n, count in enumerate(use_counts):
        record = make_record(Status.UNVERIFIED, make_memory(f"question {n}?", "silence"))
        Memory.objects.filter(pk=record.memory_id).update(use_count=count)


def test_what_could_not_be_verified_is_judged_again_most_used_first() -> None:
    unverified(1, 9, 5)
    make_record(Status.PENDING, make_memory("flagged?"))
    make_memory("new?")

    auditor, remaining = asyncio.run(again(Bench([supports]), limit=2))

    assert (auditor.tally.cleared, auditor.tally.audited, remaining) == (2, 2, 0)
    trusts = dict(Memory.objects.values_list("user_query", "trust"))
    assert (trusts["question 1?"], trusts["question 2?"]) == ("cleared", "cleared")
    assert trusts["question 0?"] == "unverified"
    assert (trusts["flagged?"], trusts["new?"]) == ("suspect", "new")


def test_what_is_not_verified_again_is_asked_once_in_a_run(monkeypatch) -> None:
    monkeypatch.setattr("audits.auditor.loop.CLAIM_AT_MOST", 2)
    unverified(1, 1, 1, 1, 1)

    auditor, remaining = asyncio.run(again(Bench([by_its_words])))

    assert (auditor.tally.unverified, remaining) == (5, 0)
    assert set(AuditRecord.objects.values_list("attempts", flat=True)) == {1}


def test_a_recheck_leaves_alone_what_a_reviewer_has_taken(reviewer) -> None:
    unverified(1, 1)
    taken = Memory.objects.get(user_query="question 0?")
    review.claim(taken.pk, reviewer)

    auditor, _ = asyncio.run(again(Bench([supports])))

    assert auditor.tally.cleared == 1
    assert Memory.objects.get(pk=taken.pk).trust == Trust.UNVERIFIED


def test_an_outage_ends_a_recheck_and_it_says_what_remains(settings) -> None:
    unverified(*[1] * 3)

    async def away(memory: MemoryUnderAudit) -> Verdict | None:
        raise LLMUnavailable("connection refused")

    _, remaining = asyncio.run(again(Bench([], away)))

    assert remaining == 3
    assert set(AuditRecord.objects.values_list("status", flat=True)) == {Status.QUEUED}


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
    settings.AUDIT_POLL_SECONDS = 0.1
    monkeypatch.setattr(AuditRecordQuerySet, "renew", lambda self, worker: 0)
    memories(40)
    chance = random.Random(7)

    async def slow(memory: MemoryUnderAudit) -> Verdict | None:
        await asyncio.sleep(chance.uniform(0, 0.7))
        return await by_its_words(memory)

    async def two_at_once() -> list[Auditor]:
        return await asyncio.gather(*(audit(Bench([slow]), concurrency=15) for _ in range(2)))

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


@pytest.mark.parametrize(
    "outage",
    [
        SearchUnavailable("the embedder did not answer"),
        KnowledgeBusy("too many"),
        TimeoutError(),
        OperationalError("the server is restarting"),
        psycopg.OperationalError("the connection is closed"),
        LLMRefused("no such method", 405),
        LLMBrokenOff("no_finish"),
        UnfitJudge("It let the canary pass."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_outage_of_whatever_a_verdict_needs_costs_no_attempt(settings, outage) -> None:
    settings.AUDIT_MAX_ATTEMPTS = 1
    memories(3)

    async def away(memory: Memory) -> tuple[Neighbour, ...]:
        raise outage

    tally = audit_now(neighbours=away).tally
    AuditRecord.objects.update(ready_at="2020-01-01T00:00Z")
    later = audit_now().tally

    assert (tally.audited, tally.failed) == (0, 0)
    assert (later.audited, later.failed) == (3, 0)


def test_a_reply_that_is_no_verdict_on_this_memory_costs_an_attempt(settings) -> None:
    settings.AUDIT_MAX_ATTEMPTS = 1
    memories(1)

    async def at_a_loss(memory: MemoryUnderAudit) -> Verdict | None:
        raise NoVerdict("The LLM judge fails on this memory only.")

    audit_now(Bench([], at_a_loss))
    AuditRecord.objects.update(ready_at="2020-01-01T00:00Z")

    assert audit_now().tally.failed == 1


def test_an_auditor_that_rests_says_in_its_sign_of_life_what_is_down() -> None:
    memories(1)

    async def obedient(memory: MemoryUnderAudit) -> Verdict | None:
        raise UnfitJudge("It let the canary pass.")

    async def run() -> str:
        auditor = Auditor(Bench([], obedient))
        await auditor.run()
        clock = duties.leases("w1", [], auditor.outages)
        await sync_to_async(clock.duties[1].take_turn)()
        said = (await Heartbeat.objects.aget(worker="w1")).trouble
        await auditor.close()
        return said

    assert asyncio.run(run()) == "judging: It let the canary pass."


def test_a_memory_whose_search_alone_times_out_is_not_excused_for_ever(settings) -> None:
    settings.AUDIT_MAX_ATTEMPTS = 1
    memories(4)

    async def slow_for_one(memory: Memory) -> tuple[Neighbour, ...]:
        if memory.user_query == "question 0?":
            await asyncio.sleep(0.5)
            raise TimeoutError
        return ()

    audit_now(neighbours=slow_for_one)
    AuditRecord.objects.filter(status=Status.QUEUED).update(ready_at="2020-01-01T00:00Z")

    assert audit_now(neighbours=slow_for_one).tally.failed == 1


def test_a_memory_that_vanishes_between_claim_and_read_ends_nothing(monkeypatch) -> None:
    memories(4)
    claim = AuditRecordQuerySet.claim_new

    def claim_and_lose_one(self, worker, limit, wanted):
        records = claim(self, worker, limit, wanted)
        if records:
            Memory.objects.filter(user_query="question 1?").delete()
        return records

    monkeypatch.setattr(AuditRecordQuerySet, "claim_new", claim_and_lose_one)

    assert audit_now(concurrency=1).tally.audited == 3


def test_a_memory_that_vanishes_while_it_is_judged_ends_nothing() -> None:
    memories(4)

    async def deleted_meanwhile(memory: MemoryUnderAudit) -> Verdict | None:
        if memory.user_query == "question 1?":
            await Memory.objects.filter(pk=memory.memory_id).adelete()
        return await by_its_words(memory)

    tally = audit_now(Bench([deleted_meanwhile])).tally

    assert (tally.audited, tally.lost) == (3, 1)


@pytest.mark.parametrize("stored", ["[" * 3000 + "]" * 3000, '[{"result": 1e5000}]'])
def test_evidence_that_cannot_be_read_goes_to_a_person_and_harms_no_other(stored) -> None:
    memories(4)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE knowledge_memory SET evidence = %s::jsonb WHERE user_query = 'question 0?'",
            [stored],
        )

    tally = audit_now().tally

    record = AuditRecord.objects.get(memory__user_query="question 0?")
    assert (tally.audited, record.status, record.attempts) == (4, Status.PENDING, 1)
    assert "can't be read" in record.ia_audit_reason


def test_a_verdict_the_database_refuses_stops_no_other(monkeypatch) -> None:
    memories(4)
    columns = Judged.columns

    def columns_and_one_impossible(self):
        wrong = {"prompt_version": "x" * 51} if "quarantine" in self.verdict.reason else {}
        return columns(self) | wrong

    monkeypatch.setattr(Judged, "columns", columns_and_one_impossible)

    tally = audit_now().tally

    assert (tally.audited, tally.retried) == (3, 1)
    assert AuditRecord.objects.get(status=Status.QUEUED).last_error


def test_what_was_in_hand_when_the_database_went_away_comes_back_at_no_cost(settings) -> None:
    settings.AUDIT_MAX_ATTEMPTS = 1
    memories(6)
    spared, broken = backend(), []

    async def breaking(memory: MemoryUnderAudit) -> Verdict | None:
        if not broken:
            broken.append(1)
            await sync_to_async(end_other_connections)(spared)
        return await by_its_words(memory)

    async def run_twice() -> Auditor:
        auditor = Auditor(Bench([breaking]))
        with pytest.raises(ExceptionGroup) as lost:
            await auditor.run()
        assert isinstance(innermost(lost.value), DATABASE_AWAY)
        await auditor.run()
        await auditor.close()
        return auditor

    tally = asyncio.run(run_twice()).tally

    assert (tally.audited, tally.failed) == (6, 0)
    assert not AuditRecord.objects.filter(status=Status.RUNNING).exists()


def backend() -> int:
    """The process of PostgreSQL that serves this thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def end_other_connections(spared: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid NOT IN (pg_backend_pid(), %s) AND datname = current_database()",
            [spared],
        )
    connection.close()


def test_a_backlog_keeps_no_report_and_no_new_memory_waiting(settings, operator) -> None:
    settings.AUDIT_POLL_SECONDS = 0.1
    memories(40)
    reported = make_record(Status.CLEARED)
    give_feedback(reported.memory_id, 1, "that is wrong", operator)
    seen: dict[str, bool] = {}

    async def endless(memory: MemoryUnderAudit) -> Verdict | None:
        """Judges until the duties have come, though the queue is never empty."""
        async with asyncio.timeout(60):
            while not (seen.get("report") and seen.get("new") and seen.get("alive")):
                await sync_to_async(look)()
                await asyncio.sleep(0.05)
        return await by_its_words(memory)

    def look() -> None:
        if "made" not in seen:
            seen["made"] = bool(make_memory("brand new?", "clear"))
        reported.refresh_from_db()
        seen["report"] = reported.status == Status.PENDING
        seen["new"] = AuditRecord.objects.filter(memory__user_query="brand new?").exists()
        seen["alive"] = Heartbeat.objects.filter(trouble="").exists()

    tally = audit_now(Bench([endless]), concurrency=2, keeps_house=True).tally

    assert tally.audited == 42
    assert not Heartbeat.objects.exists()


def test_an_empty_queue_is_not_looked_at_for_each_verdict_that_comes_in(monkeypatch) -> None:
    looks: list[int] = []
    take = Claimer.take

    def counted(self, wanted):
        found = take(self, wanted)
        looks.append(len(found or []))
        return found

    monkeypatch.setattr(Claimer, "take", counted)
    memories(20)
    turns = iter(range(20))

    async def one_after_the_other(memory: MemoryUnderAudit) -> Verdict | None:
        await asyncio.sleep(0.02 * next(turns))
        return await by_its_words(memory)

    assert audit_now(Bench([one_after_the_other]), concurrency=10).tally.audited == 20

    assert sum(looks) == 20
    assert (
        looks.count(0) <= 3
    )  # while others are judged, again where one came meanwhile, at the end


@pytest.mark.django_db
def test_an_outage_is_excused_even_where_another_worker_has_taken_over() -> None:
    for n in range(3):
        make_memory(f"{n}?", f"answer {n}")
    AuditRecord.objects.discover(10)
    records = AuditRecord.objects.claim("w1", 3)
    taken = AuditRecord.objects.filter(id=records[0].id)
    taken.update(lease_owner="w2", attempts=2)
    held = {record.id: record.attempts for record in records[:2]}

    assert settling.hand_back("w1", held) == 2, "what it leases unknowingly comes back, too"
    assert [record.excused for record in AuditRecord.objects.order_by("id")] == [1, 1, 1]
    assert taken.get().status == Status.RUNNING


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


@pytest.mark.usefixtures("judges_here")
def test_the_command_rechecks_and_tells_of_each_outcome_once(capsys, settings, monkeypatch) -> None:
    turns: list[float] = []
    monkeypatch.setattr("sys.setswitchinterval", turns.append)
    for n in range(2):
        known = make_memory(f"What does job {n} do?", "It loads the table of customers.")
        make_record(Status.UNVERIFIED, known)

    with pytest.raises(SystemExit) as ended:
        call_command("run_auditor", "--recheck", "--limit", "1", "--json")

    found = json.loads(capsys.readouterr().out)
    assert ended.value.code == 0
    assert set(turns) == {0.0002}  # its loop beside its database threads
    assert list(found) == [
        "audited", "cleared", "flagged", "quarantined", "unverified", "failed", "remaining",
        "seconds",
    ]  # fmt: skip
    assert (found["audited"], found["unverified"], found["remaining"]) == (1, 1, 0)


@pytest.mark.parametrize("other", ["--watch", "--dry-run", "--since=1d"])
def test_a_recheck_chooses_by_itself(other) -> None:
    with pytest.raises(CommandError, match="recheck"):
        call_command("run_auditor", "--recheck", other)
