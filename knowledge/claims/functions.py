"""The functions of expressions: JMESPath's, some of them narrower, and ours (docs/claims.md).

Which of them may be used at all stands in `grammar`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from jmespath.functions import Functions, signature

from knowledge.claims.evidence import NoClaim
from knowledge.claims.wording import read_time
from knowledge.hwa.statuses import group_of

_Function = TypeVar("_Function", bound=Callable[..., Any])
_NUMBER = {"types": ["number"]}
_NUMBERS = {"types": ["number"], "variadic": True}
_TEXT = {"types": ["string"]}
_LIST = {"types": ["array"]}
_LIST_OR_TEXT = {"types": ["array", "string"]}
_KEY = {"types": ["expref"]}
_SCALAR = {"types": ["string", "number", "boolean"]}


def _takes(*arguments: dict[str, Any]) -> Callable[[_Function], _Function]:
    return cast("Callable[[_Function], _Function]", signature(*arguments))


class ClaimFunctions(Functions):  # type: ignore[misc]  # jmespath has no types
    """JMESPath's functions and ours (docs/claims.md)."""

    @_takes(_LIST)
    def _func_length(self, items: list[Any]) -> int:
        return len(items)

    @_takes(_LIST)
    def _func_reverse(self, items: list[Any]) -> list[Any]:
        return items[::-1]

    @_takes(_LIST_OR_TEXT, _SCALAR)
    def _func_contains(self, subject: Any, search: Any) -> bool:
        return search in subject

    @_takes(_LIST, _KEY)
    def _func_most(self, items: list[Any], key: Any) -> list[Any]:
        """All with the largest value: ties are named, not hidden."""
        return self._extreme(items, key, max)

    @_takes(_LIST, _KEY)
    def _func_least(self, items: list[Any], key: Any) -> list[Any]:
        return self._extreme(items, key, min)

    def _extreme(self, items: list[Any], key: Any, pick: Callable[..., Any]) -> list[Any]:
        keyed = [(key.visit(key.expression, one), one) for one in items]
        known = [(value, one) for value, one in keyed if value is not None]
        kinds = {type(value) for value, _ in known}
        if not (kinds <= {int, float} or kinds == {str}):
            raise NoClaim("the largest or smallest of values that can't be compared")
        best = pick((value for value, _ in known), default=None)
        return [one for value, one in known if value == best]

    @_takes(_LIST)
    def _func_distinct(self, items: list[Any]) -> list[Any]:
        if any(isinstance(one, (list, dict)) for one in items):
            raise NoClaim("distinct takes a list of values, as in distinct(q1.rows[*].job)")
        return list({(type(one), one): one for one in items}.values())

    @_takes(_NUMBER, _NUMBERS)
    def _func_plus(self, *numbers: float) -> float:
        return sum(numbers)

    @_takes(_NUMBER, _NUMBER)
    def _func_minus(self, number: float, other: float) -> float:
        return number - other

    @_takes(_NUMBER, _NUMBER)
    def _func_share(self, part: float, whole: float) -> float:
        """In percent, to a tenth."""
        if not whole:
            raise NoClaim("a share of nothing")
        return round(100 * part / whole, 1)

    @_takes(_TEXT, _TEXT)
    def _func_minutes_between(self, start: str, end: str) -> float:
        return round((_moment(end) - _moment(start)).total_seconds() / 60, 1)

    @_takes(_TEXT, _NUMBER)
    def _func_add_minutes(self, time: str, minutes: float) -> str:
        return (_moment(time) + timedelta(minutes=minutes)).isoformat(timespec="seconds")

    @_takes(_TEXT)
    def _func_local_hour(self, time: str) -> int:
        return _moment(time).hour

    @_takes({"types": ["string", "null"]})
    def _func_group_of(self, status: str | None) -> str | None:
        """The group of a status: failed, running, success …"""
        return group_of(status)

    @_takes(_TEXT)
    def _func_local_day(self, time: str) -> str:
        return _moment(time).date().isoformat()


def _moment(text: str) -> datetime:
    moment = read_time(text)
    if moment is None:
        raise NoClaim(f"{text[:40]!r} is not a time")
    return moment
