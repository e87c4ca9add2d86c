"""Files as people and attackers have them: rows or named problems, never a traceback."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from knowledge.files import UnreadableFile
from knowledge.transfer import BadRow, Row, read, write_csv, write_jsonl
from resync_site.environment import CHECKOUT
from tests.examples import examples

FILES = CHECKOUT / "tests" / "data" / "files"
# One folder serves all examples of a test: each writes its file anew.
with_files = hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=examples(30, of=150),
)


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def all_of(path: Path) -> list[Row | BadRow]:
    """Every row; a file that can't be read as a whole is none."""
    try:
        return list(read(path))
    except UnreadableFile as error:
        assert str(path) in str(error)
        assert "\n" not in str(error)
        return []


# --- spreadsheets of offices -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("01_cp1252_semicolon.csv", [2, 3], []),
        ("02_utf16le_bom_tab.csv", [2, 3], []),
        ("04_sep_line.csv", [3, 4], []),
        ("08_title_row_first.csv", [3, 4], []),
        ("10_semicolon_in_header_text.csv", [2], []),
        ("12_formula.csv", [2, 3], []),
        ("13_huge_cell.csv", [], [2]),
        ("14_unclosed_quote.csv", [3, 4], [2]),
        ("19_header_accents.csv", [2], []),
        ("30_dates_numbers.xlsx", [2, 3, 4], []),
        ("31_formula_no_cache.xlsx", [3], [2]),
        ("33_second_sheet.xlsx", [2], []),
    ],
)
def test_what_a_person_can_read_goes_in_and_all_else_is_named(
    name: str, good: list[int], bad: list[int]
) -> None:
    rows = all_of(FILES / name)

    assert [row.line for row in rows if isinstance(row, Row)] == good
    assert [row.line for row in rows if isinstance(row, BadRow)] == bad


def test_accents_of_windows_and_utf16_are_right() -> None:
    for name in ("01_cp1252_semicolon.csv", "02_utf16le_bom_tab.csv"):
        row = all_of(FILES / name)[0]
        assert isinstance(row, Row)
        assert "execute link na estação; se não voltar" in row.agent_response


def test_a_quote_that_is_not_closed_swallows_no_row(tmp_path: Path) -> None:
    lines = ["question,answer", 'Q1,"open', "Q2,A2", '"Q3","A3"', 'Q4,"also open', "Q5,A5"]
    path = written(tmp_path, "a.csv", "\n".join(lines).encode())

    assert [(type(row), row.line) for row in all_of(path)] == [
        (BadRow, 2), (Row, 3), (Row, 4), (BadRow, 5), (Row, 6),
    ]  # fmt: skip


@pytest.mark.parametrize("delimiter", ",;\t")
@pytest.mark.parametrize("stray", ['monitor of 5.25"', '"', 'he said "', '"\n\nQ5|A5|5'])
def test_a_quote_that_a_stray_one_closes_further_down_swallows_no_row(
    stray: str, delimiter: str, tmp_path: Path
) -> None:
    lines = [
        "question|rating|answer",
        "Q1|1|A1",
        'Q2|2|"open',
        "Q3|3|A3",
        f"Q4|4|{stray}",
        "Q6|5|A6",
    ]
    content = "\n".join(lines).replace("|", delimiter)

    rows = all_of(written(tmp_path, "a.csv", content.encode()))

    good = [row.user_query for row in rows if isinstance(row, Row)]
    assert {"Q1", "Q3", "Q6"} <= set(good)
    assert "Q2" not in good
    assert BadRow(3, "a quote is opened here and not closed") in rows


HONEST = [
    "First of all,\nthen link it, and wait.",
    "Link it,\nthen wait 1,5 minutes",
    "Steps:\n1. conman link\n2. conman start\n\nThen wait.",
    "a;b\nc, d\ne\tf",
    "10:00,ABEND\nall is well after it\nand later, too",
    'He said "go",\nand it went,\n"at once"',
    "one\n",
    "x\n" * 900,
]


