"""A question taken apart, and which of its words an understanding has used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from knowledge.hwa.lexicon import EMPTY, IGNORED, NARROWING, VOCABULARY, Term, Word
from knowledge.hwa.statuses import Language, StatusWord
from knowledge.hwa.times import TimeRange
from tws.answers.understanding.naming import Named

_WEAK = frozenset({"ask", "polite", "follow", "talk", "define", "entity", "days", "wish", "stop"})
"""Categories whose words ask for nothing by themselves that an answer could leave out."""

_NOTHING = frozenset({"nothing", "nobody", "nada", "ninguem"})
_ANSWERED = ("who", "when", "where", "how_long", "why")
"""What is asked for by such a word is in the answer, or it is none to the question."""

_WHAT = frozenset({"o", "que", "what", "went"})
"""How an "o que deu" begins, which in "o que deu erro" asks for no reason."""

_TIMES = frozenset({"vez", "vezes", "times"})

_ARTICLES = frozenset({"o", "a", "meu", "minha", "nosso", "nossa", "the", "my", "our"})
_BELONGING = frozenset({
    "de", "do", "da", "dos", "das", "deste", "desta", "desse", "dessa", "neste", "nesse", "of",
    "this",
})  # fmt: skip

_LEADING = frozenset({
    "no", "na", "nos", "nas", "do", "da", "dos", "das", "de", "em", "com", "por", "pelo", "pela",
    "ao", "a", "o", "os", "as", "on", "in", "at", "of", "with", "by", "the", "an", "for",
})  # fmt: skip
"""Words that lead to another, and stand for nothing without it."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Found(Generic[Value]):
    """Something that the words `first` up to `last` say."""

    value: Value
    first: int
    last: int


