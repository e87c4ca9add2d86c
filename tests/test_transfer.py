"""Memories in files: what is wrong with a line stops no other, and no cell is ever evaluated."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone
from openpyxl import Workbook

from audits.models import AuditRecord, Decision
from knowledge.files import UnreadableFile
from knowledge.models import Kind, Memory, Source, Trust
from knowledge.transfer import BadRow, Row, parse_mapping, read
from tests.factories import ANSWER, make_memory, make_record

GOOD = {"user_query": "How?", "agent_response": "Like this."}


def jsonl(folder: Path, *lines: Any) -> Path:
    path = folder / "memories.jsonl"
    raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    path.write_bytes(b"\n".join(raw) + b"\n")
    return path


BAD_LINES = [
    (b'{"user_query": "caf\xe9", "agent_response": "x"}', "not UTF-8 at byte 19"),
    (b"{not json", "not JSON"),
    (b"[1, 2]", "not a JSON object"),
    (b'"text"', "not a JSON object"),
    (b"[" * 200_000, "nested too deeply"),
    ({"user_query": "How?"}, "no agent_response"),
    ({"user_query": "How?", "agent_response": None}, "no agent_response"),
    ({"user_query": " \t", "agent_response": "x"}, "user_query is blank"),
    ({"user_query": 7, "agent_response": "x"}, "user_query is not text"),
    ({"user_query": "x" * 200_001, "agent_response": "x"}, "longer than 200000 characters"),
    ({**GOOD, "rating": 6}, "rating '6' is not a whole number from 1 to 5"),
    ({**GOOD, "rating": 2.5}, "rating '2.5'"),
    ({**GOOD, "rating": True}, "rating 'True'"),
    ({**GOOD, "rating": "good"}, "rating 'good'"),
    ({**GOOD, "evidence": {"tool": "x"}}, "evidence is not a list of objects"),
    ({**GOOD, "evidence": ["x"]}, "evidence is not a list of objects"),
    (b'{"user_query": "' + b"x" * (5 * 2**20) + b'"}', "longer than 4 MiB"),
]


@pytest.mark.parametrize(("line", "reason"), BAD_LINES)
def test_a_bad_line_is_told_with_its_number_and_the_others_go_in(
    line: Any, reason: str, tmp_path: Path
) -> None:
    before, bad, after = read(jsonl(tmp_path, GOOD, line, GOOD))

    assert isinstance(bad, BadRow)
    assert bad.line == 2
    assert reason in bad.reason
    assert before == Row(1, "How?", "Like this.")
    assert after == Row(3, "How?", "Like this.")


def test_fields_are_known_by_other_names_too(tmp_path: Path) -> None:
    path = jsonl(
        tmp_path,
        {"question": "Q", "answer": "A", "agent": "x", "rating": "4", "evidence": [{"tool": "t"}]},
        {"Frage": "Q", "Antwort": "A", "unknown": 1},
    )

    first, second = read(path, parse_mapping(["Frage=user_query", "Antwort=agent_response"]))

    assert first == Row(1, "Q", "A", "x", [{"tool": "t"}], 4)
    assert second == Row(2, "Q", "A")


def test_an_answer_as_data_comes_beside_its_text(tmp_path: Path) -> None:
    path = jsonl(
        tmp_path,
        {**GOOD, "answer": ANSWER},
        {**GOOD, "answer": json.dumps(ANSWER)},
        {**GOOD, "answer": "another text"},
        {**GOOD, "answer": {"segments": []}},
        {"question": "Q", "answer": json.dumps(ANSWER)},
    )

    data, cell, column, malformed, text = read(path)

    assert data == Row(1, "How?", "Like this.", answer=ANSWER)
    assert (cell.answer, column.answer, text.answer) == (ANSWER, None, None)
    assert text.agent_response == json.dumps(ANSWER)
    assert malformed.reason.startswith("answer can't be read:")


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
@pytest.mark.django_db
def test_an_exported_answer_is_imported_as_it_was(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = [{"id": "q1", "tool": "plan_query", "result": {"matched": 3, "rows": []}}]
    make_memory("How many?", "3 jobs failed.", evidence=evidence, answer=ANSWER, engine="PRD")
    path = tmp_path / f"memories.{kind}"
    path.write_text(exported(capsys, kind))

    call_command("import_memories", str(path), "--agent", "another", "--map", "agent=agent_id")

    first, second = Memory.objects.order_by("created_at")
    assert (first.engine, first.source, second.source) == ("PRD", "chat", "import")
    assert (second.answer, second.evidence) == (ANSWER, evidence)


@pytest.mark.parametrize("pair", ["Frage", "=user_query", "Frage=nonsense"])
def test_a_mapping_that_makes_no_sense_is_refused(pair: str) -> None:
    with pytest.raises(ValueError, match="THEIRS=OURS"):
        parse_mapping([pair])


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_csv_with_lines_in_cells(delimiter: str, tmp_path: Path) -> None:
    path = tmp_path / "memories.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["question", "answer", "evidence"])
        writer.writerow(["Como?", "Assim,\ncom duas linhas; é.", '[{"tool": "t"}]'])
        writer.writerow(["", "no question", ""])
        writer.writerow(["Q", "A", "not json"])

    good, blank, bad = read(path)

    assert good == Row(2, "Como?", "Assim,\ncom duas linhas; é.", "", [{"tool": "t"}])
    assert blank == BadRow(4, "no user_query")
    assert bad == BadRow(5, "evidence is not JSON")


def test_csv_that_is_not_utf8_or_too_long_spoils_only_its_line(tmp_path: Path) -> None:
    path = tmp_path / "memories.csv"
    path.write_bytes(b"question,answer\nQ,caf\xe9\nQ," + b"x" * (5 * 2**20) + "\nQ,é\n".encode())

    undecodable, long, good = read(path)

    assert undecodable == BadRow(2, "not UTF-8")
    assert long == BadRow(3, "longer than 4 MiB")
    assert good == Row(4, "Q", "é")


def test_xlsx(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["question", "answer", "rating"])
    book.active.append(["Q", "A", 5])
    book.active.append([None, None, None])
    book.active.append(["Q", None, None])
    book.save(tmp_path / "memories.xlsx")

    good, bad = read(tmp_path / "memories.xlsx")

    assert good == Row(2, "Q", "A", rating=5)
    assert bad == BadRow(4, "no agent_response")


@pytest.mark.parametrize("name", ["gone.jsonl", "gone.csv", "gone.xlsx"])
def test_a_file_that_is_not_there(name: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="No such file"):
        list(read(tmp_path / name))


def test_a_text_file_named_xlsx(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_text("hello")

    with pytest.raises(UnreadableFile, match="not an XLSX file"):
        list(read(tmp_path / "a.xlsx"))


def test_a_large_file_is_read_in_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "memories.jsonl"
    with path.open("w") as file:
        for number in range(4_000):
            file.write(json.dumps({**GOOD, "user_query": f"How? {number} " + "x" * 4_000}) + "\n")

    tracemalloc.start()
    count = sum(isinstance(row, Row) for row in read(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 4_000
    assert peak < path.stat().st_size / 4


# --- the commands --------------------------------------------------------------------------------


def run_import(capsys: pytest.CaptureFixture[str], path: Path, *options: str) -> dict[str, Any]:
    status = 0
    try:
        call_command("import_memories", str(path), "--json", *options)
    except SystemExit as exit:
        status = exit.code
    done = json.loads(capsys.readouterr().out)
    assert status == (1 if done["rejected"] else 0)
    return done


@pytest.mark.django_db(transaction=True)
def test_what_is_imported_as_trusted_is_found_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], admin_user: User
) -> None:
    path = jsonl(tmp_path, {"question": "How do I restart an agent?", "answer": "Run StartUpLwa."})

    assert run_import(capsys, path, "--trusted")["imported"] == 1
    assert run_import(capsys, path, "--trusted") == {
        "imported": 0, "duplicates": 1, "rejected": 0, "errors": [],
    }  # fmt: skip

    call_command("search_memories", "how to restart an agent", "--json")
    [hit] = json.loads(capsys.readouterr().out)
    assert (hit["trust"], hit["agent_response"]) == ("trusted", "Run StartUpLwa.")
    record = AuditRecord.objects.get()
    assert (record.status, record.reviewer) == ("approved", admin_user)
    assert Decision.objects.get().action == "approve"


@pytest.mark.django_db(transaction=True)
def test_what_is_imported_otherwise_waits_for_the_auditor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = {**GOOD, "user_query": "How many?", "evidence": [{"tool": "t"}], "rating": 5}
    path = jsonl(tmp_path, {**GOOD, "agent_id": "some other"}, b"{broken", state)

    done = run_import(capsys, path)

    assert (done["imported"], done["rejected"]) == (2, 1)
    assert done["errors"][0]["line"] == 2
    knowledge, of_the_plan = Memory.objects.order_by("created_at")
    assert (knowledge.agent, knowledge.kind) == ("some other", Kind.KNOWLEDGE)
    assert (of_the_plan.kind, of_the_plan.source) == (Kind.STATE, Source.IMPORT)
    assert of_the_plan.feedback.values_list("rating", "user").get() == (5, None)
    assert set(Memory.objects.values_list("trust", flat=True)) == {"new"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("options", [[], ["--trusted"]])
def test_a_rejected_memory_is_not_revived(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], admin_user: User
) -> None:
    path = jsonl(tmp_path, GOOD)
    memory = make_memory(GOOD["user_query"], GOOD["agent_response"])
    make_record("rejected", memory, reviewer=admin_user, reviewed_at=timezone.now())

    done = run_import(capsys, path, *options)

    assert (done["imported"], done["duplicates"], done["rejected"]) == (0, 0, 1)
    assert done["errors"] == [{"line": 1, "reason": "the same memory is rejected"}]
    memory.refresh_from_db()
    assert memory.trust == Trust.REJECTED


@pytest.mark.django_db(transaction=True)
def test_only_who_may_review_can_trust(
    tmp_path: Path, operator: User, reviewer: User, capsys: pytest.CaptureFixture[str]
) -> None:
    path = jsonl(tmp_path, GOOD)

    with pytest.raises(CommandError, match="may not review"):
        call_command("import_memories", str(path), "--trusted", "--as", "operator")
    with pytest.raises(CommandError, match="no active user 'nobody'"):
        call_command("import_memories", str(path), "--trusted", "--as", "nobody")
    assert not Memory.objects.exists()

    assert run_import(capsys, path, "--trusted", "--as", "reviewer")["imported"] == 1
    assert AuditRecord.objects.get().reviewer == reviewer


@pytest.mark.django_db(transaction=True)
def test_what_is_exported_can_be_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_memory("=1+1?", "-2\n+3 é “x”", evidence=[{"tool": "t", "result": 1}], kind="state")
    make_memory("@SUM(A1)", "plain", rating=3)
    before = exported(capsys, "jsonl")
    path = tmp_path / "out.jsonl"
    path.write_text(before)
    Memory.objects.all().delete()

    assert run_import(capsys, path)["imported"] == 2

    kept = ("agent_id", "user_query", "agent_response", "evidence", "kind", "rating")
    after = exported(capsys, "jsonl")
    assert [{name: json.loads(line)[name] for name in kept} for line in after.splitlines()] == [
        {name: json.loads(line)[name] for name in kept} for line in before.splitlines()
    ]


@pytest.mark.django_db(transaction=True)
def test_a_formula_in_a_csv_cell_is_neutralised_and_comes_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_memory("=HYPERLINK(1)", "\tcmd|' /C calc'!A0")
    text = exported(capsys, "csv")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell[:1] in set("=+-@\t\r")]

    path = tmp_path / "out.csv"
    path.write_text(text)

    [row] = read(path)
    assert isinstance(row, Row)
    assert (row.user_query, row.agent_response) == ("=HYPERLINK(1)", "cmd|' /C calc'!A0")


def exported(capsys: pytest.CaptureFixture[str], kind: str) -> str:
    capsys.readouterr()
    call_command("export_memories", "--format", kind)
    return capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_queries_from_standard_input_answer_line_by_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = io.TextIOWrapper(io.BytesIO("caf\u00e9?\n\n\xff\n".encode("latin-1")))
    monkeypatch.setattr("sys.stdin", lines)

    call_command("search_memories", "-", "--json")

    assert capsys.readouterr().out.splitlines() == ["[]", "[]", "[]"]


@pytest.mark.parametrize("limit", ["0", "-1", "1000"])
def test_a_limit_that_makes_no_sense_is_refused(limit: str) -> None:
    with pytest.raises(CommandError, match="--limit"):
        call_command("search_memories", "x", "--limit", limit)


def test_headers_begin_with_a_capital_as_well(tmp_path: Path) -> None:
    path = tmp_path / "faq.csv"
    path.write_text("Question,ANSWER ,Rating\nHow?,Like this.,4\n", encoding="utf-8")

    assert list(read(path)) == [Row(2, "How?", "Like this.", rating=4)]
