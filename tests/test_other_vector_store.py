"""Another vector store than pgvector: mem0 searches it, the rows say what may be used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from knowledge import _mem0, indexer
from knowledge.graph import AsyncKnowledgeGraph
from knowledge.models import Memory, StoredVector, Trust
from knowledge.retrieval import search
from knowledge.store import set_trust
from tests.factories import make_memory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::UserWarning:qdrant_client"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

QUESTION = "How do I restart an agent?"


@pytest.fixture(autouse=True)
def qdrant(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Qdrant's local mode, in a folder; it comes with mem0."""
    _mem0.close()
    settings.MEM0_VECTOR_STORE = "qdrant"
    settings.MEM0_VECTOR_STORE_CONFIG = json.dumps({"path": str(tmp_path), "on_disk": True})
    yield
    _mem0.store().memory.vector_store.client.close()
    _mem0.close()


def indexed() -> Memory:
    memory = make_memory(QUESTION, "Run StartUpLwa there.")
    set_trust([memory], Trust.CLEARED)
    assert indexer.index_pending() == 1
    memory.refresh_from_db()
    return memory


async def test_a_cleared_memory_is_found() -> None:
    from asgiref.sync import sync_to_async

    memory = await sync_to_async(indexed)()
    graph = AsyncKnowledgeGraph()

    [hit] = await graph.search_similar_issues(QUESTION)
    await graph.aclose()

    assert hit.memory_id == memory.pk
    assert not await StoredVector.objects.aexists()


def test_what_is_not_usable_any_more_is_neither_found_nor_kept() -> None:
    memory = indexed()
    set_trust([memory], Trust.QUARANTINED)

    assert search(QUESTION) == []
    indexer.index_pending()
    memory.refresh_from_db()
    assert memory.mem0_id is None
    assert _mem0.search(QUESTION, 5) == []
