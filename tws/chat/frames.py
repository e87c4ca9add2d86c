"""What a chat client may send, parsed once; whatever is wrong with it is a `Refused`."""

from __future__ import annotations

import json
import re
from typing import Annotated, Literal
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError

from knowledge.cleaning import clean
from knowledge.models import FeedbackReason

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


LONGEST_FRAME = 2**21
"""What is longer, in bytes or characters, ends the socket; up to here it is answered."""
LONGEST_COMMENT = 10_000
LONGEST_NAME = 100
MOST_CONTAINERS = 64
"""Lists and objects in a frame; ours have one. Making many of them wakes the garbage collector."""

_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def _cleaned(value: object) -> object:
    return clean(value) if isinstance(value, str) else value


def _as_text(value: object) -> object:
    """Numbers make fine names, too."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else _cleaned(value)


Text = Annotated[str, BeforeValidator(_cleaned)]


class Without(BaseModel):
    """The question of an earlier run of the conversation, less one `part` of its `understood`."""

    run_id: UUID
    part: int = Field(ge=0, lt=1000)


class Ask(BaseModel):
    type: Literal["message"] = "message"
    text: Text
    client_id: Annotated[str, BeforeValidator(_as_text), Field(max_length=LONGEST_NAME)] = ""
    without: Without | None = None
    answers: UUID | None = None
    """The run whose question back this answers, whatever was asked since."""


class Stop(BaseModel):
    type: Literal["stop"]


class Resume(BaseModel):
    type: Literal["resume"]
    run_id: UUID
    last_seq: int = Field(0, ge=0, lt=2**31)


class Watch(BaseModel):
    """Also tell what other pages do. `known` are the runs that the client shows already."""

    type: Literal["watch"]
    known: list[UUID] = Field(default_factory=list, max_length=1000)


class Feedback(BaseModel):
    type: Literal["feedback"]
    memory_id: UUID
    rating: int = Field(ge=1, le=5)
    comment: Annotated[Text, Field(max_length=LONGEST_COMMENT)] = ""
    reason: Literal["", *FeedbackReason.values] = ""  # type: ignore[valid-type]  # as declared


class Unrate(BaseModel):
    """Take back what was said of an answer."""

    type: Literal["unrate"]
    memory_id: UUID


class Ping(BaseModel):
    type: Literal["ping"]


Frame = Ask | Stop | Resume | Watch | Feedback | Unrate | Ping
_PARSERS: dict[str, TypeAdapter[Frame]] = {
    "message": TypeAdapter(Ask),
    "stop": TypeAdapter(Stop),
    "resume": TypeAdapter(Resume),
    "watch": TypeAdapter(Watch),
    "feedback": TypeAdapter(Feedback),
    "unrate": TypeAdapter(Unrate),
    "ping": TypeAdapter(Ping),
}


def parse(text: str) -> Frame:
    """The frame in a text: JSON when it begins with `{`, else the question itself.

    Takes a few milliseconds at most: what is longer than any frame of ours is not read.
    """
    if not text.lstrip().startswith("{"):
        return _checked(Ask.model_construct(text=text))
    if len(text) > _longest_json():
        raise Refused("too_long", _("This frame is too long."))
    if _containers(text) > MOST_CONTAINERS:
        raise Refused("bad_json", _("This frame holds too many lists."))
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
        frame = parser.validate_python(fields)
    except ValidationError as error:
        raise Refused("bad_json", _what_is_wrong(error), _client_id(fields)) from error
    return _checked(frame) if isinstance(frame, Ask) else frame


def _containers(text: str) -> int:
    """How many lists and objects JSON would make of it; brackets in strings are none."""
    count = text.count("[") + text.count("{")
    if count <= MOST_CONTAINERS:
        return count
    bare = _STRING.sub("", text)
    return bare.count("[") + bare.count("{")


def _longest_json() -> int:
    """The longest text, each character spelt `\\ud83d\\ude00`, and the rest."""
    return 12 * (max(settings.CHAT_MAX_CHARACTERS, LONGEST_COMMENT) + 2 * LONGEST_NAME)


def _checked(question: Ask) -> Ask:
    if len(question.text) > settings.CHAT_MAX_CHARACTERS:
        message = _("A question has at most %d characters.") % settings.CHAT_MAX_CHARACTERS
        raise Refused("too_long", message, question.client_id)
    text = clean(question.text)
    if not text.strip():
        raise Refused("bad_json", _("The question is empty."), question.client_id)
    return question.model_copy(update={"text": text})


def _client_id(fields: dict[str, object]) -> str:
    found = fields.get("client_id")
    return clean(found[:LONGEST_NAME]) if isinstance(found, str) else ""


def _what_is_wrong(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}"
