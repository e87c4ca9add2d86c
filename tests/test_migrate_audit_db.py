"""The earlier program's SQLite queue, brought in whole, once, whatever its rows look like."""

from __future__ import annotations

import errno
import hashlib
import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import create_autospec

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from audits import review
from audits.decisions import verify
from audits.evaluating import decided_memories
from audits.legacy.migration import LOCK, REVIEWER, CannotMigrate, Summary, migrate
from audits.legacy.source import SourceError
from audits.models import AuditRecord, Decision
from audits.scoring import decided_examples
from audits.states import TRUST_OF, Status
from knowledge.limits import LONGEST_TEXT
from knowledge.models import Memory, Trust, content_hash
from knowledge.store import marks_of, terms_of
from tests.factories import make_memory
from tests.make_audit_db import SCHEMA, insert, make_audit_db, make_rows
from tests.test_statements import text_held, wait_until_waiting

SCRIPT = settings.BASE_DIR / "scripts" / "migrate_audit_db.py"
SOUND = {
    "user_query": "Why did PAYROLL_01 fail?",
    "agent_response": "Its input was late; run conman rerun.",
    "ia_audit_reason": "The log says otherwise.",
    "ia_audit_confidence": 0.7,
    "status": "pending",
    "created_at": "2024-03-01 12:00:00",
    "reviewed_at": None,
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source" / "audit_queue.db"


def make_source(path: Path, *rows: dict[str, Any], pragma: str = "") -> sqlite3.Connection:
    """A file with these rows over SOUND; texts differ by row unless given."""
    path.parent.mkdir(exist_ok=True)
    database = sqlite3.connect(path)
    database.execute(pragma or "PRAGMA journal_mode=DELETE")
    database.execute(SCHEMA)
    for number, row in enumerate(rows):
        unlike = {"memory_id": f"mem-{number}", "user_query": f"{SOUND['user_query']} {number}"}
        insert(database, SOUND | unlike | row)
    database.commit()
    return database


def run(path: Path, **options: Any) -> Summary:
    options.setdefault("rejects", path.parent.parent / "rejects.jsonl")
    return migrate(path, agent="tws-analyzer", **options)


def rejected_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def fingerprints(folder: Path) -> dict[str, str]:
    return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in folder.iterdir()}


# --- what becomes of a row ------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["pending", "approved", "rejected"])
def test_a_row_keeps_its_status_and_gets_the_trust_that_goes_with_it(
    source: Path, status: str
) -> None:
    make_source(source, {"status": status, "reviewed_at": "2024-03-02T08:30:00.5"}).close()

    run(source)

    record = AuditRecord.objects.select_related("memory").get()
    assert (record.status, record.memory.trust) == (status, TRUST_OF[status])
    assert record.memory.flagged_by_ia
    assert record.ia_audit_confidence == 0.7
    assert record.ia_audit_reason == "The log says otherwise."
    assert record.created_at == record.memory.created_at == datetime(2024, 3, 1, 12, tzinfo=UTC)


@pytest.mark.django_db
def test_a_decision_stands_in_the_name_of_a_user_who_cannot_log_in(source: Path) -> None:
    decided = {"status": "approved", "reviewed_at": "2024-03-02 08:30:00"}
    make_source(source, decided, {"status": "rejected"}, {"reviewed_at": decided["reviewed_at"]})

    run(source)

    approved, rejected, pending = AuditRecord.objects.order_by("id")
    reviewer = User.objects.get(username=REVIEWER)
    assert not reviewer.is_active
    assert not reviewer.has_usable_password()
    assert approved.reviewer == rejected.reviewer == reviewer
    assert approved.reviewed_at == datetime(2024, 3, 2, 8, 30, tzinfo=UTC)
    assert rejected.reviewed_at == rejected.created_at
    assert pending.reviewer is None
    assert pending.reviewed_at is None


@pytest.mark.django_db
def test_an_id_that_is_a_uuid_is_the_memory_s_and_any_other_is_kept_as_a_reference(
    source: Path,
) -> None:
    known = uuid.uuid4()
    make_source(source, {"memory_id": str(known)}, {"memory_id": "mem0:42"}).close()

    run(source)

    assert Memory.objects.get(pk=known).external_id is None
    assert Memory.objects.get(source="migration", external_id="mem0:42").pk != known


