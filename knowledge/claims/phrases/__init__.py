"""The fixed words of our answers: `*.toml` beside this file, a table per phrase, pt and en.

    [failed_jobs]
    pt = "{n} {n|job terminou|jobs terminaram} com erro."
    en = "{n} {n|job|jobs} ended in error."

`{n}` is a slot, `{n|one|many}` words that follow from its value: one or another number, true or
false, one or several in a list. A phrase holds no digit, name, status or time: those are claims.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from knowledge.claims.answer import Value
from knowledge.hwa.statuses import Language

_SLOT = re.compile(r"\{(?P<name>\w+)(?:\|(?P<one>[^{}|]*)\|(?P<many>[^{}|]*))?\}")


@dataclass(frozen=True, slots=True)
class Slot:
    """What of a phrase depends on a claim: its words or, with `forms`, one of two forms."""

    name: str
    forms: tuple[str, str] | None

    def form(self, value: Value) -> str:
        one, many = self.forms or ("", "")
        if isinstance(value, list):
            return one if len(value) == 1 else many
        return one if value == 1 else many  # True is 1


@dataclass(frozen=True, slots=True)
class Template:
    """A phrase in one language. `version` changes with its words."""

    parts: tuple[str | Slot, ...]
    version: str

    @property
    def shown(self) -> frozenset[str]:
        """The slots that its words depend on; any other one is its condition."""
        return frozenset(part.name for part in self.parts if isinstance(part, Slot))


def template(text: str) -> Template:
    """The parts of a phrase as written. ValueError when a brace belongs to no slot."""
    parts: list[str | Slot] = []
    end = 0
    for found in _SLOT.finditer(text):
        forms = None if found["one"] is None else (found["one"], found["many"])
        parts += [text[end : found.start()], Slot(found["name"], forms)]
        end = found.end()
    parts.append(text[end:])
    if any(isinstance(part, str) and ("{" in part or "}" in part) for part in parts):
        raise ValueError(f"a brace that belongs to no slot: {text!r}")
    version = sha256(text.encode()).hexdigest()[:8]
    return Template(tuple(part for part in parts if part != ""), version)


def _load() -> dict[str, dict[Language, Template]]:
    phrases: dict[str, dict[Language, Template]] = {}
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        for key, row in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if key in phrases:
                raise ValueError(f"{path.name}: a second phrase is called {key}")
            phrases[key] = {"pt": template(row["pt"]), "en": template(row["en"])}
    return phrases


PHRASES = _load()
