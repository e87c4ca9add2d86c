"""Finding audit records by what their memories say, quickly at millions of rows.

A memory's trust goes with its record's status (`TRUST_OF`), so the search starts in the memories,
where the text indexes are, and reads only those whose trust belongs to a status asked for.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db.models import Q

from audits.queue import AuditRecordQuerySet
from audits.states import TRUST_OF
from knowledge.models import Memory
from knowledge.text_search import first_holding, holding


def find(
    records: AuditRecordQuerySet,
    text: str,
    statuses: Collection[str] | None = None,
    *,
    some: bool = False,
) -> AuditRecordQuerySet:
    """The `records` whose memory has this id, holds these words, or has this in its question.

    `statuses` are those that `records` is filtered by; None when by none. For `some` of them, as
    a page shows, MATCHES memories are looked at, roughly the ones stored first.
    """
    return records.filter(matching(text, statuses, some=some))


def matching(text: str, statuses: Collection[str] | None, *, some: bool) -> Q:
    if memory_id := as_uuid(text):
        return Q(memory_id=memory_id)
    memories = Memory.objects.all()
    if statuses is not None:
        memories = memories.filter(trust__in={TRUST_OF[status] for status in statuses})
    if some:
        return Q(memory_id__in=first_holding(memories, text))
    return Q(memory__in=holding(memories, text).values("pk"))


def as_uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        return None