@pytest.mark.django_db
def test_a_memory_is_what_the_product_itself_would_have_stored(source: Path) -> None:
    make_source(source, {"user_query": "  Why  did PAYROLL_01 fail?\r\n "}).close()

    run(source)

    memory = Memory.objects.get()
    assert memory.user_query == "Why  did PAYROLL_01 fail?"
    assert memory.content_hash == content_hash(
        "knowledge", memory.user_query, memory.agent_response, []
    )
    assert memory.terms == terms_of(memory.user_query, memory.agent_response)
    assert "PAYROLL_01" in memory.terms
    assert memory.marks == marks_of(memory.user_query, memory.agent_response)


@pytest.mark.django_db
def test_times_with_a_zone_keep_their_moment(source: Path) -> None:
    make_source(source, {"created_at": "2024-03-01T09:00:00-03:00"}).close()

    run(source)

    assert Memory.objects.get().created_at == datetime(2024, 3, 1, 12, tzinfo=UTC)


@pytest.mark.django_db
def test_a_time_of_a_zone_east_of_here_is_now_and_not_ahead(source: Path) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=5)
    make_source(source, {"created_at": ahead.isoformat(" ")[:19]}).close()

    run(source)

    record = AuditRecord.objects.select_related("memory").get()
    assert record.created_at <= datetime.now(UTC)
    assert record.memory.created_at <= datetime.now(UTC)


@pytest.mark.django_db
def test_each_row_gets_a_line_in_the_decision_log(source: Path) -> None:
    make_source(source, {}, {"status": "approved"}, {"status": "rejected"}).close()

    run(source, batch=2)

    lines = Decision.objects.order_by("seq")
    assert [line.to_status for line in lines] == ["pending", "approved", "rejected"]
    assert {(line.action, line.actor) for line in lines} == {("migrate", REVIEWER)}
    assert verify().ok


@pytest.mark.django_db
def test_a_migrated_row_can_be_decided_like_any_other(source: Path, reviewer: User) -> None:
    make_source(source, {}, {"status": "rejected"}).close()
    run(source)
    pending, rejected = Memory.objects.order_by("user_query")

    review.decide(pending.pk, "approve", reviewer)
    review.decide(rejected.pk, "restore", reviewer)
    review.undo(rejected.pk, reviewer)

    assert set(Memory.objects.values_list("trust", flat=True)) == {Trust.TRUSTED, Trust.REJECTED}
    assert rejected.audit.reviewer.username == REVIEWER
    assert Memory.objects.to_index().get() == pending


@pytest.mark.django_db
def test_old_decisions_are_no_labels_of_judges_that_never_saw_the_text(source: Path) -> None:
    make_source(source, {"status": "approved"}, {"status": "rejected"}).close()

    run(source)

    assert list(decided_memories(10)) == []
    assert decided_examples() == []


@pytest.mark.django_db
def test_the_console_shows_a_migrated_record(source: Path, client: Client, reviewer: User) -> None:
    make_source(source, {"status": "rejected"}).close()
    run(source)
    record = AuditRecord.objects.get()
    client.force_login(reviewer)

    page = client.get(reverse("admin:audits_auditrecord_change", args=[record.pk]))

    shown = page.content.decode()
    assert page.status_code == 200
    assert "brought in from the earlier queue" in shown
    assert REVIEWER in shown


