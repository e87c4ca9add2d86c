"""The fixed words of our answers: `*.toml` beside this file, a table per phrase, pt and en.

    [failed_jobs]
    pt = "{n} {n|job terminou|jobs terminaram} com erro."
    en = "{n} {n|job|jobs} ended in error."

`{n}` is a slot, `{n|one|many}` words that follow from its value: one or another number, true or
false, one or several in a list. A phrase holds no digit, name, status or time: those are claims.

What its words state beside its slots is its condition, an expression that must be true where it is
said (`{on}`; `{language}`, and its slots by their names):

    ["impact.none"]
    when = "{on}.matched == `0`"
    pt = "**{name}** não segura nada."

A phrase called after a field, as `value.owner`, says that field as its `{value}`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import get_args

from knowledge.claims.answer import CONDITION, Value
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
    """A phrase in one language. `version` changes with its words and with their condition.

    `when` is its condition ("" for none), `field` the one that its `{value}` is of ("" for any).
    """

    parts: tuple[str | Slot, ...]
    version: str
    when: str = ""
    field: str = ""

    @property
    def shown(self) -> frozenset[str]:
        """The slots that its words depend on."""
        return frozenset(part.name for part in self.parts if isinstance(part, Slot))

    @property
    def slots(self) -> frozenset[str]:
        """All that it takes: CONDITION too, when it has one."""
        return self.shown | ({CONDITION} if self.when else set())

    def condition(self, on: str, slots: Mapping[str, str]) -> str:
        """Its condition on a part of the evidence, as `q1.rows[0]`, with its slots' expressions."""
        return self._of(slots).replace("{on}", on)

    def _of(self, slots: Mapping[str, str]) -> str:
        return re.sub(r"\{(\w+)\}", lambda slot: slots.get(slot[1], slot[0]), self.when)

    def is_condition(self, expr: str, slots: Mapping[str, str]) -> bool:
        """Whether the expression is its condition, on whatever part of the evidence."""
        first, *rest = map(re.escape, self._of(slots).split("{on}"))
        later = "".join(rf"(?P=on){one}" for one in rest[1:])
        on = rf"(?P<on>{_PART}){rest[0]}{later}" if rest else ""
        return re.fullmatch(first + on, expr) is not None


_PART = r"[a-z]\d+(?:\.\w+|\[\d+\])*"


def template(text: str, when: str = "", field: str = "") -> Template:
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
    version = sha256(f"{text}{when}".encode()).hexdigest()[:8]
    return Template(tuple(part for part in parts if part != ""), version, when, field)


def _load() -> dict[str, dict[Language, Template]]:
    phrases: dict[str, dict[Language, Template]] = {}
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        for key, row in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if key in phrases:
                raise ValueError(f"{path.name}: a second phrase is called {key}")
            phrases[key] = {language: _template(key, row, language) for language in _LANGUAGES}
    return phrases


_LANGUAGES: tuple[Language, ...] = get_args(Language)


def _template(key: str, row: dict[str, str], language: Language) -> Template:
    when = row.get("when", "").replace("{language}", language)
    field = key.rpartition(".")[2] if "." in key and "{value}" in row[language] else ""
    return template(row[language], when, field)


PHRASES = _load()
