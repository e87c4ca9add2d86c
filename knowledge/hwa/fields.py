"""The fields of what is read from the plan: how each is headed, worded and asked for.

The table is `fields.toml`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.hwa.statuses import Language


@dataclass(frozen=True, slots=True)
class FieldWords:
    """`heard`: how people ask for it, folded; `of`: the kinds of objects of which they mean it."""

    name: str
    kind: str
    pt: str
    en: str
    heard: tuple[str, ...] = ()
    of: tuple[str, ...] = ()

    def heading(self, language: Language) -> str:
        return self.pt if language == "pt" else self.en


_TABLE: dict[str, Any] = tomllib.loads(
    Path(__file__).with_name("fields.toml").read_text(encoding="utf-8")
)
FIELDS: dict[str, FieldWords] = {
    name: FieldWords(
        name,
        row["kind"],
        row["pt"],
        row["en"],
        tuple(row.get("heard", ())),
        tuple(row.get("of", ())),
    )
    for name, row in _TABLE["field"].items()
}
VALUES: dict[str, dict[str, dict[Language, str]]] = _TABLE["value"]


def value_wording(field: str, value: str, language: Language) -> str | None:
    """What one of a field's few words means; None for one that is not in the table.

    >>> value_wording("problems", "limit_0", "pt")
    'limite zero'
    """
    found = VALUES.get(field, {}).get(value)
    return found[language] if found else None
