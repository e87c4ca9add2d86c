"""The auditor's loop on the real queue, alone and in a crowd."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from audits.auditor import Auditor, Scope, analyze_memory
from audits.judges import MemoryUnderAudit, Verdict
from audits.judging import Bench
from audits.models import AuditRecord, Decision
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


# --- processes ------------------------------------------------------------------------------


def start_auditor(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """`manage.py run_auditor --json` on the test database."""
    values = connection.settings_dict
    url = f"postgresql://{values['USER']}@/{values['NAME']}?host={values['HOST']}"
    if values["PASSWORD"]:
        url = url.replace("@", f":{values['PASSWORD']}@")
    return subprocess.Popen(
        [sys.executable, "manage.py", "run_auditor", "--json", *arguments],
        cwd=django_settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": url, "RESYNC_ENV": "development", **environment},
        stdout=subprocess.PIPE,
        text=True,
    )


def results(processes: list[subprocess.Popen[str]]) -> list[dict[str, float]]:
    return [json.loads(process.communicate(timeout=240)[0]) for process in processes]


def many(count: int) -> None:
    from knowledge.store import Draft

    rows = [
        Draft(
            agent="tws-analyzer",
            user_query=f"How do I see job number {n}?",
            agent_response="password: hunter2secret"
            if n % 5 == 0
            else f"Look at job {n} in conman.",
        ).row()
        for n in range(count)
    ]
    Memory.objects.bulk_create(rows)


def test_eight_auditors_at_once_audit_each_memory_once() -> None:
    many(2000)

    found = results([start_auditor() for _ in range(8)])

    assert sum(one["audited"] for one in found) == 2000
    statuses = Counter(AuditRecord.objects.values_list("status", flat=True))
    for name, status in (("cleared", "cleared"), ("flagged", "pending"), ("quarantined",) * 2):
        assert sum(one[name] for one in found) == statuses[status]
    assert AuditRecord.objects.count() == 2000
    assert set(AuditRecord.objects.values_list("attempts", flat=True)) == {1}
    flags = statuses["pending"] + statuses["quarantined"]
    assert Decision.objects.count() == flags > 0


def test_auditors_that_are_killed_lose_no_memory_and_flag_none_twice() -> None:
    many(1500)
    processes = [start_auditor(AUDIT_LEASE_SECONDS="2") for _ in range(3)]
    while AuditRecord.objects.exclude(status__in=["queued", "running"]).count() < 100:
        time.sleep(0.02)
    for process in processes[:2]:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    results(processes[2:])
    time.sleep(2.2)
    results([start_auditor(AUDIT_LEASE_SECONDS="2")])

    assert not Memory.objects.filter(trust=Trust.NEW).exists()
    flagged = Decision.objects.values_list("memory_id", flat=True)
    assert (
        len(set(flagged)) == len(flagged) == AuditRecord.objects.exclude(status="cleared").count()
    )


def test_sigterm_finishes_what_is_in_flight_and_leaves_no_lease() -> None:
    many(1500)
    process = start_auditor()
    while not AuditRecord.objects.exclude(status__in=["queued", "running"]).exists():
        time.sleep(0.02)

    process.send_signal(signal.SIGTERM)
    [found] = results([process])

    assert process.returncode == 0
    assert not AuditRecord.objects.filter(status=Status.RUNNING).exists()
    assert found["remaining"] == Memory.objects.filter(trust=Trust.NEW).count()


def eventually(condition, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def audited(memory: Memory) -> bool:
    return not Memory.objects.filter(pk=memory.pk, trust=Trust.NEW).exists()


def test_a_watching_auditor_wakes_at_a_new_memory_and_outlives_its_connections() -> None:
    process = start_auditor("--watch", AUDIT_POLL_SECONDS="2")
    try:
        first = make_memory("How?", "Look at the job in conman.")
        eventually(lambda: audited(first))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        second = make_memory("How else?", "Look at the job in the console.")
        eventually(lambda: audited(second))
    finally:
        process.send_signal(signal.SIGTERM)
        [found] = results([process])
    assert (process.returncode, found["audited"]) == (0, 2)


def test_without_a_database_the_command_says_so_and_exits_with_2() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "run_auditor", "--json"],
        cwd=django_settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert "can't run" in done.stderr
    assert done.stdout == ""


def test_help_loads_neither_mem0_nor_openai() -> None:
    script = Path(django_settings.BASE_DIR) / "manage.py"
    probe = (
        "import sys, runpy; sys.argv = ['manage.py', 'run_auditor', '--help']\n"
        f"try: runpy.run_path({str(script)!r}, run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print('mem0' in sys.modules, 'openai' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "False False"
