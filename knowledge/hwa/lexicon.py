"""The words of operators' questions, by what they mean; the table is `lexicon.toml`.

Pure: names and what is true of them come from elsewhere.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import OSA

from knowledge.folding import fold
from knowledge.hwa.fields import FIELDS
from knowledge.hwa.spans import LEXICON as TIMES
from knowledge.hwa.spans import words_in
from knowledge.hwa.statuses import Language, find_statuses

MOST_WORDS = 400
MOST_MISSPELT = 40
_TABLE: dict[str, Any] = tomllib.loads(
    Path(__file__).with_name("lexicon.toml").read_text(encoding="utf-8")
)
SAID: dict[str, dict[str, dict[Language, Any]]] = _TABLE["said"]


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a question: `text` folded and written out, `written` as it stands there."""

    text: str
    written: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Term:
    """What the words `first` up to, not including, `last` mean."""

    category: str
    key: str
    first: int
    last: int
    languages: frozenset[Language]


@dataclass(slots=True)
class _Node:
    after: dict[str, _Node] = field(default_factory=dict)
    meanings: dict[tuple[str, str], set[Language]] = field(default_factory=dict)


def _add(root: _Node, phrase: str, meaning: tuple[str, str], languages: Sequence[Language]) -> None:
    node = root
    for word in phrase.split():
        node = node.after.setdefault(word, _Node())
    node.meanings.setdefault(meaning, set()).update(languages)


_CONTRACTED = ("ask", "negation", "compare", "facet")
"""Whose phrases end in a preposition that takes on the article of what follows."""
_OF = ("de", "do", "da", "dos", "das")


def _contracted(phrase: str) -> Iterator[str]:
    """ "Com exceção da" with each article: "… dos", "… das"."""
    start, _, last = phrase.rpartition(" ")
    yield from (f"{start} {one}" for one in _OF) if start and last in _OF else (phrase,)


_REGULAR: dict[str, str] = _TABLE["regular"]
_FORMS = set[str]()
"""What stands in the table by its verb alone: common enough, but not what is mostly meant."""


def _inflected(phrase: str) -> Iterator[str]:
    """ "Mostr~ar" in each form of a regular verb; another phrase as it stands."""
    word = next((one for one in phrase.split() if "~" in one), "")
    if not word:
        yield phrase
        return
    stem, _, ending = word.partition("~")
    for form in (stem + one.strip(".") for one in _REGULAR[ending].split()):
        _FORMS.add(form)
        yield phrase.replace(word, form)


def _phrases() -> _Node:
    root = _Node()
    for category, keys in _TABLE["term"].items():
        for key, row in keys.items():
            for language in ("pt", "en"):
                for phrase in (one for told in row.get(language, ()) for one in _inflected(told)):
                    for form in _contracted(phrase) if category in _CONTRACTED else (phrase,):
                        _add(root, form, (category, key), (language,))
    for one in FIELDS.values():
        for phrase in one.heard:
            _add(root, phrase, ("field", one.name), ())
    return root


_ROOT = _phrases()
_SHORT: dict[str, str] = _TABLE["short"]
IGNORED: dict[Language, frozenset[str]] = {
    language: frozenset(form for word in words for form in _inflected(word))
    for language, words in _TABLE["ignored"].items()
}


EMPTY = IGNORED["pt"] | IGNORED["en"]


def _words_of(node: _Node) -> Iterator[str]:
    for word, after in node.after.items():
        yield word
        yield from _words_of(after)


VOCABULARY: frozenset[str] = frozenset(
    [
        *_words_of(_ROOT),
        *words_in(TIMES),
        *_TABLE["spelling"]["words"],
        *IGNORED["pt"],
        *IGNORED["en"],
        *_SHORT,
    ]
)
"""Words that are none of a name, and no misspelling of another."""
NARROWING = frozenset(_TABLE["narrowing"]["words"])
"""Empty words that say which ones are meant where they stand beside what is asked for."""
_OWN = frozenset(_TABLE["spelling"]["own"])
_SPELLINGS = sorted(word for word in VOCABULARY - _FORMS if len(word) >= 5 and word.isalpha())

