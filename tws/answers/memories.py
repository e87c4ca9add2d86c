"""Memories that may be used again, as answers find them and as readings point to them."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from knowledge.claims.evidence import Reading
from knowledge.language import language_of
from knowledge.models import Kind, Memory
from knowledge.visible import visible
from tws.answers.events import Source
from tws.answers.toolkit import NoRoom, Toolkit
from tws.database import in_database


@dataclass(frozen=True, slots=True)
class Recalled:
    """A memory that retrieval brought back, with its likeness to the question (0..1)."""

    memory_id: uuid.UUID
    score: float
    trust: Literal["trusted", "cleared"]
    kind: str
    user_query: str
    agent_response: str
    created_at: datetime
    version: int = 1

    @property
    def is_history(self) -> bool:
        return self.kind == Kind.STATE


Recall = Callable[[str, int], Awaitable[Sequence[Recalled]]]
"""Finds memories for a question, the most fitting first: `(question, how many)`."""


async def recall(question: str, limit: int) -> list[Recalled]:
    """What the knowledge store brings back: only cleared and approved memories."""
    from knowledge.graph import knowledge_graph  # made at the first use, not at import

    return [
        Recalled(
            memory_id=hit.memory_id,
            score=hit.score,
            trust="trusted" if hit.trust == "trusted" else "cleared",
            kind=hit.kind,
            user_query=hit.user_query,
            agent_response=hit.agent_response,
            created_at=hit.created_at,
            version=hit.version,
        )
        for hit in await knowledge_graph.search_similar_issues(question, limit)
    ]


@dataclass(frozen=True, slots=True)
class OwnMemory:
    """What a question of the asker's has left behind, whatever its state."""

    question: str
    asked_at: datetime
    trust: str


OwnMemories = Callable[[int], Awaitable[tuple[int, Sequence[OwnMemory]]]]
"""How many memories the asker's own questions made, and the newest of them."""


async def own_reading(toolkit: Toolkit, own: OwnMemories, most: int) -> Reading:
    matched, newest = await own(most)
    rows = [
        {"user_query": one.question, "created_at": one.asked_at.isoformat(), "trust": one.trust}
        for one in newest
    ]
    return toolkit.add_own_memories({"matched": matched, "shown": len(rows), "rows": rows})


async def of_starter(key: str, language: str) -> Recalled | None:
    """An entry of the starter knowledge, as long as it is approved."""
    return await in_database(_of_starter, f"starter.{key}.{language}")


async def in_language(memory: Recalled, language: str) -> Recalled:
    """The same entry of the starter knowledge in that language, where both are in force."""
    return await in_database(_twin, memory, language) or memory


def _twin(memory: Recalled, language: str) -> Recalled | None:
    of_it = Memory.objects.filter(pk=memory.memory_id, external_id__startswith="starter.")
    external_id = of_it.values_list("external_id", flat=True).first()
    return _of_starter(f"{external_id.rpartition('.')[0]}.{language}") if external_id else None


def _of_starter(external_id: str) -> Recalled | None:
    found = Memory.objects.in_force().filter(external_id=external_id).first()
    if found is None:
        return None
    trust: Literal["trusted", "cleared"] = "trusted" if found.trust == "trusted" else "cleared"
    return Recalled(
        found.pk, 1.0, trust, found.kind, found.user_query, found.agent_response,
        found.created_at, found.version,
    )  # fmt: skip


async def reading_of(toolkit: Toolkit, memory: Recalled) -> Reading:
    """The memory as a reading m1, m2, …, with who approved it and when. NoRoom when it is long."""
    approvals = await _approved([memory])
    return _reading(toolkit, memory, *approvals.get(memory.memory_id, (None, None)))


async def readings_of(toolkit: Toolkit, memories: Sequence[Recalled]) -> list[Reading]:
    """The same of several, without those that an answer has no room for."""
    approvals, readings = await _approved(memories), []
    for one in memories:
        with suppress(NoRoom):
            readings.append(_reading(toolkit, one, *approvals.get(one.memory_id, (None, None))))
    return readings


async def _approved(
    memories: Sequence[Recalled],
) -> dict[uuid.UUID, tuple[str | None, datetime | None]]:
    approved = [one.memory_id for one in memories if one.trust == "trusted"]
    return await in_database(_approvals, approved) if approved else {}


def _reading(toolkit: Toolkit, memory: Recalled, by: str | None, at: datetime | None) -> Reading:
    result: dict[str, Any] = {
        "memory_id": str(memory.memory_id),
        "version": memory.version,
        "trust": memory.trust,
        "kind": memory.kind,
        "user_query": memory.user_query,
        "agent_response": memory.agent_response,
        "approved_by": by,
        "approved_at": at.isoformat() if at else None,
        "created_at": memory.created_at.isoformat(),
        "language": language_of(f"{memory.user_query} {memory.agent_response}"),
    }
    return toolkit.add_memory_reading((memory.memory_id, memory.version), result)


def _approvals(
    memories: Sequence[uuid.UUID],
) -> dict[uuid.UUID, tuple[str | None, datetime | None]]:
    rows = Memory.objects.filter(pk__in=memories)
    told = rows.values_list("pk", "audit__reviewer__username", "audit__reviewed_at")
    return {pk: (by, at) for pk, by, at in told}


def used(readings: Sequence[Reading], how: str) -> dict[tuple[uuid.UUID, int], str]:
    """These memories, in their versions, as lineage keeps them."""
    return {(uuid.UUID(one.result["memory_id"]), one.result["version"]): how for one in readings}


def source_of(reading: Reading) -> Source:
    """A quoted memory among an answer's sources."""
    known = reading.result
    label = " ".join(visible(known["user_query"]).split())[:120]
    return Source(
        "memory", str(known["memory_id"]), label, trust=known["trust"], version=known["version"]
    )
