"""What an answer states, evaluated by the program: a model finds the place, never the verdict.

Evidence of any shape is read as readings are: its lists made even, so that a row without a field
holds null there, and a list shorter than its own total is one that is cut. An expression that finds
nothing comparable proves nothing; only a value of the same kind that is another one does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.conf import settings

from audits.judges import MemoryUnderAudit
from audits.judges.llm.replies import Statement
from knowledge.claims.evidence import NoClaim, Reading
from knowledge.claims.expressions import Evaluator, Found
from knowledge.claims.typed import occurs
from knowledge.claims.wording import is_number, read_time
from knowledge.folding import fold
from knowledge.hwa.statuses import GROUP_OF_CODE

Outcome = Literal["agrees", "differs", "unknown"]
_ID = re.compile(r"[qlmu][1-9]\d{0,3}")
_TOTALS = ("count", "totalCount", "total", "matched")
_LISTS = ("results", "items", "rows", "lines")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_TRUE, _FALSE = {"true", "yes", "sim", "si", "1"}, {"false", "no", "nao", "0"}


@dataclass(frozen=True, slots=True)
class Checked:
    """A statement, and what the evidence holds at the place that the model named."""

    statement: Statement
    outcome: Outcome
    found: Any = None


def check_statements(statements: Sequence[Statement], memory: MemoryUnderAudit) -> list[Checked]:
    """Each statement whose words stand in the answer, held to the evidence."""
    evaluator = Evaluator(readings_of(memory.evidence))
    answer = _plain(memory.agent_response)
    return [
        _checked(one, evaluator)
        for one in statements
        if one.quote.strip() and _plain(one.quote) in answer
    ]


def readings_of(evidence: Sequence[Any]) -> dict[str, Reading]:
    """The readings by the ids they bear, or q1, q2, … when one of them bears none."""
    results = [one.get("result") if isinstance(one, dict) else None for one in evidence]
    ids = [one.get("id") if isinstance(one, dict) else None for one in evidence]
    are_named = len(set(map(str, ids))) == len(ids) and all(
        isinstance(one, str) and _ID.fullmatch(one) for one in ids
    )
    names = [str(one) for one in ids] if are_named else [f"q{n + 1}" for n in range(len(ids))]
    return {
        name: Reading(
            name, "", result=_even(result if isinstance(result, dict) else {"value": result})
        )
        for name, result in zip(names, results, strict=True)
    }


def _even(value: Any) -> Any:
    """Rows that all have the same keys, and cut lists that say so."""
    if isinstance(value, list):
        return _even_rows([_even(one) for one in value])
    if not isinstance(value, dict):
        return value
    even = {str(name): _even(one) for name, one in value.items()}
    total = next((even[name] for name in _TOTALS if isinstance(even.get(name), int)), None)
    cut = {
        name: total - len(even[name])
        for name in _LISTS
        if total is not None and isinstance(even.get(name), list) and len(even[name]) < total
    }
    return even | {"not_shown": cut} if cut else even


def _even_rows(rows: list[Any]) -> list[Any]:
    """With null for a key that others have, and so for objects within, of one key each."""
    objects = [row for row in rows if isinstance(row, dict)]
    keys = dict.fromkeys(key for row in objects for key in row)
    for row in objects:
        row.update({key: None for key in keys if key not in row})
    for key in keys:
        _even_rows([row[key] for row in objects if isinstance(row[key], dict)])
    return rows


def _checked(statement: Statement, evaluator: Evaluator) -> Checked:
    if not statement.expr.strip() or not statement.value.strip():
        return Checked(statement, "unknown")
    try:
        found = evaluator.evaluate(statement.expr)
    except NoClaim:
        return Checked(statement, "unknown")
    return Checked(statement, _compared(statement, found), found.value)


def _compared(statement: Statement, found: Found) -> Outcome:
    said = statement.value.strip()
    if isinstance(found.value, list) and len(found.value) > 1:
        return _compared_lists(statement, list(map(str, found.value)))
    if isinstance(found.value, list):
        found = replace(found, value=found.value[0])
    if _agrees(said, found):
        return "agrees"
    return (
        "differs"
        if _comparable(said, found.value) and _is_quoted(statement, found.value)
        else "unknown"
    )


def _compared_lists(statement: Statement, found: list[str]) -> Outcome:
    """Names in any order, unless the expression puts them in one."""
    said = [part for part in re.split(r"\s*[,;]\s*", statement.value.strip("[] ")) if part]
    given, there = list(map(_name, said)), list(map(_name, found))
    if given == there or ("sort" not in statement.expr and sorted(given) == sorted(there)):
        return "agrees"
    return "differs" if len(said) > 1 else "unknown"


def _agrees(said: str, found: Found) -> bool:
    value = found.value
    if isinstance(value, bool):
        return fold(said) in (_TRUE if value else _FALSE)
    if isinstance(value, int | float) and _NUMBER.fullmatch(said):
        return _close(said, value)
    if isinstance(value, str) and _name(said) == _name(value):
        return True
    return any(occurs(said, value, found.kind, zone) for zone in _zones(value))  # type: ignore[arg-type]


def _close(said: str, value: int | float) -> bool:
    """Whether the number is the value, as exact as it was said; whole ones may leave a rest out."""
    if isinstance(value, int):
        return float(said) == value
    places = len(said.partition(".")[2])
    known = max(1, len(f"{value:.3f}".rstrip("0").partition(".")[2]))
    off = abs(float(said) - value)
    return off < 1 if not places else off <= 0.5 * 10 ** -min(places, known) + 1e-9


def _zones(value: Any) -> list[tzinfo]:
    moment = read_time(value)
    own = [moment.tzinfo] if moment is not None and moment.tzinfo else []
    return [UTC, ZoneInfo(settings.TIME_ZONE), *own]


def _name(text: str) -> str:
    """A name without what leads to it: /AGT_1 is AGT_1, /WS#STREAM.JOB ends in JOB."""
    return re.split(r"[/#]", fold(text.strip(" '\"`*")))[-1]


def _comparable(said: str, value: Any) -> bool:
    """Whether both are of one kind, so that they can't both be right."""
    if isinstance(value, bool):
        return fold(said) in _TRUE | _FALSE
    if is_number(value):
        return _NUMBER.fullmatch(said) is not None
    if not isinstance(value, str):
        return False
    if read_time(value):
        return read_time(said) is not None
    if group := GROUP_OF_CODE.get(value.upper()):  # two codes of a group may name one thing
        return GROUP_OF_CODE.get(said.upper(), group) != group
    return _is_a_name(said) and _is_a_name(value)


def _is_a_name(text: str) -> bool:
    return re.fullmatch(r"[\w#@/.-]{2,120}", text) is not None


def _is_quoted(statement: Statement, value: Any) -> bool:
    """A whole number said in digits stands in the words that state it; else it was misread.

    Others may be put together from what is said, as minutes are of hours and seconds.
    """
    digits = re.findall(r"\d+", statement.quote)
    return not isinstance(value, int) or not digits or statement.value.strip("- ") in digits


def _plain(text: str) -> str:
    return " ".join(text.split())