# --- rows that are refused ------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"status": "done"}, "unknown_status"),
        ({"status": "Approved"}, "unknown_status"),
        ({"status": None}, "unknown_status"),
        ({"ia_audit_confidence": 1.0001}, "bad_confidence"),
        ({"ia_audit_confidence": float("-inf")}, "bad_confidence"),
        ({"ia_audit_confidence": "high"}, "bad_confidence"),
        ({"agent_response": "a\x00b"}, "nul"),
        ({"ia_audit_reason": "a\x00b"}, "nul"),
        ({"memory_id": "a\x00b"}, "nul"),
        ({"user_query": "HEX:636166e9"}, "not_utf8"),
        ({"user_query": b"\xed\xa0\x80"}, "not_utf8"),
        ({"user_query": " \n"}, "blank_text"),
        ({"agent_response": None}, "blank_text"),
        ({"agent_response": "\u200b\u202e\ufe0f"}, "blank_text"),
        ({"agent_response": "x" * (LONGEST_TEXT + 1)}, "too_long"),
        ({"ia_audit_reason": "x" * 1_000_001}, "too_long"),
        ({"created_at": "yesterday"}, "bad_time"),
        ({"created_at": None}, "bad_time"),
        ({"created_at": 1709294400}, "bad_time"),
        ({"created_at": "0001-01-01 00:00:00+14:00"}, "bad_time"),
        ({"created_at": "9999-12-31 23:59:59"}, "bad_time"),
        ({"created_at": "2150-01-01 00:00:00"}, "bad_time"),
        ({"status": "approved", "reviewed_at": "2150-01-01 00:00:00"}, "bad_time"),
        ({"reviewed_at": "soon"}, "bad_time"),
        ({"memory_id": None}, "bad_id"),
        ({"memory_id": "x" * 256}, "bad_id"),
    ],
)
def test_a_broken_row_is_refused_with_its_reason_and_the_others_go_in(
    source: Path, tmp_path: Path, row: dict[str, Any], code: str
) -> None:
    make_source(source, row, {}).close()

    summary = run(source)

    assert (summary.rows, summary.migrated, summary.skipped, summary.rejected) == (2, 1, 0, 1)
    [line] = rejected_lines(tmp_path / "rejects.jsonl")
    assert (line["rowid"], line["code"]) == (1, code)
    assert len(line["excerpt"]) <= 80


@pytest.mark.django_db
def test_the_rejects_file_shows_no_secret_and_no_control_character(
    source: Path, tmp_path: Path
) -> None:
    make_source(source, {"agent_response": "password: hunter2secret \x1b[2J\u202e\x00"}).close()

    run(source)

    text = (tmp_path / "rejects.jsonl").read_text(encoding="utf-8")
    assert "hunter2" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert (tmp_path / "rejects.jsonl").stat().st_mode & 0o777 == 0o600


@pytest.mark.django_db
def test_two_spellings_of_one_uuid_are_one_id(source: Path) -> None:
    known = str(uuid.uuid4())
    make_source(source, {"memory_id": known}, {"memory_id": known.upper()}).close()

    summary = run(source)

    assert (summary.migrated, summary.rejected_because) == (1, Counter(repeated_id=1))


@pytest.mark.django_db
def test_another_file_with_the_same_ids_does_not_pass_for_migrated(
    source: Path, tmp_path: Path
) -> None:
    make_source(source, {}).close()
    run(source)
    other = tmp_path / "other" / "audit_queue.db"
    make_source(other, {"user_query": "Something else?"}).close()

    summary = run(other)

    assert (summary.skipped, summary.rejected_because) == (0, Counter(id_taken=1))


# --- rows that say the same -----------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["approved", "rejected"], "rejected"),
        (["pending", "approved"], "approved"),
        (["pending", "rejected", "approved"], "rejected"),
    ],
)
def test_of_rows_with_one_text_a_person_s_rejection_counts_most(
    source: Path, statuses: list[str], expected: str
) -> None:
    same = {"user_query": "Same?"}
    make_source(source, *[same | {"status": status} for status in statuses]).close()

    summary = run(source)

    record = AuditRecord.objects.select_related("memory").get()
    assert (record.status, record.memory.use_count) == (expected, len(statuses))
    assert (summary.migrated, summary.skipped) == (1, len(statuses) - 1)
    contradicted = {"approved", "rejected"} <= set(statuses)
    assert (summary.contradictions, bool(record.note)) == (int(contradicted), contradicted)


@pytest.mark.django_db
def test_a_text_that_is_here_already_is_left_as_it_is(source: Path) -> None:
    make_memory(SOUND["user_query"], SOUND["agent_response"])
    make_source(source, {"user_query": SOUND["user_query"], "status": "approved"}).close()

    summary = run(source)

    assert (summary.migrated, summary.skipped_because) == (0, Counter(same_text=1))
    assert Memory.objects.get().trust == Trust.NEW


@pytest.mark.django_db
def test_a_memory_that_was_corrected_since_does_not_let_its_old_text_in_again(
    source: Path, reviewer: User
) -> None:
    old = make_source(source, {"user_query": "Same?"}, {"user_query": "Same?"})
    run(source)
    review.decide(Memory.objects.get().pk, "approve", reviewer, corrected_response="Better.")
    with old:  # the row that was skipped now ranks before the one that was migrated
        old.execute("UPDATE audit_queue SET status = 'rejected' WHERE id = 2")

    again = run(source)

    assert (again.migrated, again.skipped, again.rejected) == (0, 2, 0)


