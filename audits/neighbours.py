"""The usable memories near one under audit: what the judges may hold it against."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from audits.judges import Neighbour
from knowledge.graph import knowledge_graph
from knowledge.models import Kind, Memory

NEAREST = 5
AT_A_TIME = 4
"""Searches of one auditor at once. More would only wait for connections, and time out there."""

_places: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def neighbours_of(memory: Memory) -> tuple[Neighbour, ...]:
    """The nearest cleared and approved memories. A state of the plan is held to its evidence."""
    if memory.kind == Kind.STATE:
        return ()
    loop = asyncio.get_running_loop()
    async with _places.setdefault(loop, asyncio.Semaphore(AT_A_TIME)):
        found = await knowledge_graph.search_similar_issues(memory.user_query, limit=NEAREST + 1)
    return tuple(
        Neighbour(hit.memory_id, hit.trust, hit.user_query, hit.agent_response, hit.score)
        for hit in found
        if hit.memory_id != memory.pk
    )[:NEAREST]
