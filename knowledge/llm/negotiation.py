"""Which request an endpoint takes: what is sent by its profile, what is left out after a refusal.

An endpoint that refuses a request is asked again without what it names. When it names nothing,
each part that can be spared is left out by itself, then all of them together. What was taken in
the end is learned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from knowledge.llm.errors import LLMError
from knowledge.llm.messages import shaped
from knowledge.llm.profile import CALL_CONTENTS, FORMATS, LIMIT_FIELDS, Profile
from knowledge.llm.tool_schemas import plain_tool
from knowledge.llm.types import GIVEN_BACK, Asked

_ABOUT_THE_REQUEST = {400, 404, 405, 415, 422, 500, 501}


def body(asked: Asked, profile: Profile) -> dict[str, Any]:
    """The request as this endpoint takes it."""
    tools = list(asked.tools) if profile.tools else []
    if not profile.tool_keywords:
        tools = [plain_tool(tool) for tool in tools]
    request: dict[str, Any] = {
        "model": asked.model,
        "messages": shaped(
            asked.messages,
            system_role=profile.system_role,
            tools=bool(tools),
            call_content=profile.call_content,
            call_thoughts=profile.call_thoughts,
        ),
    }
    if profile.temperature:
        request["temperature"] = asked.temperature
    if profile.limit_field in LIMIT_FIELDS[:2]:
        budget = settings.LLM_REASONING_TOKENS if profile.thinks else 0
        request[profile.limit_field] = asked.max_tokens + budget
    if tools:
        request["tools"] = tools
    if asked.schema is not None and profile.response_format != "none":
        request["response_format"] = _format(asked.schema, profile.response_format)
    if profile.stream and (asked.streamed or not profile.whole):
        request["stream"] = True
        if profile.stream_options:
            request["stream_options"] = {"include_usage": True}
    return request


def _format(schema: Any, kind: str) -> dict[str, Any]:
    if kind == "json_object":
        return {"type": "json_object"}
    return {
        "type": "json_schema",
        "json_schema": {"name": "reply", "strict": True, "schema": schema},
    }


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a request that can be spared, and the words by which endpoints name it."""

    key: str  # see `_sent`
    words: re.Pattern[str]
    without: Callable[[Profile], Profile]


def _next(known: tuple[str, ...], value: str) -> str:
    return known[min(known.index(value) + 1, len(known) - 1)]


def _part(key: str, words: str, without: Callable[[Profile], Profile]) -> Part:
    return Part(key, re.compile(words, re.IGNORECASE), without)


_TOOLS = (
    r"\btools?\b|tool_choice|tool[ _-]?(?:use|call)|function[ _-]?(?:call|declaration)"
    r"|(?:any|one|all)_?of\b|additional_?properties|\$(?:ref|defs|schema)\b|\bparameters\."
    r"|\bproperties\.|\b(?:max|min)(?:imum|_?length|_?items)|exclusive_?minimum|\bkeywords?\b"
)
_EMPTY = (
    r"content.{0,40}(?:empty|blank|null|none\b|string|required|missing|at least)"
    r"|(?:empty|blank|null).{0,40}(?:content|message)|content or tool_calls|content and tool_calls"
)
PARTS = (
    _part(
        "response_format",
        r"response_format|json_schema|json_object|structured|guided|grammar|\bschema\b",
        lambda p: replace(p, response_format=_next(FORMATS, p.response_format)),
    ),
    _part(
        "stream_options",
        r"stream_options|include_usage",
        lambda p: replace(p, stream_options=False),
    ),
    _part("temperature", r"temperature|sampling", lambda p: replace(p, temperature=False)),
    _part(
        "tokens",
        r"max_tokens|max_completion_tokens|num_predict",
        lambda p: replace(p, limit_field=_next(LIMIT_FIELDS, p.limit_field)),
    ),
    _part(
        "system",
        r"\bsystem\b|developer instruction|\broles?\b",
        lambda p: replace(p, system_role=False),
    ),
    _part(
        "call_content",
        _EMPTY,
        lambda p: replace(p, call_content=_next(CALL_CONTENTS, p.call_content)),
    ),
    _part(
        "call_thoughts",
        r"reasoning_content",
        lambda p: replace(p, call_thoughts=True),
    ),
    _part("stream", r"\bstream(?:ing)?\b", lambda p: replace(p, stream=False)),
    _part("whole", r"\bstream(?:ing)?\b", lambda p: replace(p, whole=False)),
    _part("tool_keywords", _TOOLS, lambda p: replace(p, tool_keywords=False)),
    _part("tools", _TOOLS, lambda p: replace(p, tools=False)),
)
"""In the order in which they are left out when the endpoint does not say what it minds."""


