"""How much one answer may rest on: results lose rows from their lists until they have room."""

from __future__ import annotations

import json
from typing import Any

_SAYING_SO = 300  # bytes of `notShown`
_LAST_COUNTS = {"lines", "causeLines"}  # of a log


class TooLarge(Exception):
    """What is left of a result without its lists has no room either."""


def size_of(value: Any) -> int:
    """In bytes, as JSON; as `knowledge.limits` measures evidence."""
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def fitted(result: dict[str, Any], room: int) -> dict[str, Any]:
    """`result` in at most `room` bytes: whole rows are left out, of the largest list first.

    `notShown` says how many of which list, `shown` how many are left; totals stay. TooLarge when
    that is not enough.
    """
    excess = size_of(result) - room
    if excess <= 0:
        return result
    excess += _SAYING_SO
    fewer, not_shown = dict(result), {}
    lists = [name for name, value in result.items() if isinstance(value, list)]
    for name in sorted(lists, key=lambda name: size_of(result[name]), reverse=True):
        rows = list(result[name])
        while rows and excess > 0:
            excess -= size_of(rows.pop(0 if name in _LAST_COUNTS else -1)) + len(", ")
        if len(rows) < len(result[name]):
            fewer[name], not_shown[name] = rows, len(result[name]) - len(rows)
    if "shown" in fewer and "items" in not_shown:
        fewer["shown"] = len(fewer["items"])
    fewer["notShown"] = not_shown
    if size_of(fewer) > room:
        raise TooLarge
    return fewer