_OPERATOR = r"(?:!=|<>|[<>]=?|=)"
_TOKEN = re.compile(rf"(?P<op>{_OPERATOR})(?=\s*-?\d)|[a-z]+(?=(?:{_OPERATOR}|:)-?\d)|\S+")
"""Of "rc!=0" three."""
_EDGE = ",;:!?.()[]{}\"'`“”‘’«»…*_~"
_PREFIX = re.compile(r"^(non|nao)-(?=[a-z])")
_INNER = re.compile(r"(?<=[a-z])['’](?=[a-z])")


def split_words(text: str) -> list[Word]:
    """The words of a text, written out: "pq o q ta em HOLD?" → porque o que esta em hold."""
    folded, found = fold(text), list[Word]()
    for match in _TOKEN.finditer(folded):
        bare = match["op"] or match[0].strip(_EDGE)
        if not bare.strip("-–—/|") or match["op"] == "=":  # "rc = 8" is "rc 8"
            continue
        start = match.start() + match[0].index(bare)
        if bare.endswith(("'s", "’s")) and _INNER.sub("", bare) not in VOCABULARY:
            bare = bare[:-2]  # of a name or a user: "today's" is a word
        end = start + len(bare)
        plain = _PREFIX.sub(r"\1 ", _INNER.sub("", bare))
        for word in _SHORT.get(plain, plain).split():
            written = text[start:end] if word == bare else word
            found.append(Word(word, written, start, end))
        if len(found) >= MOST_WORDS:
            break
    return found[:MOST_WORDS]


def mend_spelling(words: Sequence[Word], known: Set[str] = frozenset()) -> list[Word]:
    """The words with nearly the letters of one of these written so: "falahram"; `known` as is."""
    mended, tried = [], 0
    for word in words:
        better = None
        strange = not (word.text in VOCABULARY or word.text in _OWN or word.text in known)
        if strange and len(word.text) >= 5 and word.text.isalpha():
            tried += 1
            if tried <= MOST_MISSPELT and not find_statuses(word.text):
                better = _nearest(word.text)
        mended.append(Word(better, better, word.start, word.end) if better else word)
    return mended


@lru_cache(maxsize=4_096)
def _nearest(word: str) -> str | None:
    most = 1 if len(word) < 8 else 2
    found = process.extract(word[:40], _SPELLINGS, scorer=OSA.distance, score_cutoff=most, limit=5)
    return next((one for one, _distance, _at in found if _is_slip(word, one)), None)


def _is_slip(typed: str, meant: str) -> bool:
    """Whether both begin and end alike, as what a slip of the keys makes of a word mostly does:
    "including" is no "excluding", and "aumentaram" no order to "aumentar"."""
    begins = typed[0] == meant[0] or typed[:2] == meant[1::-1]
    ends = typed[-1] == meant[-1] or typed[-2:] == meant[:-3:-1]
    return begins and (ends or typed.startswith(meant) or meant.startswith(typed))


def find_terms(words: Sequence[str]) -> list[Term]:
    """Each phrase of the table in the words, the longest at each place; they may overlap."""
    found = []
    for first in range(len(words)):
        node, at = _ROOT, first
        while at < len(words) and (node_after := node.after.get(words[at])):
            node, at = node_after, at + 1
            for (category, key), languages in node.meanings.items():
                found.append(Term(category, key, first, at, frozenset(languages)))
    return _longest(found)


def _longest(terms: list[Term]) -> list[Term]:
    """Of the phrases of one category that overlap, the first and longest; all of its meanings."""
    ends: dict[str, tuple[int, int]] = {}
    found = []
    for term in sorted(terms, key=lambda one: (one.first, -one.last)):
        first, last = ends.get(term.category, (-1, 0))
        if term.first >= last or (term.first, term.last) == (first, last):
            found.append(term)
            ends[term.category] = (term.first, term.last)
    return found
