"""
Moments and ranges of time as HWA and its operators write them: 02:00, ontem 22h, last 3 hours,
das 22h às 6h, na madrugada, since Monday, 25/11, now-1h.

What is read is relative to a given `now`, whose time zone is the one meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from knowledge.hwa.days import FIRST_YEAR, LAST_YEAR, PERIOD, Prefer, When
from knowledge.hwa.moments import HALF_OF_DAY, MomentReader
from knowledge.hwa.spans import LEXICON, alternatives, words_in


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
    return reader._range_of(found).since


# --- How it is read -------------------------------------------------------------------------

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
_DASH = re.compile(r"\s?[-–]\s?")
_AGO_AFTER = re.compile(rf" (?:{alternatives(_L['after']['ago'])})(?!\w)")
_WORD = re.compile(r"(?<![\w.,:/#-])(?:[a-z]+|\w)")
_OPENING = {part for word in words_in(_L) for part in re.findall("[a-z]+", word)}
_OPENING |= {"a", "o", "an", "um", "uma", "mes", "month", "week", "semana"}
"""A moment or a range begins with one of these words, or with a number."""


class _Reader(MomentReader):
    """One text, read from left to right: at each word the longest thing that begins there."""

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
        return TimeInText(self._range_of(when), start, when.end) if when else None

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
        rest = self._between(self._skip(day.end)) if day and not day.hours else None
        since, until = (rest.range.since, rest.range.until) if rest else (None, None)
        if not (day and day.day and rest and since and until):
            return None
        first = datetime.combine(day.day, since.timetz())
        last = datetime.combine(day.day, until.timetz())
        return TimeInText(TimeRange(first, _day_later(last, last <= first)), start, rest.end)

    def _pair(
        self, start: int, joint: re.Pattern[str], *, hours: bool = False
    ) -> tuple[When, When] | None:
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
        own = HALF_OF_DAY.search(self.folded, start, first.end)
        if not own and HALF_OF_DAY.search(self.folded, between.end(), second.end):
            first = _in_half_of(first, second)
        return first, second

    def _spanning(self, first: When, second: When) -> TimeRange:
        """From one to the other; the second is the first one's next."""
        if first.clock and second.clock and first.day is None and second.day is not None:
            first = replace(first, day=second.day)
        since = self._range_of(first).since
        if second.clock and second.day is None and since is not None:
            until = datetime.combine(since.date(), second.clock, self.now.tzinfo)
            until += timedelta(days=until <= since)
            if self._past and first.day is None and since > self.now:
                since, until = _day_later(since, -1), _day_later(until, -1)
            return TimeRange(since, until)
        last = self._range_of(second).until
        if second.clock and since is not None and last is not None and last <= since:
            last = _day_later(last, 1)
        return TimeRange(since, last)

    def _counted(self, start: int) -> TimeInText | None:
        """The last 3 hours, as próximas 2 horas, a última hora."""
        if PERIOD.match(self.folded, start):
            return None  # "last week" is one of the calendar
        for name in ("last", "next"):
            opened = _RELATION[name].match(self.folded, start)
            at = opened.end() if opened else len(self.folded)
            if span := self._spans.at(at) or self._spans.unit_at(at):
                ends = (self.now, self._from_now(-span.span if name == "last" else span.span))
                return TimeInText(TimeRange(min(ends), max(ends)), start, span.end)
        return None

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
                told = self._range_of(when)
                bound = told.since if name in ("since", "before") else told.until
                if name == "after" and bound and when.clock:
                    bound += timedelta(seconds=1)  # what is of that very moment is not after it
                later = name in ("since", "after")
                found = TimeRange(bound, None) if later else TimeRange(None, bound)
                return TimeInText(found, start, when.end)
        return None

    def _bound(self, name: str, start: int, end: int) -> When | None:
        when = self.moment(end) or self._hour_with_article(start, end)
        if when is None and (ago := self._ago(end)):
            return When(ago.end, instant=ago.range.since)
        if when is None and name == "since" and (span := self._spans.at(end)):  # "since 2 hours"
            return When(span.end, instant=self._from_now(-span.span))
        return when

    def _hour_with_article(self, start: int, end: int) -> When | None:
        """The bare hour of "depois das 22" or "since 22h": an article, or an hour's sign."""
        hour, opened = self._bare_hour(end), self.folded[start:end]
        if hour is None:
            return None
        signed = hour.sure and "depois de" not in opened
        article = re.search(r"\b[ad]as $", opened)
        return hour if signed or (article and self._stands_alone(hour.end)) else None

    # On the calendar

    def _range_of(self, when: When) -> TimeRange:
        if when.instant is not None:
            return TimeRange(when.instant, when.instant)
        if when.clock is not None:
            at = self._at(when.day, when.clock)
            return TimeRange(at, at)
        first, last = when.hours or (0, 24 * when.days)
        day = when.day or self._day_of_part(first)
        return TimeRange(self._hour(day, first), self._hour(day, last))

    def _at(self, day: date | None, clock: time) -> datetime:
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

    def _hour(self, day: date, hours: int) -> datetime:
        """So many hours on the clock from a day's midnight."""
        days, rest = divmod(hours, 24)
        return datetime.combine(day + timedelta(days=days), time(rest), self.now.tzinfo)

    def _day_of_part(self, first: int) -> date:
        today = self.now.date()
        if self._past and self._hour(today, first) > self.now:
            return today - timedelta(days=1)
        return today


def _day_later(moment: datetime, days: int) -> datetime:
    """The same clock on another day, whatever the zone's clock did in between."""
    return datetime.combine(moment.date() + timedelta(days=days), moment.timetz())


def _in_half_of(first: When, second: When) -> When:
    """ "Between 1 and 2 pm": what is said of the second hour holds for the one before it."""
    if first.clock is None or second.clock is None or first.clock.hour + 12 > second.clock.hour:
        return first
    return replace(first, clock=first.clock.replace(hour=first.clock.hour + 12))
