"""Moments as HWA and its operators write them: 02:00, ontem 22h, 10 pm, meio-dia, now-1h."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from knowledge.hwa.days import DayReader, When
from knowledge.hwa.spans import LEXICON, alternatives

_L = LEXICON
_NOW = re.compile(rf"(?:{alternatives(_L['now']['words'])})(?![\w-])")
_RELATIVE = re.compile(r"(?:now|agora)\s?(?P<sign>[+-])\s?(?=\w)")
_AT_CLOCK = re.compile(rf"(?:{alternatives(_L['at']['clock'])}) ")
HALF_OF_DAY = re.compile(
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


class MomentReader(DayReader):
    """Reads the moment that begins at a place of a text: a day, a clock, or both."""

    def relative(self) -> When | None:
        """`now-1h`, `now+30m`, `now`."""
        match = _RELATIVE.match(self.folded)
        span = self._spans.at(match.end()) if match else None
        if match is None or span is None:
            return None
        shift = span.span if match["sign"] == "+" else -span.span
        return When(span.end, instant=self._from_now(shift))

    def moment(self, start: int, *, clock_said: bool = False) -> When | None:
        """A day, a clock or both in either order, with the words that go before them."""
        now = _NOW.match(self.folded, start)
        if now:
            return When(now.end(), instant=self.now)
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
            later = self._day(self._skip(loose.end))
            if later and later.hours is None and (clock or later.day):
                return replace(loose, day=later.day, end=later.end)
        if clock:
            return clock
        hour = self._bare_hour(start) if clock_said else None
        return hour if hour and hour.sure else None

    def _clock_of(self, day: When) -> When | None:
        """The clock after a day: "ontem às 22h", "ontem 22h", "Monday at 2 pm"."""
        if day.hours:
            return None
        start = self._skip(day.end)
        at = _AT_CLOCK.match(self.folded, start)
        clock = self._clock(at.end() if at else start, sure=at is not None, hour_sign=True)
        return replace(clock, day=day.day) if clock else None

    def _bare_hour(self, start: int) -> When | None:
        match = _HOUR.match(self.folded, start)
        if match is None:
            return None
        return When(match.end(), clock=_time(int(match["h"])), sure=bool(match["unit"]))

    def _clock(self, start: int, *, sure: bool, hour_sign: bool = False) -> When | None:
        """A time of day; a bare hour only when something before it said that it is one."""
        text = self.folded
        if word := _CLOCK_WORD.match(text, start):
            minute = 30 if word["half"] else 0
            return When(word.end(), clock=time(_L["clock"][word["word"]], minute))
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
        half = HALF_OF_DAY.match(text, end)
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
        return When(end, clock=_time(hour, minute, second))

    def _from_now(self, span: timedelta) -> datetime:
        """So much time from now, also where the zone's clock is put forward in between."""
        return (self.now.astimezone(UTC) + span).astimezone(self.now.tzinfo)


def _time(hour: int, minute: int = 0, second: int = 0) -> time:
    return time(hour % 24, minute, second)
