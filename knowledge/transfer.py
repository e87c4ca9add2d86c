"""Memories in files: read line by line, written so that no spreadsheet runs them.

Reading is a stream of `Row` and `BadRow`: what is wrong with one line stops no other. JSONL, CSV
and XLSX carry `user_query`, `agent_response` and optionally `agent_id`, `evidence`, `rating`;
`question` and `answer` are taken for the first two, other names by a mapping.
"""

from __future__ import annotations

import csv
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from knowledge.formulas import neutralise_formula
from knowledge.models import Memory
from knowledge.secrets import mask_json

FIELDS = ("user_query", "agent_response", "agent_id", "evidence", "rating")
SYNONYMS = {
    "question": "user_query",
    "pergunta": "user_query",
    "query": "user_query",
    "answer": "agent_response",
    "resposta": "agent_response",
    "response": "agent_response",
    "agent": "agent_id",
    "agente": "agent_id",
}
_OURS = {name: name for name in FIELDS}
LONGEST_LINE = 4 * 2**20
LONGEST_TEXT = 200_000
MOST_EVIDENCE = 1000


class UnreadableFile(Exception):
    """The file as a whole can't be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One memory as a file has it, checked. `line` counts from 1, a CSV's header included."""

    line: int
    user_query: str
    agent_response: str
    agent_id: str = ""
    evidence: list[dict[str, Any]] = field(default_factory=list)
    rating: int | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    line: int
    reason: str


class _Bad(Exception):
    """What is wrong with one line."""


def read(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Row | BadRow]:
    """The rows of a file, by its ending: .csv, .xlsx, anything else is JSON lines."""
    readers = {".csv": _csv_records, ".xlsx": _xlsx_records}
    records = readers.get(path.suffix.lower(), _jsonl_records)
    try:
        for line, record in records(path):
            yield _checked(line, record, mapping or {})
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror or error}") from error


def parse_mapping(pairs: Sequence[str]) -> dict[str, str]:
    """`["frage=user_query"]` → `{"frage": "user_query"}`. ValueError names what is wrong."""
    mapping = {}
    for pair in pairs:
        source, _, target = pair.partition("=")
        if not source or target not in FIELDS:
            raise ValueError(f"{pair!r}: write THEIRS=OURS, where OURS is {', '.join(FIELDS)}")
        mapping[source] = target
    return mapping


# --- readers: (line number, a record or what is wrong with the line) -----------------------------

Record = Mapping[str, Any] | _Bad


def _lines(path: Path) -> Iterator[tuple[int, bytes | _Bad]]:
    """Lines of bytes, none longer than LONGEST_LINE held in memory."""
    with path.open("rb") as file:
        number, too_long = 1, False
        while piece := file.readline(LONGEST_LINE):
            ended = piece.endswith(b"\n")
            if not ended and len(piece) == LONGEST_LINE:
                too_long = True
                continue
            if too_long:
                yield number, _Bad(f"longer than {LONGEST_LINE // 2**20} MiB")
            else:
                yield number, piece
            number, too_long = number + 1, False
        if too_long:
            yield number, _Bad(f"longer than {LONGEST_LINE // 2**20} MiB")


def _jsonl_records(path: Path) -> Iterator[tuple[int, Record]]:
    for number, line in _lines(path):
        if isinstance(line, _Bad):
            yield number, line
        elif line.strip(b"\xef\xbb\xbf \t\r\n"):
            yield number, _json_record(line)


def _json_record(line: bytes) -> Record:
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return _Bad(f"not UTF-8 at byte {error.start}")
    except RecursionError:
        return _Bad("nested too deeply")
    except ValueError as error:
        return _Bad(f"not JSON: {error}")
    return record if isinstance(record, dict) else _Bad("not a JSON object")


def _csv_records(path: Path) -> Iterator[tuple[int, Record]]:
    """Records of a comma or semicolon separated file. Undecodable bytes make their record bad."""
    csv.field_size_limit(LONGEST_LINE)
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        start = file.readline()
        delimiter = max(",;\t", key=start.count)
        header = next(csv.reader([start], delimiter=delimiter), [])
        yield from _table(header, _numbered(csv.reader(_bounded(file), delimiter=delimiter)))


_UNDECODABLE = re.compile("[\udc80-\udcff]")  # what surrogateescape makes of a stray byte
_TOO_LONG = "\x00line too long"


def _bounded(file: IO[str]) -> Iterator[str]:
    """Lines of a text file, each of the too long ones replaced by a mark of it."""
    too_long = False
    while piece := file.readline(LONGEST_LINE):
        ended = piece.endswith("\n")
        if not ended and len(piece) == LONGEST_LINE:
            too_long = True
            continue
        yield _TOO_LONG + "\n" if too_long else piece
        too_long = False
    if too_long:
        yield _TOO_LONG


def _numbered(reader: Any) -> Iterator[tuple[int, Sequence[Any] | _Bad]]:
    """Rows with the line they begin on; the header was line 1."""
    while True:
        line = reader.line_num + 2
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, _Bad(f"not CSV: {error}")


