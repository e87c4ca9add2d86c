"""What a text is about, in small pieces: words, concepts of the glossary, exact terms.

The same pieces go into the `hash` embedding, into the search row of a memory and into a question,
so that an answer in one language is found by a question in the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge.folding import fold
from knowledge.glossary import find_concepts
from knowledge.hwa_terms import exact_terms, message_codes

LONGEST = 20_000
"""Characters of a text that are looked at: a question or an answer is far shorter."""
LONGEST_WORD = 200
"""A longer word is nothing that a person looks for; the index holds it in pieces of this length."""


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOP_WORDS = _set(
    """
    a o as os um uma uns umas de do da dos das em no na nos nas ao aos pelo pela por para
    pra com sem sob sobre entre ate e ou mas que se nao sim como quando onde quem qual quais
    quanto isso isto esse essa este esta esses essas estes estas aquele aquela ele ela eles
    elas eu me meu minha meus minhas seu sua seus suas nosso nossa voce voces lhe ser sao
    era foi fui sendo sido estar estao estava esteve ter tem tenho tinha teve ha haver houve
    fazer faz faco fez feito ir vai vou pode posso podem poder deve devo devem dever ja
    ainda so mais menos muito muita tambem la aqui ali ai entao pois nem cada todo toda
    todos todas algum alguma alguns algumas mesmo mesma outro outra the an of to in on at by
    for from with without into onto and or but not yes if then than that this these those
    there here it its i my mine we our you your he she they them his her their is are was
    were be been being am does did done doing have has had having can could may might must
    shall should will would what which who whom whose when where how why too very just also
    any some each all every both more most less least such same other another own out up
    down over under again s t d ll m re ve don doesn didn isn aren wasn won let oq q eh pq
    vs x please about
    """
)

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
        if m[0] not in STOP_WORDS
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


def asked_codes(text: str) -> list[str]:
    """The message codes of a question as lexemes: an answer about another code is none."""
    return [f"={code.casefold()}" for code in message_codes(text)]


ABOUT_A_CODE = "#code"
"""Lexeme of a memory whose question names message codes."""
