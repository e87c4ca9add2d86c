"""An answer's text, made of its segments and the evidence: the same for all who render it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from knowledge.claims import excerpts
from knowledge.claims.answer import (
    Answer,
    Break,
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
from knowledge.claims.evidence import NoClaim, Reading
from knowledge.claims.expressions import Evaluator, Found
from knowledge.claims.phrases import PHRASES, Slot
from knowledge.claims.wording import Voice, words
from knowledge.hwa.statuses import Language


def render(answer: Answer, readings: Mapping[str, Reading]) -> str:
    """The text that the answer yields on this evidence, whatever it was said to hold.

    What the evidence does not hold is rendered as not verified.
    """
    return render_with(Speaker(answer.language, answer.zone, Evaluator(readings)), answer)


def render_with(speaker: Speaker, answer: Answer) -> str:
    layout = Layout()
    return "".join(layout.place(one, speaker.text(one)) for one in answer.segments)


class Speaker:
    """Says segments in one language, on one clock, from an evaluator's readings."""

    def __init__(self, language: Language, zone: str, evaluator: Evaluator) -> None:
        self.language = language
        self.evaluator = evaluator
        self._voice = Voice(language, ZoneInfo(zone))

    def on(self, reading: str) -> Voice:
        """The voice that says what was read then: its day is today."""
        return self._voice.on(self.evaluator.readings[reading].read_at)

    def words(self, found: Found, kind: str) -> str:
        return words(found.value, kind, self.on(found.reading), found.field)

    def claim(self, claim: Claim) -> str:
        """A value as the evidence holds it, in the claim's kind; NoClaim when it does not."""
        if claim.kind == "typed":
            return claim.words
        found = self.evaluator.evaluate(claim.expr)
        return self.words(found, found.as_kind(claim.kind))

    def text(self, segment: Segment) -> str:
        try:
            said = self._text(segment)
            self.evaluator.spend(len(said) // 10)
            return said
        except NoClaim:
            return self.unverified("")

    def _text(self, segment: Segment) -> str:
        match segment:
            case Phrase():
                return self._phrase(segment)
            case Words(text):
                return text
            case Said(claim):
                return self.claim(claim)
            case Unverified(text):
                return self.unverified(text)
            case Table(expr, columns):
                rows, reading = excerpts.cells(expr, columns, self.evaluator)
                return excerpts.table_text(rows, columns, self.on(reading))
            case LogLines():
                return excerpts.log_text(excerpts.part(segment, self.evaluator))
            case Quote():
                return excerpts.memory_text(excerpts.part(segment, self.evaluator))
        return ""

    def _phrase(self, phrase: Phrase) -> str:
        if phrase.key not in PHRASES:
            raise NoClaim(f"there is no phrase {phrase.key}")
        said = ""
        for part in PHRASES[phrase.key][self.language].parts:
            if not isinstance(part, Slot):
                said += part
            elif part.name not in phrase.slots:
                raise NoClaim(f"the phrase {phrase.key} lacks {part.name}")
            elif part.forms is None:
                said += self.claim(phrase.slots[part.name])
            else:
                found = self.evaluator.evaluate(phrase.slots[part.name].expr)
                said += part.form(found.value)
        return said

    def unverified(self, text: str) -> str:
        return f"{text} ({self._voice.word('unverified')})".lstrip()


_NEW_LINES = {"paragraph": 2, "line": 1, "item": 1}
_BLOCKS = (Table, LogLines, Quote)


@dataclass(slots=True)
class Layout:
    """Where white space stands: phrases are joined by a space, tables and the like stand alone.

    Piece by piece, so that a text can be streamed; nothing that was placed changes any more.
    """

    _end: str = ""
    """What the text ends in so far; empty at its beginning."""
    _new_lines: int = 0
    _marker: str = ""
    _after_phrase: bool = False

    def place(self, segment: Segment, text: str) -> str:
        """What the text goes on with."""
        if isinstance(segment, Break):
            self._new_lines = max(self._new_lines, _NEW_LINES[segment.kind])
            self._marker = "- " if segment.kind == "item" else ""
            return ""
        if self._new_lines and isinstance(segment, Words):
            text = text.lstrip("\n")
        if not text:
            return ""
        is_block = isinstance(segment, _BLOCKS)
        if is_block:
            self._new_lines = 2
        joined = isinstance(segment, Phrase) or self._after_phrase
        piece = self._gap(joined and not text[0].isspace()) + text
        self._new_lines, self._marker = 2 * is_block, ""
        self._after_phrase = isinstance(segment, Phrase)
        self._end = (self._end + piece)[-2:]
        return piece

    def _gap(self, joined: bool) -> str:
        if not self._end:
            return self._marker
        ended = len(self._end) - len(self._end.rstrip("\n"))
        if self._new_lines or self._marker:
            return "\n" * (self._new_lines - ended) + self._marker
        return " " if joined and not self._end[-1].isspace() else ""
