"""How a question is taken apart: words, names, times, numbers, statuses and phrases in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from knowledge.hwa.lexicon import (
    EMPTY,
    IGNORED,
    Term,
    Word,
    find_terms,
    mend_spelling,
    split_words,
)
from knowledge.hwa.numbers import find_numbers
from knowledge.hwa.spans import find_spans
from knowledge.hwa.statuses import Language, find_statuses
from knowledge.hwa.times import TimeInText, TimeRange, find_times
from tws.answers.understanding.clauses import leave_aside
from tws.answers.understanding.naming import Named, Names
from tws.answers.understanding.question import Found, Question, Value, all_places, places_of

MOST_CHARACTERS = 10_000
_FUTURE = frozenset({("superlative", "next"), ("flag", "will_miss")})
_COUNTED = frozenset({
    "rc", "code", "codigo", "retorno", "priority", "prioridade", "limit", "limite", "fence",
})  # fmt: skip
_PAST = re.compile(r"(?:ou|aram|eram|iram|iu|eu|ed|(?<!ro)d[oa]s?|ran|began|begun|took)$")
_ARTICLES = frozenset({"as", "das", "pelas"})
_HALVES = frozenset({"am", "pm", "oclock"})
_PARTS = frozenset({"manha", "tarde", "noite", "madrugada"})
_OWN = frozenset({"its", "their"})
_ONE = frozenset({"one", "um", "uma"})
_PLACING = frozenset({"como", "em", "na", "no", "nas", "nos"})
_SPENT = frozenset({
    "passou", "passaram", "ficou", "ficaram", "levou", "levaram", "demorou", "demoraram", "spent",
    "took", "exceeded", "ultrapassou", "ultrapassaram",
})  # fmt: skip
"""Before a length of time: how long it ran, and it has ended."""
_BETWEEN = frozenset({"between", "entre"})
_NO_STATUS = {("event", "start"), ("by", "group")}
"""Whose phrases hold words of statuses: "began running", "broken down by"."""
_NUMBERED = {("filter", "rc"), ("field", "priority"), ("field", "limit"), ("field", "fence")}
"""What a number right after it is one of, and no hour."""


def read_question(text: str, names: Names, now: datetime) -> Question:
    """The question as far as it says something by itself."""
    text = text[:MOST_CHARACTERS]
    words = split_words(text)
    named = names.find(words, text)
    known = names.logins.keys() | names.station_words.keys()
    words, places = _masked(_hours(mend_spelling(words, known)), named)
    terms = find_terms([word.text for word in words])
    terms += list(_not_yet(words, terms))
    terms = list(_corrected(terms, words, text))
    spoken, starts = _spoken(words)
    compared = {term.last for term in terms if term.category == "compare"}
    spans = [_at(one.span, one.start, one.end, starts) for one in find_spans(spoken)]
    numbers = [_at(one.value, one.start, one.end, starts) for one in find_numbers(spoken)]
    ones = [at for at in compared if at < len(words) and words[at].text in _ONE]
    numbers += [Found(1, at, at + 1) for at in ones if at not in all_places(numbers)]
    numbered = {t.last for t in terms if (t.category, t.key) in _NUMBERED}
    between = {at for at in numbered if at < len(words) and words[at].text in _BETWEEN}
    compared |= numbered | {at + one for at in between for one in (1, 3)}
    lengths: list[Found[Any]] = [one for one in spans if one.first in compared]
    lengths += [one for one in numbers if one.first in compared]
    times = [
        _at(one.range, one.start, one.end, starts)
        for one in _times(_without(words, lengths), now, terms)
    ]
    nth = [term for term in terms if term.category == "nth"]
    present = [one for one in times if one.value.since == one.value.until == now]
    times = [one for one in times if one not in present]
    told, times = times, _until_this_hour(times, terms, now)
    spans = _beside(spans, times)
    statuses = [_at(one, one.start, one.end, starts) for one in find_statuses(spoken)]
    other = [t for t in terms if (t.category, t.key) in _NO_STATUS and t.last - t.first > 1]
    statuses = _beside(statuses, other)
    spent = spans and any(word.text in _SPENT for word in words)  # "passou de uma hora rodando"
    ran = [one for one in statuses if spent and one.value.group == "running"]
    statuses = _beside(statuses, ran)
    question = Question(
        text,
        words,
        [Found(one, *place) for one, place in zip(named, places, strict=True)],
        times,
        spans,
        _beside(numbers, [*times, *spans, *nth]),
        statuses,
        terms,
        now,
    )
    question.terms = [t for t in question.terms if not _is_its_own(t, question)]
    question.use(*(twice := [t for t in question.terms if _is_concord(t, question.terms)]))
    question.terms = [t for t in question.terms if t not in twice]
    question.terms = _meant(question)
    leave_aside(question)
    if times != told:
        question.use(*question.of("this_hour"))
    question.use(*ran, *present)  # "agora": a plan's question is of now unless it says otherwise
    return question


def _not_yet(words: Sequence[Word], terms: Sequence[Term]) -> Iterator[Term]:
    """ "Ainda não entraram", "have not kicked off": what has not run yet, or is not done."""
    verbs = {"start": "not_run", "ran": "not_run", "end": "not_done"}
    denied = [t for t in terms if (t.category, t.key) == ("negation", "not")]
    for verb in terms:
        no = next((t for t in denied if _is_joined(words, t.last, verb.first)), None)
        if no and verb.category == "event" and verb.key in verbs and not _is_habit(words, verb):
            yield Term("filter", verbs[verb.key], no.first, verb.last, verb.languages)


def _is_habit(words: Sequence[Word], verb: Term) -> bool:
    """ "Não rodam como X", "na Y": where they ever do, and not what they have done."""
    after = words[verb.last].text if verb.last < len(words) else ""
    return words[verb.last - 1].text in ("roda", "rodam") and after in _PLACING


def _corrected(terms: Sequence[Term], words: Sequence[Word], text: str) -> Iterator[Term]:
    """ "No, I meant …", "não, os …": what it begins with opens a correction and denies nothing."""
    opens = next((t for t in terms if t.first == 0 and t.category == "negation"), None)
    at = opens.last if opens else 0
    corrects = any((t.category, t.key, t.first) == ("follow", "and", at) for t in terms)
    comma = 0 < at < len(words) and "," in text[words[at - 1].end : words[at].start]
    if opens is None or not (comma or corrects):
        yield from terms
        return
    yield Term("follow", "and", 0, at, opens.languages)
    yield from (t for t in terms if t.first >= at)


def _is_joined(words: Sequence[Word], first: int, last: int) -> bool:
    return 0 <= last - first <= 1 and all(word.text in EMPTY for word in words[first:last])


def _until_this_hour(
    times: list[Found[TimeRange]], terms: Sequence[Term], now: datetime
) -> list[Found[TimeRange]]:
    """ "Ontem a essa hora": a day that is over, up to the hour that it is now."""
    this_hour = next((term for term in terms if term.category == "this_hour"), None)
    days = [one for one in times if one.value.until and one.value.until <= now]
    if this_hour is None or len(days) != 1 or (since := days[0].value.since) is None:
        return times
    until = since.replace(hour=now.hour, minute=now.minute)
    upto = Found(TimeRange(since, until), days[0].first, days[0].last)
    return [upto if one is days[0] else one for one in times]


def _hours(words: list[Word]) -> list[Word]:
    """ "Between 10 and 12" of nothing else that is counted: hours; and "treze horas" in digits."""
    found = list(words)
    for at in range(len(words) - 3):
        first, then = words[at + 1].text, words[at + 3].text
        opens = words[at].text in _BETWEEN and words[at + 2].text in ("and", "e")
        counted = {word.text for word in words[max(0, at - 3) : at]} & _COUNTED
        last = at + 4 == len(words) or not words[at + 4].text[0].isdigit()
        hours = _hour(first), _hour(then)
        if opens and last and not counted and None not in hours:
            for place, hour in zip((at + 1, at + 3), hours, strict=True):
                found[place] = replace(words[place], text=f"{hour}h", written=f"{hour}h")
    for at, word in enumerate(words):
        before, after = words[max(0, at - 1)].text, [one.text for one in words[at + 1 : at + 3]]
        said = after[:1] == ["horas"] and before in _ARTICLES
        said = said or (after[:1] == ["da"] and not _PARTS.isdisjoint(after))
        said = said or not _HALVES.isdisjoint(after[:1])
        if said and not word.text.isdecimal() and (hour := _hour(word.text)) is not None:
            found[at] = replace(word, text=str(hour), written=str(hour))
    return found


def _hour(word: str) -> int | None:
    """10, and "dez": not more than there are."""
    if not word.isdecimal():
        numbers = [one.value for one in find_numbers(word) if one.end == len(word)]
        return int(numbers[0]) if numbers and numbers[0] <= 24 else None
    return int(word) if len(word) <= 2 and int(word) <= 24 else None


def _times(text: str, now: datetime, terms: Sequence[Term]) -> Iterator[TimeInText]:
    """The times of a text; the clock of what is not said to be over is one of today."""
    keys = {(term.category, term.key) for term in terms}
    said = text.split()
    verbs = (" ".join(said[t.first : t.last]) for t in terms if t.category == "event")
    over = find_statuses(text) or any(map(_PAST.search, verbs))
    found = find_times(text, now, "future" if keys & _FUTURE else "past")
    today = now.replace(hour=23, minute=59, second=59)
    to_come = ("event", "scheduled") in keys or not over
    by_evening = find_times(text, today) if to_come else found
    for one, later in zip(found, by_evening, strict=False):
        bounds = zip(_bounds(one), _bounds(later), strict=True)
        moved = any(a and b and abs(b - a) == timedelta(days=1) for a, b in bounds)
        yield later if moved else one


def _bounds(one: TimeInText) -> tuple[datetime | None, datetime | None]:
    return one.range.since, one.range.until


def _meant(question: Question) -> list[Term]:
    """The terms without those that stand within a longer one ("mais" of "mais de", "up" of
    "blew up"), and without the other language's where its word is an empty one in this: "no
    stream X" is no "no"."""
    compared = {at for t in question.of("compare") for at in places_of(t)}
    terms = [
        term
        for term in question.terms
        if not _is_half_said(term, question)
        and not (
            term.category in ("superlative", "most") and compared.intersection(places_of(term))
        )
    ]
    covers = {(t.first, t.last) for t in terms if t.last - t.first > 1 and t.category != "relation"}
    relations = {(t.first, t.last) for t in terms if t.category == "relation"}
    statuses = {(one.first, one.last) for one in question.statuses}
    covering = {"negation": covers, "flag": covers | relations | statuses}
    covering["field"], covering["event"] = covering["flag"], covers | relations | statuses
    wished = {t.first for t in terms if t.category == "wish"}
    whole = [
        term
        for term in terms
        if not (term.category == "relation" and term.first in wished)
        and not any(
            first <= term.first and term.last <= last and last - first > term.last - term.first
            for first, last in covering.get(term.category, covers | relations)
        )
    ]
    language = question.language()
    other: Language = "en" if language == "pt" else "pt"
    empty = IGNORED[language] if language else IGNORED["pt"] & IGNORED["en"]
    return [
        term
        for term in whole
        if term.languages != {other}
        or not all(word.text in empty for word in question.words[term.first : term.last])
    ]


def _is_concord(term: Term, terms: Sequence[Term]) -> bool:
    """The "não" of "não falhou nada", the "nenhuma" of "sem nenhuma falha": said once before."""
    nothing = [t for t in terms if (t.category, t.key) == ("ask", "none")]
    if (term.category, term.key) == ("negation", "not"):
        return "pt" in term.languages and any(t.first > term.last for t in nothing)
    return term in nothing and any(t.category == "negation" and t.last == term.first for t in terms)


def _is_its_own(term: Term, question: Question) -> bool:
    """The "their" of "which jobs miss their deadline", the "that" of "jobs that failed": neither
    points at something before."""
    named: list[Term | Found[Any]] = [*question.of("entity"), *question.names]
    said = question.text_of(term) if term.category == "follow" else ""
    own = said in _OWN and any(one.last <= term.first for one in named)
    return own or (said == "that" and any(one.last == term.first for one in named))


def _is_half_said(term: Term, question: Question) -> bool:
    """ "Não terminaram", where "com sucesso" follows."""
    return (term.category, term.key) == ("filter", "not_done") and any(
        0 <= status.first - term.last <= 1 or term.first < status.first < term.last
        for status in question.statuses
    )


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
