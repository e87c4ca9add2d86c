"""What happens while a question is answered, as typed events.

`AgentManager.answer` yields them; the chat, the REST API and `manage.py ask` translate them:

    RunStarted, then any number of ToolCall, ToolResult and Chunk, then exactly one of
    Final (an answer, an honest "I can't answer that" included) or Failed (no answer)

The texts of the Chunks, joined, are the Final's `answer`. The generator may be closed or its task
cancelled at any point: nothing is stored before `tws.chat.runs.store_answer` gets the Final.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

ErrorCode = Literal["hwa_unavailable", "llm_unavailable", "internal"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where an answer comes from: a reading of HWA, or a memory."""

    kind: Literal["hwa", "memory"]
    ref: str  # the tool's name, or the memory's id
    label: str  # what a person reads
    engine: str | None = None  # "PROD", "simulator"; None for a memory
    fetched_at: str | None = None  # ISO 8601 with offset
    trust: str | None = None  # "trusted" or "cleared"; None for a reading

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One call of a tool, without its result."""

    tool: str
    arguments: dict[str, Any]
    ok: bool
    fetched_at: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RunStarted:
    agent: str  # its id
    mode: Literal["rules", "llm"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The end of the last ToolCall of that tool; `error` says in words why `ok` is False."""

    tool: str
    arguments: dict[str, Any]
    ok: bool
    fetched_at: str | None = None
    engine: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    text: str


@dataclass(frozen=True, slots=True)
class Final:
    """The whole answer, in Markdown, and what it rests on.

    `evidence` is what the memory keeps: `{tool, arguments, result, fetched_at}` for each call that
    succeeded. `kind` is "state" when the live plan was read. `cites` are the memories the answer
    quotes. `answered` is False for an honest no: nothing to remember. `note` is what the answer
    begins with about the moment it was given in, and no memory keeps.
    """

    answer: str
    sources: tuple[Source, ...] = ()
    tools: tuple[ToolUse, ...] = ()
    kind: Literal["knowledge", "state"] = "knowledge"
    evidence: tuple[dict[str, Any], ...] = ()
    cites: tuple[uuid.UUID, ...] = ()
    answered: bool = True
    mode: Literal["rules", "llm"] = "rules"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer: `message` says why, in the language of the question."""

    code: ErrorCode
    message: str
    tools: tuple[ToolUse, ...] = ()


Event = RunStarted | ToolCall | ToolResult | Chunk | Final | Failed


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question of the conversation with its answer; what "and its log?" refers to."""

    question: str
    answer: str
    tools: tuple[ToolUse, ...] = field(default=())


def frame(event: Event) -> dict[str, Any]:
    """The event as the chat's protocol says it, without `run_id`, `seq`, `client_id`, `memory_id`.

    A Final's `html` is the chat's to add: it alone shows HTML.
    """
    match event:
        case RunStarted():
            return {"type": "run_started", "agent": event.agent, "mode": event.mode}
        case ToolCall():
            return {"type": "tool_call", "tool": event.tool, "arguments": event.arguments}
        case ToolResult():
            return {"type": "tool_result", **asdict(event)}
        case Chunk():
            return {"type": "stream", "message": event.text}
        case Failed():
            return {"type": "error", "code": event.code, "message": event.message}
        case Final():
            return {
                "type": "message",
                "is_final": True,
                "message": event.answer,
                "sources": [source.as_dict() for source in event.sources],
                "tools": [use.as_dict() for use in event.tools],
            }
