"""Text that PostgreSQL, UTF-8 and JSON can hold."""

from __future__ import annotations

import json
import math
import re
from typing import Any

REPLACEMENT = "\ufffd"

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


UNREADABLE = {"tool": "unreadable", "result": None}
"""Stands for evidence that the database holds and nobody can read."""


class EvidenceDecoder(json.JSONDecoder):
    """Evidence as it is stored. What another program wrote may be nested too deep to be read, or
    hold a number too long: that is one UNREADABLE reading, which harms no other row."""

    def decode(self, s: str, *args: Any) -> Any:
        try:
            return super().decode(s, *args)
        except (RecursionError, ValueError):
            return [UNREADABLE]


def clean(text: str) -> str:
    """What PostgreSQL and UTF-8 can hold: NUL and lone surrogates replaced, CR normalised."""
    return _UNSTORABLE.sub(REPLACEMENT, text.replace("\r\n", "\n").replace("\r", "\n"))


def clean_json(value: Any, depth: int = 40) -> Any:
    """`value` with every string in it cleaned; what lies deeper than `depth` becomes "…"."""
    if isinstance(value, str):
        return clean(value)
    if depth == 0 and isinstance(value, (dict, list, tuple)):
        return "…"
    if isinstance(value, dict):
        return {clean(str(key)): clean_json(item, depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean_json(item, depth - 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no NaN
    return value
