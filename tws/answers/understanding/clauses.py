"""Words of a question that stand beside what it asks: in a clause of their own, before the verb's
object, as an adverb. None of them says which rows are meant.

What may narrow them is a word beside the noun, or behind its preposition: those are never here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from knowledge.hwa.lexicon import EMPTY, VOCABULARY, Word
from tws.answers.understanding.question import Question, all_places, places_of

_OPENING = frozenset({"ask", "polite", "follow", "talk", "wish", "stop"})
"""What may be said before the question itself."""
_ENDS_CLAUSE = re.compile(r"[,;:.!?]|\s[-–—]\s")
_ENDS_SENTENCE = re.compile(r"[.!?]")
_LEADS = frozenset({
    "o", "os", "as", "um", "uma", "the", "an", "me", "us", "nos", "aqui", "ai", "at", "into",
})  # fmt: skip
"""Between a verb and its object."""
_JOINS = frozenset({
    "e", "ou", "mas", "and", "or", "but", "da", "do", "das", "dos", "de", "na", "no", "nas", "nos",
    "when", "while", "during", "if", "unless", "where",
    "quando", "enquanto", "durante", "se", "onde",
    "em", "of", "from", "in", "on", "at", "with", "com", "sem", "without", "que", "that", "which",
})  # fmt: skip
"""How what belongs to the clause before begins."""
_ADVERB = re.compile(r"\w{3,}(?:mente|(?<!dai)(?<!week)(?<!month)(?<!hour)(?<!year)(?<!ear)ly)")


def leave_aside(question: Question) -> None:
    """Take what stands beside for none of the question; a verb or an adverb is told though."""
    _leave_clauses(question)
    q = question
    strange = [at for at in _strange(q) if at not in q.used]
    first = min(_saying(q), default=0)
    clear = q.statuses or any(t.category in ("flag", "facet", "field") for t in q.terms)
    for at in strange:
        leads = q.words[at + 1].text in _LEADS if at + 1 < len(q.words) else False
        if _ADVERB.fullmatch(q.words[at].text) or (clear and at < first and leads):
            q.asides.add(at)


def _saying(q: Question) -> set[int]:
    """The places of what a plan can be asked by."""
    says = {at for t in q.terms if t.category not in _OPENING for at in places_of(t)}
    counted = [one for one in q.numbers if q.text_of(one) not in EMPTY]  # "um tempinho"
    return says | all_places(q.names, counted, q.spans, q.statuses, q.times)


def _strange(q: Question) -> Iterator[int]:
    known = all_places(q.terms, q.names, q.numbers, q.spans, q.statuses, q.times)
    yield from (at for at, w in enumerate(q.words) if at not in known and w.text not in VOCABULARY)


def _leave_clauses(q: Question) -> None:
    """Take a clause with strange words in it, beside one that says something of the plan, for none
    of the question: "when you get a chance, …", "…, the boss is asking"."""
    says, strange = _saying(q), set(_strange(q))
    last = max(says, default=-1)
    for first, end in _clauses(q):
        clause = set(range(first, end))
        after = last < first
        if not says - clause or not clause & strange or (after and _goes_on(q, first, end)):
            continue
        told = clause & says
        if told and not (told <= all_places(q.times) and _is_sentence(q, end)):
            continue
        q.used |= clause - told
        q.terms = [t for t in q.terms if t.category != "ask" or t.first not in clause]


def _clauses(q: Question) -> Iterator[tuple[int, int]]:
    begin = 0
    for at in range(len(q.words)):
        if at + 1 == len(q.words) or _ENDS_CLAUSE.search(_between(q.words, q.text, at)):
            yield begin, at + 1
            begin = at + 1


def _is_sentence(q: Question, end: int) -> bool:
    return end < len(q.words) and bool(_ENDS_SENTENCE.search(_between(q.words, q.text, end - 1)))


def _between(words: Sequence[Word], text: str, at: int) -> str:
    return text[words[at].end : words[at + 1].start]


def _goes_on(q: Question, first: int, end: int) -> bool:
    """Whether a last clause belongs to what was said: "…, da folha", "…, only weekly"."""
    only = any(first <= t.first < end for t in q.of("follow", "only", "of_them"))
    return only or end - first < 3 or q.words[first].text in _JOINS
