"""Lineage: which memories an answer was given from, who read it, and how far one memory got."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import QuerySet

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


MOST_COUNTED = 10_000
"""Uses of one memory that are counted, the newest."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a memory got: answers by how they used it, the people who read them, when last."""

    answers: Mapping[str, int]
    readers: int
    last_at: datetime | None
    is_cut: bool
    """There are more uses than were counted."""


def uses_of(memory: Memory, until: datetime | None = None) -> QuerySet[MemoryUse]:
    """Newest first; those before `until`."""
    uses = memory.uses.order_by("-id")
    return uses if until is None else uses.filter(at__lt=until)


def reach(memory: Memory, until: datetime | None = None) -> Reach:
    """What a mistake in this memory reached."""
    uses = uses_of(memory, until).values_list("how", "run_id", "answer", "reader", "at")
    rows = list(uses[: MOST_COUNTED + 1])
    counted = rows[:MOST_COUNTED]
    answers = Counter(how for how, _answer in {(row[0], row[1] or row[2]) for row in counted})
    readers = {row[3] for row in counted} - {None}
    last_at = counted[0][4] if counted else None
    return Reach(answers, len(readers), last_at, len(rows) > len(counted))
