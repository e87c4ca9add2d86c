"""How a value is said: by its kind, in a language, on the clock of a zone. `wording.toml`.

The same value always becomes the same words, for whoever says it and for whoever judges it.

    count     1.234              a quantity; `number` is written plainly: return code -1
    minutes   4 min 30 s         a duration; 1 h 15 min, 2 d 3 h
    time      02:35              with its day when that is not the day of the reading: 24/11 22:10
    day, hour, percent, flag     24/11 · 02:00 · 12,5% · sim
    name, text                   as HWA writes them, inert
    status                       ABEND; a group of statuses in words: terminou com erro
    meaning                      what a status means
    word, words                  one of a field's few words: prazo vencido

A value that its kind does not fit is said as text; one that is not there as a dash. So a table
can show whatever was read.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from knowledge.claims.inert import inert
from knowledge.hwa import statuses
from knowledge.hwa.fields import value_wording
from knowledge.hwa.statuses import GROUPS, Language

_TABLE: dict[str, Any] = tomllib.loads(
    Path(__file__).with_name("wording.toml").read_text(encoding="utf-8")
)
WORDING: int = _TABLE["version"]
LARGEST = 10**15
"""Beyond it a number is an accident, and its digits tell a reader nothing."""
MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class Voice:
    """A language, a clock, and the day that is today on it (None: every time says its day)."""

    language: Language
    zone: ZoneInfo
    today: date | None = None

    def on(self, moment: datetime | None) -> Voice:
        """The same voice with the day of `moment` as today."""
        today = moment.astimezone(self.zone).date() if moment else None
        return Voice(self.language, self.zone, today)

    def word(self, name: str) -> str:
        return str(_TABLE[self.language][name])


def words(value: Any, kind: str, voice: Voice, field: str = "") -> str:
    """A scalar, or a list of them ("A, B e C"); `field` is the one that it is a value of."""
    if not isinstance(value, list):
        return _one(value, kind, voice, field)
    said = [_one(one, kind, voice, field) for one in value[:MOST_LISTED]]
    if len(value) > MOST_LISTED:
        said.append("…")
    if len(said) < 2:
        return said[0] if said else voice.word("nothing")
    return f"{', '.join(said[:-1])} {voice.word('and')} {said[-1]}"


def _one(value: Any, kind: str, voice: Voice, field: str) -> str:
    if value is None:
        return voice.word("nothing")
    if kind in {"word", "words"} and isinstance(value, str):
        said = value_wording(field, value, voice.language)
    else:
        said = _KINDS[kind](value, voice) if kind in _KINDS else None
    return _text(value, voice) if said is None else said


def is_number(value: Any) -> bool:
    """A number that can be said: no flag, nothing infinite, nothing beyond LARGEST."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= LARGEST


# --- by kind; None when the value does not fit ------------------------------------------------


def _count(value: Any, voice: Voice) -> str | None:
    return _decimal(value, voice, "thousands") if is_number(value) else None


def _number(value: Any, voice: Voice) -> str | None:
    return _decimal(value, voice) if is_number(value) else None


def _percent(value: Any, voice: Voice) -> str | None:
    return f"{_decimal(value, voice)}%" if is_number(value) else None


def _decimal(value: float, voice: Voice, thousands: str = "") -> str:
    """At most two places: 1.234,5"""
    written = f"{value:,.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:,.0f}"
    whole, _, places = written.partition(".")
    whole = whole.replace(",", voice.word(thousands) if thousands else "")
    return f"{whole}{voice.word('decimal')}{places}" if places else whole


_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def _minutes(value: Any, _voice: Voice) -> str | None:
    if not is_number(value):
        return None
    seconds = round(abs(value) * 60)
    sign = "-" if value < 0 and seconds else ""
    if seconds < 10 * _MINUTE:
        return sign + (_parts(seconds, ("min", _MINUTE), ("s", 1)) or "0 min")
    seconds = _MINUTE * round(seconds / _MINUTE)
    if seconds < _DAY:
        return sign + _parts(seconds, ("h", _HOUR), ("min", _MINUTE))
    return sign + _parts(_HOUR * round(seconds / _HOUR), ("d", _DAY), ("h", _HOUR))


def _parts(seconds: int, *units: tuple[str, int]) -> str:
    said = []
    for name, size in units:
        number, seconds = divmod(seconds, size)
        if number:
            said.append(f"{number} {name}")
    return " ".join(said)


def _time(value: Any, voice: Voice) -> str | None:
    moment = read_time(value)
    if moment is None:
        return None
    local = moment.astimezone(voice.zone)
    day = "" if local.date() == voice.today else f"{_date(local.date(), voice)} "
    return f"{day}{local:%H:%M}"


def _day(value: Any, voice: Voice) -> str | None:
    moment = read_time(value)
    if moment is not None:
        return _date(moment.astimezone(voice.zone).date(), voice)
    try:
        return _date(date.fromisoformat(value), voice)
    except (TypeError, ValueError):
        return None


def _date(day: date, voice: Voice) -> str:
    same_year = voice.today is not None and day.year == voice.today.year
    months = _TABLE[voice.language]["months"]
    name = months[day.month - 1] if months else ""
    form = voice.word("day" if same_year else "year")
    return form.format(day=day.day, month=day.month, year=day.year, name=name)


def read_time(value: Any) -> datetime | None:
    """A time with its offset, as readings have them; None when it is none that any zone has."""
    if not isinstance(value, str) or not 19 <= len(value) <= 35:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo and 1 < moment.year < 9999 else None


def _hour(value: Any, voice: Voice) -> str | None:
    """An hour of the day, or the time at which one begins."""
    if is_number(value) and value in range(24):
        return f"{int(value):02}:00"
    return _time(value, voice)


def _flag(value: Any, voice: Voice) -> str | None:
    return voice.word("true" if value else "false") if isinstance(value, bool) else None


def _status(value: Any, voice: Voice) -> str | None:
    group = GROUPS.get(value) if isinstance(value, str) else None
    return group.wording(voice.language) if group else None


def _meaning(value: Any, voice: Voice) -> str | None:
    return statuses.wording(value, voice.language) if isinstance(value, str) else None


def _text(value: Any, voice: Voice) -> str:
    if isinstance(value, str):
        return inert(value) if value else f"({voice.word('empty')})"
    if isinstance(value, bool):
        return voice.word("true" if value else "false")
    if is_number(value):
        return _decimal(value, voice)
    if isinstance(value, (dict, list)):
        return inert(json.dumps(value, ensure_ascii=False, sort_keys=True)[:LONGEST_DATA])
    return "…"


LONGEST_DATA = 400
_KINDS: dict[str, Callable[[Any, Voice], str | None]] = {
    "count": _count,
    "number": _number,
    "percent": _percent,
    "minutes": _minutes,
    "time": _time,
    "day": _day,
    "hour": _hour,
    "flag": _flag,
    "status": _status,
    "meaning": _meaning,
}
