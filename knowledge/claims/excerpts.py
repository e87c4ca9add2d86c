"""What an answer shows to the letter: rows of a result, lines of a log, a memory.

Each finds its part in the evidence (NoClaim when it is not there) and writes it in Markdown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from knowledge.claims.answer import LogLines, Quote, Table
from knowledge.claims.evidence import NoClaim
from knowledge.claims.expressions import Evaluator
from knowledge.claims.inert import inert, one_line
from knowledge.claims.wording import Voice, words
from knowledge.hwa.fields import FIELDS

MOST_LINES = 200
MOST_COLUMNS = 30
_LINES = f"an answer shows one to {MOST_LINES} lines at once"
_COLUMNS = f"a table has one to {MOST_COLUMNS} columns"
Cells = list[list[Any]]


def part(segment: Table | LogLines | Quote, evaluator: Evaluator) -> Any:
    """The part of the evidence that the segment shows; its digest is that of this."""
    match segment:
        case Table(expr, columns):
            return cells(expr, columns, evaluator)[0]
        case LogLines(reading, lines):
            return log_lines(reading, lines, evaluator)
        case Quote(reading):
            return memory(reading, evaluator)


def cells(expr: str, columns: Sequence[str], evaluator: Evaluator) -> tuple[Cells, str]:
    """The values of these columns in the rows that `expr` reaches, and the reading they are of."""
    rows, reading = evaluator.rows(expr)
    evaluator.spend(len(rows) * len(columns))
    missing = [name for name in columns if any(name not in row for row in rows)]
    if missing or not 0 < len(columns) <= MOST_COLUMNS:
        raise NoClaim(f"the rows have no {', '.join(missing)}" if missing else _COLUMNS)
    return [[row[name] for name in columns] for row in rows], reading


def columns_of(expr: str, evaluator: Evaluator) -> list[str]:
    """All the columns of rows, without their ids."""
    rows, _ = evaluator.rows(expr)
    return [name for name in (rows[0] if rows else ()) if name != "id"][:MOST_COLUMNS]


def table_text(rows: Cells, columns: Sequence[str], voice: Voice) -> str:
    fields = [name.partition(".")[0] for name in columns]
    headings = [
        FIELDS[field].heading(voice.language) if field in FIELDS else inert(name)
        for field, name in zip(fields, columns, strict=True)
    ]
    kinds = [FIELDS[field].kind if field in FIELDS else "" for field in fields]
    said = [list(map(words, row, kinds, [voice] * len(row), fields)) for row in rows]
    return "\n".join(_row(row) for row in [headings, ["---"] * len(columns), *said])


def _row(row: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def log_lines(reading: str, numbers: Sequence[int], evaluator: Evaluator) -> list[list[Any]]:
    """Number and text of these lines of a log."""
    known = _lines(reading, evaluator)
    missing = [number for number in numbers if number not in known]
    if missing or not 0 < len(numbers) <= MOST_LINES:
        raise NoClaim(f"{reading} has no line {missing[0]}" if missing else _LINES)
    return [[number, known[number]] for number in numbers]


def numbers_of(reading: str, evaluator: Evaluator) -> list[int]:
    return list(_lines(reading, evaluator))


def _lines(reading: str, evaluator: Evaluator) -> dict[int, str]:
    lines = evaluator.result(reading).get("lines")
    if not isinstance(lines, list):
        raise NoClaim(f"{reading} is no log")
    return {
        line["number"]: str(line.get("text"))
        for line in lines
        if isinstance(line, dict) and isinstance(line.get("number"), int)
    }


def log_text(lines: list[list[Any]]) -> str:
    """A block of code, which no line can end: each begins with its number."""
    return "\n".join(["```", *(f"{number}: {one_line(text)}" for number, text in lines), "```"])


def memory(reading: str, evaluator: Evaluator) -> dict[str, Any]:
    """A memory's text, and which version of which memory it is."""
    result = evaluator.result(reading)
    text = result.get("agent_response")
    if not isinstance(text, str) or not text.strip():
        raise NoClaim(f"{reading} is no memory")
    return {name: result.get(name) for name in ("memory_id", "version", "agent_response")}


def memory_text(found: dict[str, Any]) -> str:
    lines = one_line(str(found["agent_response"]).strip(), end="\n").split("\n")
    return "\n".join(f"> {line}".rstrip() for line in lines)
