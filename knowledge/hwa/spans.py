"""Lengths of time in a text: 2h, 90 min, uma hora e meia, half an hour."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from knowledge.folding import fold
from knowledge.hwa.numbers import Number, find_numbers

LEXICON: dict[str, Any] = tomllib.loads(
    Path(__file__).with_name("times.toml").read_text(encoding="utf-8")
)
LONGEST = timedelta(days=3660)


def alternatives(words: Mapping[str, Any] | list[str]) -> str:
    """The words as one pattern, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def words_in(table: object) -> Iterator[str]:
    """Each word of a table's keys and texts."""
    if isinstance(table, dict):
        table = [*table, *table.values()]
    if isinstance(table, list):
        for one in table:
            yield from words_in(one)
    if isinstance(table, str):
        yield from table.split()


_UNITS: dict[str, int] = {
    word: unit["seconds"] for unit in LEXICON["unit"].values() for word in unit["words"]
}
_UNIT = rf"(?P<unit>{alternatives(_UNITS)})(?!\w)"
_HALVES: dict[str, float] = LEXICON["halves"]
_FIGURE = re.compile(r"(?P<n>\d{1,6}(?:[.,]\d{1,3})?)\s{0,2}" + _UNIT)
_H_MIN = re.compile(
    r"(?P<h>\d{1,3})\s?h(?:oras?)?\s?(?:e )?(?P<m>\d{1,2})\s?(?:m(?:in(?:utos?)?)?)?(?!\w)"
)
_AFTER_NUMBER = re.compile(r" " + _UNIT)
_HALF = re.compile(rf"(?P<half>{alternatives(_HALVES)}) " + _UNIT)
_AND_A_HALF = re.compile(rf" (?:{alternatives(LEXICON['and_a_half'])})(?!\w)")
_AND = re.compile(r"(?: e | and | )")
_ONE = re.compile(rf"(?:an?|uma?) {_UNIT}")


@dataclass(frozen=True, slots=True)
class SpanInText:
    span: timedelta
    start: int
    end: int


class SpanReader:
    """Reads the length of time that begins at a place of a folded text."""

    def __init__(self, text: str) -> None:
        self.folded = fold(text)
        self._numbers = {one.start: one for one in find_numbers(text)}

    def at(self, start: int) -> SpanInText | None:
        """The whole of "1 hora e 30 minutos" or "an hour and a half"."""
        found = self._part(start)
        if found is None:
            return None
        joint = _AND.match(self.folded, found.end)
        more = self._part(joint.end()) if joint else None
        if more and more.span < found.span:  # "2 horas e 10 minutos", not "1 hora, 2 dias"
            found = SpanInText(found.span + more.span, start, more.end)
        return found if timedelta() < found.span <= LONGEST else None

    def number_at(self, start: int) -> Number | None:
        return self._numbers.get(start)

    def unit_at(self, start: int) -> SpanInText | None:
        """One of a unit that is not counted: the "hora" of "última hora"."""
        match = re.compile(_UNIT).match(self.folded, start)
        if match is None or len(match[0]) < 3:
            return None
        return SpanInText(timedelta(seconds=_UNITS[match["unit"]]), start, match.end())

    def _part(self, start: int) -> SpanInText | None:
        both = _H_MIN.match(self.folded, start)
        if both and int(both["m"]) < 60:
            span = timedelta(hours=int(both["h"]), minutes=int(both["m"]))
            return SpanInText(span, start, both.end())
        for pattern in (_FIGURE, _HALF, _ONE):
            match = pattern.match(self.folded, start)
            if match:
                return self._with_half(_count(match), match)
        number = self._numbers.get(start)
        match = _AFTER_NUMBER.match(self.folded, number.end) if number else None
        if number and match:
            return self._with_half(number.value, match, start)
        return None

    def _with_half(
        self, count: float, match: re.Match[str], start: int | None = None
    ) -> SpanInText:
        end = match.end()
        half = _AND_A_HALF.match(self.folded, end)
        if half:
            count, end = count + 0.5, half.end()
        seconds = min(count * _UNITS[match["unit"]], LONGEST.total_seconds() * 2)
        return SpanInText(
            timedelta(seconds=seconds), match.start() if start is None else start, end
        )


def _count(match: re.Match[str]) -> float:
    groups = match.groupdict()
    if groups.get("half"):
        return _HALVES[groups["half"]]
    return float(groups["n"].replace(",", ".")) if groups.get("n") else 1


_WORD_START = re.compile(r"(?<![\w.,:/#-])\w")


def find_spans(text: str) -> list[SpanInText]:
    """Each length of time of a text, also one that is a part of a range ("last 3 hours").

    "às 2h" is one to this function: whether it is a clock is told by `find_times`.

    >>> [one.span for one in find_spans("rodando há mais de 2h30 ou 1 dia")]
    [datetime.timedelta(seconds=9000), datetime.timedelta(days=1)]
    """
    reader, found, end = SpanReader(text), list[SpanInText](), 0
    for match in _WORD_START.finditer(reader.folded):
        span = reader.at(match.start()) if match.start() >= end else None
        if span:
            found.append(span)
            end = span.end
    return found