@dataclass(slots=True)
class Question:
    text: str
    words: list[Word]
    names: list[Found[Named]]
    times: list[Found[TimeRange]]
    spans: list[Found[timedelta]]
    numbers: list[Found[int]]
    statuses: list[Found[StatusWord]]
    terms: list[Term]
    now: datetime
    used: set[int] = field(default_factory=set)
    missed: set[int] = field(default_factory=set)
    """Words that were used, or say nothing, and whose sense the answer then could not hold."""
    asides: set[int] = field(default_factory=set)
    """Strange words that stand where they can't narrow what is asked; they are told though."""

    @property
    def groups(self) -> set[str]:
        """Those of the states that it names."""
        return {status.value.group for status in self.statuses}

    def has(self, category: str, *keys: str) -> bool:
        return any(self.of(category, *keys))

    def of(self, category: str, *keys: str) -> Iterator[Term]:
        """The terms of a category, of these keys when some are given, in their order."""
        for term in self.terms:
            if term.category == category and (not keys or term.key in keys):
                yield term

    def take(self, category: str, *keys: str) -> Term | None:
        """The first such term, from now on used; None without any."""
        term = next(self.of(category, *keys), None)
        if term:
            self.use(*self.of(category, *keys))
        return term

    def use(self, *found: Term | Found[Any] | None) -> None:
        for one in found:
            if one is not None:
                self.used.update(range(one.first, one.last))

    def use_present(self) -> None:
        """Of its times those that now is in: "today" says nothing of one object's present."""
        for one in self.times:
            since, until = one.value.since, one.value.until
            if (since is None or since <= self.now) and (until is None or until >= self.now):
                self.use(one)

    def before(self, place: int, category: str, *keys: str, within: int = 1) -> Term | None:
        """The term that ends at most `within` words before a place."""
        fitting = [t for t in self.of(category, *keys) if 0 <= place - t.last < within]
        return max(fitting, key=lambda term: term.last, default=None)

    def after(self, place: int, category: str, *keys: str, within: int = 1) -> Term | None:
        """The term that begins at most `within` words after a place."""
        return next((t for t in self.of(category, *keys) if 0 <= t.first - place < within), None)

    def starts(self, category: str, *keys: str, skip: Iterable[str] = ()) -> Term | None:
        """The term that the question begins with, after words of `skip`'s categories."""
        at = 0
        while True:
            found = [t for t in self.of(category, *keys) if t.first == at]
            if found:
                return max(found, key=lambda term: term.last)
            skipped = [t for t in self.terms if t.first == at and t.category in set(skip)]
            if not skipped:
                return None
            at = max(term.last for term in skipped)

    def consists_of(self, *categories: str) -> bool:
        """Whether nothing but empty words and these categories' ("name" is one) stands in it."""
        covered = {at for t in self.terms if t.category in categories for at in places_of(t)}
        covered |= all_places(self.names if "name" in categories else ())
        return all(at in covered or word.text in EMPTY for at, word in enumerate(self.words))

    def unused(self) -> tuple[str, ...]:
        """The words that could have mattered and were not used, as they were written."""
        return self._written(self._missed())

    def beside(self) -> tuple[str, ...]:
        """The words that were not used, and can't narrow what is asked."""
        return self._written(sorted(self.asides - self.used))

    def _written(self, places: Iterable[int]) -> tuple[str, ...]:
        spoken = (self.text[self.words[at].start : self.words[at].end] for at in places)
        return tuple(dict.fromkeys(spoken))

    def without_unused(self) -> str:
        """The question as if these words, and what leads to them, were not in it."""
        text = self.text
        for at in reversed(self._missed()):
            first = at
            while first and self.words[first - 1].text in _LEADING:
                first -= 1
            text = text[: self.words[first].start] + text[self.words[at].end :]
        return re.sub(r"\s+(?=[?!.,])", "", " ".join(text.split()))

    def unanswered(self) -> set[str]:
        """Of "who", "when", "where", "how long", "why" those that are not answered by what was
        understood."""
        return {t.key for t in self._to_answer() if not self.used & set(places_of(t))}

    def _to_answer(self) -> list[Term]:
        """The words that an answer is none without."""
        asked = self.of("ask", *_ANSWERED)
        return [t for t in asked if t.key != "why" or self.words[t.first].text not in _WHAT]

    def is_of_times(self, number: Found[int]) -> bool:
        """ "3 vezes", "twice"."""
        return self.text_of(number) == "twice" or self.past_times(number) > number.last

    def past_times(self, number: Found[Any]) -> int:
        """The place after a number, and after its "times"."""
        after = [word.text for word in self.words[number.last : number.last + 1]]
        return number.last + (not _TIMES.isdisjoint(after))

    def is_compared(self, number: Found[Any]) -> bool:
        """ "More than 3", "3 vezes ou mais"."""
        before = self.before(number.first, "compare", within=2)
        return bool(before or self.after(self.past_times(number), "compare_after"))

    def _narrowing(self) -> set[int]:
        """The "relatório" of "jobs de relatório", which is aside in "para o relatório"."""
        said: list[Term | Found[Any]] = [*self.of("entity"), *self.statuses]
        ends, begins = {one.last for one in said}, {term.first for term in self.of("entity")}
        found = set()
        for at in (at for at, word in enumerate(self.words) if word.text in NARROWING):
            place = at - 1
            while place > 0 and self.words[place].text in _ARTICLES:
                place -= 1
            belongs = self.words[place].text in _BELONGING and place in ends
            found |= {at} if belongs or at + 1 in begins else set()
        return found

    def _missed(self) -> list[int]:
        weak = {at for t in self.terms if t.category in _WEAK for at in places_of(t)}
        if not (self.numbers or self.spans):
            weak |= all_places([*self.of("compare")])
        narrowing = self._narrowing()
        strong = all_places(self.times, self.spans, self.statuses, self.names)
        strong |= all_places([*self._to_answer(), *self.of("ask", "share")])
        strong |= all_places([*self.of("field"), *self.of("flag"), *self.of("this_hour")])
        strong |= all_places(
            [n for n in self.numbers if self.is_of_times(n) or self.is_compared(n)]
        )
        strong |= all_places([*self.of("superlative"), *self.of("most"), *self._denying()])
        return [
            at
            for at, word in enumerate(self.words)
            if at in self.missed | narrowing
            or (at not in self.used and at in strong)
            or (at not in self.used | weak | self.asides and word.text not in EMPTY)
        ]

    def _denying(self) -> Iterator[Term]:
        """What denies or excepts; a lone "no" may be the other language's "in the"."""
        return (t for t in self.of("negation") if self.text_of(t) != "no")

    def misses_turn(self) -> bool:
        """Whether a word was not used without which the contrary, or another thing, is asked."""
        turning = [*self._to_answer(), *self.of("superlative"), *self.of("most")]
        turning += [
            *self.of("negation"),
            *self.of("ask", "any", "every"),
            *self.of("follow", "only"),
        ]
        missed = set(self._missed())
        said = {self.words[at].text for at in missed}
        return bool(missed & all_places(turning) or said & _NOTHING)

    def misses_only_verb(self) -> bool:
        """ "What folder does X live in": a strange word behind the name, of what is asked of it."""
        behind = {one.last for one in self.names}
        missed = self._missed()
        strange = all(self.words[at].text not in VOCABULARY for at in missed)
        return strange and behind.issuperset(missed)

    def misses_only_behind(self) -> bool:
        """Whether no word before the name was missed, which may be what of it is asked."""
        return min(self._missed(), default=0) >= max(all_places(self.names), default=0)

    def misses_after(self, *categories: str) -> bool:
        """Whether a word that was not used follows one of these at once: "quantas linhas"."""
        ends = {term.last for one in categories for term in self.of(one)}
        return not ends.isdisjoint(self._missed())

    def language(self) -> Language | None:
        """The language that most of its words are of; None when they don't tell."""
        scores: dict[Language, float] = {"pt": 0, "en": 0}
        for word in self.words:
            for language, empty in IGNORED.items():
                scores[language] += word.text in empty
        for term in self.terms:
            for language in term.languages if len(term.languages) == 1 else ():
                scores[language] += term.last - term.first
        for status in self.statuses:
            heard = status.value.code is None and _language_of_status(self.text_of(status))
            if heard:
                scores[heard] += 1
        if any(word.written.lower() != word.text for word in self.words):
            scores["pt"] += 2  # an accent
        if scores["pt"] == scores["en"]:
            before = {self.words[max(0, one.first - 1)].text for one in self.names}
            return "pt" if before & _PT_ARTICLES else None  # "log do X"
        return "pt" if scores["pt"] > scores["en"] else "en"

    def text_of_has(self, *phrases: str) -> bool:
        spoken = f" {' '.join(word.text for word in self.words)} "
        return any(f" {phrase} " in spoken for phrase in phrases)

    def ors(self, first: int, last: int) -> set[int]:
        return {at for at in range(first, last) if self.words[at].text in ("ou", "or")}

    def written(self, name: Found[Named]) -> str:
        """A name as it stands in the text: with spaces, in small letters."""
        return self.text[name.value.start : name.value.end]

    def text_of(self, found: Term | Found[Any]) -> str:
        return " ".join(word.text for word in self.words[found.first : found.last])


_PT_ARTICLES = frozenset({"do", "da", "no", "na"})
_PT_ENDINGS = ("ou", "aram", "ado", "ada", "ados", "adas", "ando", "endo", "ido", "idos", "ao")


def _language_of_status(words: str) -> Language | None:
    if words.split()[0].endswith(_PT_ENDINGS) or words in ("erro", "erros", "falha", "falhas"):
        return "pt"
    return "en" if words.endswith(("ed", "ing", "s", "y")) else None


def places_of(found: Term | Found[Any]) -> range:
    return range(found.first, found.last)


def all_places(*found: Sequence[Term | Found[Any]]) -> set[int]:
    return {at for several in found for one in several for at in places_of(one)}


def groupings(q: Question) -> Iterator[Term]:
    """The entity or field after "by"; "por prioridade 0" is a condition."""
    numbers = {number.first for number in q.numbers}
    named = [t for t in (*q.of("entity"), *q.of("field")) if t.last not in numbers]
    for by in q.of("by"):
        yield from (t for t in named if 0 <= t.first - by.last <= 1)
