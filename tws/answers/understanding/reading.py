"""How a question is taken apart: words, names, times, numbers, statuses and phrases in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from knowledge.hwa.lexicon import Term, Word, mend_spelling, split_words
from knowledge.hwa.numbers import find_numbers
from knowledge.hwa.spans import find_spans
from knowledge.hwa.statuses import find_statuses
from tws.answers.understanding.clauses import leave_aside
from tws.answers.understanding.clocks import BETWEEN, hours_written, times_in, until_this_hour
from tws.answers.understanding.naming import Named, Names
from tws.answers.understanding.phrases import keep_meant, phrases_of
from tws.answers.understanding.question import Found, Question, Value, all_places, places_of

MOST_CHARACTERS = 10_000
_ONE = frozenset({"one", "um", "uma"})
_SPENT = frozenset({
    "passou", "passaram", "ficou", "ficaram", "levou", "levaram", "demorou", "demoraram", "spent",
    "took", "exceeded", "ultrapassou", "ultrapassaram",
})  # fmt: skip
"""Before a length of time: how long it ran, and it has ended."""
_NO_STATUS = {("event", "start"), ("by", "group")}
"""Whose phrases hold words of statuses: "began running", "broken down by"."""
_NUMBERED = {("filter", "rc"), ("field", "priority"), ("field", "limit"), ("field", "fence")}
"""What a number right after it is one of, and no hour."""


def read_question(text: str, names: Names, now: datetime) -> Question:
    """The question as far as it says something by itself."""
    text = text[:MOST_CHARACTERS]
    words = split_words(text)
    named = names.find(words, text)
    known = names.words.logins.keys() | names.words.station_words.keys()
    words, places = _masked(hours_written(mend_spelling(words, known)), named)
    terms = phrases_of(words, text)
    spoken, starts = _spoken(words)
    spans = [_at(one.span, one.start, one.end, starts) for one in find_spans(spoken)]
    numbers = [_at(one.value, one.start, one.end, starts) for one in find_numbers(spoken)]
    numbers += [one for one in _more(words, terms) if one.first not in all_places(numbers)]
    lengths = _lengths(words, terms, [*spans, *numbers])
    clocks = times_in(_without(words, lengths), now, terms)
    all_times = [_at(one.range, one.start, one.end, starts) for one in clocks]
    present = [one for one in all_times if one.value.since == one.value.until == now]
    told = [one for one in all_times if one not in present]
    times = until_this_hour(told, terms, now)
    spans = _beside(spans, times)
    other = [t for t in terms if (t.category, t.key) in _NO_STATUS and t.last - t.first > 1]
    statuses = [_at(one, one.start, one.end, starts) for one in find_statuses(spoken)]
    statuses = _beside(statuses, other)
    spent = spans and any(word.text in _SPENT for word in words)  # "passou de uma hora rodando"
    ran = [one for one in statuses if spent and one.value.group == "running"]
    question = Question(
        text,
        words,
        [Found(one, *place) for one, place in zip(named, places, strict=True)],
        times,
        spans,
        _beside(numbers, [*times, *spans, *(term for term in terms if term.category == "nth")]),
        _beside(statuses, ran),
        terms,
        now,
    )
    keep_meant(question)
    leave_aside(question)
    if times != told:
        question.use(*question.of("this_hour"))
    question.use(*ran, *present)  # "agora": a plan's question is of now unless it says otherwise
    return question


def _more(words: Sequence[Word], terms: Sequence[Term]) -> Iterator[Found[int]]:
    """ "Twice"; the "um" of "mais de um", which elsewhere is an article."""
    yield from (Found(2, at, at + 1) for at, word in enumerate(words) if word.text == "twice")
    for at in (term.last for term in terms if term.category == "compare"):
        if at < len(words) and words[at].text in _ONE:
            yield Found(1, at, at + 1)


def _lengths(
    words: Sequence[Word], terms: Sequence[Term], counted: Sequence[Found[Any]]
) -> list[Found[Any]]:
    """What is compared with, and the numbers right after what they are of: none is an hour."""
    compared = {term.last for term in terms if term.category == "compare"}
    numbered = {t.last for t in terms if (t.category, t.key) in _NUMBERED}
    between = {at for at in numbered if at < len(words) and words[at].text in BETWEEN}
    compared |= numbered | {at + one for at in between for one in (1, 3)}
    return [one for one in counted if one.first in compared]


def _masked(
    words: Sequence[Word], named: Sequence[Named]
) -> tuple[list[Word], list[tuple[int, int]]]:
    """The words with each name as one, which is a letter of no language; and the names' places."""
    masked, places = list[Word](), list[tuple[int, int]]()
    at = 0
    for number, one in enumerate(named):
        while at < len(words) and words[at].start < one.start:
            masked.append(words[at])
            at += 1
        while at < len(words) and words[at].start < one.end:
            at += 1
        letter = chr(0xE000 + number % 6_000)
        places.append((len(masked), len(masked) + 1))
        masked.append(Word(letter, letter, one.start, one.end))
    return [*masked, *words[at:]], places


def _without(words: Sequence[Word], lengths: Sequence[Found[Any]]) -> str:
    """The words' text with the lengths of time blotted out: "mais de 1 hora hoje" is no clock."""
    blotted = {at for one in lengths for at in places_of(one)}
    return " ".join(
        "\ue000" * len(word.written) if at in blotted else word.written
        for at, word in enumerate(words)
    )


def _spoken(words: Sequence[Word]) -> tuple[str, list[int]]:
    """The words as one text, and where each begins in it."""
    starts, parts, at = [], [], 0
    for word in words:
        starts.append(at)
        parts.append(word.written)
        at += len(word.written) + 1
    return " ".join(parts), starts


def _at(value: Value, start: int, end: int, starts: Sequence[int]) -> Found[Value]:
    first = max((at for at, begin in enumerate(starts) if begin <= start), default=0)
    last = sum(begin < end for begin in starts)
    return Found(value, first, max(last, first + 1))


def _beside(found: list[Found[Value]], taken: Sequence[Found[Any] | Term]) -> list[Found[Value]]:
    """Those of them that overlap none that is taken."""
    places = {at for one in taken for at in places_of(one)}
    return [one for one in found if places.isdisjoint(places_of(one))]
