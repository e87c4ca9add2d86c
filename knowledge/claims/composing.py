"""How an answer is made: phrase by phrase, each value by where it stands in the evidence.

    composer = Composer("pt", "America/Sao_Paulo", readings)
    yield composer.say("failed_jobs", n="q1.matched", since="q1.understood.where[0].value")
    yield composer.table("q1.rows", ["job", "end"])

Each call gives the text it adds; whoever makes an answer words nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from knowledge.claims import excerpts
from knowledge.claims.answer import (
    CONDITION,
    Answer,
    Break,
    BreakKind,
    Claim,
    LogLines,
    Phrase,
    Quote,
    Said,
    Segment,
    Table,
    Unverified,
    Words,
)
from knowledge.claims.digests import digest
from knowledge.claims.evidence import NoClaim, Reading
from knowledge.claims.expressions import Evaluator
from knowledge.claims.phrases import PHRASES
from knowledge.claims.rendering import Layout, Speaker
from knowledge.claims.wording import WORDING
from knowledge.hwa.statuses import Language


@dataclass(frozen=True, slots=True)
class claim:
    """A value by its expression, and how it is said when not as its field is.

    Small, since it reads as a word where it is used: `at=claim("q1.rows[0].end", "day")`.
    """

    expr: str
    kind: str = ""


def _expr(wanted: str | claim) -> str:
    return wanted.expr if isinstance(wanted, claim) else wanted


class Composer:
    """An answer in the making. NoClaim when a call names what the evidence does not hold."""

    def __init__(self, language: Language, zone: str, readings: Mapping[str, Reading]) -> None:
        self.language = language
        self.zone = zone
        self.readings = readings
        self._evaluator = Evaluator(readings)
        self._speaker = Speaker(language, zone, self._evaluator)
        self._layout = Layout()
        self._segments: list[Segment] = []
        self._text = ""
        self._claims = 0

    # --- our own words ------------------------------------------------------------------------

    def say(self, key: str, /, on: str = "", **slots: str | claim) -> str:
        """A phrase; what it states beside its slots must be true `on` that part of the evidence."""
        template = PHRASES[key][self.language]
        if template.when:
            slots[CONDITION] = template.condition(on, {k: _expr(one) for k, one in slots.items()})
        if slots.keys() != template.slots:
            wrong = ", ".join(sorted(slots.keys() ^ template.slots))
            raise NoClaim(f"{key} takes other slots: {wrong}")
        claims = {name: self._claim(wanted) for name, wanted in slots.items()}
        if template.when and claims[CONDITION].value is not True:
            raise NoClaim(f"{key} is only said when {claims[CONDITION].expr} is true")
        if template.field and self._field(claims["value"]) != template.field:
            raise NoClaim(f"{key} says no {claims['value'].expr}")
        return self._add(Phrase(key, claims, template.version))

    def _field(self, claim: Claim) -> str:
        return self._evaluator.evaluate(claim.expr).field

    def table(self, expr: str, columns: Sequence[str] = ()) -> str:
        """Rows by these columns, by all when none are named."""
        shown = list(columns) or excerpts.columns_of(expr, self._evaluator)
        return self._excerpt(Table(expr, shown, ""))

    def log(self, reading: str, lines: Sequence[int] = ()) -> str:
        """These lines of a log, all that were read when none are named."""
        lines = list(lines) or excerpts.numbers_of(reading, self._evaluator)
        return self._excerpt(LogLines(reading, list(lines), ""))

    def introduce(self, reading: str, head: str = "memory") -> str:
        """Who answers for a memory that is quoted next, and its language when it is another."""
        known, said = self.readings[reading].result, ""
        if known.get("approved_by") and known.get("approved_at"):
            key = f"{head}.approved" if head == "memory" else head
            day = claim(f"{reading}.approved_at", "day")
            said += self.say(key, on=reading, by=f"{reading}.approved_by", at=day)
        elif known.get("trust") in {"trusted", "cleared"}:
            is_trusted = known["trust"] == "trusted"
            said += self.say("memory.trusted" if is_trusted else f"{head}.cleared", on=reading)
        if known.get("language") not in (self.language, None):
            said += self.say(f"memory.in_{known['language']}", on=reading)
        return said

    def quote(self, reading: str) -> str:
        """A memory, whole."""
        return self._excerpt(Quote(reading, ""))

    def _excerpt(self, segment: Table | LogLines | Quote) -> str:
        shown = digest(excerpts.part(segment, self._evaluator))
        return self._add(replace(segment, digest=shown))

    def paragraph(self) -> None:
        self._break("paragraph")

    def line(self) -> None:
        self._break("line")

    def item(self) -> None:
        """Begins an item of a list; a paragraph ends it."""
        self._break("item")

    def _break(self, kind: BreakKind) -> None:
        self._add(Break(kind))

    # --- a model's words ----------------------------------------------------------------------

    def by_a_model(self) -> None:
        """What follows is a model's answer, even if it writes nothing but tables and quotes."""
        self._add(Words(""))

    def words(self, text: str) -> str:
        return self._add(Words(text)) if text else ""

    def said(self, expr: str, kind: str = "") -> str:
        """A value in a model's text."""
        return self._add(Said(self._claim(claim(expr, kind))))

    def typed(self, text: str, expr: str) -> str:
        """What a model wrote by itself, and where that occurs."""
        self._evaluator.evaluate(expr)
        return self._add(Said(Claim(self._next_id(), expr, "typed", text, text)))

    def unverified(self, text: str = "") -> str:
        """What a model wrote by itself and nothing bears out, or a slot that can't be filled."""
        return self._add(Unverified(text))

    # --- what has become of it ----------------------------------------------------------------

    def answer(self) -> Answer:
        used = sorted(self._evaluator.used)
        asked = {name: self.readings[name].question for name in used}
        return Answer(self.language, self.zone, WORDING, tuple(self._segments), asked)

    def text(self) -> str:
        return self._text

    def _claim(self, wanted: str | claim) -> Claim:
        asked = wanted if isinstance(wanted, claim) else claim(wanted)
        found = self._evaluator.evaluate(asked.expr)
        kind = found.as_kind(asked.kind)
        said = self._speaker.words(found, kind)
        return Claim(self._next_id(), asked.expr, kind, found.value, said)

    def _next_id(self) -> str:
        self._claims += 1
        return f"c{self._claims}"

    def _add(self, segment: Segment) -> str:
        piece = self._layout.place(segment, self._speaker.text(segment))
        last = self._segments[-1] if self._segments else None
        if isinstance(segment, Words) and isinstance(last, Words):
            self._segments[-1] = Words(last.text + segment.text)
        else:
            self._segments.append(segment)
        self._text += piece
        return piece
