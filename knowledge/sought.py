"""A question taken apart: what is looked for by words.

Each unit is a word, a concept of the glossary or an exact term, and says which words of the
question it accounts for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from knowledge import features
from knowledge.folding import fold
from knowledge.glossary import find_concepts, is_of_the_trade
from knowledge.hwa.times import find_times
from knowledge.hwa_terms import message_codes

MOST_WORDS = 30
MOST_CONCEPTS = 20
MOST_TERMS = 20
# Of two memories that share as much, the one that shares what was meant, not how it was put.
WORD, CONCEPT, TERM = 1.0, 2.5, 1.5
PLAIN = 0.5
"""How plainly a word must mean a concept of the trade: one of four meanings is the least."""
FEW_WORDS = 2
"""With no more, it has to be of the trade plainly: "how do I fix it?" asks for no fix pack."""

_EARLIER = re.compile(
    r"\b(?:historico|historia|antes|ultima vez|ja (?:falh|acontec|ocorr)\w*|history"
    r"|earlier|last time|ever|before|previously|in the past|no passado|costuma\w*|usually)\b"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """`lexeme` stands in the index as it is; a word must be brought to its stem first."""

    lexeme: str
    weight: float
    places: frozenset[int] = frozenset()
    is_word: bool = False
    is_of_the_trade: bool = False


@dataclass(frozen=True, slots=True)
class Sought:
    units: tuple[Unit, ...]
    words: int
    """How many words of the question carry meaning."""
    codes: frozenset[str]
    """Message codes: an answer to a question about another code is none."""

    @property
    def terms(self) -> list[str]:
        """Exact terms, as lexemes."""
        return [unit.lexeme for unit in self.units if unit.lexeme[0] == "="]


def look_for(question: str) -> Sought:
    words = features.find_words(question)[:MOST_WORDS]
    found: dict[str, Unit] = {}

    def add(unit: Unit) -> None:
        known = found.get(unit.lexeme, unit)
        places, weight = known.places | unit.places, max(known.weight, unit.weight)
        found[unit.lexeme] = replace(known, places=places, weight=weight)

    for place, word in enumerate(words):
        add(Unit(word.text, WORD, frozenset({place}), is_word=True))
    matches = sorted(find_concepts(question), key=lambda match: -match.weight)
    everyday = {(one.start, one.end) for one in matches if not is_of_the_trade(one.concept)}
    for match in matches[: 3 * MOST_CONCEPTS]:
        places = frozenset(
            n for n, word in enumerate(words) if word.start < match.end and match.start < word.end
        )
        mark, weight = features.concept_mark(match.concept), CONCEPT * match.weight
        trade = match.weight >= PLAIN and is_of_the_trade(match.concept)
        if len(words) <= FEW_WORDS and (match.start, match.end) in everyday:
            trade = False
        if mark in found or len(found) < len(words) + MOST_CONCEPTS:
            add(Unit(mark, weight, places, is_of_the_trade=trade))
    for term in features.term_marks(question)[:MOST_TERMS]:
        add(Unit(term, TERM))
    return Sought(tuple(found.values()), len(words), frozenset(message_codes(question)))


def is_about_the_past(question: str, now: datetime) -> bool:
    """Whether it asks how things were: only then a state of the plan that is over answers it."""
    ranges = (found.range for found in find_times(question[:300], now))
    ended = any(when.until is not None and when.until <= now for when in ranges)
    return ended or _EARLIER.search(fold(question)) is not None
