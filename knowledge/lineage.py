"""Lineage: which memories an answer was given from, and who read it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.contrib.auth.models import User

from knowledge.models import Memory, MemoryUse


def note_uses(
    used: Mapping[tuple[uuid.UUID, int], str],
    *,
    answer: Memory | None = None,
    run_id: uuid.UUID | None = None,
    reader: User | None = None,
) -> None:
    """Keep how an answer used memories: id and version of each → shown, quoted or recalled.

    `answer` is the memory that the answer became. What was purged meanwhile leaves no trace.
    """
    there = Memory.objects.in_bulk([memory_id for memory_id, _version in used]).keys()
    MemoryUse.objects.bulk_create(
        MemoryUse(
            memory_id=memory_id, version=version, how=how, answer=answer, run_id=run_id,
            reader=reader,
        )
        for (memory_id, version), how in used.items()
        if memory_id in there
    )  # fmt: skip
