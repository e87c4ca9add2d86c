"""The decision log: nobody changes it, and whoever does is found out."""

from __future__ import annotations

import io
import json
import threading

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from audits import review
from audits.decisions import verify
from audits.models import AuditRecord, Decision, DecisionHead
from tests.factories import make_memory, make_record

pytestmark = pytest.mark.django_db


def decide(reviewer: User, count: int) -> list[Decision]:
    for number in range(count):
        record = make_record("pending", make_memory(f"Question {number}?"))
        review.decide(record.memory_id, "approve" if number % 2 else "reject", reviewer, note="n")
    return list(Decision.objects.order_by("seq"))


def tamper(sql: str, *values: object) -> None:
    """As somebody with the rights to lift the triggers would."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audits_decision DISABLE TRIGGER USER")
        cursor.execute(sql, values)
        cursor.execute("ALTER TABLE audits_decision ENABLE TRIGGER USER")


def verify_command(*arguments: str) -> tuple[int, dict]:
    out = io.StringIO()
    try:
        call_command("verify_decisions", "--json", *arguments, stdout=out)
    except SystemExit as ended:
        return ended.code, json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audits_decision SET actor = 'nobody'",
        "DELETE FROM audits_decision",
        "DELETE FROM audits_decision WHERE seq = 2",
    ],
)
def test_update_and_delete_are_refused(sql, reviewer):
    decide(reviewer, 3)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(sql)

    assert Decision.objects.count() == 3


@pytest.mark.parametrize(
    "change",
    [
        "status = 'cleared', reviewer_id = NULL, reviewed_at = NULL",
        "status = 'approved'",
        "reviewer_id = %s",
        "note = 'He said so'",
        "note = ''",
        "reviewed_at = reviewed_at - interval '1 day'",
        "reviewed_at = now()",
        "reason_code = 'duplicate'",
    ],
)
def test_no_update_changes_what_is_decided_without_a_line_of_the_log(change, reviewer, admin_user):
    decide(reviewer, 1)
    values = [admin_user.pk] if "%s" in change else []

    with pytest.raises(DatabaseError, match="only a line of the log"), transaction.atomic():
        connection.cursor().execute(f"UPDATE audit_queue SET {change}", values)  # noqa: S608
        connection.check_constraints()

    assert AuditRecord.objects.get().status == "rejected"


def test_truncate_is_refused(reviewer):
    decide(reviewer, 1)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute("TRUNCATE audits_decision")

    assert Decision.objects.count() == 1


def test_each_line_carries_on_from_the_one_before(reviewer):
    lines = decide(reviewer, 4)

    assert [line.seq for line in lines] == [1, 2, 3, 4]
    assert [line.prev_hash for line in lines] == ["0" * 64, *(line.hash for line in lines[:-1])]
    head = DecisionHead.objects.get()
    assert (head.seq, head.hash) == (4, lines[-1].hash)


def test_the_log_holds_no_text(reviewer):
    record = make_record("pending", make_memory("Where is GOLDFINCH?", "In the vault."))
    review.decide(record.memory_id, "reject", reviewer, note="SWORDFISH")

    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(d)::text FROM audits_decision d")
        row = cursor.fetchone()[0]

    assert not any(word in row for word in ("GOLDFINCH", "vault", "SWORDFISH"))


def test_a_whole_log_verifies(reviewer):
    lines = decide(reviewer, 3)

    code, report = verify_command("--expect", f"2:{lines[1].hash}")

    head = {"seq": 3, "hash": lines[-1].hash}
    assert (code, report) == (0, {"ok": True, "rows": 3, "head": head, "first_broken": None})


def test_an_empty_log_verifies():
    code, report = verify_command()

    assert code == 0
    assert report["head"] == {"seq": 0, "hash": "0" * 64}


@pytest.mark.parametrize(
    ("sql", "first_broken"),
    [
        ("UPDATE audits_decision SET to_status = 'approved', actor = 'x' WHERE seq = 3", 3),
        ("UPDATE audits_decision SET at = at + interval '1 second' WHERE seq = 2", 2),
        ("DELETE FROM audits_decision WHERE seq = 2", 3),
        ("DELETE FROM audits_decision WHERE seq = 5", 5),
        ("DELETE FROM audits_decision", 1),
    ],
)
def test_a_changed_or_removed_line_is_found(sql, first_broken, reviewer):
    decide(reviewer, 5)
    tamper(sql)

    code, report = verify_command()

    assert (code, report["ok"], report["first_broken"]) == (1, False, first_broken)


def test_a_log_rewritten_from_its_start_is_found_by_a_head_noted_before(reviewer):
    lines = decide(reviewer, 2)
    noted = f"2:{lines[1].hash}"
    tamper("DELETE FROM audits_decision")
    DecisionHead.objects.update(seq=0, hash="0" * 64)
    review.decide(make_record("pending", make_memory("Other?")).memory_id, "approve", reviewer)

    assert verify().ok
    assert verify_command("--expect", noted)[0] == 1


def test_expect_must_be_a_head():
    with pytest.raises(CommandError, match="SEQ:HASH"):
        call_command("verify_decisions", "--expect", "nonsense")


@pytest.mark.django_db(transaction=True)
def test_lines_written_at_once_leave_no_gap(reviewer):
    records = [make_record("pending", make_memory(f"Question {n}?")) for n in range(40)]

    def work(share: list) -> None:
        try:
            for record in share:
                review.decide(record.memory_id, "approve", reviewer)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[records[n::4]]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert list(Decision.objects.order_by("seq").values_list("seq", flat=True)) == list(
        range(1, 41)
    )
    assert verify().ok
