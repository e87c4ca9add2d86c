"""Evidence cut to the room there is: never in its middle, the rows that matter kept, totals too.

Of a list that is too long the items that share most with the question and the answer stay, in
their order, and behind them stands how many there are; of a long text its lines. An item is whole
or not there.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

STEPS = (200, 100, 50, 25, 12, 6, 3, 1)
"""How many items of each list are kept: the first number with which all fits."""
MOST_READINGS = 12
LONG_TEXT = 1_000
_WORD = re.compile(r"[\w./#-]{2,80}")


def fitting(evidence: Sequence[Any], about: str, room: int) -> str:
    """The evidence as JSON in at most `room` characters, cut by what `about` speaks of."""
    text = _json(evidence)
    wanted = set(_words(about))
    for most in STEPS:
        if len(text) <= room:
            return text
        text = _json(_cut(list(evidence), wanted, most))
    if len(text) <= room:
        return text
    few = _cut(list(evidence), wanted, MOST_READINGS)
    each = room // (2 * len(few))  # a list's items are indented: nothing is ever cut inside
    return _json([one if len(_json(one)) <= each else _left_out(one) for one in few])


def _left_out(reading: Any) -> dict[str, Any]:
    known = reading if isinstance(reading, dict) else {}
    return {"tool": str(known.get("tool", ""))[:40], "result": "(too large to be shown)"}


def _cut(value: Any, wanted: set[str], most: int) -> Any:
    if isinstance(value, dict):
        return {name: _cut(one, wanted, most) for name, one in value.items()}
    if isinstance(value, list):
        kept = [_cut(value[n], wanted, most) for n in _best(list(map(_json, value)), wanted, most)]
        return kept if len(kept) == len(value) else [*kept, _more(len(value), len(kept))]
    if isinstance(value, str) and len(value) > LONG_TEXT:
        lines = value.splitlines()
        kept_lines = [f"{n + 1}: {lines[n][:LONG_TEXT]}" for n in _best(lines, wanted, most)]
        return "\n".join([*kept_lines, _more(len(lines), len(kept_lines))])
    return value


def _more(total: int, kept: int) -> str:
    return f"({total - kept} more of {total} are not shown)"


def _best(items: list[str], wanted: set[str], most: int) -> list[int]:
    """The places of the items that share most with what is wanted; a rare word says more."""
    if len(items) <= most:
        return list(range(len(items)))
    shared = [wanted & set(_words(item)) for item in items]
    frequency = Counter(word for words in shared for word in words)
    scores = [sum(1 / frequency[word] for word in words) for words in shared]
    return sorted(sorted(range(len(items)), key=lambda n: -scores[n])[:most])


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str)
