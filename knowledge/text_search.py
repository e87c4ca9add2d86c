"""Which memories hold these words: for people who look for one, not for the chat's retrieval."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Left

from knowledge.cleaning import clean
from knowledge.models import MemoryQuerySet

FOLDED_LENGTH = 2000
"""How much of a question the trigram index holds (migrations/0002_search.py)."""
MATCHES = 200
"""How many matches a page of the console looks at; it says so when there are more."""
MET = 2000
"""So many rows are looked through before an index is asked."""


def holding(memories: MemoryQuerySet, text: str) -> MemoryQuerySet:
    """The `memories` with all words of `text` in question or answer, in Portuguese or English.

    When there are none: those that have the text as it stands somewhere in their question.
    """
    memories, ways = _looked_at(memories), _ways(text)
    return memories.filter(next((one for one in ways if _first_ids(memories, one, 1)), ways[0]))


def first_holding(memories: MemoryQuerySet, text: str, limit: int = MATCHES) -> list[uuid.UUID]:
    """The ids of at most `limit` of them, roughly those stored first."""
    memories = _looked_at(memories)
    return next(filter(None, (_first_ids(memories, one, limit) for one in _ways(text))), [])


def _ways(text: str) -> list[Q]:
    """What holds for what is looked for, the better way first."""
    text = clean(text).strip()
    folded = Func(Value(text), function="public.resync_fold", output_field=TextField())
    return [Q(words=_words(text)), *([Q(folded__contains=folded)] if len(text) >= 3 else [])]


def _looked_at(memories: MemoryQuerySet) -> MemoryQuerySet:
    return memories.order_by().alias(words=_StoredWords(), folded=_folded_question())


def _first_ids(memories: MemoryQuerySet, condition: Q, limit: int) -> list[uuid.UUID]:
    """What many hold is soon met; for what few hold there is the index, which gathers all of it.

    Without the CTE a small LIMIT makes the planner hope for an early hit in a scan of all.
    """
    holds = memories.annotate(holds=ExpressionWrapper(condition, BooleanField()))
    found = _ids(
        "SELECT id FROM ({}) AS met (id, holds) WHERE holds LIMIT %s",
        holds.values("pk", "holds")[:MET],
        limit,
    )
    if len(found) < limit:
        found = _ids(
            "WITH found (id) AS MATERIALIZED ({}) SELECT id FROM found LIMIT %s",
            memories.filter(condition).values("pk"),
            limit,
        )
    return found


def _ids(statement: str, rows: QuerySet[Any, Any], limit: int) -> list[uuid.UUID]:
    sql, values = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(statement.format(sql), [*values, limit])
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
