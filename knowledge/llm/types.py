"""What is asked of an LLM, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Message = Mapping[str, Any]
GIVEN_BACK = "reasoning_content"
"""The field of a turn whose thoughts some endpoints want to have back (DeepSeek, Kimi)."""
Purpose = Literal["chat", "judge", "check"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to a model, before anything is known of what its endpoint takes."""

    messages: Sequence[Message]
    max_tokens: int
    schema: Mapping[str, Any] | None
    temperature: float
    model: str
    tools: Sequence[Mapping[str, Any]]
    purpose: Purpose
    streamed: bool


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call, as the endpoint counted them; zeros when it did not say."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool the model wants called; `arguments` is the JSON text it wrote, not checked yet.

    `extra` is what the endpoint wants to have back beside the call, as it came (Gemini's
    `extra_content`).
    """

    id: str
    name: str
    arguments: str
    extra: Any = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole answer. `data` is the parsed JSON when a schema was asked for, else None."""

    text: str
    data: Any = None
    finish_reason: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    thoughts: str = ""
    """For the endpoint alone, see GIVEN_BACK."""
    usage: Usage = field(default_factory=Usage)
    model: str = ""


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a streamed answer: text, or, as the last one, the whole `reply`."""

    text: str = ""
    reply: Reply | None = None
