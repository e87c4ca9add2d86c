"""
Moments and ranges of time as HWA and its operators write them: 02:00, ontem 22h, last 3 hours,
das 22h às 6h, na madrugada, since Monday, 25/11, now-1h.

What is read is relative to a given `now`, whose time zone is the one meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from knowledge.folding import fold
from knowledge.hwa.spans import LEXICON, SpanReader, alternatives, words_in

FIRST_YEAR, LAST_YEAR = 1990, 2199
Prefer = Literal["past", "future"]


def is_instant(moment: datetime) -> bool:
    """Whether a time can be one of a plan's, not a "no date" in disguise.

    Engines write year 1 (Java's and .NET's zero), 1970 (an epoch of 0) and 9999 where they mean
    none. Some of them cannot even be brought into another time zone.
    """
    return FIRST_YEAR <= moment.year <= LAST_YEAR


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From `since` up to, not including, `until`; None is open. Both equal: one moment."""

    since: datetime | None
    until: datetime | None

    @property
    def is_moment(self) -> bool:
        return self.since is not None and self.since == self.until


@dataclass(frozen=True, slots=True)
class TimeInText:
    """A range that a text names, and where."""

    range: TimeRange
    start: int
    end: int


def find_times(text: str, now: datetime, prefer: Prefer = "past") -> list[TimeInText]:
    """The moments and ranges of a text, in order.

    `prefer` says on which side of now a clock, a weekday or a date without its year lies: of
    "falhas desde as 22h" the past, of "o que roda às 22h" the future. A length of time alone
    ("há mais de 2h" as "running for 2h") is none: see `find_spans`.
    """
    return list(_Reader(text, now, prefer).read())


def read_moment(text: str, now: datetime, prefer: Prefer = "past") -> datetime | None:
    """The one moment that a whole text is: `02:00`, `yesterday 22:00`, `now-1h`, an ISO time.

    A day is its beginning. None when it is no moment.
    """
    reader = _Reader(text.strip(), now, prefer)
    found = reader.relative() or reader.moment(0, clock_said=True)
    if found is None or found.end != len(reader.folded):
        return None
    return found.range(reader).since


# --- How it is read -------------------------------------------------------------------------


def _words(*sections: list[str]) -> str:
    return alternatives([word for section in sections for word in section])


