"""What HWA's terms mean: the definitions that agents say and memories begin with.

The texts are `terms.toml`; a status that has none there is defined by its wording in
`knowledge.hwa.statuses`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.folding import fold
from knowledge.hwa.statuses import STATUSES, SUBSTATUSES, Language, wording


@dataclass(frozen=True, slots=True)
class Entry:
    """A question and its answer, in both languages."""

    asked: Mapping[Language, str]
    said: Mapping[Language, str]


@dataclass(frozen=True, slots=True)
class Term(Entry):
    names: tuple[str, ...]


def entry_of(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "asked": {"pt": row["pt"]["asked"], "en": row["en"]["asked"]},
        "said": {"pt": row["pt"]["said"], "en": row["en"]["said"]},
    }


_TABLE = tomllib.loads(Path(__file__).with_name("terms.toml").read_text(encoding="utf-8"))

TERMS: dict[str, Term] = {
    key: Term(**entry_of(row), names=tuple(row["names"])) for key, row in _TABLE.items()
}

_KEY_OF = {name: key for key, term in TERMS.items() for name in term.names} | {
    code.lower(): code
    for code in (*STATUSES, *SUBSTATUSES)
    if not any(code.lower() in term.names for term in TERMS.values())
}
_NAMED = re.compile(
    rf"(?<![\w#])(?:{'|'.join(map(re.escape, sorted(_KEY_OF, key=len, reverse=True)))})(?![\w#])"
)


def find_terms(text: str) -> list[str]:
    """The keys of the terms and statuses that a text names, each once, in its order.

    >>> find_terms("diferença entre limit e fence?")
    ['limit', 'fence']
    """
    return list(dict.fromkeys(_KEY_OF[found] for found in _NAMED.findall(fold(text))))


def definition(key: str, language: Language) -> str | None:
    """What a term means, by the key that `find_terms` gave; None for one that is not known."""
    if term := TERMS.get(key):
        return term.said[language]
    words = wording(key, language)
    return f"{key}: {words}." if words else None
