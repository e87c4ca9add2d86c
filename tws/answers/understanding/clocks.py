"""The hours and days of a question: in words, beside what is counted, to come or over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from knowledge.hwa.lexicon import Term, Word
from knowledge.hwa.numbers import find_numbers
from knowledge.hwa.statuses import find_statuses
from knowledge.hwa.times import TimeInText, TimeRange, find_times
from tws.answers.understanding.question import Found

BETWEEN = frozenset({"between", "entre"})
_FUTURE = frozenset({("superlative", "next"), ("flag", "will_miss")})
_COUNTED = frozenset({
    "rc", "code", "codigo", "retorno", "priority", "prioridade", "limit", "limite", "fence",
})  # fmt: skip
_PAST = re.compile(r"(?:ou|aram|eram|iram|iu|eu|ed|(?<!ro)d[oa]s?|ran|began|begun|took)$")
_ARTICLES = frozenset({"as", "das", "pelas"})
_UNITS = frozenset({"minutos", "minutes", "segundos", "seconds", "dias", "days"})
_HALVES = frozenset({"am", "pm", "oclock"})
_PARTS = frozenset({"manha", "tarde", "noite", "madrugada"})


def hours_written(words: list[Word]) -> list[Word]:
    """ "Between 10 and 12" of nothing else that is counted: hours; and "treze horas" in digits."""
    found = list(words)
    for at in range(len(words) - 3):
        first, then = words[at + 1].text, words[at + 3].text
        opens = words[at].text in BETWEEN and words[at + 2].text in ("and", "e")
        counted = {word.text for word in words[max(0, at - 3) : at]} & _COUNTED
        behind = words[at + 4].text if at + 4 < len(words) else " "
        last = not (behind[0].isdigit() or behind in _UNITS)
        hours = _hour(first), _hour(then)
        if opens and last and not counted and None not in hours:
            for place, hour in zip((at + 1, at + 3), hours, strict=True):
                found[place] = replace(words[place], text=f"{hour}h", written=f"{hour}h")
    for at, word in enumerate(words):
        before, after = words[max(0, at - 1)].text, [one.text for one in words[at + 1 : at + 3]]
        said = after[:1] == ["horas"] and before in _ARTICLES
        said = said or (after[:1] == ["da"] and not _PARTS.isdisjoint(after))
        said = said or not _HALVES.isdisjoint(after[:1])
        if said and not word.text.isdecimal() and (hour := _hour(word.text)) is not None:
            found[at] = replace(word, text=str(hour), written=str(hour))
    return found


def _hour(word: str) -> int | None:
    """10, and "dez": not more than there are."""
    if not word.isdecimal():
        numbers = [one.value for one in find_numbers(word) if one.end == len(word)]
        return int(numbers[0]) if numbers and numbers[0] <= 24 else None
    return int(word) if len(word) <= 2 and int(word) <= 24 else None


def times_in(text: str, now: datetime, terms: Sequence[Term]) -> Iterator[TimeInText]:
    """The times of a text; the clock of what is not said to be over is one of today."""
    keys = {(term.category, term.key) for term in terms}
    said = text.split()
    verbs = (" ".join(said[t.first : t.last]) for t in terms if t.category == "event")
    over = find_statuses(text) or any(map(_PAST.search, verbs))
    found = find_times(text, now, "future" if keys & _FUTURE else "past")
    today = now.replace(hour=23, minute=59, second=59)
    to_come = ("event", "scheduled") in keys or not over
    by_evening = find_times(text, today) if to_come else found
    for one, later in zip(found, by_evening, strict=False):
        bounds = zip(_bounds(one), _bounds(later), strict=True)
        moved = any(a and b and abs(b - a) == timedelta(days=1) for a, b in bounds)
        yield later if moved else one


def _bounds(one: TimeInText) -> tuple[datetime | None, datetime | None]:
    return one.range.since, one.range.until


def until_this_hour(
    times: list[Found[TimeRange]], terms: Sequence[Term], now: datetime
) -> list[Found[TimeRange]]:
    """ "Ontem a essa hora": a day that is over, up to the hour that it is now."""
    this_hour = next((term for term in terms if term.category == "this_hour"), None)
    days = [one for one in times if one.value.until and one.value.until <= now]
    if this_hour is None or len(days) != 1 or (since := days[0].value.since) is None:
        return times
    until = since.replace(hour=now.hour, minute=now.minute)
    upto = Found(TimeRange(since, until), days[0].first, days[0].last)
    return [upto if one is days[0] else one for one in times]
