"""Approved memories that say otherwise than the one to be decided on.

Only exact facts count (`knowledge.facts`): they are shown at the approval, and the reviewer says
which is kept (`superseding`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from knowledge.facts import Fact, facts, opposed
from knowledge.models import Kind, Memory, Trust
from knowledge.store import terms_of

MOST = 200
"""Approved memories with a term of the question that are looked at."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What this memory says, what an approved one says, and who approved that when."""

    memory: Memory
    here: str
    there: str
    approved_by: str
    approved_at: datetime | None


def contradictions(memory: Memory) -> list[Contradiction]:
    """The approved memories in force that contradict a memory."""
    stated = facts(memory.user_query, memory.agent_response)
    if not stated or memory.kind != Kind.KNOWLEDGE:
        return []
    near = Memory.objects.in_force().filter(
        trust=Trust.TRUSTED, kind=Kind.KNOWLEDGE, terms__overlap=terms_of(memory.user_query, "")
    )
    near = near.exclude(pk=memory.pk).select_related("audit__reviewer")
    return [
        _contradiction(other, pair)
        for other in near.order_by("-created_at")[:MOST]
        if (pair := next(opposed(stated, other.user_query, other.agent_response), None))
    ]


def _contradiction(other: Memory, pair: tuple[Fact, Fact]) -> Contradiction:
    here, there = (", ".join(sorted(fact.values)) for fact in pair)
    record = getattr(other, "audit", None)
    if record is None or record.reviewer is None:
        return Contradiction(other, here, there, "", None)
    return Contradiction(other, here, there, record.reviewer.get_username(), record.reviewed_at)
