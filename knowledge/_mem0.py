"""The one door to mem0 (https://github.com/mem0ai/mem0, 2.2.1).

mem0 is imported here and nowhere else, at first use: the import takes a second and 90 MB. Its
telemetry is off before that, and what it does to the process (the urllib3 logger muted, a
warnings filter added, a folder made) is undone. Everything here blocks: callers run it in a
thread. `AsyncMemory` would not help, it is the same calls on the loop's default executor.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
import threading
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from knowledge.connections import conninfo, database_name

COLLECTION = "knowledge_vectors"
OWNER = "resync"
"""`user_id` of all our rows: mem0 searches nothing without one of its ids in the filter."""

_lock = threading.Lock()
_store: Store | None = None
_given = threading.local()


class NoLLM:
    """mem0 asks for an LLM at construction; with `infer=False` it is never called."""

    def __init__(self, config: object = None) -> None:
        self.config = config

    def generate_response(self, *args: object, **options: object) -> str:
        raise RuntimeError("memories are stored as they are; mem0 has nothing to infer")


class NullHistory:
    """mem0's SQLite history would keep texts that were purged. Ours is in `MemoryRevision`."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **options: []

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Hit:
    """A row that mem0's own search gave back. `payload` is not to be believed about trust."""

    memory_id: str
    score: float


@dataclass(slots=True)
class Store:
    """A constructed `mem0.Memory` with the pool under it."""

    memory: Any
    pool: Any
    database: str

    def close(self) -> None:
        if self.pool is not None:
            self.pool.close(timeout=2)


def add(
    text: str, agent: str, run: str | None, metadata: Mapping[str, Any], vector: Sequence[float]
) -> str:
    """Store one text with its vector, which was made beforehand; mem0's id of the row."""
    _given.vector = vector
    try:
        found = store().memory.add(
            [{"role": "assistant", "content": text}],
            user_id=OWNER,
            agent_id=_without_spaces(agent),
            run_id=run,
            metadata=dict(metadata),
            infer=False,
        )
    finally:
        _given.vector = None
    return str(found["results"][0]["id"])


def given_vector() -> list[float] | None:
    """Of the text that this thread is adding: mem0 asks its embedder, one text at a time."""
    vector = getattr(_given, "vector", None)
    return None if vector is None else list(vector)


def replace(
    mem0_id: str,
    text: str,
    agent: str,
    run: str | None,
    metadata: Mapping[str, Any],
    vector: Sequence[float],
) -> None:
    """Put another vector and payload into a row, which is found all the while."""
    payload = {
        **metadata,
        "user_id": OWNER,
        "agent_id": _without_spaces(agent),
        **({"run_id": run} if run else {}),
        "role": "assistant",
        "data": text,
        "hash": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
        "text_lemmatized": text,
        "updated_at": datetime.now(UTC).isoformat(),
    }
    store().memory.vector_store.update(vector_id=mem0_id, vector=list(vector), payload=payload)


def _without_spaces(agent: str) -> str:
    """mem0 refuses ids with white space in them."""
    return "_".join(agent.split()) or "unnamed"


def delete(mem0_id: str) -> None:
    """Take one row out. One that is gone already is no error."""
    store().memory.vector_store.delete(vector_id=mem0_id)


def search(query: str, limit: int) -> list[Hit]:
    """mem0's own search, for vector stores other than pgvector."""
    found = store().memory.search(query, filters={"user_id": OWNER}, top_k=limit)
    rows = ((row.get("metadata") or {}, row.get("score")) for row in found["results"])
    return [Hit(str(m["memory_id"]), float(s or 0)) for m, s in rows if m.get("memory_id")]


def embed(text: str, action: str) -> list[float]:
    """A vector by mem0's embedder `MEM0_EMBEDDER_PROVIDER`, to "search" or to "add"."""
    return [float(number) for number in _own_embedder().embed(text, action)]


def store() -> Store:
    """The one `mem0.Memory` of this process, built at first use and again for another database."""
    global _store
    with _lock:
        if _store is not None and _store.database != database_name():
            _store.close()
            _store = None
        if _store is None:
            _store = _build()
        return _store


