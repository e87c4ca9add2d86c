"""Hostile text on a page: secrets masked, hidden characters written out, passages marked.

What comes out is still text and must be escaped; Django's templates do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from knowledge.markdown import to_line
from knowledge.secrets import Secret, find_secrets
from knowledge.visible import visible

LONGEST = 20_000
"""Characters of one text on a page that did not ask for all of it."""
_GLANCED = 2_000
"""Characters that the gist of a text is taken from."""
_OVERLAP = 9_000
"""Beyond the cut, so that a secret across it is seen whole (the longest has 8,000 characters)."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text as shown; `marks` numbers the quotes (from 1) that cover it."""

    text: str
    marks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A text as shown, in pieces. `left_out` counts the characters that were not."""

    pieces: tuple[Piece, ...]
    left_out: int = 0

    def __str__(self) -> str:
        return "".join(piece.text for piece in self.pieces)


def shown(
    text: str, quotes: Iterable[str | tuple[int, int]] = (), longest: int | None = LONGEST
) -> Shown:
    """`text` for a page, with the first occurrence of each of `quotes` marked by its number.

    A pair instead of a quote says from where to where.
    """
    whole = len(text)
    end = whole if longest is None else min(longest, whole)
    text = text[: end + _OVERLAP]
    secrets = [secret for secret in find_secrets(text) if secret.start < end]
    spans = [
        (found[0], min(found[1], end), number)
        for number, quote in enumerate(quotes, start=1)
        if (found := _span(text, quote)) and 0 <= found[0] < end
    ]
    cuts = {0, end, *(c for s in secrets for c in (s.start, min(s.end, end)))}
    cuts.update(cut for start, stop, _ in spans for cut in (start, stop))
    borders = sorted(cuts)
    pieces = [
        Piece(
            _masked(text, start, stop, secrets),
            tuple(number for a, b, number in spans if a <= start and stop <= b),
        )
        for start, stop in pairwise(borders)
    ]
    return Shown(tuple(piece for piece in pieces if piece.text), whole - end)


def _span(text: str, quote: str | tuple[int, int]) -> tuple[int, int] | None:
    if isinstance(quote, tuple):
        return quote
    at = text.find(quote) if quote.strip() else -1
    return None if at < 0 else (at, at + len(quote))


def _masked(text: str, start: int, stop: int, secrets: list[Secret]) -> str:
    """A stretch between two cuts: of a secret its kind, once; of anything else its characters."""
    for secret in secrets:
        if secret.start <= start < secret.end:
            return f"[masked: {secret.kind}]" if start == secret.start else ""
    return visible(text[start:stop])


def excerpt(text: str, longest: int = 160) -> str:
    """The beginning of a text on one line."""
    begun = shown(text, longest=longest)
    return " ".join(str(begun).split()) + ("…" if begun.left_out else "")


def gist(text: str, longest: int = 160) -> str:
    """The beginning of an answer on one line, without the marks of its tables and lists.

    Masked on both sides: a row tells a secret that its words alone don't, and the other way round.
    """
    return excerpt(to_line(str(shown(text, longest=_GLANCED))), longest)


def as_text(value: object) -> str:
    """Evidence of any shape, readable: a string as it is, everything else as indented JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)
