"""Facts that two texts can't both be right about: exact ones, with no likeness of wording asked.

What port something listens on, which command does it, whom to call for it, and what a message code
means (by the concepts of its explanation). Two facts contradict each other when they are of one
kind, about the same, and have nothing in common.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from knowledge.folding import fold
from knowledge.glossary import concepts
from knowledge.hwa_terms import COMMANDS, exact_terms, message_codes

Kind = Literal["port", "command", "contact", "code"]
MOST_TEXT = 5_000
_PORT = re.compile(r"\bport(?:a|as|s)?\b", re.IGNORECASE)
_PORT_NUMBER = re.compile(r"(?<![\d.:])\d{2,5}(?![\d:]|\.\d)")
_ASKS_COMMAND = re.compile(r"\b(?:which|what|qual|que|cual) (?:\w+ )?(?:command|comando)\b")
_COMMAND = re.compile(rf"\b({'|'.join(COMMANDS)})\s{{1,3}}[\"'`]?([a-z_]{{2,24}})\b", re.IGNORECASE)
_ASKS_WHOM = re.compile(
    r"\b(?:who|whom|whose|quem|owner|owns|dono|dona|responsave\w+|ramal|extension|on-?call|plantao"
    r"|phone|telefone|contact|contato)\b"
)
_REACHED_AT = re.compile(r"(?<![\w.-])(?:\+?\d[\d -]{2,18}\d|[\w.+-]{1,60}@[\w.-]{3,60})")
_PERSON = re.compile(r"\b[A-ZÀ-Ý][a-zà-ÿ]{1,20}(?: (?:d[aeo]s? )?[A-ZÀ-Ý][a-zà-ÿ]{1,20})+")


@dataclass(frozen=True, slots=True)
class Fact:
    """`values` are what is said of the subjects; any one of them would do."""

    kind: Kind
    about: frozenset[str]
    values: frozenset[str]

    def contradicts(self, other: Fact) -> bool:
        same = (self.kind, self.about) == (other.kind, other.about)
        return same and bool(self.about) and self.values.isdisjoint(other.values)


def facts(question: str, answer: str) -> list[Fact]:
    """The exact facts that an answer gives to its question."""
    question, answer = question[:MOST_TEXT], answer[:MOST_TEXT]
    about = frozenset(term.casefold() for term in exact_terms(question))
    found = ((kind, frozenset(values)) for kind, values in _values(question, answer))
    return [Fact(kind, about, values) for kind, values in found if about and values]


def opposed(stated: list[Fact], question: str, answer: str) -> Iterator[tuple[Fact, Fact]]:
    """The pairs of facts that can't both be right: one that is stated, one of another answer."""
    for there in facts(question, answer):
        yield from ((here, there) for here in stated if here.contradicts(there))


def _values(question: str, answer: str) -> Iterator[tuple[Kind, set[str]]]:
    asked = fold(question)
    if _PORT.search(asked):
        yield "port", set(_PORT_NUMBER.findall(answer))
    if _ASKS_COMMAND.search(asked):
        yield "command", {f"{tool} {name}".casefold() for tool, name in _COMMAND.findall(answer)}
    if _ASKS_WHOM.search(asked):
        reached = {re.sub(r"[ -]", "", one) for one in _REACHED_AT.findall(answer)}
        yield "contact", reached or set(_PERSON.findall(answer))
    if message_codes(question) and not message_codes(answer.replace(question, ""))[1:]:
        yield "code", concepts(answer)
