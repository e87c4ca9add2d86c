"""Which of the lexicon's phrases a question means: none within a longer one, none of the other
language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from knowledge.hwa.lexicon import EMPTY, IGNORED, Term, Word, find_terms
from knowledge.hwa.statuses import Language
from tws.answers.understanding.question import Found, Question, places_of

_OWN = frozenset({"its", "their"})
_SUBJECTS = frozenset({"what", "that", "who", "it", "everything", "job", "stream"})
_PLACING = frozenset({"como", "em", "na", "no", "nas", "nos"})


def phrases_of(words: Sequence[Word], text: str) -> list[Term]:
    """The lexicon's phrases in the words, and what is said by several of them."""
    terms = find_terms([word.text for word in words])
    terms += list(_not_yet(words, terms))
    return list(_corrected(terms, words, text))


def keep_meant(question: Question) -> None:
    """Leave it the phrases that are meant."""
    q = question
    other = (_is_its_own, _is_whether, _is_verb)
    q.terms = [t for t in q.terms if not any(is_so(t, q) for is_so in other)]
    q.use(*(twice := [term for term in q.terms if _is_concord(term, q.terms)]))
    q.terms = [term for term in q.terms if term not in twice]
    q.terms = _meant(q)


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
    """ "Não terminaram", where "com sucesso" or "com rc 0" follows."""
    said: list[Term | Found[Any]] = [*question.statuses, *question.of("filter", "rc")]
    return (term.category, term.key) == ("filter", "not_done") and any(
        0 <= one.first - term.last <= 1 or term.first < one.first < term.last for one in said
    )


def _is_verb(term: Term, question: Question) -> bool:
    """The "runs" of "what runs on X now", which is no run."""
    before = question.words[term.first - 1].text if term.first else ""
    return (term.category, term.key) == ("entity", "runs") and before in _SUBJECTS


def _is_whether(term: Term, question: Question) -> bool:
    """The "no" of "no critical jobs failed?", which asks whether any did."""
    entity = next(question.of("entity"), None)
    no = term.category == "negation" and question.text_of(term) == "no"
    return no and entity is not None and 0 <= entity.first - term.last <= 2
