"""The outbox between memories and mem0's rows.

`Memory.trust` says what is wanted in the index, `indexed_version` what is there. A batch is leased
in a short transaction, added through mem0 outside of any, and settled in one transaction that
locks the memories and compares what is wanted with the rows that are really there. The lease only
keeps two indexers from doing the same work; what keeps rows and memories one to one is the
settling, and the unique index on `payload->>'memory_id'`.
"""

from __future__ import annotations

import json
import logging
import math
import os
import socket
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from knowledge import _mem0, vectors
from knowledge.cleaning import clean
from knowledge.embeddings import Embedder, EmbeddingError, embedder
from knowledge.limits import Unfit, check_text
from knowledge.models import USABLE, Memory, Source, StoredVector
from knowledge.store import Draft, marks_of, remember

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
BATCH = 64
TEXTS = 16
"""Embedded at once."""
SWEEP_SECONDS = 60
FORMAT = "2"
"""Grows when what is written into a search row changes; older rows are made anew."""

Progress = Callable[[int], object]


def _quiet(_: int) -> None: ...


@dataclass(frozen=True, slots=True)
class SearchRow:
    """What a memory's row in mem0's table holds beside the vector."""

    text: str
    payload: dict[str, Any]


def made_by() -> str:
    """What made a row: the embedder and the format. Rows with another tag are outdated."""
    return f"{embedder().tag}+{FORMAT}"


def search_row(memory: Memory) -> SearchRow:
    """Question and answer as one text, and what other programs on the store read."""
    payload: dict[str, Any] = {
        "memory_id": str(memory.pk),
        "version": memory.version,
        "trust": memory.trust,
        "kind": memory.kind,
        "question": memory.user_query,
        "made_by": made_by(),
        "created_at": memory.created_at.isoformat(),
    }
    if memory.flagged_by_ia:
        payload["FLAGGED_BY_IA"] = True
    return SearchRow(f"{memory.user_query}\n\n{memory.agent_response}", payload)


def index_pending(limit: int = 500, progress: Progress = _quiet, *, anew: bool = False) -> int:
    """Index up to `limit` memories that want it; how many are in the index now because of us.

    `anew` makes rows again that look right: after a change that their tag doesn't show.
    """
    _sweep()
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"[:100]
    indexed = 0
    _forget_elsewhere(limit)
    while indexed < limit and (batch := _lease(owner, min(BATCH, limit - indexed))):
        done = _index(batch, anew)
        progress(done)
        indexed += done
        if done == 0:  # the embedder or the store is down: their memories wait for the next call
            break
    return indexed


_swept_at = -math.inf


def _sweep() -> None:
    """Now and then, take out what an indexer left that was killed before it could look again."""
    global _swept_at
    if settings.MEM0_VECTOR_STORE == "pgvector" and time.monotonic() - _swept_at > SWEEP_SECONDS:
        _swept_at = time.monotonic()
        _remove_orphans()


def _lease(owner: str, count: int) -> list[Memory]:
    with transaction.atomic():
        ready = Memory.objects.to_index().order_by("created_at", "id")
        batch = list(ready.select_for_update(skip_locked=True, of=("self",))[:count])
        Memory.objects.filter(pk__in=[memory.pk for memory in batch]).update(
            index_owner=owner,
            index_lease_until=timezone.now() + LEASE,
            index_attempts=F("index_attempts") + 1,
        )
    return batch


def _index(batch: Sequence[Memory], anew: bool) -> int:
    """Add what is missing, outside of any transaction, then settle; how many are in the index."""
    present = _rows_of(batch)
    wanted: list[tuple[Memory, IndexedRow | None]] = []
    for memory in batch:
        row = present.get(memory.pk)
        if row is not None and row.is_current(memory) and not anew:
            continue  # an earlier indexer added it and was killed before it could say so
        _refresh_marks(memory)
        wanted.append((memory, row))
    written, failed = _write_all(wanted)
    return _settle([memory.pk for memory in batch], written, failed)


def _refresh_marks(memory: Memory) -> None:
    """What the glossary of today finds in a text of yesterday."""
    marks = marks_of(memory.user_query, memory.agent_response)
    if marks != memory.marks:
        Memory.objects.filter(pk=memory.pk, version=memory.version).update(marks=marks)


