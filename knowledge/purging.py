"""Texts removed for good: from a memory, and from whatever was given from it.

A purged memory keeps its row and the digest of what it said, so that no import brings it back.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db import connection
from django.utils import timezone

from knowledge import vectors
from knowledge.models import Feedback, Memory, MemoryQuerySet, MemoryRevision, MemoryUse

SHORTEST = 12
"""Characters of a line that tells one text from another."""
_HOLDING = """
    SELECT id FROM knowledge_memory WHERE EXISTS (
        SELECT FROM jsonb_array_elements(
            CASE jsonb_typeof(evidence) WHEN 'array' THEN evidence ELSE '[]' END
        ) reading WHERE reading -> 'result' ->> 'memory_id' = ANY(%s)
    )
"""


def texts_of(memories: Iterable[Memory]) -> list[str]:
    """All that was ever said in these memories."""
    found = []
    for memory in memories:
        found += [memory.user_query, memory.asked_as, memory.agent_response]
        for revision in memory.revisions.all():
            found += [revision.user_query, revision.agent_response]
    return [text for text in found if text]


def tells(text: str, purged: Iterable[str]) -> bool:
    """Whether a text repeats one of the purged ones, or a line of one."""
    said = _plain(text)
    return any(
        line in said
        for one in purged
        for line in map(_plain, one.splitlines())
        if len(line) >= SHORTEST or line == said
    )


def _plain(text: str) -> str:
    """White space and the marks of a quote aside."""
    return " ".join(text.replace(">", " ").split())


def answers_from(memory_ids: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """The answers that these memories were shown to, quoted in or recalled for."""
    uses = MemoryUse.objects.filter(memory__in=memory_ids, answer__isnull=False)
    with connection.cursor() as cursor:
        cursor.execute(_HOLDING, [[str(pk) for pk in memory_ids]])
        held = {pk for (pk,) in cursor.fetchall()}
    return sorted({*uses.values_list("answer", flat=True), *held} - set(memory_ids))


def blank(memories: Sequence[Memory]) -> None:
    """Remove the texts of locked memories, their earlier ones and what was said about them."""
    ids = [memory.pk for memory in memories]
    vectors.forget(memories)
    MemoryRevision.objects.filter(memory__in=ids).delete()
    Feedback.objects.filter(memory__in=ids).update(comment="")
    now = timezone.now()
    Memory.objects.filter(pk__in=ids).update(
        user_query="", asked_as="", understood=None, agent_response="", answer=None, evidence=[],
        terms=[], marks={}, index_error="", purged_at=now, valid_until=now, updated_at=now,
    )  # fmt: skip


def blank_in_answers(
    answers: Sequence[Memory], memory_ids: Collection[uuid.UUID], purged: Sequence[str]
) -> None:
    """Remove purged texts from locked answers that were given from them.

    What repeats them goes as a whole; of the others, the reading that held them.
    """
    repeating = [one for one in answers if tells(f"{one.agent_response}\n{one.user_query}", purged)]
    blank(repeating)
    named, gone = {str(pk) for pk in memory_ids}, {one.pk for one in repeating}
    for answer in answers:
        if answer.pk in gone:
            continue
        answer.revisions.all().delete()
        evidence = [_without(reading, named) for reading in answer.evidence]
        Memory.objects.filter(pk=answer.pk).update(evidence=evidence, updated_at=timezone.now())


def _without(reading: Any, memory_ids: set[str]) -> Any:
    result = reading.get("result") if isinstance(reading, dict) else None
    if not isinstance(result, dict) or str(result.get("memory_id")) not in memory_ids:
        return reading
    kept = {name: result[name] for name in ("memory_id", "version", "trust") if name in result}
    return {**reading, "arguments": {}, "result": {**kept, "purged": True}}


def delete(chosen: MemoryQuerySet) -> list[uuid.UUID]:
    """Delete memories, rows and vectors; their ids."""
    memories = Memory.objects.locked(list(chosen.values_list("pk", flat=True)))
    vectors.forget(memories)
    ids = [memory.pk for memory in memories]
    Memory.objects.filter(pk__in=ids).delete()
    return ids