@pytest.mark.parametrize("delimiter", ",;\t")
@pytest.mark.parametrize("answer", HONEST)
def test_an_honest_cell_of_several_lines_is_one_cell(
    answer: str, delimiter: str, tmp_path: Path
) -> None:
    for columns in (["question", "answer"], ["question", "answer", "rating"]):
        out = io.StringIO()
        writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
        writer.writerows([columns, *[[f"Q{n}", answer, "3"][: len(columns)] for n in range(3)]])

        rows = all_of(written(tmp_path, "a.csv", out.getvalue().encode()))

        assert [row.agent_response for row in rows if isinstance(row, Row)] == [answer.strip()] * 3


@pytest.mark.parametrize(
    ("name", "encoding", "delimiter", "before"),
    [
        ("a.csv", "utf-16-le", "\t", ""),
        ("a.csv", "utf-16-be", ";", ""),
        ("a.tsv", "utf-8", "\t", ""),
        ("a.txt", "cp1252", "\t", "Base de conhecimento\n\n"),
        ("a.csv", "utf-8-sig", "\t", "sep=\t\n"),
        ("a.csv", "utf-8", "|", ""),
    ],
)
def test_a_table_is_read_however_it_is_coded_cut_and_called(
    name: str, encoding: str, delimiter: str, before: str, tmp_path: Path
) -> None:
    rows = "pergunta|nota|resposta\nO que é?|7|É a estação.\n".replace("|", delimiter)

    [row] = all_of(written(tmp_path, name, f"{before}{rows}".encode(encoding)))

    assert isinstance(row, Row)
    assert (row.user_query, row.agent_response) == ("O que é?", "É a estação.")


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.xlsm"])
def test_a_workbook_is_one_whatever_it_is_called(name: str, tmp_path: Path) -> None:
    path = workbook(tmp_path, ["question", "answer"], ["Q", "A"]).rename(tmp_path / name)

    assert all_of(path) == [Row(2, "Q", "A")]


@pytest.mark.parametrize("name", ["a.xls", "a.xlsx", "a.csv"])
def test_a_workbook_of_an_old_excel_is_one_sentence(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, name, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096))

    with pytest.raises(UnreadableFile, match="Save it as"):
        list(read(path))


def test_the_sheet_that_is_seen_is_read_and_another_one_is_named(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["question", "answer"], ["hidden", "A"])
    book = load_workbook(path)
    book.active.sheet_state = "hidden"
    for title in ("Seen", "Other"):
        sheet = book.create_sheet(title)
        sheet.append(["question", "answer"])
        sheet.append([title, "A"])
    book.active = 1
    book.save(path)

    assert all_of(path) == [
        Row(2, "Seen", "A"),
        BadRow(2, "the sheet 'Other' is not read: make it a file of its own"),
    ]


def test_a_hidden_sheet_is_read_where_no_other_has_the_columns(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["question", "answer"], ["hidden", "A"])
    book = load_workbook(path)
    book.create_sheet("Cover").append(["Base 2026"])
    book.active.sheet_state = "hidden"
    book.active = 1
    book.save(path)

    assert all_of(path) == [Row(2, "hidden", "A")]


def test_a_text_cut_by_its_own_comma_does_not_go_in_without_its_end(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b"question,answer\nQ1,Stop it, then wait.\nQ2,A2,,\n")

    assert all_of(path) == [
        BadRow(2, "more cells than columns: a text with the separator needs quotes"),
        Row(3, "Q2", "A2"),
    ]


def test_only_what_a_row_needs_can_spoil_it(tmp_path: Path) -> None:
    path = workbook(
        tmp_path, ["question", "answer", "note"], ["Q", "A", "=1/0"], ["Q", "=1/0", "n"],
        ["Q", "#N/A", "n"],
    )  # fmt: skip

    first, second, third = all_of(path)

    assert first == Row(2, "Q", "A")
    assert isinstance(second, BadRow)
    assert "B3: a formula without its value" in second.reason
    assert third == BadRow(4, "B4: the error #N/A")


def test_what_excel_writes_for_a_line_end_is_one(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["question", "answer"], ["Q", "one_x000D_\ntwo"])

    [row] = all_of(path)

    assert isinstance(row, Row)
    assert row.agent_response.splitlines() == ["one", "two"]


