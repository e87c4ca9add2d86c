"""What changed between two texts, word by word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from knowledge.shown import shown

WORDS = 1500
"""Longer texts are compared line by line, and beyond as many lines not at all: it is quadratic."""

_WORD = re.compile(r"\s*\S+|\s+")
"""With the space before it: two texts that share nothing but spaces share nothing."""
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch that stayed ("same"), went ("removed") or came ("added")."""

    kind: str
    text: str


def changes(before: str, after: str) -> list[Change]:
    """From `before` to `after`, both as shown on pages: masked, visible, cut when very long."""
    old_text, new_text = str(shown(before)), str(shown(after))
    for pattern in (_WORD, _LINE):
        old, new = pattern.findall(old_text), pattern.findall(new_text)
        if max(len(old), len(new)) <= WORDS:
            return _compared(old, new)
    return [Change("removed", old_text), Change("added", new_text)]


def _compared(old: list[str], new: list[str]) -> list[Change]:
    found = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new).get_opcodes():
        if kind == "equal":
            found.append(Change("same", "".join(old[a:b])))
            continue
        if a < b:
            found.append(Change("removed", "".join(old[a:b])))
        if c < d:
            found.append(Change("added", "".join(new[c:d])))
    return found