def _write_all(
    wanted: Sequence[tuple[Memory, IndexedRow | None]],
) -> tuple[dict[uuid.UUID, IndexedRow], dict[uuid.UUID, str]]:
    """Write through mem0, a few at a time: what was written, and why the others were not."""
    vectors_of = _embedded([memory for memory, _ in wanted])
    if len(wanted) > 1:
        _mem0.store()  # built once, here, rather than by threads that wait for each other

    def write(one: tuple[Memory, IndexedRow | None]) -> IndexedRow | str | None:
        memory, row = one
        vector = vectors_of[memory.pk]
        return vector if isinstance(vector, str) else _write(memory, row, vector)

    if len(wanted) < 2:
        outcomes = [write(one) for one in wanted]
    else:
        with ThreadPoolExecutor(settings.MEM0_THREADS, "indexer") as threads:
            outcomes = list(threads.map(write, wanted))
    by_id = {memory.pk: outcome for (memory, _), outcome in zip(wanted, outcomes, strict=True)}
    written = {pk: row for pk, row in by_id.items() if isinstance(row, IndexedRow)}
    return written, {pk: why for pk, why in by_id.items() if isinstance(why, str)}


def _embedded(memories: Sequence[Memory]) -> dict[uuid.UUID, list[float] | str]:
    """The vector of each, or why it has none. What fails in a batch is tried alone."""
    found: dict[uuid.UUID, list[float] | str] = {}
    for start in range(0, len(memories), TEXTS):
        part = memories[start : start + TEXTS]
        try:
            made = embedder().embed_passages([search_row(memory).text for memory in part])
            found |= {memory.pk: vector for memory, vector in zip(part, made, strict=True)}
        except EmbeddingError as error:
            if len(part) == 1:
                found[part[0].pk] = str(error)
                continue
            found |= {memory.pk: _embedded([memory])[memory.pk] for memory in part}
    return found


def _write(memory: Memory, row: IndexedRow | None, vector: list[float]) -> IndexedRow | str | None:
    """Write one; the reason when that failed, None when somebody else just added it."""
    from psycopg import errors
    from psycopg_pool import PoolTimeout

    made = search_row(memory)
    run = str(memory.conversation) if memory.conversation else None
    try:
        if row is not None:
            mem0_id = str(row.mem0_id)
            _mem0.replace(mem0_id, made.text, memory.agent, run, made.payload, vector)
        else:
            mem0_id = _mem0.add(made.text, memory.agent, run, made.payload, vector)
    except errors.UniqueViolation:
        return None
    except errors.DataException as error:
        return f"{error} (after a change of dimensions run `manage.py reindex_memories`)"
    except (errors.Error, PoolTimeout, EmbeddingError) as error:
        return str(error) or repr(error)
    return IndexedRow(uuid.UUID(mem0_id), memory.version, made_by(), memory.trust)


def insert(memories: Sequence[Memory], by: Embedder) -> None:
    """Write the rows of memories that have none, past mem0, on Django's own connection."""
    texts = [search_row(memory).text for memory in memories]
    with connection.cursor() as cursor:
        for memory, vector in zip(memories, by.embed_passages(texts), strict=True):
            memory.mem0_id, memory.indexed_version = uuid.uuid4(), memory.version
            cursor.execute(
                "INSERT INTO knowledge_vectors (id, vector, payload) VALUES (%s, %s, '{}')",
                [memory.mem0_id, vector],
            )
    Memory.objects.bulk_update(memories, ["mem0_id", "indexed_version"])


def _settle(
    ids: Sequence[uuid.UUID], added: dict[uuid.UUID, IndexedRow], failed: dict[uuid.UUID, str]
) -> int:
    """Under the memories' locks: note what is there, take out what is wanted no more."""
    done = 0
    with transaction.atomic():
        memories = Memory.objects.locked(list(ids))
        present = _rows_of(memories, added)
        for memory in memories:
            row = present.get(memory.pk)
            if row is None:
                _note_absent(memory, failed.get(memory.pk, ""))
            elif memory.is_usable and row.is_current(memory):
                _note_present(memory, row)
                done += 1
            else:
                _note_unwanted(memory, row)
        if gone := set(ids) - {memory.pk for memory in memories}:
            vectors.forget([Memory(pk=pk) for pk in gone])  # deleted while its add was in flight
    for pk, why in failed.items():
        logger.warning("memory %s is not indexed: %s", pk, why)
    return done


def _note_present(memory: Memory, row: IndexedRow) -> None:
    if row.trust != memory.trust:  # approved while the add was in flight
        vectors.mark([memory.pk], memory.trust, flagged=memory.flagged_by_ia)
    Memory.objects.filter(pk=memory.pk).update(
        mem0_id=row.mem0_id, indexed_version=memory.version,
        index_owner="", index_lease_until=None, index_attempts=0, index_error="",
    )  # fmt: skip