@pytest.mark.parametrize("header", ["answer,question,answer", "resposta,pergunta,resposta"])
def test_of_two_columns_of_one_name_none_is_chosen(header: str, tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", f"{header}\n1,Q,2\n".encode())

    with pytest.raises(UnreadableFile, match="two columns"):
        list(read(path))


def test_a_file_without_the_columns_says_so_once(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b"Q,A\nHow?,So.\n" * 50)

    with pytest.raises(UnreadableFile, match="no row that names the columns"):
        list(read(path))


# --- too much ---------------------------------------------------------------------------------


def workbook(folder: Path, *rows: list[Any]) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(folder / "a.xlsx")
    return folder / "a.xlsx"


def with_part(path: Path, name: str, change: Any) -> Path:
    """The workbook with one of its parts changed."""
    with zipfile.ZipFile(path) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    parts[name] = change(parts[name])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return path


SHEET = "xl/worksheets/sheet1.xml"


def test_a_workbook_that_unpacks_to_too_much_is_refused_unread(
    tmp_path: Path, settings: Any
) -> None:
    settings.IMPORT_MAX_UNPACKED_MIB = 1
    path = with_part(workbook(tmp_path, ["question", "answer"]), SHEET, lambda x: x + b" " * 2**20)

    with pytest.raises(UnreadableFile, match=r"more than 1 MiB .IMPORT_MAX_UNPACKED_MIB"):
        list(read(path))


def test_a_workbook_of_too_many_cells_is_refused_unread(tmp_path: Path, settings: Any) -> None:
    settings.IMPORT_MAX_CELLS = 100
    path = workbook(tmp_path, ["question", "answer"], *[["Q", "A"]] * 200)

    with pytest.raises(UnreadableFile, match=r"more than 100 cells .IMPORT_MAX_CELLS"):
        list(read(path))


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_rows_past_the_limit_are_not_read_and_that_is_said(
    name: str, tmp_path: Path, settings: Any
) -> None:
    settings.IMPORT_MAX_ROWS = 2
    row = b'{"question": "Q", "answer": "A"}\n'
    content = row * 5 if name == "a.jsonl" else b"question,answer\n" + b"Q,A\n" * 5

    *good, last = all_of(written(tmp_path, name, content))

    assert len(good) == 2
    assert isinstance(last, BadRow)
    assert "more than 2 rows (IMPORT_MAX_ROWS)" in last.reason


def test_gaps_between_rows_and_cells_cost_nothing(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["question", "answer"], ["Q", "A"])
    far = b'<row r="999999999999"><c r="A1"/><c r="XFD1"><v>1</v></c></row></sheetData>'
    with_part(path, SHEET, lambda sheet: sheet.replace(b"</sheetData>", far))

    assert all_of(path) == [Row(2, "Q", "A")]


# --- broken workbooks ---------------------------------------------------------------------------


def test_one_bad_cell_spoils_only_its_row(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["question", "answer"], ["Q", 5], ["Q", "A"])
    with_part(path, SHEET, lambda sheet: sheet.replace(b"<v>5</v>", b"<v>five</v>"))

    assert all_of(path) == [BadRow(2, "B2 can't be read"), Row(3, "Q", "A")]


def test_a_sheet_that_breaks_off_says_where(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["question", "answer"], *[["Q", "A"]] * 3)
    with_part(path, SHEET, lambda sheet: sheet[: sheet.index(b'<row r="4"')])

    *good, last = all_of(path)

    assert [row.line for row in good] == [2, 3]
    assert last == BadRow(4, "the workbook is damaged here; what follows was not read")


LAUGHS = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><a>&c;</a>'


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "[Content_Types].xml"])
def test_xml_with_entities_of_its_own_is_refused(part: str, tmp_path: Path) -> None:
    path = with_part(workbook(tmp_path, ["question", "answer"]), part, lambda _: LAUGHS)

    with pytest.raises(UnreadableFile, match="holds a DOCTYPE"):
        list(read(path))


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def protected(path: Path) -> None:
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600)


