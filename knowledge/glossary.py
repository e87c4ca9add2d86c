"""The vocabulary of IT operations and workload automation; the table is `glossary.toml`.

One concept, its names in both languages. Retrieval uses it to find an answer written in the other
language, or in other words of the same one.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from .folding import fold
from .small_words import SMALL_WORDS


@cache
def _table() -> dict[str, dict[str, dict[str, str]]]:
    text = Path(__file__).with_name("glossary.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def glossary() -> dict[str, frozenset[str]]:
    """Concept → its names in both languages, folded (lower case, no accents)."""
    return {
        concept: frozenset(fold(", ".join(names.values())).split(", "))
        for part in _table().values()
        for concept, names in part.items()
    }


def is_of_the_trade(concept: str) -> bool:
    """Whether only this trade speaks of it; else anybody may: a day, a list, a cause."""
    return concept in _table()["trade"]


_TERM_WORD = re.compile(r"[a-z0-9]+(?:[-/'][a-z0-9]+)*")
_LONGEST_TERM = 5
_ENDINGS = re.compile(
    # the commonest inflections of both languages; what remains must still be a word's root
    r"(?:amentos?|imentos?|acoes|acao|coes|cao|aram|eram|iram|ando|endo|indo|adas?|ados?|idas?|idos?"
    r"|ings?|ied|ies|ed|es|s|ou|eu|iu|ar|er|ir|am|em|[aeo])$"
)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A folded word without its inflection; crude on purpose, the same for both languages."""
    if len(word) < 5 or not word.isalpha():
        return word
    singular = re.sub(r"(?:oes|aes)$", "ao", word).removesuffix("s")
    root = _ENDINGS.sub("", singular)
    return root if len(root) >= 3 else singular


@cache
def _index() -> dict[str, dict[tuple[str, ...], frozenset[str]]]:
    """Of each word that begins a term: its terms, and what they mean."""
    index: dict[str, dict[tuple[str, ...], set[str]]] = {}
    for concept, names in glossary().items():
        for name in names:
            key = tuple(stem(word) for word in _TERM_WORD.findall(name))
            index.setdefault(key[0], {}).setdefault(key, set()).add(concept)
    return {
        first: {key: frozenset(found) for key, found in terms.items()}
        for first, terms in index.items()
    }


@dataclass(frozen=True, slots=True)
class ConceptMatch:
    """A term of the glossary in a text: `text[start:end]` stands for `concept`.

    `weight` says how plainly: a term that stands for one concept gives it 1, one that may mean any
    of four gives each a half.
    """

    concept: str
    weight: float
    start: int
    end: int


def find_concepts(text: str) -> Iterator[ConceptMatch]:
    """Each term of the glossary in the text, whatever its language or inflection."""
    folded = fold(text)
    found = list(_TERM_WORD.finditer(folded))
    words = [stem(one[0]) for one in found]
    index = _index()
    for first, word in enumerate(words):
        if (terms := index.get(word)) is None:
            continue  # most words begin no term
        for last in range(first + 1, min(first + _LONGEST_TERM, len(words)) + 1):
            meant = terms.get(tuple(words[first:last]), ())
            start, end = found[first].start(), found[last - 1].end()
            if meant and folded[start:end] in SMALL_WORDS:
                continue  # the Portuguese "com" is no "comando"
            for concept in meant:
                yield ConceptMatch(concept, 1 / math.sqrt(len(meant)), start, end)


def concepts(text: str, longest: int = 20_000) -> set[str]:
    """The glossary's concepts that the text speaks of."""
    return {match.concept for match in find_concepts(text[:longest])}
