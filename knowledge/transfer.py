"""Memories in files: read line by line, written so that no spreadsheet runs them.

Reading is a stream of `Row` and `BadRow`: what is wrong with one line stops no other. JSONL, CSV
and XLSX carry `user_query`, `agent_response` and optionally `agent_id`, `evidence`, `answer` (the
segments that yield the text), `rating`; `question` and `answer` are taken for the first two where
those are missing, other names by a mapping.
"""

from __future__ import annotations

import contextlib
import csv
import functools
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _

from knowledge.claims.answer import AnswerMalformed, read_answer
from knowledge.files import (
    Bad,
    Record,
    UnreadableFile,
    delimited,
    json_lines,
    require_file,
    workbook,
)
from knowledge.folding import fold
from knowledge.formulas import neutralise_formula, plain_cell
from knowledge.limits import Unfit, check_evidence, check_text
from knowledge.models import Memory
from knowledge.secrets import mask_json

FIELDS = ("user_query", "agent_response", "agent_id", "evidence", "answer", "rating")
SYNONYMS = {
    "question": "user_query",
    "pergunta": "user_query",
    "questao": "user_query",
    "query": "user_query",
    "answer": "agent_response",
    "resposta": "agent_response",
    "solucao": "agent_response",
    "response": "agent_response",
    "agent": "agent_id",
    "agente": "agent_id",
}
HEADER_WITHIN = 10
"""Rows: titles and notes may stand above the header."""


TEXTS = (".csv", ".tsv", ".txt")
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
"""The last three to say that they are none."""

Cells = Sequence[str | Bad]
Rows = Iterator[tuple[int, Cells | Bad]]


@dataclass(frozen=True, slots=True)
class Row:
    """One memory as a file has it, checked. `line` counts from 1, a CSV's header included."""

    line: int
    user_query: str
    agent_response: str
    agent_id: str = ""
    evidence: list[dict[str, Any]] = field(default_factory=list)
    rating: int | None = None
    answer: dict[str, Any] | None = None
    """The segments that yield the text."""


@dataclass(frozen=True, slots=True)
class BadRow:
    line: int
    reason: str


def read(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Row | BadRow]:
    """The rows of a file: of a workbook, of a text by its ending, else of JSON lines."""
    mapping = mapping or {}
    try:
        for count, (line, record) in enumerate(_records(path, mapping)):
            if count == settings.IMPORT_MAX_ROWS:
                said = _(
                    "the file has more than %(n)s rows (IMPORT_MAX_ROWS); from here on it was not "
                    "read"
                )
                yield BadRow(line, said % {"n": count})
                return
            yield _checked(line, record, mapping)
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror or error}") from error


def _records(path: Path, mapping: Mapping[str, str]) -> Iterator[tuple[int, Record]]:
    tables = _tables(path)
    return json_lines.records(path) if tables is None else _first_table(path, tables, mapping)


def _names(cells: Cells) -> list[str]:
    return ["" if isinstance(cell, Bad) else cell.strip() for cell in cells]


def _is_header(cells: Cells | Bad, mapping: Mapping[str, str]) -> bool:
    wanted = {"user_query", "agent_response"}
    return not isinstance(cells, Bad) and wanted <= dict(named(_names(cells), mapping)).keys()


