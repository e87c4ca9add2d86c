"""OQL and plan filters, over columns.

A condition becomes a mask: one byte a row, 1 where it holds. A column keeps each of its values
once, so a condition is tried per value, not per row; that keeps 200,000 rows under 100 ms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import compress
from typing import Any, NamedTuple

Value = str | int | bool | None
MAX_OQL_CHARS = 20_000
MAX_DEPTH = 50


class FilterError(ValueError):
    """A query or filter that the engine refuses; `code` is the engine's word for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Column:
    """A field's values: `codes[row]` is an index into `values`. Times are epoch seconds."""

    codes: Sequence[int]
    values: Sequence[Value]
    is_time: bool = False
    is_path: bool = False  # `/FTA_SP01` and `FTA_SP01` are the same

    def mask(self, holds: Callable[[Value], bool]) -> bytes:
        verdicts = bytes(map(holds, self.values))
        if isinstance(self.codes, (bytes, bytearray)):
            return bytes(self.codes).translate(verdicts.ljust(256, b"\0"))
        return bytes(map(verdicts.__getitem__, self.codes))

    @cached_property
    def ranks(self) -> list[int]:
        """For each row, where its value stands among all; nothing comes before something."""
        order = sorted(
            range(len(self.values)),
            key=lambda code: (self.values[code] is not None, self.values[code]),
        )
        rank = [0] * len(order)
        for place, code in enumerate(order):
            rank[code] = place
        return [rank[code] for code in self.codes]


def column(values: Iterable[Value], *, is_time: bool = False, is_path: bool = False) -> Column:
    """A column from one value a row."""
    known: dict[Value, int] = {}
    codes = [known.setdefault(value, len(known)) for value in values]
    return Column(codes, list(known), is_time, is_path)


class Table(NamedTuple):
    """What can be asked about one kind of object. `order_only` fields sort but do not filter."""

    size: int
    columns: dict[str, Callable[[], Column]]
    order_only: dict[str, str]

    def select(self, oql: str, mask: bytes | None = None) -> list[int]:
        """The rows that meet the query (and the mask), in the order it asks for."""
        query = Parser(oql, self).parse() if oql.strip() else Query(None, [])
        wanted = _both(query.mask, mask)
        rows = list(range(self.size) if wanted is None else compress(range(self.size), wanted))
        for field, descending in reversed(query.order):
            rows.sort(key=self.columns[field]().ranks.__getitem__, reverse=descending)
        return rows


class Query(NamedTuple):
    mask: bytes | None
    order: list[tuple[str, bool]]


_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>-?\d+(?![\w.]))"
    r"|(?P<op><=|>=|!=|=|<|>)|(?P<mark>[()\[\],])|(?P<word>[A-Za-z][A-Za-z0-9_.-]*))"
)
_CONSTANTS: dict[str, Value] = {"true": True, "false": False, "null": None}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class Parser:
    """condition [ORDER BY field [ASC|DESC], …]; AND binds tighter than OR."""

    def __init__(self, text: str, table: Table) -> None:
        if len(text) > MAX_OQL_CHARS:
            raise _syntax("the query is too long")
        self._tokens = list(_tokens(text))
        self._at = 0
        self._table = table

    def parse(self) -> Query:
        mask = None if self._next_is("ORDER") else self._either(0)
        order = self._order() if self._next_is("ORDER") else []
        if self._at < len(self._tokens):
            raise _syntax(f"unexpected {self._tokens[self._at][1]!r}")
        return Query(mask, order)

    def _either(self, depth: int) -> bytes:
        mask = self._all(depth)
        while self._accept("OR"):
            mask = _merge(mask, self._all(depth), lambda a, b: a | b)
        return mask

    def _all(self, depth: int) -> bytes:
        mask = self._one(depth)
        while self._accept("AND"):
            mask = _merge(mask, self._one(depth), lambda a, b: a & b)
        return mask

    def _one(self, depth: int) -> bytes:
        if depth > MAX_DEPTH:
            raise _syntax("parentheses are nested too deeply")
        if self._accept("("):
            mask = self._either(depth + 1)
            self._expect(")")
            return mask
        return self._term()

    def _term(self) -> bytes:
        field = self._take("word", "a field name")
        values = self._column(field)
        if self._accept("IN"):
            wanted = {self._typed(one, values) for one in self._list()}
            return values.mask(lambda value: value in wanted)
        if self._accept("LIKE"):
            text = self._take("string", "a string")
            return values.mask(_like(text.lstrip("/") if values.is_path else text))
        operator = self._take("op", "a comparison")
        return _compare(values, operator, self._typed(self._value(), values))

    def _column(self, field: str) -> Column:
        if field in self._table.order_only:
            # As the product does: these names sort, but do not filter.
            raise _syntax(f"the field {field} is not valid in a filter")
        found = self._table.columns.get(field)
        if found is None:
            raise _syntax(f"the field {field} is not known")
        return found()

    def _typed(self, value: Value, values: Column) -> Value:
        if values.is_path and isinstance(value, str):
            return value.lstrip("/")
        if not values.is_time or not isinstance(value, str):
            return value
        try:
            return int(datetime.fromisoformat(value).timestamp())
        except ValueError as error:
            raise _syntax(f"{value!r} is not an instant") from error

    def _value(self) -> Value:
        kind, text = self._step("a value")
        if kind == "string":
            return text
        if kind == "number":
            return int(text)
        if kind == "word" and text.lower() in _CONSTANTS:
            return _CONSTANTS[text.lower()]
        raise _syntax(f"a value is expected, not {text!r}")

    def _list(self) -> list[Value]:
        self._expect("[")
        found = [self._value()]
        while self._accept(","):
            found.append(self._value())
        self._expect("]")
        return found

    def _order(self) -> list[tuple[str, bool]]:
        self._expect("ORDER")
        self._expect("BY")
        found = [self._order_field()]
        while self._accept(","):
            found.append(self._order_field())
        return found

    def _order_field(self) -> tuple[str, bool]:
        field = self._take("word", "a field name")
        field = self._table.order_only.get(field, field)
        if field not in self._table.columns:
            raise _syntax(f"the field {field} is not known")
        if self._accept("DESC"):
            return field, True
        self._accept("ASC")
        return field, False

    def _next_is(self, word: str) -> bool:
        if self._at >= len(self._tokens):
            return False
        kind, text = self._tokens[self._at]
        return kind in ("word", "mark") and text.upper() == word

    def _accept(self, word: str) -> bool:
        found = self._next_is(word)
        self._at += found
        return found

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise _syntax(f"{word} is expected")

    def _take(self, kind: str, what: str) -> str:
        found, text = self._step(what)
        if found != kind:
            raise _syntax(f"{what} is expected, not {text!r}")
        return text

    def _step(self, what: str) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise _syntax(f"{what} is expected at the end")
        self._at += 1
        return self._tokens[self._at - 1]