def _sent(request: dict[str, Any], profile: Profile) -> list[Part]:
    has = set(request)
    if "stream" not in request and profile.stream:
        has.add("whole")
    if has & set(LIMIT_FIELDS):
        has.add("tokens")
    if request["messages"][:1] and request["messages"][0]["role"] == "system":
        has.add("system")
    if any(_only_calls(message) for message in request["messages"]):
        has.add("call_content")
    if any(one["role"] == "assistant" and GIVEN_BACK not in one for one in request["messages"]):
        has.add("call_thoughts")
    if any(plain_tool(tool) != tool for tool in request.get("tools", ())):
        has.add("tool_keywords")
    if any(message["role"] == "tool" for message in request["messages"]):
        has -= {"tools", "tool_keywords"}  # it has called one in this very talk
    return [part for part in PARTS if part.key in has]


def _only_calls(message: dict[str, Any]) -> bool:
    return "tool_calls" in message and not (message.get("content") or "").strip()


class Negotiation:
    """The tries of one call: `profile` is the one to try now."""

    def __init__(self, profile: Profile, *, may_guess: bool) -> None:
        self.profile = profile
        self._may_guess = may_guess
        self._guesses: Iterator[Profile] | None = None
        self._unguessed: LLMError | None = None
        self.guessed_in_vain = False
        self.doubtful = False
        """A failure of the server's own led to this profile: it may have been a passing one."""

    def goes_on(self, error: LLMError, request: dict[str, Any]) -> bool:
        """Whether a leaner request is worth a try after this refusal."""
        if error.status not in _ABOUT_THE_REQUEST or error.kind in {"too_long", "declined", "key"}:
            return False
        self.doubtful |= error.status >= 500
        sent = _sent(request, self.profile)
        if self._guesses is None and (part := _named(str(error), sent)):
            self.profile = part.without(self.profile)
            return True
        if self._guesses is None and self._may_guess and error.kind in {"refused", "overloaded"}:
            self._guesses = _leaner(self.profile, sent)
            self._unguessed = error
        leaner = next(self._guesses, None) if self._guesses is not None else None
        if leaner is None:
            self.guessed_in_vain = self._guesses is not None
            return False
        self.profile = leaner
        return True

    def refusal(self, error: LLMError) -> LLMError:
        """The error to tell: what was said to the full request, not to a guess."""
        return self._unguessed or error


def _named(words: str, sent: list[Part]) -> Part | None:
    """The part that a refusal names first."""
    found = [(match.start(), part) for part in sent if (match := part.words.search(words))]
    parts = [part for _, part in sorted(found, key=lambda one: one[0])]
    # "Tools can't be used with streaming": they are worth more than it is.
    return next((part for part in parts if part.key == "stream"), parts[0] if parts else None)


def _leaner(profile: Profile, sent: list[Part]) -> Iterator[Profile]:
    spared = [part for part in sent if part.key not in {"tools", "call_thoughts", "whole"}]
    for part in spared:
        if part.key == "tokens" and profile.limit_field == LIMIT_FIELDS[0]:
            yield part.without(profile)  # the other name first
        if part.key == "call_content":
            yield from (replace(profile, call_content=other) for other in ("null", "space"))
        yield _without(part, profile)
    leanest = profile
    for part in spared:
        leanest = _without(part, leanest)
    if len(spared) > 1:
        yield leanest
    if any(part.key == "whole" for part in sent):
        yield replace(profile, whole=False)
        yield replace(leanest, whole=False, stream_options=False)
    for part in sent:
        if part.key == "tools":
            yield part.without(profile)
            if spared:
                yield part.without(leanest)


def _without(part: Part, profile: Profile) -> Profile:
    if part.key == "response_format":
        return replace(profile, response_format="none")
    if part.key == "tokens":
        return replace(profile, limit_field="none")
    if part.key == "call_content":
        return replace(profile, call_content="absent")
    return part.without(profile)