# --- repeated and unfinished runs -----------------------------------------------------------


@pytest.mark.django_db
def test_a_dry_run_counts_the_same_and_writes_nothing(source: Path) -> None:
    make_source(source, {}, {"status": "?"}, {"user_query": "a"}, {"user_query": "a"}).close()

    tried = run(source, dry_run=True)

    assert (Memory.objects.count(), User.objects.count()) == (0, 0)
    assert (tried.migrated, tried.skipped, tried.rejected) == (2, 1, 1)
    done = run(source)
    assert (done.migrated, done.skipped, done.rejected) == (2, 1, 1)


@pytest.mark.django_db
def test_a_batch_that_fails_leaves_nothing_of_itself(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_source(source, *[{}] * 5).close()
    monkeypatch.setattr("audits.legacy.migration.append", _fail_after(2))
    with pytest.raises(RuntimeError):
        run(source, batch=2)
    assert Memory.objects.count() == AuditRecord.objects.count() == Decision.objects.count() == 4
    monkeypatch.undo()

    summary = run(source)

    assert (summary.migrated, summary.skipped) == (1, 4)


def _fail_after(calls: int) -> Any:
    from audits.decisions import append

    left = iter(range(calls))

    def fail(moves: Any, write: Any) -> None:
        if next(left, None) is None:
            raise RuntimeError("cut off")
        append(moves, write)

    return fail


@pytest.mark.django_db(transaction=True)
def test_a_second_run_at_the_same_time_is_refused(source: Path) -> None:
    make_source(source, {}).close()
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            held.set()
            release.wait(20)
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(20)
    try:
        with pytest.raises(CannotMigrate, match="Another run"):
            run(source)
    finally:
        release.set()
        thread.join(20)
    assert run(source).migrated == 1


# --- files that can't be read, or only with care --------------------------------------------


def truncated(path: Path) -> None:
    make_source(path, *[{"agent_response": f"{n} " * 500} for n in range(200)]).close()
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def overwritten(path: Path) -> None:
    make_source(path, *[{"agent_response": f"{n} " * 500} for n in range(200)]).close()
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 20)


def without_a_column(path: Path) -> None:
    make_source(path).execute("ALTER TABLE audit_queue DROP COLUMN ia_audit_reason")


def another_table(path: Path) -> None:
    make_source(path).execute("ALTER TABLE audit_queue RENAME TO queue")


def a_folder(path: Path) -> None:
    path.mkdir(parents=True)


def some_text(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("id,memory_id\n1,2\n" * 100)


def nothing(path: Path) -> None:
    path.parent.mkdir()
    path.touch()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: path.parent.mkdir(), "no_such_file"),
        (a_folder, "not_a_file"),
        (nothing, "not_sqlite"),
        (some_text, "not_sqlite"),
        (another_table, "no_table"),
        (without_a_column, "missing_columns"),
        (truncated, "corrupt"),
        (overwritten, "corrupt"),
    ],
)
def test_a_file_that_cannot_be_migrated_says_why_and_leaves_nothing(
    source: Path, tmp_path: Path, make: Any, code: str
) -> None:
    make(source)

    with pytest.raises(SourceError) as refused:
        run(source)

    assert refused.value.code == code
    assert str(source) in str(refused.value)
    assert Memory.objects.count() == 0
    assert not (tmp_path / "rejects.jsonl").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_a_locked_file_is_refused(source: Path, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make_source(source, {}, pragma=f"PRAGMA journal_mode={mode}").close()
    monkeypatch.setattr("audits.legacy.source.BUSY_SECONDS", 0.1)
    holder = python(
        f"import sqlite3; db = sqlite3.connect({str(source)!r}, isolation_level=None)",
        "db.execute('PRAGMA locking_mode=EXCLUSIVE'); db.execute('BEGIN EXCLUSIVE')",
        "db.execute('DELETE FROM audit_queue'); print('held', flush=True); input()",
    )
    assert holder.stdout.readline() == "held\n"

    with pytest.raises(SourceError) as refused:
        run(source)

    assert refused.value.code == "locked"
    holder.communicate("\n", timeout=20)


def python(*lines: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "\n".join(lines)]
    return subprocess.Popen(command, stdin=-1, stdout=-1, text=True)


@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["DELETE", "TRUNCATE", "PERSIST", "WAL"])
def test_the_source_is_left_as_it_was_and_nothing_is_left_beside_it(
    source: Path, mode: str
) -> None:
    make_source(source, {}, {"status": "?"}, pragma=f"PRAGMA journal_mode={mode}").close()
    before = fingerprints(source.parent)

    assert run(source).migrated == 1

    assert fingerprints(source.parent) == before


