"""Two questions in one sentence: "how many failed today, and which was the first?"."""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST_HALVES = 3
_ASKING = (
    r"o\s+que|quais|qual|quant[oa]s?|qto?s?|quando|que\s+horas?|onde|quem|por\s?qu[eê]|pq|como|(?:es)?t[áa]|"
    r"how|when|which|what|where|who|whom|why|is|are|did|does"
)
_JOINT = re.compile(rf"\?\s+(?:e\s+|and\s+)?(?=\w)|,?\s+(?:e|and)\s+(?=(?:{_ASKING})\b)", re.I)
_WORDS = re.compile(r"\w+")


def halves(text: str) -> Iterator[tuple[str, str]]:
    """What stands before and after each joint behind which a question begins."""
    for joint in list(_JOINT.finditer(text[:1_000]))[:MOST_HALVES]:
        first, then = text[: joint.start()], text[joint.end() :]
        if len(_WORDS.findall(first)) > 1 and len(_WORDS.findall(then)) > 1:
            yield first, then
