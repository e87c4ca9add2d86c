"""A model's closing note: how it says what its answer came to. It is withheld from what is shown.

    … the answer's last words.
    <<<NOTE {"outcome": "partial", "question": "…", "missing": ["…"], "contradicts": ["m1"]}

Without a note, or with one that can't be read, the answer is an answer.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from knowledge.cleaning import clean_json

MARK = "<<<NOTE"
_TAIL = re.compile(r"\s*<{0,3}N?O?T?\Z")
"""What may be the mark's beginning, and the space before it."""


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else (value or [])


_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
_Lines = Annotated[list[_Line], BeforeValidator(_as_list), Field(max_length=10)]


class Note(BaseModel):
    """`contradicts` and `suspicious` name readings: m1, l1."""

    outcome: Literal["answered", "partial", "cannot", "ask"] = "answered"
    question: _Line = ""
    missing: _Lines = []
    assumed: _Lines = []
    contradicts: _Lines = []
    suspicious: _Lines = []


class Withheld:
    """Parts a model's text from the note at its end, while it streams."""

    def __init__(self) -> None:
        self._held = ""
        self._written: str | None = None

    def feed(self, text: str) -> str:
        """What can be shown now."""
        if self._written is not None:
            self._written += text
            return ""
        self._held += text
        shown, is_marked, written = self._held.partition(MARK)
        if is_marked:
            self._held, self._written = "", written
            return shown.rstrip()
        tail = _TAIL.search(self._held)
        end = tail.start() if tail else len(self._held)
        shown, self._held = self._held[:end], self._held[end:]
        return shown

    def end(self) -> str:
        """The rest of what is shown."""
        rest, self._held = self._held.rstrip(), ""
        return rest

    @property
    def note(self) -> Note:
        _, brace, rest = (self._written or "").partition("{")
        try:
            data, _ = json.JSONDecoder().raw_decode(brace + rest)
            return Note.model_validate(clean_json(data))
        except (ValueError, RecursionError):
            return Note()