@pytest.mark.django_db
def test_what_stands_only_in_the_write_ahead_log_is_read_too(source: Path) -> None:
    database = make_source(source, {}, {}, pragma="PRAGMA journal_mode=WAL")  # stays open
    assert (source.parent / "audit_queue.db-wal").stat().st_size > 0
    before = fingerprints(source.parent)

    assert run(source).migrated == 2

    assert fingerprints(source.parent) == before
    database.close()


WAL = "PRAGMA journal_mode=WAL"


def left_behind(path: Path) -> None:
    """Both rows are in the log only; the file itself has been copied alone."""
    path.parent.mkdir()
    shutil.copyfile(settings.BASE_DIR / "tests" / "data" / "01_wal_left_behind.db", path)


def in_the_midst_of_a_checkpoint(path: Path) -> None:
    """Pages at the end were written, the one that counts them was not."""
    make_source(path, {}, pragma=WAL).close()
    with path.open("ab") as file:
        file.write(bytes(4096))


def with_the_log_of_another_file(path: Path) -> None:
    make_source(path, {}, pragma=WAL).close()
    other = make_source(path.parent.parent / "other" / "a.db", {}, {}, pragma=WAL)
    log = (path.parent.parent / "other" / "a.db-wal").read_bytes()
    other.close()
    (path.parent / "audit_queue.db-wal").write_bytes(log[:32] + bytes(8) + log[40:])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("make", "codes"),
    [
        (left_behind, ["wal_missing"]),
        (in_the_midst_of_a_checkpoint, ["journal_missing"]),
        (with_the_log_of_another_file, ["wal_unused"]),
        (lambda path: make_source(path, {}).close(), []),
    ],
)
def test_a_file_from_which_rows_may_be_missing_says_so_before_any_is_read(
    source: Path, make: Any, codes: list[str]
) -> None:
    make(source)
    said: list[str] = []

    def show(items: Any, total: int, label: str) -> Any:
        said.append(label)
        return items

    summary = run(source, warn=said.append, progress=show)

    doubts = summary.as_dict()["doubts"]
    assert [doubt["code"] for doubt in doubts] == codes
    assert said == [*[doubt["message"] for doubt in doubts], "checking", "migrating"]
    assert summary.migrated > 0


@pytest.mark.django_db
def test_a_transaction_that_a_crash_left_unfinished_does_not_count(source: Path) -> None:
    make_source(source, *[{"agent_response": f"{n} " * 500} for n in range(200)]).close()
    crashed = python(
        f"import os, sqlite3; db = sqlite3.connect({str(source)!r}, isolation_level=None)",
        "db.execute('PRAGMA cache_size=2'); db.execute('BEGIN')",
        "db.execute(\"UPDATE audit_queue SET status = 'approved', agent_response = id || 'x'\")",
        "os._exit(0)",
    )
    crashed.communicate(timeout=20)
    assert (source.parent / "audit_queue.db-journal").stat().st_size > 0
    before = fingerprints(source.parent)

    summary = run(source)

    assert summary.migrated_by_status == Counter(pending=200)
    assert fingerprints(source.parent) == before


@pytest.mark.django_db
def test_the_source_is_never_taken_for_the_rejects_file(source: Path) -> None:
    make_source(source, {}).close()
    before = fingerprints(source.parent)

    with pytest.raises(CannotMigrate, match="old file itself"):
        run(source, rejects=source)

    assert fingerprints(source.parent) == before


