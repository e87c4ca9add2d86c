"""Which memories hold these words: for people who look for one, not for the chat's retrieval."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db import connection
from django.db.models import Func, TextField, Value
from django.db.models.functions import Left

from knowledge.cleaning import clean
from knowledge.models import MemoryQuerySet

FOLDED_LENGTH = 2000
"""How much of a question the trigram index holds (migrations/0002_search.py)."""


def holding(memories: MemoryQuerySet, text: str) -> MemoryQuerySet:
    """The `memories` with all words of `text` in question or answer, in Portuguese or English.

    When there are none: those that have the text as it stands somewhere in their question.
    """
    text = clean(text).strip()
    with_words = memories.order_by().alias(words=_StoredWords()).filter(words=_words(text))
    if len(text) < 3 or _first_ids(with_words, 1):
        return with_words
    folded = Func(Value(text), function="public.resync_fold", output_field=TextField())
    return memories.order_by().alias(folded=_folded_question()).filter(folded__contains=folded)


def first_holding(memories: MemoryQuerySet, text: str, limit: int) -> list[uuid.UUID]:
    """The ids of at most `limit` of them, roughly those stored first."""
    return _first_ids(holding(memories, text), limit)


def _first_ids(memories: MemoryQuerySet, limit: int) -> list[uuid.UUID]:
    """Without the CTE a small LIMIT makes the planner hope for an early hit in a scan of all."""
    sql, values = memories.values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH found(id) AS MATERIALIZED ({sql}) SELECT id FROM found LIMIT %s",  # noqa: S608  Django's own
            [*values, limit],
        )
        return [memory_id for (memory_id,) in cursor.fetchall()]


def _words(text: str) -> SearchQuery:
    cut = Func(Value(text), function="public.resync_searchable", output_field=TextField())
    portuguese, english = (
        SearchQuery(cut, config=f"public.resync_{language}", search_type="websearch")
        for language in ("pt", "en")
    )
    return portuguese | english


class _StoredWords(Func):
    """The column `words` beside a memory's id. No field: nobody should load it with the row."""

    def __init__(self) -> None:
        super().__init__("id", output_field=SearchVectorField())

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **others: Any) -> tuple[str, Any]:
        sql, values = compiler.compile(self.get_source_expressions()[0])
        return sql.removesuffix('"id"') + '"words"', values


def _folded_question() -> Func:
    question = Left("user_query", FOLDED_LENGTH)
    return Func(question, function="public.resync_fold", output_field=TextField())