def _note_absent(memory: Memory, why: str) -> None:
    """Nothing is there. After a failure the lease stays for a while: that is the pause."""
    pause = timedelta(seconds=min(600, 5 * 2 ** min(memory.index_attempts, 7))) if why else None
    Memory.objects.filter(pk=memory.pk).update(
        mem0_id=None, indexed_version=None, index_owner="", index_error=clean(why)[:2000],
        index_lease_until=timezone.now() + pause if pause else None,
    )  # fmt: skip


def _note_unwanted(memory: Memory, row: IndexedRow) -> None:
    """Its trust or its text moved while the add was in flight."""
    Memory.objects.filter(pk=memory.pk).update(mem0_id=row.mem0_id)
    memory.mem0_id = row.mem0_id
    vectors.forget([memory])


# --- rows that are there -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IndexedRow:
    mem0_id: uuid.UUID
    version: int
    made_by: str
    trust: str

    def is_current(self, memory: Memory) -> bool:
        return self.version == memory.version and self.made_by == made_by()


def _rows_of(
    memories: Sequence[Memory], added: dict[uuid.UUID, IndexedRow] | None = None
) -> dict[uuid.UUID, IndexedRow]:
    """mem0's rows of these memories, read from its table.

    Another store can't be asked that: there it is what was just added, or what the memory says.
    """
    if settings.MEM0_VECTOR_STORE != "pgvector":
        known = {
            m.pk: IndexedRow(m.mem0_id, m.indexed_version or 0, made_by(), "")
            for m in memories
            if m.mem0_id
        }
        return known | (added or {})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT payload->>'memory_id', id, payload->>'version', payload->>'made_by', "
            "payload->>'trust' FROM knowledge_vectors WHERE payload->>'memory_id' = ANY(%s)",
            [[str(memory.pk) for memory in memories]],
        )
        return {
            uuid.UUID(memory_id): IndexedRow(
                mem0_id, int(version) if (version or "").isdigit() else 0, tag or "", trust or ""
            )
            for memory_id, mem0_id, version, tag, trust in cursor.fetchall()
        }


def _forget_elsewhere(limit: int) -> None:
    """Take out of another store than pgvector what is wanted no more."""
    if settings.MEM0_VECTOR_STORE == "pgvector":
        return
    unwanted = Memory.objects.filter(mem0_id__isnull=False).exclude(trust__in=USABLE)
    for pk, mem0_id in unwanted.values_list("pk", "mem0_id")[:limit]:
        _mem0.delete(str(mem0_id))
        Memory.objects.filter(pk=pk, mem0_id=mem0_id).exclude(trust__in=USABLE).update(mem0_id=None)


# --- repair --------------------------------------------------------------------------------------


def repair(
    *, anew: bool = False, progress: Progress = _quiet, expected: Progress = _quiet
) -> dict[str, int]:
    """Bring memories and rows into agreement, both ways; what was found and done.

    `anew` embeds everything again. A change of embedder or dimensions is noticed without it.
    `expected` is told how many are to be indexed, `progress` each batch.
    """
    counts = {"adopted": 0, "orphans": 0, "outdated": 0, "indexed": 0}
    while adopted := adopt_foreign(500):
        counts["adopted"] += adopted
    if settings.MEM0_VECTOR_STORE == "pgvector":
        _fit_dimensions()
        counts["orphans"] = _remove_orphans()
        counts["outdated"] = _note_outdated()
    if anew:
        counts["outdated"] = Memory.objects.usable().update(indexed_version=None)
    # The owner may be dead; if it isn't, the unique index keeps its work and ours apart.
    Memory.objects.exclude(index_lease_until=None).update(
        index_owner="", index_lease_until=None, index_attempts=0
    )
    expected(Memory.objects.to_index().count())
    while done := index_pending(1000, progress, anew=anew):
        counts["indexed"] += done
    if settings.MEM0_VECTOR_STORE == "pgvector":
        _analyze()
    usable = Memory.objects.usable()
    counts["memories"] = usable.count()
    counts["missing"] = usable.exclude(indexed_version=F("version")).count()
    return counts


