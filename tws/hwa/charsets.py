"""Text as engines and their agents send it, whatever they say of its charset."""

from __future__ import annotations

import codecs

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What servers say when nobody told them: a claim that every byte sequence fulfils.
_LATIN = frozenset({"iso8859-1", "latin-1", "ascii", "cp1252"})


def decoded(raw: bytes, charset: str | None = None) -> str:
    """The text: by its mark, by the charset that was said, as UTF-8, else as Windows writes it.

    Bytes with accents that are valid UTF-8 are UTF-8, also where Latin-1 was said: application
    servers say that by default, and no sentence in Latin-1 looks like UTF-8 by chance.
    """
    for mark, name in _BOMS:
        if raw.startswith(mark):
            return raw.decode(name, errors="replace")
    said = _known(charset)
    for name in ("utf-8",) if said is None or said in _LATIN else (said, "utf-8"):
        try:
            return raw.decode(name)
        except UnicodeDecodeError:
            continue
    text = raw.decode("utf-8", errors="replace")
    odd = text.count("\ufffd")
    if 0 < odd <= sum(character > "\x7f" for character in text) - odd:
        return text  # UTF-8 with a stray byte
    return raw.decode("cp1252", errors="replace")


def _known(charset: str | None) -> str | None:
    try:
        return codecs.lookup(charset).name if charset else None
    except LookupError:
        return None
