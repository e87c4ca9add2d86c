"""What a judge is: a callable from a memory to a verdict.

Judges are pure: they see one memory with its evidence and its neighbours, read no database and
write nothing, so that a test passes a function and a measurement passes a file.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An approved or cleared memory near the one under audit; `similarity` is 0..1."""

    memory_id: UUID
    trust: str
    user_query: str
    agent_response: str
    similarity: float


@dataclass(frozen=True, slots=True)
class QuotedNow:
    """A memory that an answer rests on: what it said in the version named, and how it is today.

    `text` is None where nobody knows any more; what is gone is at version 0, its trust "".
    """

    memory_id: str
    version: int
    text: str | None
    current_version: int
    trust: str


@dataclass(frozen=True, slots=True)
class MemoryUnderAudit:
    """One version of one memory, as a judge sees it.

    `kind` is "knowledge" or "state"; `evidence` is the stored list of
    `{tool, arguments?, result, fetched_at?}` whose `result` has any shape. `answer` are the
    segments that yield the text, if it has any; `own_evidence`: we read it ourselves.
    `quoted_now` is None when nobody looked.
    """

    memory_id: UUID
    version: int
    agent: str
    kind: str
    user_query: str
    agent_response: str
    evidence: list[dict[str, Any]] = field(default_factory=list)
    neighbours: tuple[Neighbour, ...] = ()
    answer: dict[str, Any] | None = None
    own_evidence: bool = False
    quoted_now: tuple[QuotedNow, ...] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a judge holds against a memory: the passage, and the datum that says otherwise.

    Where it is data (`claim_id`, `expr`, what was `said` and what is `found`), `message` is empty:
    `audits.findings` words the code when it is shown.
    """

    code: str
    quote: str
    datum: str
    message: str
    confidence: float
    claim_id: str = ""
    expr: str = ""
    said: Any = None
    found: Any = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """How likely it is that the memory is wrong or harmful (0..1), by whom, and why.

    `supports`: there are grounds to believe it, and no later judge needs asking. A verdict that
    neither condemns nor supports is an abstention.
    """

    judge: str
    confidence: float
    reason: str
    findings: tuple[Finding, ...] = ()
    model: str = ""
    prompt_version: str = ""
    supports: bool = False


class NoVerdict(Exception):
    """A judge that was needed gave no verdict; the record is tried again later."""


class UnfitJudge(NoVerdict):
    """A judge failed where the answer is known: it can judge no memory now, whichever it is."""


class NotInTime(NoVerdict):
    """The judges could not check a memory within their limits. A person has to look."""


Judge = Callable[[MemoryUnderAudit], Awaitable[Verdict | None]]
"""None means no verdict: the next judge is asked, and the record is retried if none answers."""
