"""Which memories hold these words: for people who look for one, not for the chat's retrieval."""

from __future__ import annotations

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import Func, TextField, Value
from django.db.models.functions import Left

from knowledge.models import MemoryQuerySet
from knowledge.text import clean

FOLDED_LENGTH = 2000
"""How much of a question the trigram index holds (migrations/0002_search.py)."""


def holding(memories: MemoryQuerySet, text: str) -> MemoryQuerySet:
    """The `memories` with all words of `text` in question or answer, in Portuguese or English.

    When there are none: those that have the text as it stands somewhere in their question.
    """
    text = clean(text).strip()
    with_words = memories.alias(document=_document()).filter(document=_words(text))
    if len(text) < 3 or with_words.order_by().exists():
        return with_words
    folded = Func(Value(text), function="public.resync_fold", output_field=TextField())
    return memories.alias(folded=_folded_question()).filter(folded__contains=folded)


def _words(text: str) -> SearchQuery:
    portuguese, english = (
        SearchQuery(text, config=f"public.resync_{language}", search_type="websearch")
        for language in ("pt", "en")
    )
    return portuguese | english


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
