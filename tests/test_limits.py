"""What no memory may hold, whatever door it comes in by; and how an import ends."""

from __future__ import annotations

import errno
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from openpyxl import Workbook

from audits import review
from knowledge import indexer, store
from knowledge.limits import LARGEST_EVIDENCE, LONGEST_TEXT, Unfit, check_evidence
from knowledge.models import Memory, StoredVector
from resync_site.command_line import what_is_down
from resync_site.models import ApiToken
from tests import programs
from tests.factories import make_memory, make_record
from tests.test_statements import text_held, wait_until_waiting

UNFIT = {
    "blank": " \n\t",
    "zero width": "\u200b\u200d\u2060\ufeff",
    "bidi": "\u202e\u2066\u2069",
    "variation selectors": "\ufe0f\ufe0e\U000e0100",
    "fillers": "\u3164\u115f\u2800",
    "lone accents": "\u0301\u0302",
    "controls": "\x01\x02",
    "nul": "yes\x00no",
    "too long": "x" * (LONGEST_TEXT + 1),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", UNFIT)
def test_a_correction_that_no_memory_may_hold_is_refused_at_every_door(
    name: str, reviewer: User
) -> None:
    record = make_record("pending")
    body = {
        "memory_id": str(record.memory_id),
        "action": "approve",
        "corrected_response": UNFIT[name],
    }
    token = ApiToken.objects.issue(reviewer)

    sent = Client().post(
        "/api/audit/review",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )

    assert sent.status_code == 422
    assert "The corrected answer" in sent.json()["detail"]
    with pytest.raises(review.Invalid):  # what the console's form calls
        review.decide(record.memory_id, "approve", reviewer, corrected_response=UNFIT[name])
    with pytest.raises(Unfit):
        store.change(record.memory_id, UNFIT[name])
    record.refresh_from_db()
    assert (record.status, record.memory.version) == ("pending", 1)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["zero width", "variation selectors", "too long"])
def test_what_no_memory_may_hold_is_not_adopted_from_another_program(name: str) -> None:
    foreign = StoredVector.objects.create(
        id="0b7f5b0e-4d1f-4d0e-9a55-0d1d5d0f3f11", payload={"data": UNFIT[name]}
    )

    indexer.adopt_foreign()

    assert not Memory.objects.exists()
    assert not StoredVector.objects.filter(pk=foreign.pk).exists()


def test_evidence_has_a_largest_size() -> None:
    check_evidence([{"log": "x" * (LARGEST_EVIDENCE - 100)}])
    with pytest.raises(Unfit, match="larger than 1024 KiB"):
        check_evidence([{"log": "x" * LARGEST_EVIDENCE}])


@pytest.mark.django_db
@pytest.mark.parametrize(
    "said", [datetime(1, 1, 1, tzinfo=UTC), timezone.now() + timedelta(days=300)]
)
def test_a_clock_that_is_wrong_means_now(said: datetime) -> None:
    before = timezone.now()

    memory = make_memory(created_at=said)

    assert before <= memory.created_at <= timezone.now()


# --- how an import ends -----------------------------------------------------------------------


def lines(folder: Path, *texts: str) -> Path:
    path = folder / "memories.jsonl"
    path.write_text("".join(f"{text}\n" for text in texts))
    return path


def good(number: int) -> str:
    return json.dumps({"question": f"Q{number}", "answer": "A"})


