"""What happens while a question is answered, as typed events.

`AgentManager.answer` yields them; the chat, the REST API and `manage.py ask` translate them:

    RunStarted, then any number of ToolCall, ToolResult and Chunk, then exactly one of
    Final (an answer, an honest "I can't answer that" included) or Failed (no answer)

The texts of the Chunks, joined, are the Final's `answer`. The generator may be closed or its task
cancelled at any point: nothing is stored before `tws.chat.runs.store_answer` gets the Final.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from knowledge.claims.answer import Answer, Break, Phrase, Quote, Segment, Words
from tws.answers.understanding.asked import Understood

Outcome = Literal["answered", "partial", "cannot", "ask", "refused", "error"]
"""partial: some of the question was not used; ask: a question back; refused: an order."""
OWN_MEMORIES = "own_memories"
"""The tool that lists what the asker's own questions have left behind."""
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
    what: str = ""  # the label without the engine: "jobs · ended in error"
    tool: str = ""  # what read it: "plan_query", "inspect", …
    version: int | None = None  # of a memory, as it was quoted

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

    `segments` are the answer as data (knowledge/claims), `evidence` its readings as JSON.
    `understood` is the question as it was taken, with what the answer listed. `kind` is "state"
    when the plan was read. `used` are the memories it was given from, by id and version, and how
    (knowledge/lineage.py). `suggestions` may be asked
    next. `note` is what the answer begins with about the moment it was given in, `beside` what it
    ends with about itself; no memory keeps them.
    """

    answer: str
    outcome: Outcome = "answered"
    segments: Answer | None = None
    understood: Understood | None = None
    suggestions: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    tools: tuple[ToolUse, ...] = ()
    kind: Literal["knowledge", "state"] = "knowledge"
    evidence: tuple[dict[str, Any], ...] = ()
    used: Mapping[tuple[uuid.UUID, int], str] = field(default_factory=dict)
    mode: Literal["rules", "llm"] = "rules"
    engine: str = ""
    note: str = ""
    beside: str = ""

    @property
    def is_worth_keeping(self) -> bool:
        """No honest no, question back or refusal: they say nothing. Nor what only quotes."""
        says_something = self.kind == "state" or self.mode == "llm"
        return says_something and not self._only_quotes and self.outcome in {"answered", "partial"}

    @property
    def _only_quotes(self) -> bool:
        said = self.segments.segments if self.segments else ()
        beside = [one for one in said if not isinstance(one, (Quote, Break))]
        return len(beside) < len(said) and not any(_says_more(one) for one in beside)

    @property
    def claims(self) -> list[dict[str, Any]]:
        """Each value of the answer: where in the evidence it stands, and how it was said."""
        return [asdict(claim) for claim in self.segments.said] if self.segments else []


def _says_more(segment: Segment) -> bool:
    """Than who answers for what is quoted."""
    if isinstance(segment, Phrase):
        return not segment.key.startswith("memory.")
    return not (isinstance(segment, Words) and not segment.text.strip())


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer: `message` says why, in the language of the question.

    `suggestions` are what may be asked instead.
    """

    code: ErrorCode
    message: str
    tools: tuple[ToolUse, ...] = ()
    suggestions: tuple[str, ...] = ()


Event = RunStarted | ToolCall | ToolResult | Chunk | Final | Failed
Emit = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question of the conversation with its answer; what "and its log?" refers to.

    `understood` is how that question was taken, and what its answer listed.
    """

    question: str
    answer: str
    tools: tuple[ToolUse, ...] = field(default=())
    understood: Understood | None = None


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
            said = {"code": event.code, "message": event.message}
            return {"type": "error", **said, "suggestions": list(event.suggestions)}
        case Final():
            return {
                "type": "message",
                "is_final": True,
                "message": event.answer,
                **said_of(event),
                "sources": [source.as_dict() for source in event.sources],
                "tools": [use.as_dict() for use in event.tools],
            }


def said_of(final: Final) -> dict[str, Any]:
    """What every reply tells beside its text: in frames, at the terminal, in JSON."""
    return {
        "understood": how_understood(final.understood),
        "outcome": final.outcome,
        "claims": final.claims,
        "suggestions": list(final.suggestions),
    }


def how_understood(understood: Understood | None) -> dict[str, Any] | None:
    """The question in the words it was taken in, and the words of it that were not used."""
    if understood is None:
        return None
    from tws.answers.understanding.narrowing import removable  # with all that questions are made of

    return {
        "text": understood.text,
        "parts": list(understood.parts),
        "unused": list(understood.unused),
        "removable": removable(understood),
    }
