"""What the model may say back, and how that is read: JSON of a schema, or it is no verdict."""

from __future__ import annotations

import logging
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from knowledge.llm import Reply

log = logging.getLogger(__name__)

MOST_STATEMENTS = 25
LONGEST_REPLY = 30_000
"""Characters that are mended: some 2000 tokens and their markup; more take seconds."""
Outcome = Literal["against", "for", "cannot_tell"]


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT = {"type": "string"}
_CATEGORIES = ["none", "cannot_tell", "wrong_fact", "unsafe", "secret", "injection", "junk"]
VERDICT_SCHEMA = _object(
    reason=_TEXT,
    quote=_TEXT,
    against=_TEXT,
    category={"type": "string", "enum": _CATEGORIES},
    is_incorrect={"type": "boolean"},
    confidence={"type": "number"},
)
EXTRACTION_SCHEMA = _object(
    statements={"type": "array", "items": _object(quote=_TEXT, expr=_TEXT, value=_TEXT)}
)


class Opinion(BaseModel):
    """One reply of the model. Its `confidence` is asked for, as models reason better for it.

    It decides nothing: how sure a model says it is has little to do with how often it is right.
    """

    reason: str = Field(max_length=4000)
    quote: str = ""
    against: str = ""
    category: str = "none"
    is_incorrect: bool = Field(strict=True)
    confidence: float = Field(ge=0, le=1)

    @property
    def outcome(self) -> Outcome:
        if self.is_incorrect:
            return "against"
        return "for" if self.category == "none" else "cannot_tell"


class Statement(BaseModel):
    """What an answer states: its words, where the evidence has the value, and the value it says."""

    quote: str = Field(max_length=4000)
    expr: str = Field(default="", max_length=4000)
    value: str = Field(default="", max_length=4000)


class Extraction(BaseModel):
    statements: list[Statement] = Field(default_factory=list)


def opinion_of(reply: Reply) -> Opinion | None:
    """The model's opinion, or None: not JSON even after repair, or not of the schema."""
    try:
        return Opinion.model_validate(_data(reply))
    except ValidationError as error:
        log.warning("the LLM's reply is no verdict: %d faults in it", error.error_count())
        return None


def statements_of(reply: Reply) -> list[Statement]:
    """The statements that a reply lists; none where it is no list of them.

    That is no fault of the verdict: what was not extracted is judged as it stands.
    """
    try:
        return Extraction.model_validate(_data(reply)).statements[:MOST_STATEMENTS]
    except ValidationError as error:
        log.warning("the LLM's reply lists no statements: %d faults in it", error.error_count())
        return []


def _data(reply: Reply) -> Any:
    return reply.data if reply.data is not None else _repaired(reply.text)


def _repaired(text: str) -> Any:
    from json_repair import repair_json

    start, end = text.find("{"), text.rfind("}")
    if start < 0 or not start < end < start + LONGEST_REPLY:
        return None
    try:
        return repair_json(text[start : end + 1], return_objects=True)
    except (ValueError, RecursionError):
        return None
