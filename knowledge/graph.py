"""`AsyncKnowledgeGraph`: memories for asynchronous code. Nothing in it blocks the event loop.

Searches take one query over an asynchronous connection. Everything else (rows through Django,
vectors through mem0) blocks, and runs in a small executor of its own: the loop's default one
serves name look-ups too, and a dozen slow embeddings would hold those up. A write that has begun
is finished even when the caller goes away.
"""

from __future__ import annotations

import asyncio
import functools
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from django.conf import settings

from knowledge.bounded_threads import BoundedThreads, knowledge_threads

if TYPE_CHECKING:
    from knowledge.models import Memory
    from knowledge.retrieval import MemoryHit

P = ParamSpec("P")
T = TypeVar("T")

CONTEXT_CHARACTERS = 1500


class AsyncKnowledgeGraph:
    """What agents and the auditor ask of memories.

    One instance serves every event loop of a process. A call that takes longer than
    `MEM0_TIMEOUT_SECONDS` raises TimeoutError; a write goes on behind it.
    """

    def __init__(self, threads: BoundedThreads | None = None) -> None:
        self._threads = threads or knowledge_threads()

    # --- memories in ----------------------------------------------------------------------------

    async def add_conversation(
        self, user_query: str, agent_response: str, agent_id: str, **fields: Any
    ) -> uuid.UUID:
        """Store an answer; its memory id. It is found only once the auditor has cleared it.

        `fields` are those of `knowledge.store.Draft`: conversation, user, evidence, kind, …
        """
        memory = await self.run(_remember, agent_id, user_query, agent_response, fields)
        return memory.pk

    async def add_solution_feedback(
        self, memory_id: uuid.UUID | str, rating: int, comment: str = "", user: Any = None
    ) -> None:
        """A person's rating (1–5) of an answer. `Memory.DoesNotExist` for an unknown id."""
        from knowledge.feedback import give_feedback

        await self.run(give_feedback, memory_id, rating, comment, user)

    async def index_pending(self, limit: int = 500) -> int:
        """Index what was cleared or approved meanwhile; how many memories."""
        from knowledge import indexer

        return await self.run(indexer.index_pending, limit)

    # --- memories out ---------------------------------------------------------------------------

    async def search_similar_issues(self, query: str, limit: int = 5) -> list[MemoryHit]:
        """The usable memories that bear on `query`, best first; none when nothing does."""
        from knowledge import retrieval

        if settings.MEM0_VECTOR_STORE != "pgvector":
            return await self.run(retrieval.search, query, limit)
        async with asyncio.timeout(self._threads.timeout_seconds):
            return await retrieval.asearch(query, limit)

    async def get_relevant_context(self, query: str, limit: int = 3) -> str:
        """The memories for a prompt: numbered, each with its id, standing and date.

        The text is data from earlier conversations. Whoever puts it into a prompt says so.
        """
        hits = await self.search_similar_issues(query, limit)
        return "\n\n".join(_described(number, hit) for number, hit in enumerate(hits, 1))

    async def get_all_recent_conversations(self, limit: int = 100) -> list[Memory]:
        """The newest memories, whatever their trust, from the rows: for lists, not for answers."""
        return await self.run(_recent, limit)

    async def is_memory_flagged(self, memory_id: uuid.UUID | str) -> bool:
        """Whether the auditor flagged it and nobody approved it. Read from the row."""
        return await self.run(_is_flagged, memory_id)

    # --- the threads ----------------------------------------------------------------------------

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking function in the threads of the knowledge. See `BoundedThreads.run`."""
        return await self._threads.run(function, *args, **kwargs)

    async def warm(self) -> None:
        """Import and construct what the first call would wait for."""
        await self.run(_build)
        from knowledge import retrieval

        await retrieval.warm()

    async def aclose(self) -> None:
        """Finish what has begun and let go of threads and connections."""
        from knowledge import _mem0, retrieval

        await self._threads.aclose()
        await asyncio.to_thread(_mem0.close)
        await retrieval.aclose()


def _build() -> None:
    from knowledge import _mem0, indexer  # noqa: F401  (imported here, in a thread)

    _mem0.store()


def _remember(agent: str, query: str, response: str, fields: dict[str, Any]) -> Memory:
    from knowledge.store import Draft, remember

    memory, _ = remember(Draft(agent=agent, user_query=query, agent_response=response, **fields))
    return memory


def _recent(limit: int) -> list[Memory]:
    from knowledge.models import Memory

    return list(Memory.objects.order_by("-created_at", "-id")[:limit])


def _is_flagged(memory_id: uuid.UUID | str) -> bool:
    from knowledge.models import Memory, Trust

    flagged = [Trust.SUSPECT, Trust.QUARANTINED]
    return Memory.objects.filter(pk=memory_id, trust__in=flagged).exists()


def _described(number: int, hit: MemoryHit) -> str:
    standing = "approved by a person" if hit.trust == "trusted" else "verified, not reviewed"
    return (
        f"[{number}] memory {hit.memory_id} ({standing}, {hit.created_at:%Y-%m-%d})\n"
        f"Question: {hit.user_query[:CONTEXT_CHARACTERS]}\n"
        f"Answer: {hit.dated_answer[:CONTEXT_CHARACTERS]}"
    )


@functools.cache
def _graph() -> AsyncKnowledgeGraph:
    return AsyncKnowledgeGraph()


if TYPE_CHECKING:
    knowledge_graph: AsyncKnowledgeGraph


def __getattr__(name: str) -> Any:
    """`knowledge_graph`, made when first asked for: no thread and no client before that."""
    if name == "knowledge_graph":
        return _graph()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
