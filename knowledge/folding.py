"""Text made comparable: lower case, no accents."""

from __future__ import annotations

import unicodedata

_SINGLE_BASES: dict[int, int] = {}
for _code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
    _base = unicodedata.normalize("NFD", chr(_code))[0].lower()
    if len(_base) == 1:
        _SINGLE_BASES[_code] = ord(_base)


def fold(text: str) -> str:
    """Lower case without accents, of the same length, so that offsets hold in the original."""
    folded = text.translate(_SINGLE_BASES).lower()
    if len(folded) == len(text):
        return folded
    # A few capitals (İ) lower to two characters; those stay as they are.
    return "".join(low if len(low := ch.lower()) == 1 else ch for ch in text)
