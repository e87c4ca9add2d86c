"""What PostgreSQL is asked to do ends: by a limit, and with the program that asked for it."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.models.signals import pre_migrate

from knowledge.connections import conninfo, no_statement_limit
from knowledge.models import Memory
from resync_site.command_line import what_is_down
from resync_site.database import databases
from tests import programs
from tests.factories import make_memory
from tests.make_audit_db import make_audit_db

LONG_WORDS = ["a_" * 12_500, "1_" * 12_500, "/~" * 12_500, "http://" + "a_" * 12_500]


def limit() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return str(cursor.fetchone()[0])


@contextmanager
def stopped_after(seconds: int) -> Iterator[None]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{seconds}s'")
        yield


# --- words ----------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("word", LONG_WORDS, ids=lambda word: word[:9])
def test_a_word_without_end_is_indexed_and_looked_for_in_time(word: str) -> None:
    from knowledge.text_search import holding

    with stopped_after(10):
        memory = make_memory(f"O que é {word}?", f"Uma palavra: {word}")
        assert list(holding(Memory.objects.all(), "palavra")) == [memory]
        assert list(holding(Memory.objects.all(), f"palavra {word}")) in ([memory], [])


@pytest.mark.django_db
def test_what_stands_in_a_long_run_without_spaces_is_found() -> None:
    from knowledge.text_search import holding

    states = ",".join(f'"JOB_{number}":"abend"' for number in range(100))
    memory = make_memory("Como estão os jobs?", f"{{{states}}}")

    assert list(holding(Memory.objects.all(), "abend")) == [memory]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "holds"),
    [("batchman", 3), ("atchma", 3), ("conman", 1), ("onma", 1), ("nowhere", 0)],
)
def test_what_is_common_is_met_and_what_is_rare_is_found_by_an_index(monkeypatch, text, holds):
    from knowledge import text_search

    monkeypatch.setattr(text_search, "MET", 2)
    questions = ["Is batchman up?", "Is batchman down?", "Where is batchman?", "What is conman?"]
    memories = [make_memory(question, f"Answer {n}") for n, question in enumerate(questions)]

    ids = text_search.first_holding(Memory.objects.all(), text, 2)

    holding = {one.pk for one in memories if text in one.user_query}
    assert (len(holding), len(ids)) == (holds, min(holds, 2))
    assert set(ids) <= holding


@pytest.mark.django_db(transaction=True)
def test_mem0_indexes_a_word_without_end_in_time(settings: Any) -> None:
    from knowledge import _mem0, indexer
    from knowledge.models import Trust
    from knowledge.store import set_trust

    _mem0.close()
    settings.MEM0_TIMEOUT_SECONDS = 10  # of a statement, too
    set_trust([make_memory("O que é?", LONG_WORDS[0])], Trust.TRUSTED)

    try:
        assert indexer.index_pending() == 1
    finally:
        _mem0.close()


# --- the limit ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_connection_has_the_limit_of_the_settings(settings: Any) -> None:
    assert limit() == f"{settings.DATABASE_STATEMENT_SECONDS:g}s"
    with psycopg.connect(conninfo(7, "test")) as own:
        assert own.execute("SHOW statement_timeout").fetchone() == ("7s",)
        assert own.execute("SHOW client_connection_check_interval").fetchone() == ("2s",)


def test_options_of_the_database_url_come_after_ours() -> None:
    url = "postgresql://u@h/d?sslmode=require&options=-c%20statement_timeout%3D5"

    options = databases(url, 30)["default"]["OPTIONS"]

    assert options["sslmode"] == "require"
    assert options["options"].startswith(
        "-c statement_timeout=30000 -c idle_in_transaction_session_timeout=30000 "
    )
    assert options["options"].endswith(" -c statement_timeout=5")


@pytest.mark.django_db
def test_a_statement_that_takes_too_long_is_stopped_and_the_setting_is_named() -> None:
    with pytest.raises(DatabaseError) as stopped, connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 20")
        cursor.execute("SELECT pg_sleep(20)")

    sentence = what_is_down(stopped.value)
    assert sentence is not None
    assert sentence.endswith("took longer than DATABASE_STATEMENT_SECONDS.")


def test_a_command_stopped_by_the_limit_says_so_in_one_sentence(db: None) -> None:
    # The first statement of any length is more than a millisecond's work.
    short = {"DATABASE_STATEMENT_SECONDS": "0.001"}
    with programs.start("manage.py", "showmigrations", **short) as stopped:
        _, err = stopped.communicate(timeout=60)

    assert stopped.returncode == 2
    assert err.startswith("manage.py: the database stopped a statement")
    assert err.count("\n") == 1


@pytest.mark.django_db
def test_long_commands_have_no_limit_and_give_it_back() -> None:
    with no_statement_limit():
        assert limit() == "0"
    assert limit() == "30s"


@pytest.mark.django_db(transaction=True)
def test_migrations_have_no_limit() -> None:
    seen: list[str] = []

    def look(**_: Any) -> None:
        seen.append(limit())

    pre_migrate.connect(look)
    try:
        call_command("migrate", verbosity=0)
    finally:
        pre_migrate.disconnect(look)

    assert seen[-1] == "0"
    assert limit() == "30s"


# --- the program that asked -----------------------------------------------------------------


@contextmanager
def table_locked() -> Iterator[None]:
    """Nobody else reads or writes a memory."""
    with psycopg.connect(conninfo(60, "lock")) as lock:
        lock.execute("SET idle_in_transaction_session_timeout = 0")
        lock.execute("LOCK TABLE knowledge_memory IN ACCESS EXCLUSIVE MODE")
        yield


@contextmanager
def text_held(user_query: str, agent_response: str) -> Iterator[None]:
    """Who writes this memory too waits for the end; then it was never there."""
    with transaction.atomic():
        make_memory(user_query, agent_response)
        yield
        transaction.set_rollback(True)


def wait_until_waiting(count: int) -> None:
    """Until so many statements of this database wait for a lock."""
    deadline = time.monotonic() + 60
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # it is kept within a transaction
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone() == (count,):
                return
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("command", "number"),
    [
        ("import", signal.SIGTERM),
        *(
            pytest.param(command, number, marks=pytest.mark.slow)
            for command in ("import", "migrate")
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
            if (command, number) != ("import", signal.SIGTERM)
        ),
    ],
)
def test_what_a_stopped_command_had_running_is_cancelled(
    command: str, number: signal.Signals, tmp_path: Path
) -> None:
    if command == "import":
        path = tmp_path / "memories.jsonl"
        path.write_text(json.dumps({"question": "How?", "answer": "So."}) + "\n")
        arguments = ["manage.py", "import_memories", path]
    else:
        make_audit_db(tmp_path / "old.db", 10)
        arguments = ["scripts/migrate_audit_db.py", tmp_path / "old.db"]

    with table_locked(), programs.start(*arguments, cwd=tmp_path) as process:
        wait_until_waiting(1)
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
        wait_until_waiting(0)  # well before the statement's own limit

    assert process.returncode in {130, -number}
    assert "Traceback" not in err
    assert Memory.objects.count() == 0
