"""The words of our own prompts: where they stand in an answer, they were leaked."""

from __future__ import annotations

import re
from functools import cache

from django.conf import settings

from knowledge.folding import fold

IN_A_ROW = 7
"""So many words of a prompt in their order are no coincidence."""
_WORD = re.compile(r"\w+")


def words_of_ours(folded: str) -> tuple[int, int] | None:
    """Where words of a prompt file stand in a folded text, at least IN_A_ROW in a row."""
    words = list(_WORD.finditer(folded))
    ours = _runs()
    for first in range(len(words) - IN_A_ROW + 1):
        run = words[first : first + IN_A_ROW]
        if tuple(word[0] for word in run) in ours:
            return run[0].start(), run[-1].end()
    return None


@cache
def _runs() -> frozenset[tuple[str, ...]]:
    """All runs of words of the prompts that lie in folders of that name, or below."""
    found: set[tuple[str, ...]] = set()
    for room in ("audits", "tws"):
        for path in sorted((settings.BASE_DIR / room).rglob("prompts/**/*.txt")):
            words = _WORD.findall(fold(path.read_text(encoding="utf-8")))
            found.update(zip(*(words[shift:] for shift in range(IN_A_ROW)), strict=False))
    return frozenset(found)