def without_its_sheet(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {e.filename: archive.read(e) for e in archive.infolist() if e.filename != SHEET}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("damage", [truncated, protected, without_its_sheet])
def test_a_broken_workbook_is_one_sentence(damage: Any, tmp_path: Path) -> None:
    path = workbook(tmp_path, ["question", "answer"], ["Q", "A"])
    damage(path)

    with pytest.raises(UnreadableFile) as error:
        list(read(path))

    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


# --- JSON lines ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"question": "Q", "question": "R", "answer": "A"}', "'question' is there twice"),
        (b'{"question": "Q", "answer": "A", "rating": NaN}', "not JSON: NaN"),
        (b'{"question": "\\u200b\\u202e", "answer": "A"}', "user_query is blank"),
        (b'{"question": "Q", "answer": "\\ufe0f\\u2800"}', "agent_response is blank"),
        (b'{"question": "Q", "answer": "a\\u0000b"}', "agent_response holds a NUL character"),
        (
            b'{"question": "Q", "answer": "A", "evidence": [{"a": "' + b"x" * 2**20 + b'"}]}',
            "evidence is larger than 1024 KiB",
        ),
        (
            b'{"question": "Q", "answer": "A", "evidence": [{"a":' + b"[" * 50 + b"]" * 50 + b"}]}",
            "evidence is nested more than 40 deep",
        ),
    ],
)
def test_a_line_of_which_nothing_can_be_made_is_named(
    line: bytes, reason: str, tmp_path: Path
) -> None:
    good = b'\xef\xbb\xbf{"question": "Q", "answer": "A"}'

    assert all_of(written(tmp_path, "a.jsonl", good + b"\n" + line + b"\n")) == [
        Row(1, "Q", "A"), BadRow(2, reason),
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_json_lines_in_utf16_are_one_sentence(encoding: str, tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", '{"question": "Q"}\n'.encode(encoding))

    with pytest.raises(UnreadableFile, match="Save it as UTF-8"):
        list(read(path))


# --- anything -----------------------------------------------------------------------------------

hostile = st.sampled_from(['"', ",", ";", "\t", "\n", "\r\n", "\r", "'", "=", "é", "\x00", "Q"])
csv_like = st.lists(hostile | st.text(max_size=5), max_size=60).map("".join)


@with_files
@given(content=st.binary(max_size=300) | csv_like.map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_rows_or_named_problems(content: bytes, tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.csv", "a.xlsx"):
        all_of(written(tmp_path, name, content))
    all_of(written(tmp_path, "b.csv", b"question,answer\n" + content))


@with_files
@given(place=st.integers(0, 4000), with_bytes=st.binary(min_size=1, max_size=40))
def test_a_workbook_damaged_anywhere_is_rows_or_named_problems(
    place: int, with_bytes: bytes, tmp_path: Path
) -> None:
    whole = workbook(tmp_path, ["question", "answer"], ["Q", "A"]).read_bytes()
    place %= len(whole)

    all_of(written(tmp_path, "b.xlsx", whole[:place] + with_bytes + whole[place:]))


cells = st.lists(st.text(min_size=1, max_size=30), min_size=2, max_size=2)


@with_files
@given(rows=st.lists(cells, max_size=5), delimiter=st.sampled_from(",;\t"))
def test_each_row_of_a_sound_csv_is_a_row_or_a_problem_of_its_own(
    rows: list[list[str]], delimiter: str, tmp_path: Path
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([["question", "answer"], *rows])
    path = written(tmp_path, "a.csv", out.getvalue().encode("utf-8", "replace"))

    assert len(all_of(path)) == sum(any(cell.strip() for cell in row) for row in rows)


@with_files
@given(
    question=st.text(min_size=1, max_size=60),
    answer=st.text(min_size=1, max_size=60),
    evidence=st.lists(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9))),
)
def test_what_is_exported_comes_back(
    question: str, answer: str, evidence: list[dict[str, Any]], tmp_path: Path
) -> None:
    from knowledge.limits import EmptyMemory
    from knowledge.secrets import mask_secrets
    from knowledge.store import Draft

    draft = Draft("x", question, answer, evidence)
    try:
        memory = draft.row()
    except EmptyMemory:
        return
    memory._prefetched_objects_cache = {"feedback": []}
    for name, write in (("a.jsonl", write_jsonl), ("a.csv", write_csv)):
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as out:
            write([memory], out)
        [row] = all_of(tmp_path / name)
        assert isinstance(row, Row)
        assert row.user_query.split() == mask_secrets(memory.user_query).split()
        assert row.agent_response.split() == mask_secrets(memory.agent_response).split()
