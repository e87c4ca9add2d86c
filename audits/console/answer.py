"""The answer as its readers saw it, and each of its claims beside what was read.

A claim is confirmed when its evidence holds its value, contradicted when it holds another one, and
not checked where nobody can tell; a claim points at the very fields that it rests on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from itertools import islice
from typing import Any, Literal

from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from audits.console.evidence import readers_voice, say
from knowledge.claims.answer import (
    Answer,
    AnswerMalformed,
    Claim,
    LogLines,
    Phrase,
    Quote,
    Segment,
    Table,
    read_answer,
)
from knowledge.claims.checking import Checked, check
from knowledge.claims.evidence import EvidenceMalformed, NoClaim, Reading, readings_in
from knowledge.claims.expressions import Evaluator
from knowledge.claims.places import Places
from knowledge.claims.rendering import Speaker
from knowledge.markdown import to_html
from knowledge.models import Memory
from knowledge.shown import Shown, excerpt, shown

State = Literal["confirmed", "contradicted", "unchecked"]
STATES: dict[State, Any] = {
    "confirmed": _("confirmed"),
    "contradicted": _("contradicted"),
    "unchecked": _("not checked"),
}
MOST_CLAIMS = 200


@dataclass(frozen=True, slots=True)
class Weighed:
    """A claim as the answer words it, what was read, and whether the two agree."""

    number: int
    words: str
    datum: str
    state: State
    reading: str
    places: tuple[str, ...]
    id: str = ""

    @property
    def label(self) -> Any:
        return STATES[self.state]


@dataclass(frozen=True, slots=True)
class Differing:
    """The lines of a table, a log or a memory that an answer shows, and those that were read."""

    said: str
    found: str


@dataclass(frozen=True, slots=True)
class AnswerParts:
    """What is known of an answer as data; nothing of a text alone."""

    answer: Answer | None = None
    readings: dict[str, Reading] | None = None
    checked: Checked | None = None
    claims: tuple[Weighed, ...] = ()
    excerpts: Mapping[str, Differing] = field(default_factory=dict)
    """What is shown to the letter and is not what was read, by where it stands."""

    def sentence(self, key: str) -> str:
        """What the phrase of this key says here."""
        if self.answer is None:
            return ""
        speaker = _speaker(self.answer, self.readings or {})
        phrases = [one for one in self.answer.segments if isinstance(one, Phrase)]
        return next((speaker.text(one) for one in phrases if one.key == key), "")

    @property
    def cited(self) -> dict[str, str]:
        """Place → the numbers of the claims that rest on it."""
        found: dict[str, list[str]] = {}
        for claim in self.claims:
            for place in claim.places:
                found.setdefault(place, []).append(str(claim.number))
        return {place: " ".join(numbers) for place, numbers in found.items()}

    def count(self, state: State) -> int:
        return sum(claim.state == state for claim in self.claims)

    @property
    def tally(self) -> list[tuple[str, Any, int]]:
        return [(state, label, n) for state, label in STATES.items() if (n := self.count(state))]


def parts_of(memory: Memory) -> AnswerParts:
    """The claims of an answer of ours, each weighed against the evidence as it is stored."""
    if memory.answer is None:
        return AnswerParts()
    try:
        answer, readings = read_answer(memory.answer), readings_in(memory.evidence)
    except (AnswerMalformed, EvidenceMalformed):
        return AnswerParts()
    checked = check(answer, memory.agent_response, readings)
    excerpts = dict(_differing(answer, memory.agent_response, readings, checked))
    weighing = _Weighing(answer, readings, checked, excerpts)
    return AnswerParts(answer, readings, checked, tuple(weighing.all()), excerpts)


def _speaker(answer: Answer, readings: Mapping[str, Reading]) -> Speaker:
    return Speaker(answer.language, answer.zone, Evaluator(readings))


_SHAPE: dict[type, re.Pattern[str]] = {
    Table: re.compile(r"\|"),
    LogLines: re.compile(r"\d+: "),
    Quote: re.compile(r">"),
}
"""How the lines of what is shown to the letter begin."""


def _differing(
    answer: Answer, text: str, readings: Mapping[str, Reading], checked: Checked
) -> Iterator[tuple[str, Differing]]:
    against = {found.expr for found in checked.findings if not found.claim_id}
    parts = [one for one in answer.segments if isinstance(one, (Table, LogLines, Quote))]
    if not any(_where(part) in against for part in parts):
        return
    speaker, lines = _speaker(answer, readings), text.split("\n")
    read = [speaker.text(part).split("\n") for part in parts]
    known = {line for held in read for line in held}
    for part, held in zip(parts, read, strict=True):
        if _where(part) not in against:
            continue
        begins = _SHAPE[type(part)].match
        said = [line for line in lines if begins(line) and line not in known]
        found = [line for line in held if begins(line) and line not in lines]
        yield _where(part), Differing("\n".join(said), "\n".join(found))


def _where(part: Table | LogLines | Quote) -> str:
    return part.expr if isinstance(part, Table) else part.reading


class _Weighing:
    def __init__(
        self,
        answer: Answer,
        readings: dict[str, Reading],
        checked: Checked,
        excerpts: Mapping[str, Differing],
    ) -> None:
        self._answer, self._readings, self._excerpts = answer, readings, excerpts
        self._places, self._evaluator = Places(readings), Evaluator(readings)
        self._against = {(f.claim_id, f.expr) for f in checked.findings}

    def all(self) -> Iterator[Weighed]:
        for number, part in enumerate(islice(_parts(self._answer), MOST_CLAIMS), start=1):
            if isinstance(part, Claim):
                yield self._claim(number, part)
            else:
                yield self._shown(number, part)

    def _claim(self, number: int, claim: Claim) -> Weighed:
        state: State = "contradicted" if (claim.id, claim.expr) in self._against else "confirmed"
        datum, reading = "", claim.expr.partition(".")[0]
        try:
            found = self._evaluator.evaluate(claim.expr)
        except NoClaim:
            state = "contradicted" if state == "contradicted" else "unchecked"
        else:
            reading = found.reading
            voice = readers_voice(self._readings[reading], self._answer.zone)
            datum = say(found.value, found.field, voice)
        places = tuple(self._places.of(claim.expr))
        words = excerpt(claim.words, 200)
        return Weighed(number, words, excerpt(datum, 200), state, reading, places, claim.id)

    def _shown(self, number: int, part: Table | LogLines | Quote) -> Weighed:
        where = _where(part)
        name = where.partition(".")[0].partition("[")[0]
        places = {
            Table: [where],
            LogLines: [f"{name}.lines"],
            Quote: [f"{name}.agent_response"],
        }[type(part)]
        label = {
            Table: _("the table"),
            LogLines: _("the lines of the log"),
            Quote: _("the quoted memory"),
        }[type(part)]
        against = ("", where) in self._against
        state: State = "contradicted" if against else "confirmed"
        differs = self._excerpts.get(where, Differing("", ""))
        words = f"{label}: {differs.said}" if differs.said else str(label)
        datum = excerpt(differs.found, 200)
        return Weighed(number, excerpt(words, 200), datum, state, name, tuple(places))


def _parts(answer: Answer) -> Iterator[Claim | Table | LogLines | Quote]:
    said = {id(claim) for claim in answer.said}
    for segment in answer.segments:
        if isinstance(segment, (Table, LogLines, Quote)):
            yield segment
        else:
            yield from (claim for claim in _claims(segment) if id(claim) in said)


def _claims(segment: Segment) -> Iterator[Claim]:
    slots = getattr(segment, "slots", None)
    if isinstance(slots, dict):
        yield from slots.values()
    elif isinstance(claim := getattr(segment, "claim", None), Claim):
        yield claim


# --- on the page ----------------------------------------------------------------------------------


def drawn(
    text: str, parts: AnswerParts, quotes: Sequence[str], longest: int | None
) -> tuple[SafeString, int]:
    """The answer as HTML with its claims and what findings quote marked; what was left out."""
    claims = list(_spans(text, parts.claims))
    marks: list[str | tuple[int, int]] = [*(span for _claim, span in claims), *quotes]
    held = shown(text, marks, longest)
    by_number = {n: claim for n, (claim, _span) in enumerate(claims, start=1)}
    return _Marked(held, by_number).html(), held.left_out


def _spans(text: str, claims: Sequence[Weighed]) -> Iterator[tuple[Weighed, tuple[int, int]]]:
    """Where the text says each claim: one after the other, as the segments stand."""
    at = 0
    for claim in claims:
        start = text.find(claim.words, at) if claim.words and claim.id else -1
        if start >= 0:
            at = start + len(claim.words)
            yield claim, (start, at)


FIRST, LAST = 0xE000, 0xF8FF
"""Private characters: each says which piece goes on from there, through Markdown and back."""
_BLOCK = re.compile(r"[ \t]*(?:(?:[-*+]|\d{1,9}[.)]|#{1,6}|>)[ \t]+|\|[ \t]*|```[^\n]*\n)*")
"""What makes a line an item, a heading, a row or a fence stays the first thing in it."""


class _Marked(HTMLParser):
    """Rendered Markdown with its pieces wrapped, text by text: no mark crosses a tag."""

    def __init__(self, held: Shown, claims: dict[int, Weighed]) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces = held.pieces[: LAST - FIRST]
        self._claims = claims
        self._now = -1
        self._out: list[str] = []

    def html(self) -> SafeString:
        self.feed(to_html(self._source()))
        self.close()
        return SafeString("".join(self._out))

    def _source(self) -> str:
        text = ""
        for number, piece in enumerate(self._pieces):
            plain = "".join(f"⟨U+{ord(c):04X}⟩" if _is_ours(c) else c for c in piece.text)
            begun = _BLOCK.match(plain) if not text or text.endswith("\n") else None
            at = begun.end() if begun else 0
            text += plain[:at] + chr(FIRST + number) + plain[at:]
        return text

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kept = "".join(f' {name}="{escape(_without(value or ""))}"' for name, value in attrs)
        self._out.append(f"<{tag}{kept}>")

    def handle_endtag(self, tag: str) -> None:
        self._out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        run = ""
        for char in data:
            if _is_ours(char):
                self._put(run)
                run, self._now = "", ord(char) - FIRST
            else:
                run += char
        self._put(run)

    def _put(self, text: str) -> None:
        if not text:
            return
        marks = self._pieces[self._now].marks if 0 <= self._now < len(self._pieces) else ()
        said = escape(text)
        number = next((n for n in marks if n > len(self._claims)), None)
        if number is not None:
            said = f'<mark data-finding="{number - len(self._claims)}">{said}</mark>'
        claim = next((self._claims[n] for n in marks if n in self._claims), None)
        self._out.append(_linked(claim, said) if claim and text.strip() else said)


def _linked(claim: Weighed, said: str) -> str:
    places = escape(" ".join(claim.places))
    first = f' href="#at-{escape(claim.places[0])}"' if claim.places else ' tabindex="0"'
    title = f"{claim.label}: {claim.datum}" if claim.datum else str(claim.label)
    return (
        f'<a class="rc-claim rc-is-{claim.state}" data-claim="{claim.number}" data-at="{places}"'
        f'{first} title="{escape(title)}">{said}</a>'
    )


def _is_ours(char: str) -> bool:
    return FIRST <= ord(char) <= LAST


def _without(text: str) -> str:
    return "".join(char for char in text if not _is_ours(char))