def close() -> None:
    """Let go of the connections."""
    global _store
    with _lock:
        if _store is not None:
            _store.close()
            _store = None


def import_mem0() -> Any:
    """The module, imported with telemetry off and its side effects undone."""
    os.environ["MEM0_TELEMETRY"] = "False"
    os.environ["MEM0_DIR"] = str(settings.RESYNC_HOME / "mem0")
    if importlib.util.find_spec("spacy") is not None:
        raise ImproperlyConfigured(
            "spaCy is installed: mem0 would load it, download a model and keep a second copy of "
            "every memory's words. Remove it: pip uninstall spacy."
        )
    urllib3_level = logging.getLogger("urllib3").level
    filters = warnings.filters[:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mem0
        from mem0.memory import telemetry
    warnings.filters[:] = filters  # type: ignore[index]
    logging.getLogger("urllib3").setLevel(urllib3_level)
    logging.getLogger("mem0").setLevel(logging.CRITICAL)  # it logs memories' texts with errors
    if telemetry.MEM0_TELEMETRY:
        raise ImproperlyConfigured("mem0 was imported elsewhere with its telemetry on.")
    return mem0


def _own_embedder() -> Any:
    import_mem0()
    from mem0.utils.factory import EmbedderFactory

    options = {
        "model": settings.EMBEDDING_MODEL or None,
        "api_key": settings.EMBEDDING_API_KEY or None,
        "embedding_dims": settings.EMBEDDING_DIMENSIONS,
    }
    if settings.EMBEDDING_BASE_URL:
        options[f"{settings.MEM0_EMBEDDER_PROVIDER}_base_url"] = settings.EMBEDDING_BASE_URL
    return EmbedderFactory.create(settings.MEM0_EMBEDDER_PROVIDER, options, None)


def configuration(pool: Any = None) -> Any:
    """mem0's configuration for our store, with our embedder in it."""
    import_mem0()
    from mem0.configs.base import MemoryConfig
    from mem0.embeddings.configs import EmbedderConfig
    from mem0.llms.configs import LlmConfig
    from mem0.utils.factory import EmbedderFactory, LlmFactory
    from mem0.vector_stores.configs import VectorStoreConfig

    # By name, so that mem0 imports it: this module knows nothing of how texts are embedded.
    EmbedderFactory.provider_to_class["resync"] = "knowledge.embeddings.RegisteredEmbedder"
    LlmFactory.register_provider("resync", f"{__name__}.NoLLM")
    return MemoryConfig(
        vector_store=VectorStoreConfig(
            provider=settings.MEM0_VECTOR_STORE, config=_vector_options(pool)
        ),
        # mem0's validators know only their own providers.
        embedder=EmbedderConfig.model_construct(provider="resync", config={}),
        llm=LlmConfig.model_construct(provider="resync", config={}),
        history_db_path=":memory:",
    )


def _build() -> Store:
    mem0 = import_mem0()
    pool = _pool() if settings.MEM0_VECTOR_STORE == "pgvector" else None
    memory = mem0.Memory(configuration(pool))
    memory.db.close()
    memory.db = NullHistory()
    if pool is not None:
        memory.vector_store._collection_ensured = True  # the migration made it: no DDL from here
    return Store(memory, pool, database_name())


def _pool() -> Any:
    from psycopg_pool import ConnectionPool

    return ConnectionPool(
        conninfo(settings.MEM0_TIMEOUT_SECONDS, "resync mem0"),
        min_size=0,
        max_size=settings.MEM0_THREADS,
        timeout=settings.MEM0_TIMEOUT_SECONDS,
        check=ConnectionPool.check_connection,  # a restarted server costs nobody an error
        name="mem0",
        open=True,
    )


def _vector_options(pool: Any) -> dict[str, Any]:
    options: dict[str, Any] = {
        "collection_name": COLLECTION,
        "embedding_model_dims": settings.EMBEDDING_DIMENSIONS,
    }
    if pool is not None:
        return {**options, "connection_pool": pool}
    try:
        given = json.loads(settings.MEM0_VECTOR_STORE_CONFIG or "{}")
    except ValueError as error:
        raise ImproperlyConfigured("MEM0_VECTOR_STORE_CONFIG is not JSON.") from error
    return {**options, **given}
