"""What an endpoint takes for a model: how a request to it is shaped."""

from __future__ import annotations

from dataclasses import dataclass, replace

FORMATS = ("json_schema", "json_object", "none")
LIMIT_FIELDS = ("max_tokens", "max_completion_tokens", "none")
CALL_CONTENTS = ("empty", "null", "absent", "space")
THINKING = ("", "none", "seen", "unopened")


@dataclass(frozen=True, slots=True)
class Profile:
    """What an endpoint takes for a model, as far as it has shown."""

    temperature: bool = True
    stream: bool = True
    whole: bool = True
    """Whether it gives a whole answer too, and does not only stream."""
    stream_options: bool = True
    response_format: str = FORMATS[0]
    limit_field: str = LIMIT_FIELDS[0]
    tools: bool = True
    tool_keywords: bool = True
    """Every keyword of JSON schema in the tools' arguments; else they are sent as `plain_tool`."""
    call_content: str = CALL_CONTENTS[0]
    """What stands for the words of a model's turn that only calls tools."""
    call_thoughts: bool = False
    """Whether it wants its thoughts back with its tool calls."""
    speaks_first: bool = False
    """Whether it has said something before it called tools: its first words are held back."""
    system_role: bool = True
    thinking: str = ""
    """"": not known; none; seen: in a field or in tags; unopened: with the closing tag alone."""

    @property
    def thinks(self) -> bool:
        return self.thinking in {"seen", "unopened"}

    def thinking_as(self, seen: str) -> Profile:
        """With what a reply showed; the strongest sign ever seen stays."""
        is_news = THINKING.index(seen) > THINKING.index(self.thinking)
        return replace(self, thinking=seen) if is_news else self