def _xlsx_records(path: Path) -> Iterator[tuple[int, Record]]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise UnreadableFile(f"{path} is not an XLSX file: {error}") from error
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        header = [str(cell or "") for cell in next(rows, ())]
        yield from _table(header, enumerate(rows, 2))
    finally:
        book.close()


def _table(
    header: Sequence[str], rows: Iterable[tuple[int, Sequence[Any] | _Bad]]
) -> Iterator[tuple[int, Record]]:
    names = [name.strip() for name in header]
    for line, cells in rows:
        if isinstance(cells, _Bad):
            yield line, cells
        elif any(isinstance(cell, str) and _TOO_LONG in cell for cell in cells):
            yield line, _Bad(f"longer than {LONGEST_LINE // 2**20} MiB")
        elif any(isinstance(cell, str) and _UNDECODABLE.search(cell) for cell in cells):
            yield line, _Bad("not UTF-8")
        elif any(cell not in (None, "") for cell in cells):
            yield (
                line,
                {
                    name: _unquoted(cell)
                    for name, cell in zip(names, cells, strict=False)
                    if cell not in (None, "")
                },
            )


def _unquoted(cell: Any) -> Any:
    """A formula that `export_memories` neutralised, as it was."""
    if isinstance(cell, str) and cell.startswith("'") and neutralise_formula(cell[1:]) == cell:
        return cell[1:]
    return cell


# --- checking ------------------------------------------------------------------------------------


def _checked(line: int, record: Record, mapping: Mapping[str, str]) -> Row | BadRow:
    try:
        if isinstance(record, _Bad):
            raise record
        named = _named(record, mapping)
        return Row(
            line,
            _text(named, "user_query"),
            _text(named, "agent_response"),
            str(named.get("agent_id") or "").strip(),
            _evidence(named.get("evidence")),
            _rating(named.get("rating")),
        )
    except _Bad as bad:
        return BadRow(line, str(bad))


def _named(record: Mapping[str, Any], mapping: Mapping[str, str]) -> dict[str, Any]:
    """The record under our names: as mapped, else as it is, else by a synonym.

    Case matters only to the mapping: spreadsheets like to begin their headers with a capital.
    """
    lowered = {str(name).strip().lower(): value for name, value in record.items()}
    named: dict[str, Any] = {}
    for names, fields in ((SYNONYMS, lowered), (_OURS, lowered), (mapping, record)):
        named |= {ours: fields[theirs] for theirs, ours in names.items() if theirs in fields}
    return named


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if value is None:
        raise _Bad(f"no {name}")
    if not isinstance(value, str):
        raise _Bad(f"{name} is not text")
    if not value.strip():
        raise _Bad(f"{name} is blank")
    if len(value) > LONGEST_TEXT:
        raise _Bad(f"{name} is longer than {LONGEST_TEXT} characters")
    return value


def _evidence(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, str):  # a cell
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise _Bad("evidence is not JSON") from None
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise _Bad("evidence is not a list of objects")
    if len(value) > MOST_EVIDENCE:
        raise _Bad(f"evidence has more than {MOST_EVIDENCE} items")
    return value


def _rating(value: Any) -> int | None:
    if value is None or value == "":
        return None
    try:
        rating = int(value) if not isinstance(value, (bool, list, dict)) else 0
    except (TypeError, ValueError, OverflowError):
        rating = 0
    if not 1 <= rating <= 5 or (isinstance(value, float) and value != rating):
        raise _Bad(f"rating {str(value)[:20]!r} is not a whole number from 1 to 5")
    return rating


# --- writers -------------------------------------------------------------------------------------

COLUMNS = (
    "memory_id", "agent_id", "user_query", "agent_response", "evidence", "kind", "rating",
    "trust", "version", "created_at",
)  # fmt: skip


def record_of(memory: Memory) -> dict[str, Any]:
    """A memory as a file has it, secrets masked; what `read` understands comes back the same."""
    record = {
        "memory_id": str(memory.pk),
        "agent_id": memory.agent,
        "user_query": memory.user_query,
        "agent_response": memory.agent_response,
        "evidence": memory.evidence,
        "kind": memory.kind,
        "rating": min((given.rating for given in memory.feedback.all()), default=None),
        "trust": memory.trust,
        "version": memory.version,
        "created_at": memory.created_at.isoformat(),
    }
    masked: dict[str, Any] = mask_json(record)
    return masked


def write_jsonl(memories: Iterable[Memory], out: IO[str]) -> int:
    count = 0
    for count, memory in enumerate(memories, 1):  # noqa: B007  counts
        out.write(json.dumps(record_of(memory), ensure_ascii=False) + "\n")
    return count


def write_csv(memories: Iterable[Memory], out: IO[str]) -> int:
    """CSV with a header; cells that a spreadsheet would evaluate get an apostrophe in front."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = 0
    for count, memory in enumerate(memories, 1):  # noqa: B007  counts
        record = record_of(memory)
        record["evidence"] = json.dumps(record["evidence"], ensure_ascii=False)
        cells = ["" if record[name] is None else str(record[name]) for name in COLUMNS]
        writer.writerow([neutralise_formula(cell) for cell in cells])
    return count
