"""A model's closing note: how it says what its answer came to. It is withheld from what is shown.

    … the answer's last words.
    <<<NOTE {"outcome": "partial", "question": "…", "missing": ["…"], "contradicts": ["m1"]}

Without a note, or with one that can't be read, the answer is an answer. Most models end with it;
one that begins with it, closes it or puts it in a fence is understood too.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, model_validator

from knowledge.cleaning import clean_json

_MARK = re.compile(r"\s*(?P<fence>```\w*\s*)?<<<\s*NOTE\b", re.IGNORECASE)
"""With the space and the fence that stand before it."""
_TAIL = re.compile(r"\s*(?:`{1,3}\w*\s*)?(?:<{1,3}\s*(?:N(?:O(?:TE?)?)?)?)?\Z", re.IGNORECASE)
"""What may be the mark's beginning."""
_CLOSERS = re.compile(r"[\s>`]*")
LONGEST_LINE = 500
MOST_LINES = 10


def _line(value: Any) -> str:
    return value.strip()[:LONGEST_LINE] if isinstance(value, str) else ""


def _lines(value: Any) -> list[str]:
    lines = map(_line, value if isinstance(value, list) else [value])
    return [line for line in lines if line][:MOST_LINES]


def _outcome(value: Any) -> Any:
    known = str(value).strip().lower()
    return known if known in get_args(_Outcome) else "answered"


_Outcome = Literal["answered", "partial", "cannot", "ask"]
_Line = Annotated[str, BeforeValidator(_line)]
_Lines = Annotated[list[str], BeforeValidator(_lines)]


class Note(BaseModel):
    """`contradicts` and `suspicious` name readings: m1, l1. One odd field costs that field."""

    outcome: Annotated[_Outcome, BeforeValidator(_outcome)] = "answered"
    question: _Line = ""
    missing: _Lines = []
    assumed: _Lines = []
    contradicts: _Lines = []
    suspicious: _Lines = []

    @model_validator(mode="after")
    def _is_partial_where_something_is_missing(self) -> Self:
        if self.missing and self.outcome == "answered":
            self.outcome = "partial"
        return self


class Withheld:
    """Parts a model's text from the note in it, wherever that stands, while it streams."""

    def __init__(self) -> None:
        self._held = ""
        self._written: str | None = None
        """The note as far as it has come; None outside one."""
        self._gap: str | None = None
        """What parts the text behind a note from that before it; None where none has just ended."""
        self._has_shown = self._in_code = False
        self.note = Note()
        """The last that says anything: one before it may be copied from what the model has read."""

    def feed(self, text: str) -> str:
        """What can be shown now."""
        shown = ""
        rest: str | None = text
        while rest is not None:
            said, rest = self._up_to_a_note(rest) if self._written is None else self._noted(rest)
            shown += said
        return shown

    def _up_to_a_note(self, text: str) -> tuple[str, str | None]:
        """What can be shown, and what the note begins with that follows it (None: no note)."""
        self._held += text
        if self._gap is not None:
            self._held = self._held[_CLOSERS.match(self._held).end() :]  # type: ignore[union-attr]
            if not self._held:
                return "", None
            self._held, self._gap = self._gap + self._held, None
        if mark := _MARK.search(self._held):
            shown, rest = self._held[: mark.start()], self._held[mark.end() :]
            self._held, self._written = "", ""
            shown = self._shown(shown)
            if mark["fence"] and self._in_code:  # it ends code of the answer's
                shown += self._shown("\n```")
            return shown, rest
        tail = _TAIL.search(self._held)
        end = tail.start() if tail else len(self._held)
        shown, self._held = self._held[:end], self._held[end:]
        return self._shown(shown), None

    def _noted(self, text: str) -> tuple[str, str | None]:
        """Goes on with the note; what follows its end is text again."""
        self._written = (self._written or "") + text
        if "}" not in text or (read := _read(self._written)) is None:
            return "", None
        note, rest = read
        self.note = self.note if note == Note() else note
        self._written, self._gap = None, "\n\n" if self._has_shown else ""
        return "", rest

    def _shown(self, text: str) -> str:
        self._has_shown |= bool(text.strip())
        self._in_code ^= text.count("```") % 2 == 1
        return text

    def end(self) -> str:
        """The rest of what is shown."""
        rest, self._held = self._held.rstrip(), ""
        return rest


def _read(written: str) -> tuple[Note, str] | None:
    """A note and what follows it; None when it is not whole, or no note."""
    start = written.find("{")
    try:
        data, end = json.JSONDecoder().raw_decode(written, start)
        return Note.model_validate(clean_json(data)), written[end:]
    except (ValueError, RecursionError):
        return None