def _remove_orphans() -> int:
    """Rows whose memory is gone, or is not to be used."""
    removed = 0
    while True:
        with connection.cursor() as cursor:
            # Nearly every row is claimed by its memory: two indexes say so without reading rows.
            cursor.execute(
                "WITH unclaimed AS MATERIALIZED ("
                "SELECT v.id, v.payload->>'memory_id' AS memory_id FROM knowledge_vectors v "
                "WHERE NOT EXISTS (SELECT FROM knowledge_memory m WHERE m.mem0_id = v.id "
                "AND m.trust IN ('trusted', 'cleared'))) "
                "SELECT id, memory_id FROM unclaimed u WHERE memory_id IS NOT NULL "
                "AND NOT EXISTS (SELECT FROM knowledge_memory m WHERE m.id = "
                "CASE WHEN pg_input_is_valid(memory_id, 'uuid') THEN memory_id::uuid END "
                "AND m.trust IN ('trusted', 'cleared')) LIMIT 1000"
            )
            found = cursor.fetchall()
        if not found:
            return removed
        removed += _remove_if_unwanted(found)


def _remove_if_unwanted(found: Sequence[tuple[uuid.UUID, str]]) -> int:
    ids = [pk for _, memory_id in found if (pk := _uuid(memory_id))]
    with transaction.atomic():
        memories = Memory.objects.locked(ids)
        wanted = {str(memory.pk) for memory in memories if memory.is_usable}
        rows = [mem0_id for mem0_id, memory_id in found if memory_id not in wanted]
        deleted, _ = StoredVector.objects.filter(pk__in=rows).delete()
        vectors.forget([memory for memory in memories if not memory.is_usable])
    return deleted


def _note_outdated() -> int:
    """Memories that believe they are indexed and are not, or not as they would be now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE knowledge_memory m SET indexed_version = NULL "
            "WHERE m.indexed_version IS NOT NULL AND NOT EXISTS ("
            "SELECT FROM knowledge_vectors v WHERE v.id = m.mem0_id "
            "AND v.payload->>'memory_id' = m.id::text AND v.payload->>'made_by' = %s "
            "AND v.payload->>'version' = m.version::text)",
            [made_by()],
        )
        return int(cursor.rowcount)


def _fit_dimensions() -> None:
    """After a change of EMBEDDING_DIMENSIONS: no vector of the old length is of any use."""
    wanted = settings.EMBEDDING_DIMENSIONS
    with transaction.atomic(), connection.cursor() as cursor:
        if vectors.length() == wanted:
            return
        cursor.execute("LOCK TABLE knowledge_vectors IN ACCESS EXCLUSIVE MODE")
        cursor.execute("DELETE FROM knowledge_vectors")
        cursor.execute(
            f"ALTER TABLE knowledge_vectors ALTER COLUMN vector TYPE vector({int(wanted)})"
        )
        Memory.objects.exclude(mem0_id=None).update(mem0_id=None, indexed_version=None)


def _analyze() -> None:
    """Fresh statistics: searches leave words out that most memories share."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE knowledge_vectors")


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


# --- other programs on the same store ------------------------------------------------------------


def adopt_foreign(limit: int = 500) -> int:
    """Give other programs' mem0 rows a memory each, for the auditor to look at; how many.

    Whatever their payload says about trust, they are new. The row is taken out of mem0's table,
    text and all, until the memory is cleared; its text is kept in the memory.
    """
    if settings.MEM0_VECTOR_STORE != "pgvector":
        return 0
    with transaction.atomic():
        found = _foreign_rows(limit)
        for mem0_id, payload in found:
            _adopt(mem0_id, payload)
        StoredVector.objects.filter(pk__in=[mem0_id for mem0_id, _ in found]).delete()
    return len(found)


def _foreign_rows(limit: int) -> list[tuple[uuid.UUID, dict[str, Any]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, payload FROM knowledge_vectors WHERE (payload->>'memory_id') IS NULL "
            "ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED",
            [limit],
        )
        rows = cursor.fetchall()
    return [(mem0_id, _object(payload)) for mem0_id, payload in rows]


def _object(payload: Any) -> dict[str, Any]:
    loaded = json.loads(payload) if isinstance(payload, str) else payload
    return loaded if isinstance(loaded, dict) else {}


def _adopt(mem0_id: uuid.UUID, payload: dict[str, Any]) -> None:
    """A foreign row is one text: it stands as the answer, and its beginning as the question."""
    try:
        text = check_text("its text", str(payload.get("data") or ""))
    except Unfit as unfit:
        logger.warning("mem0 row %s is dropped: %s", mem0_id, unfit)
        return
    draft = Draft(
        agent=str(payload.get("agent_id") or "mem0"),
        user_query=text[:200],
        agent_response=text,
        source=Source.MEM0,
        external_id=str(mem0_id),
    )
    remember(draft)