def named(names: Sequence[str], mapping: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Which of the columns `names` is which of our fields: pairs of ours and theirs."""
    return _chosen(tuple(names), tuple(mapping.items()))


def header_of(path: Path) -> list[str]:
    """The columns of a file: its header's, else those of the fullest of its first rows."""
    tables = _tables(path)
    if tables is None:
        first = next((record for _line, record in json_lines.records(path)), None)
        return [] if first is None or isinstance(first, Bad) else list(first)
    fullest: list[str] = []
    for _title, rows in tables:
        for _line, cells in itertools.islice(rows, HEADER_WITHIN):
            names = [] if isinstance(cells, Bad) else _names(cells)
            if _is_header(names, {}):
                return names
            if sum(map(bool, names)) > sum(map(bool, fullest)):
                fullest = names
    return fullest


def parse_mapping(pairs: Sequence[str]) -> dict[str, str]:
    """`["frage=user_query"]` → `{"frage": "user_query"}`. ValueError names what is wrong."""
    mapping = {}
    for pair in pairs:
        source, _, target = pair.partition("=")
        if not source or target not in FIELDS:
            raise ValueError(f"{pair!r}: write THEIRS=OURS, where OURS is {', '.join(FIELDS)}")
        mapping[source] = target
    return mapping


# --- tables ---------------------------------------------------------------------------------------


def _tables(path: Path) -> Iterator[tuple[str, Rows]] | None:
    """What may be the table of a file: it cut at each delimiter, its sheets by their names.

    None: JSON lines.
    """
    kind = path.suffix.lower()
    require_file(path, or_pipe=kind not in TEXTS + WORKBOOKS)
    if kind in WORKBOOKS or (kind in TEXTS and workbook.is_one(path)):
        return workbook.sheets(path)
    if kind not in TEXTS:
        return None
    delimiters = delimited.declared_delimiter(path) or delimited.DELIMITERS
    return (("", delimited.rows(path, one)) for one in delimiters)


def _first_table(
    path: Path, candidates: Iterator[tuple[str, Rows]], mapping: Mapping[str, str]
) -> Iterator[tuple[int, Record]]:
    """The first that has a header: a cover sheet has none, nor a file cut at the wrong sign.

    Another sheet that has one is named as not read: its rows have the same numbers.
    """
    line = 0
    for title, rows in candidates:
        first = list(itertools.islice(rows, HEADER_WITHIN))
        if not any(_is_header(cells, mapping) for _line, cells in first):
            continue
        if not line:
            for line, record in _table(path, itertools.chain(first, rows), mapping, bool(title)):
                yield line, record
            line = line or 1
        elif title:
            said = _("the sheet %(name)r is not read: make it a file of its own")
            yield line, Bad(said % {"name": title})
    if not line:
        said = _(
            "%(path)s has no row that names the columns user_query and agent_response "
            "among its first %(n)s."
        )
        raise UnreadableFile(said % {"path": path, "n": HEADER_WITHIN})


def _table(
    path: Path,
    rows: Iterable[tuple[int, Cells | Bad]],
    mapping: Mapping[str, str],
    is_sheet: bool,
) -> Iterator[tuple[int, Record]]:
    """The rows below the header, by its names; blank ones are left out.

    Beside a sheet's columns stand notes; a text cut in one place too many has lost its end.
    """
    names: list[str] = []
    for line, cells in rows:
        if not names:
            names = _header(path, cells, mapping)
        elif isinstance(cells, Bad):
            yield line, cells
        elif not is_sheet and any(_names(cells[len(names) :])):
            yield line, Bad(_("more cells than columns: a text with the separator needs quotes"))
        elif any(isinstance(cell, Bad) or cell.strip() for cell in cells):
            pairs = zip(names, cells, strict=False)
            yield line, {n: c if isinstance(c, Bad) else plain_cell(c) for n, c in pairs if c}


def _header(path: Path, cells: Cells | Bad, mapping: Mapping[str, str]) -> list[str]:
    """The columns that a row names; none when it is no header."""
    if isinstance(cells, Bad) or not _is_header(cells, mapping):
        return []
    names = _names(cells)
    if twice := [one for _ours, one in named(names, mapping) if names.count(one) > 1]:
        said = _("%(path)s has two columns %(name)r: which one is meant?")
        raise UnreadableFile(said % {"path": path, "name": twice[0]})
    return names


# --- checking ------------------------------------------------------------------------------------


def _checked(line: int, record: Record, mapping: Mapping[str, str]) -> Row | BadRow:
    try:
        if isinstance(record, Bad):
            raise record
        named = _named(record, mapping)
        for value in named.values():
            if isinstance(value, Bad):
                raise value
        return Row(
            line,
            _text(named, "user_query"),
            _text(named, "agent_response"),
            str(named.get("agent_id") or "").strip(),
            _evidence(named.get("evidence")),
            _rating(named.get("rating")),
            _answer(named.get("answer")),
        )
    except (Bad, Unfit) as bad:
        return BadRow(line, str(bad))


def _named(record: Mapping[str, Any], mapping: Mapping[str, str]) -> dict[str, Any]:
    """The record under our names: as mapped, else as it is, else by a synonym.

    Case and accents matter only to the mapping: spreadsheets have headers like "Questão".
    """
    chosen = _chosen(tuple(record), tuple(mapping.items()))
    return {ours: record[theirs] for ours, theirs in chosen}


@functools.lru_cache(16)  # the rows of a table have the same names
def _chosen(
    names: tuple[str, ...], mapping: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """Which of `names` stands for which of our fields: pairs of ours and theirs.

    What the mapping names stands for nothing else; for nothing at all where it says "".
    """
    said = dict(mapping)
    folded = {fold(name).strip(): name for name in names if name not in said}
    chosen = {ours: folded[name] for name, ours in SYNONYMS.items() if name in folded}
    chosen |= {ours: folded[ours] for ours in FIELDS if ours in folded}
    chosen |= {ours: theirs for theirs, ours in mapping if ours and theirs in names}
    if chosen.get("answer") == chosen.get("agent_response"):
        chosen.pop("answer", None)  # it is the text
    return tuple(chosen.items())


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if value is None:
        raise Bad(_("no %(name)s") % {"name": name})
    if not isinstance(value, str):
        raise Bad(_("%(name)s is not text") % {"name": name})
    return check_text(name, value)


def _evidence(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, str):  # a cell
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise Bad(_("evidence is not JSON")) from None
    if value is None:
        return []
    return check_evidence(value)


def _answer(value: Any) -> dict[str, Any] | None:
    """The segments, when they are some; a text under that name is somebody else's column."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(value)
    if not isinstance(value, dict):
        return None
    check_evidence([value])
    try:
        return read_answer(value).as_json()
    except AnswerMalformed as error:
        raise Bad(_("answer can't be read: %(why)s") % {"why": error}) from None


def _rating(value: Any) -> int | None:
    if value is None or value == "":
        return None
    try:
        rating = int(value) if not isinstance(value, (bool, list, dict)) else 0
    except (TypeError, ValueError, OverflowError):
        rating = 0
    if not 1 <= rating <= 5 or (isinstance(value, float) and value != rating):
        said = _("rating %(value)r is not a whole number from 1 to 5")
        raise Bad(said % {"value": str(value)[:20]})
    return rating


# --- writers -------------------------------------------------------------------------------------

COLUMNS = (
    "memory_id", "agent_id", "user_query", "agent_response", "evidence", "answer", "engine", "kind",
    "rating", "trust", "version", "created_at",
)  # fmt: skip


def record_of(memory: Memory) -> dict[str, Any]:
    """A memory as a file has it, secrets masked; what `read` understands comes back the same."""
    record = {
        "memory_id": str(memory.pk),
        "agent_id": memory.agent,
        "user_query": memory.user_query,
        "agent_response": memory.agent_response,
        "evidence": memory.evidence,
        "answer": memory.answer,
        "engine": memory.engine,
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
        for name in ("evidence", "answer"):
            if record[name] is not None:
                record[name] = json.dumps(record[name], ensure_ascii=False)
        cells = ["" if record[name] is None else str(record[name]) for name in COLUMNS]
        writer.writerow([neutralise_formula(cell) for cell in cells])
    return count
