"""Whole numbers in a text, in digits or in words of either language.

text2num reads the words; what it lacks (both, nenhum, dúzia, 2 mil) is in `numbers.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from text_to_num import find_numbers as find_number_words

from knowledge.folding import fold
from knowledge.hwa.statuses import Language

_WORDS: dict[str, Any] = tomllib.loads(
    Path(__file__).with_name("numbers.toml").read_text(encoding="utf-8")
)
_PHRASES: dict[str, int] = _WORDS["words"]
_MULTIPLES: dict[str, int] = _WORDS["multiples"]
_OTHER = frozenset(_WORDS["other"]["words"])


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number named in a text, and where."""

    value: int
    start: int
    end: int


_DIGITS = re.compile(
    r"(?<![\w.,:#/-])(?P<digits>\d{1,3}(?:[.,]\d{3}){1,4}(?![\d.,]*\d)|\d{1,15})"
    r"(?:(?P<k>k)(?!\w)|(?![\w#]|[.,:/-]\d))"
)
_PHRASE = re.compile(
    r"(?<![\w-])(?:" + "|".join(sorted(_PHRASES, key=len, reverse=True)) + r")(?![\w-])"
)
_MULTIPLE = re.compile(rf" ({'|'.join(sorted(_MULTIPLES, key=len, reverse=True))})(?![\w-])")
_TOKEN = re.compile(r"[^\W_]+|[^\w\s]|_")


def find_numbers(text: str) -> list[Number]:
    """The numbers of a text in order: 3, 2.341, três, duzentos e um, two hundred, 2 mil, nenhum.

    Times, dates, versions, addresses, ordinals and numbers inside names are left out.
    """
    folded = fold(text)
    phrases = (Number(_PHRASES[one[0]], *one.span()) for one in _PHRASE.finditer(folded))
    found = [*_in_digits(folded), *phrases, *_in_words(folded, "pt"), *_in_words(folded, "en")]
    found.sort(key=lambda number: (number.start, -number.end))
    return list(_multiplied(_apart(found), folded))


def _in_digits(folded: str) -> Iterator[Number]:
    for match in _DIGITS.finditer(folded):
        value = int(re.sub(r"\D", "", match["digits"])) * (1000 if match["k"] else 1)
        yield Number(value, match.start(), match.end())


class _Word:
    """A word as text2num asks for it (its `Token`)."""

    def __init__(self, match: re.Match[str]) -> None:
        self.start, self.end = match.span()
        self._text = _WORDS["spelling"].get(match[0], match[0])

    def text(self) -> str:
        return str(self._text)

    def text_lowercase(self) -> str:
        return self.text()

    def nt_separated(self, previous: _Word) -> bool:
        return False

    def not_a_number_part(self) -> bool:
        return self._text in _OTHER


def _in_words(folded: str, language: Language) -> Iterator[Number]:
    words = [_Word(match) for match in _TOKEN.finditer(folded)]
    for one in find_number_words(words, language, 0):
        first, last = words[one.start], words[one.end - 1]
        alone = not re.match(r"[\w-]", folded[last.end : last.end + 1] or " ")
        alone = alone and not re.match(r"[\w#/-]", folded[max(0, first.start - 1) : first.start])
        if alone and not one.is_ordinal and one.value == int(one.value):
            yield Number(int(one.value), first.start, last.end)


def _apart(found: list[Number]) -> Iterator[Number]:
    """Of those that overlap, the longest of the first."""
    end = -1
    for number in found:
        if number.start >= end:
            end = number.end
            yield number


def _multiplied(numbers: Iterator[Number], folded: str) -> Iterator[Number]:
    """2 mil → 2000, duas dúzias → 24."""
    end = -1
    for number in numbers:
        if number.start < end:
            continue  # the "mil" of "2 mil"
        more = _MULTIPLE.match(folded, number.end)
        if more and number.value < _MULTIPLES[more[1]]:
            value = number.value * _MULTIPLES[more[1]]
            number = Number(value, number.start, more.end())
        end = number.end
        yield number
