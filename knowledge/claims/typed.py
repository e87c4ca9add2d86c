"""Values that a model types by itself: found in its text, and looked for in the evidence.

Numbers with their units, in digits or in words (from two on), clock times and dates, statuses in
capitals, and names and codes by their looks (CAPS_WITH_9, ORA-01555, rc12) or because the caller
knows them. What only looks like one of these, by letters or digits of another script, is one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from knowledge.claims import wording
from knowledge.claims.evidence import Reading
from knowledge.claims.wording import read_time
from knowledge.hwa.fields import FIELDS
from knowledge.hwa.statuses import STATUSES
from knowledge.visible import mixed_script_words

_UNITS = {
    **dict.fromkeys(("s", "seg", "segundo", "segundos", "sec", "second", "seconds"), 1 / 60),
    **dict.fromkeys(("min", "mins", "minuto", "minutos", "minute", "minutes"), 1),
    **dict.fromkeys(("h", "hora", "horas", "hour", "hours"), 60),
    **dict.fromkeys(("dia", "dias", "day", "days"), 1440),
}
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_SPELLED = (
    "dois|duas|três|tres|quatro|cinco|seis|sete|oito|nove|dez|onze|doze|treze|quatorze|"
    "catorze|quinze|dezesseis|dezessete|dezoito|dezenove|vinte|trinta|quarenta|cinquenta|"
    "sessenta|setenta|oitenta|noventa|cem|duzent[oa]s|trezent[oa]s|quatrocent[oa]s|"
    "quinhent[oa]s|seiscent[oa]s|setecent[oa]s|oitocent[oa]s|novecent[oa]s|mil|two|three|"
    "four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|"
    "seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|"
    "hundred|thousand"
)
_GOES_ON = rf"(?<![\w@#./-])(?:(?:{_SPELLED}|cento)[ -](?:(?:e|and)[ -])?)+"
"""The part of a number in words that the next word may go on with."""
_SPELLED_WORDS = frozenset(
    word.replace("[oa]", end) for word in (*_SPELLED.split("|"), "cento") for end in "oa"
)
_MAY_GO_ON = _SPELLED_WORDS | {"e", "and"}
_LETTERS = re.compile(r"[^\W\d_]+")
FIGURE = "\ue000"
"""Stands before the text that is looked through for a number that the program has written there."""
_TOKEN = re.compile(
    rf"""
    (?P<no_value>^[ ]*\d{{1,3}}[.)][ ]|⟨U\+[0-9A-F]+⟩)   # of a list's item, of a character
  | (?P<unit>(?:(?<={FIGURE})|(?<={FIGURE}[ ]))(?:%|(?:{_UNIT})\b))  # of that number
  | (?P<places>(?<={FIGURE})[.,:/]\d[\d.,:/]*)
  | (?P<entity>&(?:\#|frac|sup)\w{{1,8}};)                       # shown as a figure
  | (?P<moment>\d{{4}}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:?\d\d)?)
  | (?P<date>\d{{4}}-\d\d-\d\d|(?<![\w/])\d{{1,2}}/\d{{1,2}}(?:/\d{{2,4}})?(?![\w/]))
  | (?P<clock>(?<![\w:.])\d{{1,2}}:\d\d(?::\d\d)?(?:[ ]?[ap]m\b)?)
  | (?P<glued>(?<![\w.,])\d+(?:[*_~\\\ufe0f\u20e3\u0300-\u036f]+\d+)+)    # shown as one number
  | (?P<number>(?<![\w.,])-?\d+(?:[.,]\d+)*(?:[ ]?(?:%|(?:{_UNIT})\b))?(?!\w))
  | (?P<name>(?:[^\W_]|[@/])(?:[\w@\#./-]{{0,200}}\w)?)
    """,
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
_NUMBER = re.compile(rf"(?P<digits>-?\d+(?:[.,]\d+)*)[ ]?(?P<unit>%|{_UNIT})?", re.IGNORECASE)
_WORDS_OF_NUMBERS = re.compile(rf"(?:{_GOES_ON})?(?:{_SPELLED})(?![\w-])", re.IGNORECASE)
_SPELLED_NUMBER = re.compile(
    rf"(?<![\w@#./-])(?:{_GOES_ON})?(?:{_SPELLED})(?:[ ](?:{_UNIT})\b)?(?![\w-])", re.IGNORECASE
)
_WORD_BEFORE = re.compile(r"([^\W\d_]+)[ -]\Z")
_SPELLED_SO_FAR = re.compile(rf"{_GOES_ON}\Z", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?(?: ?([ap])m)?", re.IGNORECASE)
_HOUR = re.compile(r"(\d{1,2})h(\d\d)?", re.IGNORECASE)
_HOLDS_A_FIGURE = re.compile(r"\d.*|[^\W\d_]{1,3}\d+|(?=.*\d).*_.*")
_LOOKS_LIKE_A_NAME = re.compile(r"(?=.*[A-Z].*[A-Z])(?=.*[\d_#])[A-Z0-9@/][\w@#./-]*")


@dataclass(frozen=True, slots=True)
class Typed:
    """A value in a text, and where. `of_another`: it would change the value it stands behind."""

    text: str
    start: int
    end: int
    of_another: bool = False


def find_typed(text: str, is_name: Callable[[str], bool], start: int = 0) -> Iterator[Typed]:
    """The values of a text from `start` on; `is_name` knows names that don't look like one."""
    while found := _TOKEN.search(text, start):
        start = found.end()
        if found.lastgroup == "no_value":
            continue
        if found.lastgroup == "name":
            if spelled := _spelled_at(text, found):
                start = spelled.end()
                yield Typed(spelled[0], spelled.start(), start)
            else:
                yield from _in_word(found[0], found.start(), is_name)
        else:
            of_another = found.lastgroup in {"unit", "places"}
            yield Typed(found[0], found.start(), found.end(), of_another)


def _spelled_at(text: str, found: re.Match[str]) -> re.Match[str] | None:
    """The number in words that begins with a word."""
    head = found[0] if found[0].isalpha() else _LETTERS.match(found[0])
    begins = head and (head if isinstance(head, str) else head[0]).lower() in _SPELLED_WORDS
    return _SPELLED_NUMBER.match(text, found.start()) if begins else None


def start_of_spelled(text: str, end: int) -> int:
    """Where the number in words begins that `end` may go on with; `end` where there is none."""
    before = _WORD_BEFORE.search(text, max(0, end - 20), end)
    if before is None or before[1].lower() not in _MAY_GO_ON:
        return end
    found = _SPELLED_SO_FAR.search(text, 0, end)
    return found.start() if found else end


def _in_word(word: str, start: int, is_name: Callable[[str], bool]) -> Iterator[Typed]:
    """A word is a name or a status, or there is a number in it after all (12, 22h, 42jobs)."""
    looks = _LOOKS_LIKE_A_NAME.fullmatch(word) or _HOLDS_A_FIGURE.fullmatch(word)
    if looks or word in STATUSES or _imitates(word) or (len(word) > 1 and is_name(word)):
        yield Typed(word, start, start + len(word))


def _imitates(word: str) -> bool:
    """Whether it is drawn like a number or a word of Latin letters (ABEND with a Cyrillic E)."""
    if word.isascii():
        return False
    return any(map(str.isnumeric, word)) or bool(mixed_script_words(word))


# --- where it occurs ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value of the evidence: the expression that reaches it, and how its field is worded."""

    expr: str
    kind: str
    value: Any


_STATED = ("user_query", "agent_response", "approved_by", "approved_at", "created_at")
"""What a memory states; its version and the like state nothing."""


def leaves(readings: Iterable[Reading]) -> list[Leaf]:
    return [leaf for one in readings for leaf in _leaves(one.id, "", _statements(one))]


def _statements(reading: Reading) -> dict[str, Any]:
    if not reading.id.startswith("m"):
        return reading.result
    return {name: value for name, value in reading.result.items() if name in _STATED}


def _leaves(expr: str, field: str, value: Any) -> Iterator[Leaf]:
    if isinstance(value, dict):
        for name, part in value.items():
            key = name if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) else json.dumps(name)
            yield from _leaves(f"{expr}.{key}", name.partition(".")[0], part)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _leaves(f"{expr}[{number}]", field, part)
    elif value is not None:
        yield Leaf(expr, FIELDS[field].kind if field in FIELDS else "", value)


def occurs(typed: str, value: Any, kind: str, zone: ZoneInfo) -> bool:
    """Whether a value of this kind states what was typed: it is it, or says it in its text."""
    if isinstance(value, list):
        return any(occurs(typed, one, kind, zone) for one in value)
    digits = _in_digits(typed)
    if isinstance(value, str):
        return any(_is_in(one, value) for one in (typed, digits)) or _is_time(typed, value, zone)
    return wording.is_number(value) and _is_number(digits, value, kind)


@lru_cache(maxsize=256)
def _in_digits(typed: str) -> str:
    """twenty-two hours → 22 hours"""
    if not typed[0].isalpha() or not (spelled := _WORDS_OF_NUMBERS.match(typed)):
        return typed
    from knowledge.hwa.numbers import find_numbers  # loaded with the first number in words

    numbers = find_numbers(spelled[0])
    return f"{numbers[0].value}{typed[spelled.end() :]}" if len(numbers) == 1 else typed


def _is_in(typed: str, text: str) -> bool:
    """As a word of its own; a number that is no part of a time, a date or another number."""
    number = _NUMBER.fullmatch(typed)
    sought = number["digits"] if number and number["unit"] != "%" else typed
    if sought not in text:
        return False
    before, after = (r"(?<![\w.,:/-])", r"(?!\w|[.,:/-]\d)") if number else (r"(?<!\w)", r"(?!\w)")
    return re.search(f"{before}{re.escape(sought)}{after}", text) is not None


def _is_number(typed: str, value: float, kind: str) -> bool:
    found = _NUMBER.fullmatch(typed)
    if found is None:
        return False
    unit = (found["unit"] or "").lower()
    if unit == "%" and kind != "percent":
        return False
    factor = _UNITS.get(unit, 1)
    if unit in _UNITS and kind != "minutes":
        return False
    rounds = kind in {"minutes", "percent"}
    return any(
        (not unit and value == number)
        or ((places or rounds) and round(value / factor, places) == number)
        for number, places in _numbers(found["digits"])
    )


def _numbers(digits: str) -> Iterator[tuple[float, int]]:
    """What the digits can mean, and to how many places: 1.234 is 1234, or 1.234."""
    parts = re.split("[.,]", digits)
    if len(parts) == 1:
        yield float(digits), 0
        return
    if all(len(part) == 3 for part in parts[1:]):
        yield float("".join(parts)), 0
    *whole, places = parts
    yield float(f"{''.join(whole)}.{places}"), len(places)


def _is_time(typed: str, value: str, zone: ZoneInfo) -> bool:
    moment = read_time(value) if typed[0].isdigit() else None
    if moment is None:
        return False
    local = moment.astimezone(zone)
    said = read_time(typed.replace(" ", "T"))
    if said is not None:
        return said == moment
    forms = {f"{local:%Y-%m-%dT%H:%M}", f"{local:%Y-%m-%dT%H:%M:%S}", f"{local:%Y-%m-%d}"}
    for date in (f"{local.day}/{local.month}", f"{local:%d/%m}"):
        forms |= {date, f"{date}/{local.year}", f"{date}/{local:%y}"}
    return typed.replace(" ", "T") in forms or _is_clock(
        typed, local.hour, local.minute, local.second
    )


def _is_clock(typed: str, hour: int, minute: int, second: int) -> bool:
    found = _CLOCK.fullmatch(typed)
    if found is None:
        found = _HOUR.fullmatch(typed)
        return found is not None and (int(found[1]), int(found[2] or 0)) == (hour, minute)
    said = int(found[1])
    if found[4]:
        said = said % 12 + (12 if found[4].lower() == "p" else 0)
    exact = found[3] is None or int(found[3]) == second
    return exact and (said, int(found[2])) == (hour, minute)
