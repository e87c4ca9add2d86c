"""What a text is about, in small pieces: words, concepts of the glossary, exact terms.

The same pieces go into the `hash` embedding, into a memory's row and into a question, so that an
answer in one language is found by a question in the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge.folding import fold
from knowledge.glossary import find_concepts
from knowledge.hwa_terms import exact_terms
from knowledge.small_words import SMALL_WORDS

LONGEST = 20_000
"""Characters of a text that are looked at: a question or an answer is far shorter."""
LONGEST_WORD = 200
"""A longer word is nothing that a person looks for; the index holds it in pieces of this length."""


_WORD = re.compile(r"[a-z0-9]+(?:['_][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Word:
    """A folded word that carries meaning, and where it stands."""

    text: str
    start: int
    end: int


def find_words(text: str) -> list[Word]:
    """The words that carry meaning, in order, repeated ones too."""
    return [
        Word(m[0], m.start(), m.end())
        for m in _WORD.finditer(fold(text[:LONGEST]))
        if m[0] not in SMALL_WORDS
        and (len(m[0]) > 1 or m[0].isdigit())
        and len(m[0]) <= LONGEST_WORD
    ]


def marks(text: str) -> dict[str, float]:
    """Lexemes that no stemmer makes: `§plan` for a concept, `=jnextplan` for an exact term.

    A concept's weight is how plainly the text speaks of it; an exact term's is 1.
    """
    found: dict[str, float] = {}
    for match in find_concepts(text[:LONGEST]):
        lexeme = concept_mark(match.concept)
        found[lexeme] = max(found.get(lexeme, 0), match.weight)
    found |= dict.fromkeys(term_marks(text), 1.0)
    return found


def concept_mark(concept: str) -> str:
    return f"§{concept}"


def term_marks(text: str) -> list[str]:
    """The exact terms of a text as lexemes."""
    return [f"={term.casefold()[:200]}" for term in exact_terms(text)]
