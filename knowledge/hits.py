"""What a search of memories may be limited to, what it gives, and why it can't."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from knowledge.models import Kind

MOST = 200
"""How many one search gives."""


class SearchUnavailable(Exception):
    """The index could not be asked; the message says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Only:
    """Which memories to look among: all, unless said."""

    agent: str = ""
    engine: str = ""
    """Its own, and those of no engine."""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class MemoryHit:
    """A usable memory that bears on the question.

    `score` (0..1) is how likely it is what was meant, `similarity` a cosine, 0 without a vector.
    """

    memory_id: UUID
    score: float
    similarity: float
    trust: str
    user_query: str
    agent_response: str
    kind: str
    agent: str
    engine: str
    version: int
    created_at: datetime

    @property
    def is_history(self) -> bool:
        """It says how the plan stood at `created_at`, not how it stands."""
        return self.kind == Kind.STATE

    @property
    def dated_answer(self) -> str:
        """The answer, marked as history when it is about the plan as it once was."""
        if not self.is_history:
            return self.agent_response
        when = timezone.localtime(self.created_at).strftime("%Y-%m-%d %H:%M %Z")
        return f"[state of the plan on {when}, not now] {self.agent_response}"


def unfit(why: str) -> str:
    return (
        f"the index holds vectors of another length than EMBEDDER makes ({why}); "
        "run `manage.py reindex_memories`"
    )
