"""The functions of expressions: JMESPath's, some of them narrower, and ours (docs/claims.md).

Which of them may be used at all stands in `grammar`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from operator import itemgetter
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

    @_takes(_LIST)
    def _func_sort(self, items: list[Any]) -> list[Any]:
        return _sorted(items, items)

    @_takes(_LIST, _KEY)
    def _func_sort_by(self, items: list[Any], key: Any) -> list[Any]:
        return _sorted(items, _keys(items, key))

    @_takes(_LIST)
    def _func_max(self, items: list[Any]) -> Any:
        return next(iter(_extreme(items, items, max)), None)

    @_takes(_LIST)
    def _func_min(self, items: list[Any]) -> Any:
        return next(iter(_extreme(items, items, min)), None)

    @_takes(_LIST, _KEY)
    def _func_most(self, items: list[Any], key: Any) -> list[Any]:
        """All with the largest value: ties are named, not hidden."""
        return _extreme(items, _keys(items, key), max)

    @_takes(_LIST, _KEY)
    def _func_least(self, items: list[Any], key: Any) -> list[Any]:
        return _extreme(items, _keys(items, key), min)

    @_takes(_LIST, _KEY)
    def _func_max_by(self, items: list[Any], key: Any) -> Any:
        return _in_common(_extreme(items, _keys(items, key), max))

    @_takes(_LIST, _KEY)
    def _func_min_by(self, items: list[Any], key: Any) -> Any:
        return _in_common(_extreme(items, _keys(items, key), min))

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


def _keys(items: list[Any], key: Any) -> list[Any]:
    return [key.visit(key.expression, one) for one in items]


def _ranks(values: list[Any]) -> list[Any]:
    """What values are ordered by: times by when they are, on whatever clock."""
    moments = [read_time(value) for value in values]
    if all(moments):
        return moments
    kinds = {type(value) for value in values}
    if any(moments) or not (kinds <= {int, float} or kinds == {str}):
        raise NoClaim("values that can't be compared have no order")
    return values


def _sorted(items: list[Any], keys: list[Any]) -> list[Any]:
    pairs = sorted(zip(_ranks(keys), items, strict=True), key=itemgetter(0))
    return [one for _, one in pairs]


def _extreme(items: list[Any], keys: list[Any], pick: Callable[..., Any]) -> list[Any]:
    """All that have the largest or smallest key; what has none is passed over."""
    known = [(key, one) for key, one in zip(keys, items, strict=True) if key is not None]
    ranks = _ranks([key for key, _ in known])
    best = pick(ranks, default=None)
    return [one for rank, (_, one) in zip(ranks, known, strict=True) if rank == best]


def _in_common(items: list[Any]) -> Any:
    """The one, or of several what they agree in: which of them it is can't be said."""
    if len(items) < 2 or not all(isinstance(one, dict) for one in items):
        return items[0] if items else None
    first, *rest = items
    missing = object()
    return {k: v for k, v in first.items() if all(one.get(k, missing) == v for one in rest)}


def _moment(text: str) -> datetime:
    moment = read_time(text)
    if moment is None:
        raise NoClaim(f"{text[:40]!r} is not a time")
    return moment
