"""The vector rows in mem0's table, changed in the transaction that changes the memories.

For other programs on the same store the payload repeats `memory_id` and `trust`, and says
`FLAGGED_BY_IA` when the auditor once flagged the memory. Resync itself never believes it: reads
join on `Memory.trust`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db import connection

from knowledge.models import Memory, StoredVector

TABLE = StoredVector._meta.db_table


def forget(memories: Sequence[Memory]) -> None:
    """Delete the vectors of these memories, text and all, and note that none is there.

    The caller holds the memories' row locks. In another store than pgvector the indexer deletes
    them at its next pass: a call over the network has no place in a transaction.
    """
    if not memories:
        return
    if settings.MEM0_VECTOR_STORE != "pgvector":
        Memory.objects.filter(pk__any={memory.pk for memory in memories}).update(
            indexed_version=None, index_owner="", index_lease_until=None
        )
        return
    ids = [str(memory.pk) for memory in memories]
    mem0_ids = [memory.mem0_id for memory in memories if memory.mem0_id]
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {TABLE} WHERE payload->>'memory_id' = ANY(%s) OR id = ANY(%s)",  # noqa: S608  a constant
            [ids, mem0_ids],
        )
    for memory in memories:
        memory.mem0_id = None
        memory.indexed_version = None
    Memory.objects.filter(pk__any={memory.pk for memory in memories}).update(
        mem0_id=None, indexed_version=None, index_owner="", index_lease_until=None
    )


def mark(memory_ids: Iterable[uuid.UUID], trust: str, *, flagged: bool = False) -> None:
    """Write `trust` into the payloads of these memories' vectors, and the flag when flagged."""
    ids = [str(memory_id) for memory_id in memory_ids]
    if not ids:
        return
    addition = {"trust": trust} | ({"FLAGGED_BY_IA": True} if flagged else {})
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TABLE} SET payload = payload || %s::jsonb "  # noqa: S608  a constant
            "WHERE payload->>'memory_id' = ANY(%s)",
            [json.dumps(addition), ids],
        )


def length() -> int:
    """Of the vectors that the table takes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT atttypmod FROM pg_attribute WHERE attrelid = %s::regclass "
            "AND attname = 'vector'",
            [TABLE],
        )
        return int(cursor.fetchone()[0])
