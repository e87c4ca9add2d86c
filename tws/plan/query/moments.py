"""Times in a question: absolute, of a day (`yesterday 22:00`) or from now (`now-1h30m`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tws.plan.query.asked import PlanQueryRefused

FORMS = [
    "now", "now-1h30m", "02:00", "today", "yesterday 22:00", "2026-11-25", "2026-11-25T02:00",
]  # fmt: skip
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_SPAN = re.compile(r"(?:(?P<days>\d{1,4})d)?(?:(?P<hours>\d{1,5})h)?(?:(?P<minutes>\d{1,6})m)?")
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?")
_YEARS = range(MINYEAR + 1, MAXYEAR)
"""Beyond them a time may be none on another zone's clock."""


@dataclass(frozen=True, slots=True)
class Moment:
    """From `start` up to `end`, which is not in it; a point in time when they are the same."""

    start: datetime
    end: datetime

    @property
    def is_point(self) -> bool:
        return self.start == self.end


def read_moment(text: str, now: datetime, zone: ZoneInfo) -> Moment:
    """The moment a text means in `zone`. A day is a whole day, everything else a point.

    PlanQueryRefused when it is none.
    """
    written = " ".join(text.strip().lower().split())
    try:
        found = _from_now(written, now) or _of_a_day(written, now, zone) or _iso(text.strip(), zone)
    except OverflowError:
        found = None
    if found is None or found.start.year not in _YEARS or found.end.year not in _YEARS:
        raise PlanQueryRefused(f"{text!r} is not a time.", FORMS)
    return found


def read_span(text: str) -> timedelta | None:
    """`1d2h30m` and parts of it as a duration; None when it is none."""
    match = _SPAN.fullmatch(text.strip().lower())
    if not match or not match[0]:
        return None
    return timedelta(**{unit: int(value) for unit, value in match.groupdict(default="0").items()})


def _from_now(text: str, now: datetime) -> Moment | None:
    if not text.startswith("now"):
        return None
    rest = text.removeprefix("now").replace(" ", "")
    if not rest:
        return _point(now)
    span = read_span(rest[1:])
    if span is None or rest[0] not in "+-":
        return None
    return _point(now - span if rest[0] == "-" else now + span)


def _of_a_day(text: str, now: datetime, zone: ZoneInfo) -> Moment | None:
    word, _, clock = text.partition(" ")
    if word not in _DAYS and not clock:
        word, clock = "today", text
    if word not in _DAYS:
        return None
    day = now.astimezone(zone).date() + timedelta(days=_DAYS[word])
    if not clock:
        return _day(day, zone)
    at = _clock(clock)
    return None if at is None else _point(_at(day, at, zone))


def _clock(text: str) -> timedelta | None:
    match = _CLOCK.fullmatch(text)
    if not match:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    at = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return at if at <= timedelta(hours=24) else None


def _iso(text: str, zone: ZoneInfo) -> Moment | None:
    try:
        return _day(date.fromisoformat(text), zone)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _point(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def _day(day: date, zone: ZoneInfo) -> Moment:
    return Moment(_at(day, timedelta(), zone), _at(day, timedelta(hours=24), zone))


def _at(day: date, clock: timedelta, zone: ZoneInfo) -> datetime:
    """The time on the clock of that day: where the clocks change, not so many hours later."""
    return (datetime.combine(day, time()) + clock).replace(tzinfo=zone)


def _point(moment: datetime) -> Moment:
    return Moment(moment, moment)
