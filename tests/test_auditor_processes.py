"""`manage.py run_auditor` as processes: many at once, killed, suspended, told to stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction

from audits.models import AuditRecord, Decision
from audits.states import Status
from knowledge.connections import conninfo
from knowledge.models import Memory, Trust
from tests.factories import make_memory

pytestmark = pytest.mark.django_db(transaction=True)


def flagged_ids() -> list[object]:
    return list(Decision.objects.values_list("memory_id", flat=True))


STARTED: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def _none_outlives_its_test() -> Iterator[None]:
    """Also when the test fails: what a suspended process has locked would keep all others out."""
    yield
    while STARTED:
        with STARTED.pop() as process:
            process.kill()


def start_auditor(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """`manage.py run_auditor --json` on the test database."""
    values = connection.settings_dict
    url = f"postgresql://{values['USER']}@/{values['NAME']}?host={values['HOST']}"
    if values["PASSWORD"]:
        url = url.replace("@", f":{values['PASSWORD']}@")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run_auditor", "--json", *arguments],
        cwd=django_settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": url, "RESYNC_ENV": "development", **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    STARTED.append(process)
    return process


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


@pytest.mark.slow
def test_auditors_at_once_audit_each_memory_once() -> None:
    many(600)

    found = results([start_auditor() for _ in range(4)])

    assert sum(one["audited"] for one in found) == 600
    statuses = Counter(AuditRecord.objects.values_list("status", flat=True))
    same = [(name, name) for name in ("cleared", "unverified", "quarantined")]
    for name, status in (("flagged", "pending"), *same):
        assert sum(one[name] for one in found) == statuses[status]
    assert AuditRecord.objects.count() == 600
    assert set(AuditRecord.objects.values_list("attempts", flat=True)) == {1}
    flags = statuses["pending"] + statuses["quarantined"]
    assert Decision.objects.count() == flags > 0


@pytest.mark.slow
def test_auditors_that_are_killed_lose_no_memory_and_flag_none_twice() -> None:
    many(300)
    processes = [start_auditor(AUDIT_LEASE_SECONDS="2") for _ in range(3)]
    eventually(lambda: settled() >= 50)
    for process in processes[:2]:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    results(processes[2:])
    time.sleep(2.2)
    results([start_auditor(AUDIT_LEASE_SECONDS="2")])

    assert not Memory.objects.filter(trust=Trust.NEW).exists()
    flagged = flagged_ids()
    statuses = AuditRecord.objects.exclude(status=Status.UNVERIFIED)
    assert len(set(flagged)) == len(flagged) == statuses.count()


def settled() -> int:
    return AuditRecord.objects.exclude(status__in=["queued", "running"]).count()


def leased() -> int:
    return AuditRecord.objects.filter(status=Status.RUNNING).count()


def others(condition: str) -> bool:
    """Whether an auditor's connection is in such a state, by a condition on pg_stat_activity."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() "  # noqa: S608 (ours)
            f"AND pid <> pg_backend_pid() AND {condition})"
        )
        return bool(cursor.fetchone()[0])


def suspend_between_transactions(process: subprocess.Popen[str]) -> None:
    """SIGSTOP with memories in hand."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.1)  # what the server was doing for it ends
        if leased() and not others("state = 'idle in transaction'"):
            return
        process.send_signal(signal.SIGCONT)
        time.sleep(0.005)
    pytest.fail("it was never caught so")


def suspend_in_a_transaction(process: subprocess.Popen[str]) -> None:
    """SIGSTOP while it settles, with rows locked: held up by a row of them until it sleeps."""
    with psycopg.connect(conninfo(60, "test")) as own:
        own.execute("SELECT FROM audit_queue WHERE status = 'running' FOR UPDATE SKIP LOCKED")
        eventually(lambda: others("wait_event_type = 'Lock'"))
        process.send_signal(signal.SIGSTOP)
    eventually(lambda: others("state = 'idle in transaction'"))


@pytest.mark.slow
def test_what_a_suspended_process_has_locked_is_free_after_the_limit() -> None:
    many(300)
    sleeper = start_auditor(DATABASE_STATEMENT_SECONDS="3")
    eventually(leased)
    suspend_in_a_transaction(sleeper)

    assert held_up() > 0, "it has locked nothing"
    eventually(lambda: held_up() == 0)


def held_up() -> int:
    """How many memories somebody has locked."""
    with transaction.atomic():
        free = Memory.objects.select_for_update(skip_locked=True).values_list("id", flat=True)
        return Memory.objects.count() - len(free)


@pytest.mark.slow
@pytest.mark.parametrize("suspend", [suspend_between_transactions, suspend_in_a_transaction])
def test_a_process_suspended_past_its_lease_comes_back_harmless(suspend) -> None:
    many(300)
    short = {"AUDIT_LEASE_SECONDS": "1", "DATABASE_STATEMENT_SECONDS": "3"}
    sleeper = start_auditor("--watch", **short)
    eventually(leased)
    suspend(sleeper)
    time.sleep(1.2)
    results([start_auditor(**short)])
    sleeper.send_signal(signal.SIGCONT)
    eventually(lambda: not AuditRecord.objects.open().exists())
    eventually(lambda: not Memory.objects.filter(trust=Trust.NEW).exists())
    sleeper.send_signal(signal.SIGTERM)
    results([sleeper])

    flagged = flagged_ids()
    statuses = AuditRecord.objects.exclude(status=Status.UNVERIFIED)
    assert len(set(flagged)) == len(flagged) == statuses.count()


def test_sigterm_finishes_what_is_in_flight_and_leaves_no_lease() -> None:
    many(300)
    process = start_auditor()
    eventually(settled)

    process.send_signal(signal.SIGTERM)
    [found] = results([process])

    assert process.returncode == 0
    assert not AuditRecord.objects.filter(status=Status.RUNNING).exists()
    assert found["remaining"] == Memory.objects.filter(trust=Trust.NEW).count()


def eventually(condition, seconds: float = 180) -> None:
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


@pytest.mark.slow
def test_without_a_database_the_command_says_so_and_exits_with_2() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "run_auditor", "--json"],
        cwd=django_settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert "does not answer" in done.stderr
    assert done.stdout == ""


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_big_run_in_short_flags_none_twice_and_misses_none() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/bench/double_flags.py", "--memories", "400", "--processes", "3",
         "--kills", "3"],
        cwd=django_settings.BASE_DIR,
        capture_output=True,
        text=True,
    )  # fmt: skip

    runs = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(run["run"], run["twice"], run["missing"]) for run in runs] == [
        ("plain", 0, 0),
        ("killed", 0, 0),
        ("late", 0, 0),
    ]
    assert done.returncode == 0, done.stderr