_L = LEXICON
_RELATION = {
    name: re.compile(rf"(?:{alternatives(words)})(?:\s|(?=\d))", re.ASCII)
    for name, words in _L["relation"].items()
}
_BETWEEN = [
    (re.compile(rf"{re.escape(first)} "), re.compile(rf"\s?(?:{alternatives(joints)}) "))
    for first, joints in sorted(_L["between"].items(), key=lambda pair: -len(pair[0]))
]
_OF_HOURS = {rf"{re.escape(first)} " for first in _L["said_alone"]["of_hours"]}
_THING = re.compile(r"\s([a-z]{3,})")
_NO_THINGS = frozenset(_L["said_alone"]["no_things"])
_DASH = re.compile(r"\s?[-–]\s?")
_AGO_AFTER = re.compile(rf" (?:{alternatives(_L['after']['ago'])})(?!\w)")
_AT_CLOCK = re.compile(rf"(?:{alternatives(_L['at']['clock'])}) ")
_AT_DAY = re.compile(rf"(?:{alternatives(_L['at']['day'])}) ")
_HALF_OF_DAY = re.compile(
    rf"\s?(?:h(?:oras?)? )?(?:(?P<am>{alternatives(_L['half_of_day']['am'])})"
    rf"|(?P<pm>{alternatives(_L['half_of_day']['pm'])}))(?!\w)"
)
_DIGITAL = re.compile(
    r"(?P<h>[01]?\d|2[0-4])(?::(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d))?|h(?P<m2>[0-5]\d))(?:h|hs)?(?![\w:])"
)
_HOUR = re.compile(
    r"(?P<h>[01]?\d|2[0-4])(?P<unit>\s?(?:hs?|hrs?|horas?|o'clock)(?!\w))?(?![\w:/.,-]*\d)"
)
_CLOCK_WORD = re.compile(
    rf"(?:o |a )?(?P<word>{alternatives(_L['clock'])})(?: e (?P<half>meia)(?!\w))?(?!\w)"
)
_DAY = re.compile(rf"(?P<word>{alternatives(_L['day'])})(?!\w)")
_NOW = re.compile(rf"(?:{alternatives(_L['now']['words'])})(?![\w-])")
_NIGHT = re.compile(rf"(?P<word>{alternatives(_L['night'])})(?!\w)")
_PART = re.compile(rf"(?P<word>{alternatives(_L['part'])})(?!\w)")
_W = _L["which"]
_WEEKDAY = re.compile(
    rf"(?:(?P<before1>{_words(_W['before_pt'], _W['before_en'])}) "
    rf"|(?P<after1>{_words(_W['after_pt'], _W['after_en'])}) )?"
    rf"(?P<word>{alternatives(_L['weekday'])})s?(?!\w)"
    rf"(?: (?:(?P<before2>{_words(_W['before_pt'])})|(?P<after2>{_words(_W['after_pt'])}))(?!\w))?"
)
_PERIOD = re.compile(
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
_RELATIVE = re.compile(r"(?:now|agora)\s?(?P<sign>[+-])\s?(?=\w)")

_WORD = re.compile(r"(?<![\w.,:/#-])(?:[a-z]+|\w)")


_OPENING = {part for word in words_in(_L) for part in re.findall("[a-z]+", word)}
_OPENING |= {"a", "o", "an", "um", "uma", "mes", "month", "week", "semana"}
"""A moment or a range begins with one of these words, or with a number."""


@dataclass(frozen=True, slots=True)
class _When:
    """What was said of a moment or a day; what was not is None."""

    end: int
    day: date | None = None
    clock: time | None = None
    hours: tuple[int, int] | None = None  # of the day: its part, as hours from midnight
    days: int = 1
    instant: datetime | None = None
    sure: bool = False  # an hour that says so: 22h

    def range(self, reader: _Reader) -> TimeRange:
        if self.instant is not None:
            return TimeRange(self.instant, self.instant)
        if self.clock is not None:
            at = reader.at(self.day, self.clock)
            return TimeRange(at, at)
        first, last = self.hours or (0, 24 * self.days)
        day = self.day or reader.day_of_part(first)
        return TimeRange(reader.hour(day, first), reader.hour(day, last))


class _Reader:
    """One text, read from left to right: at each word the longest thing that begins there."""

    def __init__(self, text: str, now: datetime, prefer: Prefer) -> None:
        self.folded = fold(text)
        self._accented = text
        self.now = now
        self._past = prefer == "past"
        self._spans = SpanReader(text)

    def read(self) -> Iterator[TimeInText]:
        end = 0
        for match in _WORD.finditer(self.folded):
            start = match.start()
            if start < end or not self._may_open(match[0], start):
                continue
            found = self._range(start)
            if found:
                yield found
                end = found.end

    def _may_open(self, word: str, start: int) -> bool:
        """Most words of a text are none of time's: they need not be held against each pattern."""
        return (
            word in _OPENING
            or word[0].isdigit()
            or word.removesuffix("s") in _OPENING
            or self._spans.number_at(start) is not None
        )

    # Ranges

    def _range(self, start: int) -> TimeInText | None:
        return (
            self._between(start)
            or self._between_of_day(start)
            or self._counted(start)
            or self._ago(start)
            or self._open_ended(start)
            or self._said(start)
        )

    def _said(self, start: int) -> TimeInText | None:
        when = self.moment(start)
        return TimeInText(when.range(self), start, when.end) if when else None

    def _between(self, start: int) -> TimeInText | None:
        for opening, joint in _BETWEEN:
            opened = opening.match(self.folded, start)
            hours = opening.pattern in _OF_HOURS
            if opened and (pair := self._pair(opened.end(), joint, hours=hours)):
                return TimeInText(self._spanning(*pair), start, pair[1].end)
        pair = self._pair(start, _DASH)
        return TimeInText(self._spanning(*pair), start, pair[1].end) if pair else None

    def _between_of_day(self, start: int) -> TimeInText | None:
        """Ontem entre 22h e 23h, today from 8 to 10 am."""
        day = self._day(start)
        rest = self._between(_skip(self.folded, day.end)) if day and not day.hours else None
        since, until = (rest.range.since, rest.range.until) if rest else (None, None)
        if not (day and day.day and rest and since and until):
            return None
        first = datetime.combine(day.day, since.timetz())
        last = datetime.combine(day.day, until.timetz())
        return TimeInText(TimeRange(first, _day_later(last, last <= first)), start, rest.end)

    def _pair(
        self, start: int, joint: re.Pattern[str], *, hours: bool = False
    ) -> tuple[_When, _When] | None:
        """Two moments, of which one is surely a clock or a day; the other may be a bare hour.

        `hours`: what stood before them said that both are hours ("das 8 às 10").
        """
        bare = joint is not _DASH
        first = self.moment(start) or (self._bare_hour(start) if bare else None)
        between = joint.match(self.folded, first.end) if first else None
        if first is None or between is None:
            return None
        sure = self.moment(between.end())
        second = sure or self._bare_hour(between.end())
        if second is None or not (hours or sure or self.moment(start) or first.sure or second.sure):
            return None
        own = _HALF_OF_DAY.search(self.folded, start, first.end)
        if not own and _HALF_OF_DAY.search(self.folded, between.end(), second.end):
            first = _in_half_of(first, second)
        return first, second

    def _bare_hour(self, start: int) -> _When | None:
        match = _HOUR.match(self.folded, start)
        if match is None:
            return None
        return _When(match.end(), clock=_clock(int(match["h"])), sure=bool(match["unit"]))

    def _spanning(self, first: _When, second: _When) -> TimeRange:
        """From one to the other; the second is the first one's next."""
        if first.clock and second.clock and first.day is None and second.day is not None:
            first = replace(first, day=second.day)
        since = first.range(self).since
        if second.clock and second.day is None and since is not None:
            until = datetime.combine(since.date(), second.clock, self.now.tzinfo)
            until += timedelta(days=until <= since)
            if self._past and first.day is None and since > self.now:
                since, until = _day_later(since, -1), _day_later(until, -1)
            return TimeRange(since, until)
        last = second.range(self).until
        if second.clock and since is not None and last is not None and last <= since:
            last = _day_later(last, 1)
        return TimeRange(since, last)

    def _counted(self, start: int) -> TimeInText | None:
        """The last 3 hours, as próximas 2 horas, a última hora."""
        if _PERIOD.match(self.folded, start):
            return None  # "last week" is one of the calendar
        for name in ("last", "next"):
            opened = _RELATION[name].match(self.folded, start)
            span = self._spans_at(opened.end()) if opened else None
            if span is None:
                continue
            if name == "last":
                return TimeInText(TimeRange(self._from_now(-span[0]), self.now), start, span[1])
            return TimeInText(TimeRange(self.now, self._from_now(span[0])), start, span[1])
        return None

    def _spans_at(self, start: int) -> tuple[timedelta, int] | None:
        found = self._spans.at(start) or self._spans.unit_at(start)
        return (found.span, found.end) if found else None

    def _ago(self, start: int) -> TimeInText | None:
        """Há 2 horas, 2 hours ago, daqui a 30 minutos: a moment."""
        ahead = _RELATION["ahead"].match(self.folded, start)
        opened = ahead or _RELATION["ago"].match(self.folded, start)
        span = self._spans.at(opened.end() if opened else start)
        after = _AGO_AFTER.match(self.folded, span.end) if span else None
        if span is None or not (opened or after):
            return None
        at = self._from_now(span.span if ahead else -span.span)
        return TimeInText(TimeRange(at, at), start, after.end() if after else span.end)

    def _open_ended(self, start: int) -> TimeInText | None:
        """Desde ontem, since 02:00, até as 6h, before Monday."""
        for name in ("since", "after", "until", "before"):
            opened = _RELATION[name].match(self.folded, start)
            when = self._bound(name, start, opened.end()) if opened else None
            if when:
                told = when.range(self)
                bound = told.since if name in ("since", "before") else told.until
                later = name in ("since", "after")
                found = TimeRange(bound, None) if later else TimeRange(None, bound)
                return TimeInText(found, start, when.end)
        return None

    def _bound(self, name: str, start: int, end: int) -> _When | None:
        when = self.moment(end) or self._hour_with_article(start, end)
        if when is None and (ago := self._ago(end)):
            return _When(ago.end, instant=ago.range.since)
        if when is None and name == "since" and (span := self._spans.at(end)):  # "since 2 hours"
            return _When(span.end, instant=self._from_now(-span.span))
        return when

    def _hour_with_article(self, start: int, end: int) -> _When | None:
        """The bare hour of "depois das 22" or "since 22h": an article, or an hour's sign."""
        hour, opened = self._bare_hour(end), self.folded[start:end]
        if hour is None:
            return None
        signed = hour.sure and "depois de" not in opened
        article = re.search(r"\b[ad]as $", opened)
        return hour if signed or (article and self._stands_alone(hour.end)) else None

    # Moments

    def relative(self) -> _When | None:
        """`now-1h`, `now+30m`, `now`."""
        match = _RELATIVE.match(self.folded)
        span = self._spans.at(match.end()) if match else None
        if match is None or span is None:
            return None
        shift = span.span if match["sign"] == "+" else -span.span
        return _When(span.end, instant=self._from_now(shift))

    def moment(self, start: int, *, clock_said: bool = False) -> _When | None:
        """A day, a clock or both in either order, with the words that go before them."""
        now = _NOW.match(self.folded, start)
        if now:
            return _When(now.end(), instant=self.now)
        iso = self._iso(start)
        if iso and iso.instant:
            return iso
        day = iso or self._day(start)
        if day:
            return self._clock_of(day) or self._part_of(day) or day
        at = _AT_CLOCK.match(self.folded, start)
        # Without its accent "as 22" may be an article: "as 22 falhas", which `_clock` tells apart.
        sure = at is not None and (at[0] != "as " or "à" in self._accented[start : at.end()])
        clock = self._clock(at.end() if at else start, sure=sure)
        loose = clock or self._clock(start, sure=True)  # "22h ontem"
        if loose:
            later = self._day(_skip(self.folded, loose.end))
            if later and later.hours is None and (clock or later.day):
                return replace(loose, day=later.day, end=later.end)
        if clock:
            return clock
        hour = self._bare_hour(start) if clock_said else None
        return hour if hour and hour.sure else None

    def _clock_of(self, day: _When) -> _When | None:
        """The clock after a day: "ontem às 22h", "ontem 22h", "Monday at 2 pm"."""
        if day.hours:
            return None
        start = _skip(self.folded, day.end)
        at = _AT_CLOCK.match(self.folded, start)
        clock = self._clock(at.end() if at else start, sure=at is not None, hour_sign=True)
        return replace(clock, day=day.day) if clock else None

    def _part_of(self, day: _When) -> _When | None:
        """The part after a day: "ontem à noite", "yesterday morning"."""
        if day.hours or day.days > 1:
            return None
        start = _skip(self.folded, day.end)
        at = _AT_DAY.match(self.folded, start)
        part = _PART.match(self.folded, at.end() if at else start)
        return replace(day, end=part.end(), hours=_hours(part["word"])) if part else None

    def _day(self, start: int) -> _When | None:
        found = self._day_word(start)
        at = _AT_DAY.match(self.folded, start)
        if found is None and at:
            part = _PART.match(self.folded, at.end())
            found = self._day_word(at.end())
            if part and found is None:
                return _When(part.end(), hours=_hours(part["word"]))
        return found

    def _day_word(self, start: int) -> _When | None:
        text, today = self.folded, self.now.date()
        if night := _NIGHT.match(text, start):
            first, last = _L["night"][night["word"]]
            return _When(night.end(), day=today, hours=(first, last))
        if word := _DAY.match(text, start):
            return _When(word.end(), day=today + timedelta(days=_L["day"][word["word"]]))
        if (weekday := _WEEKDAY.match(text, start)) and self._stands_alone(weekday.end()):
            return self._weekday(weekday)
        if period := _PERIOD.match(text, start):
            return self._period(period)
        if (part := _PART.match(text, start)) and part["word"] in _L["said_alone"]["parts"]:
            return _When(part.end(), hours=_hours(part["word"]))  # "tarde" alone is "late"
        return self._iso(start) or self._date(start)

    def _weekday(self, match: re.Match[str]) -> _When:
        word = match["word"]
        before = match["before1"] or match["before2"]
        after = match["after1"] or match["after2"]
        today = self.now.date()
        shift = _L["weekday"][word] - today.weekday()
        if before or (self._past and not after):
            back = -shift % 7 or (7 if before else 0)
            return _When(match.end(), day=today - timedelta(days=back))
        ahead = shift % 7 or (7 if after else 0)
        return _When(match.end(), day=today + timedelta(days=ahead))

    def _period(self, match: re.Match[str]) -> _When:
        before, today = match["this"] is None, self.now.date()
        if match[match.lastgroup or 0] in ("semana", "week"):
            monday = today - timedelta(days=today.weekday() + 7 * before)
            return _When(match.end(), day=monday, days=7)
        first = today.replace(day=1)
        if before:
            first = (first - timedelta(days=1)).replace(day=1)
        following = (first + timedelta(days=31)).replace(day=1)
        return _When(match.end(), day=first, days=(following - first).days)

    def _iso(self, start: int) -> _When | None:
        match = _ISO.match(self.folded, start)
        day = _date(int(match["y"]), int(match["mo"]), int(match["d"])) if match else None
        if match is None or day is None:
            return None
        if not match["clock"]:
            return _When(match.end(), day=day)
        try:
            at = datetime.fromisoformat(f"{day}T{match['clock']}{(match['zone'] or '').upper()}")
        except ValueError:
            return None
        at = at if at.tzinfo else at.replace(tzinfo=self.now.tzinfo)
        return _When(match.end(), instant=at.astimezone(self.now.tzinfo))

    def _date(self, start: int) -> _When | None:
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
        return _When(match.end(), day=found) if found else None

    def _is_month(self, match: re.Match[str]) -> bool:
        """Not the "out" of "2 out of 3" and the "may" of "job 5 may fail"."""
        if (match["m1"] or match["m2"]) not in _L["said_alone"]["no_month"]:
            return True
        if match["m1"]:
            return " de " in match[0] or " of " in match[0]
        return self._accented[match.start()].isupper()

    def _day_of_month(self, match: re.Match[str]) -> _When | None:
        """Dia 20: this month's, or that of the month before or after."""
        first, number = self.now.date().replace(day=1), int(match["d"])
        for months in (0, -1, -2) if self._past else (0, 1, 2):
            total = first.year * 12 + first.month - 1 + months
            day = _date(total // 12, total % 12 + 1, number)
            on_side = day and (day <= self.now.date() if self._past else day >= self.now.date())
            if on_side:
                return _When(match.end(), day=day)
        return None

    def _nearest_year(self, month: int, day: int) -> date | None:
        today = self.now.date()
        this = _date(today.year, month, day)
        if this is None or (this <= today if self._past else this >= today):
            return this
        return _date(today.year + (-1 if self._past else 1), month, day)

    def _clock(self, start: int, *, sure: bool, hour_sign: bool = False) -> _When | None:
        """A time of day; a bare hour only when something before it said that it is one."""
        text = self.folded
        if word := _CLOCK_WORD.match(text, start):
            minute = 30 if word["half"] else 0
            return _When(word.end(), clock=time(_L["clock"][word["word"]], minute))
        match = _DIGITAL.match(text, start) or _HOUR.match(text, start)
        if match is None:
            number = self._spans.number_at(start) if sure else None
            if number is None or not 0 <= number.value <= 24:
                return None
            hour, end, digital = number.value, number.end, False
            hours = re.compile(r" horas?(?!\w)").match(text, end)
            end = hours.end() if hours else end
        else:
            hour, end, digital = int(match["h"]), match.end(), match.re is _DIGITAL
        half = _HALF_OF_DAY.match(text, end)
        if half is None and not digital:
            unit = match["unit"] if match else None
            if not (sure and self._stands_alone(end)) and not (hour_sign and unit):
                return None
        minute = int(match["m"] or match["m2"] or 0) if match and digital else 0
        second = int(match["s"] or 0) if match and digital else 0
        if half:
            end = half.end()
            hour = hour % 12 + (12 if half["pm"] else 0) if hour <= 12 else hour
        elif not digital and (extra := re.compile(r" e (meia|\d\d)(?![\w:/])").match(text, end)):
            minute, end = (30 if extra[1] == "meia" else int(extra[1]) % 60), extra.end()
        return _When(end, clock=_clock(hour, minute, second))

    def _stands_alone(self, end: int) -> bool:
        """Whether no thing follows that was counted: "às 22 falhas", "a segunda execução"."""
        following = _THING.match(self.folded, end)
        return following is None or following[1] in _NO_THINGS

    # The calendar

    def _from_now(self, span: timedelta) -> datetime:
        """So much time from now, also where the zone's clock is put forward in between."""
        return (self.now.astimezone(UTC) + span).astimezone(self.now.tzinfo)

    def at(self, day: date | None, clock: time) -> datetime:
        """A clock on its day; without one, the nearest on the side that is preferred."""
        zone = self.now.tzinfo
        if day is not None:
            return datetime.combine(day, clock, zone)
        at = datetime.combine(self.now.date(), clock, zone)
        if self._past and at > self.now:
            return _day_later(at, -1)
        if not self._past and at < self.now:
            return _day_later(at, 1)
        return at

    def hour(self, day: date, hours: int) -> datetime:
        """So many hours on the clock from a day's midnight."""
        days, rest = divmod(hours, 24)
        return datetime.combine(day + timedelta(days=days), time(rest), self.now.tzinfo)

    def day_of_part(self, first: int) -> date:
        today = self.now.date()
        if self._past and self.hour(today, first) > self.now:
            return today - timedelta(days=1)
        return today


def _skip(text: str, start: int) -> int:
    match = re.compile(r",? ").match(text, start)
    return match.end() if match else start


def _hours(part: str) -> tuple[int, int]:
    first, last = _L["part"][part]
    return first, last


def _clock(hour: int, minute: int = 0, second: int = 0) -> time:
    return time(hour % 24, minute, second)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None


def _day_later(moment: datetime, days: int) -> datetime:
    """The same clock on another day, whatever the zone's clock did in between."""
    return datetime.combine(moment.date() + timedelta(days=days), moment.timetz())


def _in_half_of(first: _When, second: _When) -> _When:
    """ "Between 1 and 2 pm": what is said of the second hour holds for the one before it."""
    if first.clock is None or second.clock is None or first.clock.hour + 12 > second.clock.hour:
        return first
    return replace(first, clock=first.clock.replace(hour=first.clock.hour + 12))
