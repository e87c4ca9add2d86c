"""How much one answer may rest on: a result loses whole rows until it has room."""

from __future__ import annotations

import json
from typing import Any

_SAYING_SO = 200  # bytes of `not_shown`
_LAST_COUNT = {"lines"}  # of a log


class TooLarge(Exception):
    """What is left of a result without its lists has no room either."""


def size_of(value: Any) -> int:
    """In bytes, as JSON; as `knowledge.limits` measures evidence."""
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def fitted(result: dict[str, Any], room: int) -> dict[str, Any]:
    """`result` in at most `room` bytes: whole rows are left out, of the largest list first.

    `shown` is how many rows (or lines) are left, `not_shown` how many of which list are not;
    `next` no longer fits and goes. Totals stay. TooLarge when that is not enough.
    """
    excess = size_of(result) - room
    if excess <= 0:
        return result
    excess += _SAYING_SO
    fewer, not_shown = dict(result), dict(result.get("not_shown", {}))
    lists = [name for name, value in result.items() if isinstance(value, list)]
    for name in sorted(lists, key=lambda name: size_of(result[name]), reverse=True):
        rows = list(result[name])
        while rows and excess > 0:
            excess -= size_of(rows.pop(0 if name in _LAST_COUNT else -1)) + len(", ")
        if len(rows) < len(result[name]):
            left_out = len(result[name]) - len(rows)
            fewer[name], not_shown[name] = rows, not_shown.get(name, 0) + left_out
    for name in ("rows", "lines"):
        if name in not_shown:
            fewer["shown"] = len(fewer[name])
            fewer.pop("next", None)
    if "groups" in not_shown and "groups_shown" in fewer:
        fewer |= {"groups_shown": len(fewer["groups"]), "more_groups": True}
    fewer["not_shown"] = not_shown
    if size_of(fewer) > room:
        raise TooLarge
    return fewer
