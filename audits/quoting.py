"""The memories that an answer rests on, as they are now: what a judge may hold its quotes to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from audits.judges import QuotedNow
from knowledge.graph import knowledge_graph
from knowledge.models import Memory, MemoryRevision

MOST = 20


async def quoted_by(memory: Memory) -> tuple[QuotedNow, ...]:
    """Those that the evidence of an answer of ours names, in the versions that it names."""
    if memory.answer is None:
        return ()
    named = dict.fromkeys(filter(None, map(_named, memory.evidence)))
    return await knowledge_graph.run(_read, list(named)[:MOST]) if named else ()


def _named(reading: Any) -> tuple[UUID, int] | None:
    result = reading.get("result") if isinstance(reading, dict) else None
    if not isinstance(result, dict) or not isinstance(result.get("version"), int):
        return None
    try:
        return UUID(str(result.get("memory_id"))), result["version"]
    except ValueError:
        return None


def _read(named: list[tuple[UUID, int]]) -> tuple[QuotedNow, ...]:
    memories = Memory.objects.in_bulk([memory_id for memory_id, _version in named])
    return tuple(_now(memories.get(memory_id), memory_id, version) for memory_id, version in named)


def _now(memory: Memory | None, memory_id: UUID, version: int) -> QuotedNow:
    """What is gone is in no version, and nobody's."""
    if memory is None:
        return QuotedNow(str(memory_id), version, None, 0, "")
    text = memory.agent_response if memory.version == version else None
    if text is None:
        earlier = MemoryRevision.objects.filter(memory=memory, version=version)
        text = earlier.values_list("agent_response", flat=True).first()
    return QuotedNow(str(memory_id), version, text, memory.version, memory.trust)
