"""What a chat client may send, parsed once; whatever is wrong with it is a `Refused`."""

from __future__ import annotations

import json
from typing import Annotated, Literal
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError

from knowledge.cleaning import clean_json

Code = Literal[
    "bad_json",
    "unknown_type",
    "bad_frame",
    "too_long",
    "busy",
    "rate_limited",
    "forbidden",
    "not_found",
    "hwa_unavailable",
    "llm_unavailable",
    "internal",
]


class Refused(Exception):
    """A frame is not obeyed; the client is told why and the socket stays open."""

    def __init__(self, code: Code, message: str, client_id: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.client_id = code, message, client_id

    def frame(self) -> dict[str, str]:
        frame = {"type": "error", "code": self.code, "message": self.message}
        return frame | ({"client_id": self.client_id} if self.client_id else {})


def _as_text(value: object) -> object:
    """Numbers make fine names, too."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Ask(BaseModel):
    type: Literal["message"] = "message"
    text: str
    client_id: Annotated[str, BeforeValidator(_as_text), Field(max_length=100)] = ""


class Stop(BaseModel):
    type: Literal["stop"]


class Resume(BaseModel):
    type: Literal["resume"]
    run_id: UUID
    last_seq: int = Field(0, ge=0, lt=2**31)


class Feedback(BaseModel):
    type: Literal["feedback"]
    memory_id: UUID
    rating: int = Field(ge=1, le=5)
    comment: str = Field("", max_length=10_000)


class Ping(BaseModel):
    type: Literal["ping"]


Frame = Ask | Stop | Resume | Feedback | Ping
_PARSERS: dict[str, TypeAdapter[Frame]] = {
    "message": TypeAdapter(Ask),
    "stop": TypeAdapter(Stop),
    "resume": TypeAdapter(Resume),
    "feedback": TypeAdapter(Feedback),
    "ping": TypeAdapter(Ping),
}


def parse(text: str) -> Frame:
    """The frame in a text: JSON when it begins with `{`, else the question itself."""
    if not text.lstrip().startswith("{"):
        return Ask(text=clean_json(text))
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused("bad_json", _("This frame is not JSON.")) from error
    kind = fields.get("type")
    parser = _PARSERS.get(kind) if isinstance(kind, str) else None
    if parser is None:
        known = ", ".join(_PARSERS)
        raise Refused("unknown_type", _("Unknown type of frame. Known: %s.") % known)
    try:
        return parser.validate_python(clean_json(fields))
    except ValidationError as error:
        raise Refused("bad_json", _what_is_wrong(error), _client_id(fields)) from error


def _client_id(fields: dict[str, object]) -> str:
    found = fields.get("client_id")
    return clean_json(found)[:100] if isinstance(found, str) else ""


def _what_is_wrong(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}"
