"""Whether an answer says what its evidence holds: evaluated and rendered anew, and compared.

An answer of another wording, or with phrases that have been reworded since, can still be found to
contradict its evidence by its values; that it is right can't be told.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

from knowledge.claims import excerpts
from knowledge.claims.answer import (
    CONDITION,
    Answer,
    Claim,
    LogLines,
    Phrase,
    Quote,
    Said,
    Segment,
    Table,
    Value,
)
from knowledge.claims.digests import digest
from knowledge.claims.evidence import NoClaim, Reading
from knowledge.claims.expressions import Evaluator
from knowledge.claims.phrases import PHRASES
from knowledge.claims.rendering import Speaker, render_with
from knowledge.claims.typed import occurs
from knowledge.claims.wording import WORDING

Outcome = Literal["verified", "contradicted", "unknown"]
Code = Literal["no_claim", "value", "words", "excerpt", "condition", "reading", "text"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Where answer and evidence part: what was said, and what is found (None: nothing)."""

    code: Code
    claim_id: str
    expr: str
    said: Any
    found: Any


@dataclass(frozen=True, slots=True)
class Checked:
    """`own_words`: none of them were a model's. `facts`: how many parts state what was read."""

    outcome: Outcome
    findings: list[Finding]
    own_words: bool
    facts: int


def check(answer: Answer, text: str, readings: Mapping[str, Reading]) -> Checked:
    """Compares the answer and its text with the evidence. Without a fact nothing is verified."""
    checker = _Checker(answer, readings)
    findings = [found for one in answer.segments for found in checker.segment(one)]
    findings += [*checker.readings(), *checker.text(text)]
    outcome: Outcome = "contradicted" if findings else "verified"
    if not findings and not (checker.is_known and checker.facts):
        outcome = "unknown"
    return Checked(outcome, findings, answer.own_words, checker.facts)


class _Checker:
    def __init__(self, answer: Answer, readings: Mapping[str, Reading]) -> None:
        self._answer = answer
        self._evaluator = Evaluator(readings)
        self._speaker = Speaker(answer.language, answer.zone, self._evaluator)
        self.is_known = answer.wording == WORDING and all(map(self._is_known, answer.segments))
        self.facts = 0

    def _is_known(self, segment: Segment) -> bool:
        """Whether a phrase says today what it said then."""
        if not isinstance(segment, Phrase):
            return True
        phrase = PHRASES.get(segment.key)
        return phrase is not None and phrase[self._answer.language].version == segment.version

    def segment(self, segment: Segment) -> Iterator[Finding]:
        match segment:
            case Phrase():
                for claim in segment.slots.values():
                    yield from self._claim(claim)
                yield from self._conditions(segment)
            case Said(claim):
                yield from self._typed(claim) if claim.kind == "typed" else self._claim(claim)
            case Table() | LogLines() | Quote():
                yield from self._excerpt(segment)

    def _claim(self, claim: Claim) -> Iterator[Finding]:
        try:
            found = self._evaluator.evaluate(claim.expr)
            kind = found.as_kind(claim.kind)
        except NoClaim as error:
            if self.is_known:  # else it may be written in a later grammar
                yield Finding("no_claim", claim.id, claim.expr, claim.value, str(error))
            return
        self.facts += not found.is_condition
        if not _same(found.value, claim.value):
            yield Finding("value", claim.id, claim.expr, claim.value, found.value)
            return
        said = self._speaker.words(found, kind)
        if self.is_known and _plain(said) != _plain(claim.words):
            yield Finding("words", claim.id, claim.expr, claim.words, said)

    def _typed(self, claim: Claim) -> Iterator[Finding]:
        """A value that a model wrote: what it points at must state it."""
        try:
            found = self._evaluator.evaluate(claim.expr)
        except NoClaim as error:
            yield Finding("no_claim", claim.id, claim.expr, claim.words, str(error))
            return
        self.facts += not found.is_condition
        zone = ZoneInfo(self._answer.zone)
        if claim.value != claim.words or not occurs(claim.words, found.value, found.kind, zone):
            yield Finding("value", claim.id, claim.expr, claim.words, found.value)

    def _conditions(self, phrase: Phrase) -> Iterator[Finding]:
        """Whether what the phrase states beside its slots is what is asked of the evidence."""
        if not self._is_known(phrase):
            return
        template = PHRASES[phrase.key][self._answer.language]
        for name in sorted(phrase.slots.keys() ^ template.slots):
            claim = phrase.slots.get(name)
            where = (claim.id, claim.expr) if claim else ("", "")
            yield Finding("condition", *where, phrase.key, None)
        condition, value = phrase.slots.get(CONDITION), phrase.slots.get("value")
        exprs = {name: claim.expr for name, claim in phrase.slots.items()}
        is_its_own = condition and template.is_condition(condition.expr, exprs)
        if condition and not (condition.value is True and is_its_own):
            yield Finding("condition", condition.id, condition.expr, phrase.key, condition.value)
        if value and template.field and (field := self._field(value)) != template.field:
            yield Finding("condition", value.id, value.expr, template.field, field)

    def _field(self, claim: Claim) -> str:
        try:
            return self._evaluator.evaluate(claim.expr).field
        except NoClaim:
            return ""

    def _excerpt(self, segment: Table | LogLines | Quote) -> Iterator[Finding]:
        where = segment.expr if isinstance(segment, Table) else segment.reading
        try:
            found = excerpts.part(segment, self._evaluator)
        except NoClaim as error:
            yield Finding("no_claim", "", where, segment.digest, str(error))
            return
        self.facts += 1
        if digest(found) != segment.digest:
            yield Finding("excerpt", "", where, segment.digest, digest(found))

    def readings(self) -> Iterator[Finding]:
        """Whether what was looked into was read for the question that the answer was made for."""
        for name in sorted(self._evaluator.used):
            said, found = self._answer.asked.get(name), self._evaluator.readings[name].question
            if said != found:
                yield Finding("reading", "", name, said, found)

    def text(self, text: str) -> Iterator[Finding]:
        """The whole text; of another wording nobody can say what it should be."""
        if not self.is_known:
            return
        rendered, said = _plain(render_with(self._speaker, self._answer)), _plain(text)
        if rendered != said:
            yield Finding("text", "", "", *_difference(said, rendered))


def _same(value: Value, other: Value) -> bool:
    """1 is 1.0, but neither is true."""
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(_same, value, other))
    return value == other and isinstance(value, bool) == isinstance(other, bool)


def _plain(text: str) -> str:
    """What does not change what is said is made the same: spaces, and how accents are encoded."""
    return " ".join(unicodedata.normalize("NFC", text).split())


_SHOWN = 80


def _difference(text: str, rendered: str) -> tuple[str, str]:
    """Both from a little before where they part."""
    pairs = enumerate(zip(text, rendered, strict=False))
    at = next((n for n, (one, other) in pairs if one != other), min(len(text), len(rendered)))
    start = max(0, at - _SHOWN // 4)
    return text[start : start + _SHOWN], rendered[start : start + _SHOWN]
