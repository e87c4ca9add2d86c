"""Finding audit records by what their memories say, quickly at millions of rows.

A memory's trust goes with its record's status (`TRUST_OF`), so the search starts in the memories,
where the text indexes are, and reads only those whose trust belongs to a status asked for.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import Func, QuerySet, TextField, Value
from django.db.models.functions import Left

from audits.queue import AuditRecordQuerySet
from audits.states import TRUST_OF
from knowledge.models import Memory
from knowledge.text import clean

MATCHES = 1000
"""How many matches a page of the console looks at; it says so when there are more."""
FOLDED_LENGTH = 2000
"""How much of a question the trigram index holds (knowledge/migrations/0002_search.py)."""


def find(
    records: AuditRecordQuerySet,
    text: str,
    statuses: Collection[str] | None = None,
    limit: int | None = None,
) -> AuditRecordQuerySet:
    """The `records` whose memory has this id, or holds these words, or has this in its question.

    `statuses` are those that `records` is filtered by; None when by none. With `limit` at most so
    many memories are looked at, the ones stored first.
    """
    text = clean(text).strip()
    if memory_id := _as_uuid(text):
        return records.filter(memory_id=memory_id)
    matches = _matches(text, statuses)
    return records.filter(memory__in=matches[:limit] if limit else matches)


def _as_uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _matches(text: str, statuses: Collection[str] | None) -> QuerySet[Memory]:
    memories = Memory.objects.order_by().only("pk")
    if statuses is not None:
        memories = memories.filter(trust__in={TRUST_OF[status] for status in statuses})
    with_words = memories.alias(document=_document()).filter(document=_words(text))
    if len(text) < 3 or with_words.exists():
        return with_words
    folded = Func(Value(text), function="public.resync_fold", output_field=TextField())
    return memories.alias(folded=_folded_question()).filter(folded__contains=folded)


def _words(text: str) -> SearchQuery:
    kinds = [
        SearchQuery(text, config=f"public.resync_{language}", search_type="websearch")
        for language in ("pt", "en")
    ]
    return kinds[0] | kinds[1]


def _document() -> Func:
    return Func(
        "user_query",
        "agent_response",
        function="public.resync_document",
        output_field=SearchVectorField(),
    )


def _folded_question() -> Func:
    question = Left("user_query", FOLDED_LENGTH)
    return Func(question, function="public.resync_fold", output_field=TextField())