@pytest.mark.django_db(transaction=True)
def test_an_import_exits_with_1_when_lines_were_rejected_and_keeps_so_many_reasons(
    tmp_path: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.IMPORT_MAX_PROBLEMS = 2
    path = lines(tmp_path, good(1), "{", "{", "{", good(2))

    with pytest.raises(SystemExit) as ended:
        call_command("import_memories", str(path), "--json")

    assert ended.value.code == 1
    done = json.loads(capsys.readouterr().out)
    assert (done["imported"], done["rejected"], done["errors_left_out"]) == (2, 3, 1)
    assert [problem["line"] for problem in done["errors"]] == [2, 3]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "arguments", [["none.jsonl"], ["none.csv"], ["x.csv", "--map", "nonsense"]]
)
def test_an_import_exits_with_2_when_nothing_could_be_read(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(CommandError) as ended:
        call_command("import_memories", *arguments)

    assert ended.value.returncode == 2


@pytest.mark.django_db(transaction=True)
def test_an_import_whose_database_goes_away_says_how_far_it_came_and_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = lines(tmp_path, good(1), "{", good(2), good(3))
    remember = store.remember

    def fail_at_third(draft: store.Draft) -> tuple[Memory, bool]:
        if draft.user_query == "Q3":
            raise OperationalError("the connection is lost")
        return remember(draft)

    monkeypatch.setattr(store, "remember", fail_at_third)
    with pytest.raises(OperationalError):
        call_command("import_memories", str(path))
    said = capsys.readouterr().err
    monkeypatch.undo()

    assert "Cut off after line 3: 2 imported, 0 duplicates, 1 rejected" in said
    with pytest.raises(SystemExit):
        call_command("import_memories", str(path), "--json")
    done = json.loads(capsys.readouterr().out)
    assert (done["imported"], done["duplicates"], done["rejected"]) == (1, 2, 1)


@pytest.mark.django_db
def test_an_import_that_is_interrupted_says_how_far_it_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """That Ctrl-C ends the process and cancels its statement: tests/test_statements.py."""
    path = lines(tmp_path, "{", good(1))

    def press(_draft: store.Draft) -> tuple[Memory, bool]:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "remember", press)
    with pytest.raises(KeyboardInterrupt):
        call_command("import_memories", str(path))

    said = capsys.readouterr().err
    assert "Cut off after line 1: 0 imported, 0 duplicates, 1 rejected" in said


def connections() -> set[int]:
    """Who is connected to the database of this test."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return {pid for (pid,) in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "name",
    [
        "memories.jsonl",
        *(pytest.param(f"memories.{one}", marks=pytest.mark.slow) for one in ("csv", "xlsx")),
    ],
)
def test_an_import_whose_connection_is_dropped_is_one_sentence_and_goes_on_when_repeated(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count, held = 40, 20
    path = tmp_path / name
    rows = [["question", "answer"], *[[f"Q{number}", "A"] for number in range(count)]]
    if name.endswith("xlsx"):
        book = Workbook(write_only=True)
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
        book.save(path)
    elif name.endswith("csv"):
        path.write_text("".join(f"{question},{answer}\n" for question, answer in rows))
    else:
        path.write_text("".join(good(number) + "\n" for number in range(count)))
    ours = connections()

    with (
        text_held(f"Q{held}", "A"),
        programs.start("manage.py", "import_memories", path, "--json") as process,
    ):
        wait_until_waiting(1)
        with connection.cursor() as cursor:
            for pid in connections() - ours:
                cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        out, err = process.communicate(timeout=60)

    first, sentence = err.splitlines()
    assert (process.returncode, out) == (2, "")
    assert Memory.objects.count() == held
    assert f": {held} imported, 0 duplicates, 0 rejected" in first
    assert ": the database " in sentence
    call_command("import_memories", str(path), "--json")
    done = json.loads(capsys.readouterr().out)
    assert (done["imported"], done["duplicates"]) == (count - held, held)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (psycopg.errors.DiskFull("could not extend file"), "the database refuses: could not"),
        (psycopg.errors.AdminShutdown("terminating connection"), "the database refuses: term"),
        (OSError(errno.ENOSPC, "No space left on device", "/x"), "/x: No space left on device"),
    ],
)
def test_a_full_disk_and_a_database_shut_down_are_one_sentence(error: Exception, said: str) -> None:
    wrapped = OperationalError(str(error))
    wrapped.__cause__ = error

    assert (what_is_down(error) or "").startswith(said)
    if isinstance(error, psycopg.Error):
        assert (what_is_down(wrapped) or "").startswith(said)
