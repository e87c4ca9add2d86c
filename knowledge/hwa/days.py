"""Days as HWA and its operators write them: ontem, last night, sexta passada, 25/11, next week."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Literal

from knowledge.folding import fold
from knowledge.hwa.spans import LEXICON, SpanReader, alternatives

FIRST_YEAR, LAST_YEAR = 1990, 2199
Prefer = Literal["past", "future"]


def _words(*sections: list[str]) -> str:
    return alternatives([word for section in sections for word in section])


_L = LEXICON
_THING = re.compile(r"\s([a-z]{3,})")
_NO_THINGS = frozenset(_L["said_alone"]["no_things"])
_NEXT = re.compile(r",? ")
_AT_DAY = re.compile(rf"(?:{alternatives(_L['at']['day'])}) ")
_DAY = re.compile(rf"(?P<word>{alternatives(_L['day'])})(?!\w)")
_NIGHT = re.compile(rf"(?P<word>{alternatives(_L['night'])})(?!\w)")
_PART = re.compile(rf"(?P<word>{alternatives(_L['part'])})(?!\w)")
_W = _L["which"]
_WEEKDAY = re.compile(
    rf"(?:(?P<before1>{_words(_W['before_pt'], _W['before_en'])}) "
    rf"|(?P<after1>{_words(_W['after_pt'], _W['after_en'])}) )?"
    rf"(?P<word>{alternatives(_L['weekday'])})s?(?!\w)"
    rf"(?: (?:(?P<before2>{_words(_W['before_pt'])})|(?P<after2>{_words(_W['after_pt'])}))(?!\w))?"
)
PERIOD = re.compile(
    rf"(?:(?:{_words(_W['this'])}) (?P<this>semana|week|mes|month)"
    rf"|(?:{_words(_W['before_en'])}) (?P<last>week|month)"
    rf"|(?P<passed>semana|mes) (?:{_words(_W['before_pt'])}))(?!\w)"
)
_ISO = re.compile(
    r"(?P<y>\d{4})-(?P<mo>\d\d)-(?P<d>\d\d)"
    r"(?:[t ](?P<clock>\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(?P<zone>z|[+-]\d\d:?\d\d)?)?(?![\w:])"
)
_DATE = re.compile(r"(?P<d>\d{1,2})/(?P<mo>\d{1,2})(?:/(?P<y>\d{4}|\d\d))?(?![\w/])")
_OF_MONTH = re.compile(r"dia (?P<d>\d{1,2})(?![\w/:])")
_MONTHS = alternatives(_L["month"])
_NAMED = re.compile(
    rf"(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th|o)?(?: de| of)? (?P<m1>{_MONTHS})(?!\w)"
    rf"(?:,? (?:de )?(?P<y1>\d{{4}}))?"
    rf"|(?P<m2>{_MONTHS}) (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?![\w:])(?:,? (?P<y2>\d{{4}}))?)"
)


@dataclass(frozen=True, slots=True)
class When:
    """What was said of a moment or a day; what was not is None."""

    end: int
    day: date | None = None
    clock: time | None = None
    hours: tuple[int, int] | None = None  # of the day: its part, as hours from midnight
    days: int = 1
    instant: datetime | None = None
    sure: bool = False  # an hour that says so: 22h


class DayReader:
    """Reads the day that begins at a place of a text."""

    def __init__(self, text: str, now: datetime, prefer: Prefer) -> None:
        self.folded = fold(text)
        self._accented = text
        self.now = now
        self._past = prefer == "past"
        self._spans = SpanReader(text)

    def _day(self, start: int) -> When | None:
        found = self._day_word(start)
        at = _AT_DAY.match(self.folded, start)
        if found is None and at:
            part = _PART.match(self.folded, at.end())
            found = self._day_word(at.end())
            if part and found is None:
                return When(part.end(), hours=_hours(part["word"]))
        return found

    def _part_of(self, day: When) -> When | None:
        """The part after a day: "ontem à noite", "yesterday morning"."""
        if day.hours or day.days > 1:
            return None
        start = self._skip(day.end)
        at = _AT_DAY.match(self.folded, start)
        part = _PART.match(self.folded, at.end() if at else start)
        return replace(day, end=part.end(), hours=_hours(part["word"])) if part else None

    def _day_word(self, start: int) -> When | None:
        text, today = self.folded, self.now.date()
        if night := _NIGHT.match(text, start):
            first, last = _L["night"][night["word"]]
            return When(night.end(), day=today, hours=(first, last))
        if word := _DAY.match(text, start):
            return When(word.end(), day=today + timedelta(days=_L["day"][word["word"]]))
        if (weekday := _WEEKDAY.match(text, start)) and self._stands_alone(weekday.end()):
            return self._weekday(weekday)
        if period := PERIOD.match(text, start):
            return self._period(period)
        if (part := _PART.match(text, start)) and part["word"] in _L["said_alone"]["parts"]:
            return When(part.end(), hours=_hours(part["word"]))  # "tarde" alone is "late"
        return self._iso(start) or self._date(start)

    def _weekday(self, match: re.Match[str]) -> When:
        word = match["word"]
        before = match["before1"] or match["before2"]
        after = match["after1"] or match["after2"]
        today = self.now.date()
        shift = _L["weekday"][word] - today.weekday()
        if before or (self._past and not after):
            back = -shift % 7 or (7 if before else 0)
            return When(match.end(), day=today - timedelta(days=back))
        ahead = shift % 7 or (7 if after else 0)
        return When(match.end(), day=today + timedelta(days=ahead))

    def _period(self, match: re.Match[str]) -> When:
        before, today = match["this"] is None, self.now.date()
        if match[match.lastgroup or 0] in ("semana", "week"):
            monday = today - timedelta(days=today.weekday() + 7 * before)
            return When(match.end(), day=monday, days=7)
        first = today.replace(day=1)
        if before:
            first = (first - timedelta(days=1)).replace(day=1)
        following = (first + timedelta(days=31)).replace(day=1)
        return When(match.end(), day=first, days=(following - first).days)

    def _iso(self, start: int) -> When | None:
        match = _ISO.match(self.folded, start)
        day = _date(int(match["y"]), int(match["mo"]), int(match["d"])) if match else None
        if match is None or day is None:
            return None
        if not match["clock"]:
            return When(match.end(), day=day)
        try:
            at = datetime.fromisoformat(f"{day}T{match['clock']}{(match['zone'] or '').upper()}")
        except ValueError:
            return None
        at = at if at.tzinfo else at.replace(tzinfo=self.now.tzinfo)
        return When(match.end(), instant=at.astimezone(self.now.tzinfo))

    def _date(self, start: int) -> When | None:
        if match := _DATE.match(self.folded, start):
            day, month, year = int(match["d"]), int(match["mo"]), match["y"]
            if month > 12:
                day, month = month, day
        elif match := _OF_MONTH.match(self.folded, start):
            return self._day_of_month(match)
        elif (match := _NAMED.match(self.folded, start)) and self._is_month(match):
            day = int(match["d1"] or match["d2"])
            month = _L["month"][match["m1"] or match["m2"]]
            year = match["y1"] or match["y2"]
        else:
            return None
        if year:
            whole = int(year) if len(year) == 4 else 2000 + int(year)
            found = _date(whole, month, day)
        else:
            found = self._nearest_year(month, day)
        return When(match.end(), day=found) if found else None

    def _is_month(self, match: re.Match[str]) -> bool:
        """Not the "out" of "2 out of 3" and the "may" of "job 5 may fail"."""
        if (match["m1"] or match["m2"]) not in _L["said_alone"]["no_month"]:
            return True
        if match["m1"]:
            return " de " in match[0] or " of " in match[0]
        return self._accented[match.start()].isupper()

    def _day_of_month(self, match: re.Match[str]) -> When | None:
        """Dia 20: this month's, or that of the month before or after."""
        first, number = self.now.date().replace(day=1), int(match["d"])
        for months in (0, -1, -2) if self._past else (0, 1, 2):
            total = first.year * 12 + first.month - 1 + months
            day = _date(total // 12, total % 12 + 1, number)
            on_side = day and (day <= self.now.date() if self._past else day >= self.now.date())
            if on_side:
                return When(match.end(), day=day)
        return None

    def _nearest_year(self, month: int, day: int) -> date | None:
        today = self.now.date()
        this = _date(today.year, month, day)
        if this is None or (this <= today if self._past else this >= today):
            return this
        return _date(today.year + (-1 if self._past else 1), month, day)

    def _stands_alone(self, end: int) -> bool:
        """Whether no thing follows that was counted: "às 22 falhas", "a segunda execução"."""
        following = _THING.match(self.folded, end)
        return following is None or following[1] in _NO_THINGS

    def _skip(self, start: int) -> int:
        """Past the comma or the space."""
        match = _NEXT.match(self.folded, start)
        return match.end() if match else start


def _hours(part: str) -> tuple[int, int]:
    first, last = _L["part"][part]
    return first, last


def _date(year: int, month: int, day: int) -> date | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None