def _tokens(text: str) -> Iterable[tuple[str, str]]:
    at = 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _syntax(f"unexpected {text[at : at + 20].strip()!r}")
        kind = found.lastgroup or ""
        value = found[kind]
        yield kind, value[1:-1].replace("''", "'") if kind == "string" else value
        at = found.end()


def _compare(values: Column, operator: str, wanted: Value) -> bytes:
    if operator == "=":
        return values.mask(lambda value: _same(value, wanted))
    if operator == "!=":
        return values.mask(lambda value: not _same(value, wanted))
    if wanted is None or isinstance(wanted, bool):
        raise _syntax(f"{operator} does not compare with {str(wanted).lower()}")
    holds = _COMPARISONS[operator]
    kind = type(wanted)
    return values.mask(lambda value: type(value) is kind and holds(value, wanted))


def _same(value: Value, wanted: Value) -> bool:
    return type(value) is type(wanted) and value == wanted


def _like(text: str) -> Callable[[Value], bool]:
    """`%`, `*` and `@` stand for any characters, `?` for one."""
    text = re.sub(r"[%*@]+", "%", text)
    inner = text.strip("%")
    if "%" not in inner and "?" not in inner and len(text) == len(inner) + 2:
        return lambda value: isinstance(value, str) and inner in value  # some ten times faster
    parts = (".*" if one == "%" else "." if one == "?" else re.escape(one) for one in text)
    matches = re.compile("".join(parts) + r"\Z", re.DOTALL).match
    return lambda value: isinstance(value, str) and matches(value) is not None


def _both(first: bytes | None, second: bytes | None) -> bytes | None:
    if first is None or second is None:
        return first if second is None else second
    return _merge(first, second, lambda a, b: a & b)


def _merge(first: bytes, second: bytes, join: Callable[[int, int], int]) -> bytes:
    number = join(int.from_bytes(first, "little"), int.from_bytes(second, "little"))
    return number.to_bytes(len(first), "little")


def _syntax(message: str) -> FilterError:
    return FilterError("OQL_FILTER_SYNTAX_ERROR", message)


# Plan filters


class PlanFilter(NamedTuple):
    """Patterns of a filter such as `/@/FTA_SP01#/@/ETL_@.@+state=abend`; None matches all."""

    workstation: re.Pattern[str] | None
    folder: re.Pattern[str] | None
    stream: re.Pattern[str] | None
    job: re.Pattern[str] | None
    states: frozenset[str]
    without_states: frozenset[str]


_FILTER = re.compile(
    r"(?:(?P<workstation>[A-Za-z0-9_@?/-]*)\#)?(?P<stream>[A-Za-z0-9_@?/-]*)"
    r"(?:\.(?P<job>[A-Za-z0-9_@?-]*))?(?P<qualifiers>(?:[+~]state=[A-Za-z,]+)*)\Z"
)


def parse_plan_filter(text: str) -> PlanFilter:
    """`@` is any characters, `?` one; `#` ends the workstation, `.` comes before the job."""
    found = _FILTER.match(text) if len(text) <= 1000 else None
    if found is None or not text:
        raise FilterError(
            "PLAN_FILTER_SYNTAX_ERROR", f"the plan filter {text[:100]!r} is not valid"
        )
    _, workstation = _split(found["workstation"] or "")
    folder, stream = _split(found["stream"] or "")
    wanted: set[str] = set()
    unwanted: set[str] = set()
    for sign, names in re.findall(r"([+~])state=([A-Za-z,]+)", found["qualifiers"]):
        (wanted if sign == "+" else unwanted).update(names.upper().split(","))
    return PlanFilter(
        _pattern(workstation),
        None if folder in ("", "/@", "/") or not stream else _pattern(folder),
        _pattern(stream),
        _pattern(found["job"] or ""),
        frozenset(wanted),
        frozenset(unwanted),
    )


def _split(path: str) -> tuple[str, str]:
    folder, slash, name = path.rpartition("/")
    return (folder or slash), name


def _pattern(text: str) -> re.Pattern[str] | None:
    if text in ("", "@"):
        return None
    parts = (".*" if one == "@" else "." if one == "?" else re.escape(one) for one in text)
    return re.compile("".join(parts) + r"\Z")