@pytest.mark.django_db
def test_without_room_for_a_copy_it_says_where_room_is_needed(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_source(source, {}, pragma="PRAGMA journal_mode=WAL").close()
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr("shutil.copyfileobj", create_autospec(shutil.copyfileobj, side_effect=full))

    with pytest.raises(SourceError, match=r"No space left on device.*TMPDIR"):
        run(source)


# --- the script -----------------------------------------------------------------------------


def start_script(*arguments: object, cwd: Path) -> subprocess.Popen[str]:
    """`scripts/migrate_audit_db.py` on the test database, from another folder."""
    values = connection.settings_dict
    password = f":{values['PASSWORD']}" if values["PASSWORD"] else ""
    url = f"postgresql://{values['USER']}{password}@/{values['NAME']}?host={values['HOST']}"
    return subprocess.Popen(
        [sys.executable, SCRIPT, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "DATABASE_URL": url, "RESYNC_ENV": "development"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=240)
    return process.returncode, out, err


def report(*arguments: object, cwd: Path) -> dict[str, Any]:
    status, out, err = finish(start_script(*arguments, "--json", cwd=cwd))
    assert (status, err) == (0, "")
    return json.loads(out)


def wait_until_gone() -> None:
    """Until PostgreSQL has seen that a killed run is no more: its lock goes with it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def kill_in_the_middle(script: subprocess.Popen[str], rows: list[dict[str, Any]]) -> int:
    """Kill it while it writes one of these rows; how many memories are there by then.

    It waits in that row's batch, because somebody else is writing the same text.
    """
    with text_held(rows[0]["user_query"], rows[0]["agent_response"]):
        wait_until_waiting(1)
        script.kill()
        script.communicate(timeout=20)
    wait_until_gone()
    return Memory.objects.count()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_killed_run_is_completed_by_the_next_and_a_third_finds_nothing_to_do(
    tmp_path: Path,
) -> None:
    path, count = tmp_path / "audit_queue.db", 1_500
    kinds = make_audit_db(path, count, share=0.02)
    second_half = itertools.islice(make_rows(count, share=0.02), count // 2, None)
    sound = [row for kind, row in second_half if kind == "sound"]
    script = start_script("audit_queue.db", "--batch", 100, cwd=tmp_path)
    written = kill_in_the_middle(script, sound)
    assert 0 < written < kinds["sound"]

    second = report("audit_queue.db", cwd=tmp_path)
    third = run(path, rejects=tmp_path / "audit_queue.rejects.jsonl").as_dict()

    broken = {kind: n for kind, n in kinds.items() if kind not in {"sound", "same_text"}}
    assert second["rejected_because"] == third["rejected_because"] == broken
    # A row may be the repetition of one that is broken in its id; then it is the one that counts.
    assert second["migrated"] + written == kinds["sound"] == Memory.objects.count()
    assert third["migrated"] == 0
    for summary in (second, third):
        assert summary["migrated"] + summary["skipped"] + summary["rejected"] == count
    assert len(rejected_lines(tmp_path / "audit_queue.rejects.jsonl")) == third["rejected"]
    assert AuditRecord.objects.count() == Decision.objects.count() == kinds["sound"]
    assert sum(Memory.objects.values_list("use_count", flat=True)) == count - third["rejected"]
    assert (
        AuditRecord.objects.exclude(status__in=[Status.PENDING, "approved", "rejected"]).count()
        == 0
    )
    assert verify().ok


@pytest.mark.django_db(transaction=True)
def test_the_summary_says_what_to_do_next(source: Path, tmp_path: Path) -> None:
    make_source(source, {"status": "approved"}, {"status": "?"}).close()

    status, out, _ = finish(start_script(source, cwd=tmp_path))

    assert status == 0
    assert "1 migrated" in out
    assert "unknown_status" in out
    assert "audit_queue.rejects.jsonl" in out
    assert "reindex_memories" in out


@pytest.mark.django_db(transaction=True)
def test_the_script_warns_of_a_log_left_behind_and_goes_on(source: Path, tmp_path: Path) -> None:
    left_behind(source)

    status, out, err = finish(start_script(source, "--json", cwd=tmp_path))

    summary = json.loads(out)
    assert (status, summary["migrated"]) == (0, 3)
    assert err == f"migrate_audit_db.py: warning: {summary['doubts'][0]['message']}\n"


@pytest.mark.django_db(transaction=True)
def test_a_missing_file_is_told_on_both_channels(tmp_path: Path) -> None:
    status, out, err = finish(start_script("none.db", "--json", cwd=tmp_path))

    assert status == 2
    assert json.loads(out)["error"] == "no_such_file"
    assert "none.db does not exist" in err


def test_help_needs_no_database_and_no_settings(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--help"], cwd=tmp_path, env={}, capture_output=True, text=True
    )

    assert done.returncode == 0
    assert "a rejection beats an approval" in " ".join(done.stdout.split())
