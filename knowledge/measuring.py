"""How well retrieval finds what was meant: questions in other words, in a store of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from pydantic import BaseModel, Field, ValidationError

from knowledge.embeddings import Embedder
from knowledge.files import UnreadableFile, require_file
from knowledge.language import Language, language_of
from knowledge.models import Memory, Trust
from knowledge.store import Draft

SHOWN = 5
_TABLES = ("knowledge_memory", "knowledge_vectors")


class Case(BaseModel):
    """One line of a file of cases: an answered question, and the same question in other words."""

    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    paraphrases: list[str] = Field(min_length=1)
    lang: Language | None = None

    @property
    def language(self) -> str:
        return self.lang or _language(self.question)


@dataclass(slots=True)
class Figures:
    """Where the right memory stood, for each question; None is not among those shown."""

    places: list[int | None] = field(default_factory=list)

    def as_dict(self) -> dict[str, float]:
        asked = len(self.places)
        found = [place for place in self.places if place is not None]
        return {
            "n": asked,
            "hit@1": round(found.count(1) / asked, 3),
            "hit@5": round(len(found) / asked, 3),
            "mrr": round(sum(1 / place for place in found) / asked, 3),
        }


def read_cases(path: Path) -> list[Case]:
    """The cases of a JSONL file; UnreadableFile, which names the line, when one is none."""
    require_file(path, or_pipe=True)
    cases = []
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                cases.append(_case(number, line))
    if not cases:
        raise UnreadableFile(f"{path} holds no cases.")
    return cases


def _case(number: int, line: str) -> Case:
    try:
        return Case.model_validate_json(line)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise UnreadableFile(f"line {number}: {where} {fault['msg']}") from None


def measure(
    cases: Sequence[Case], embedder: Embedder, progress: Callable[[], object] = lambda: None
) -> dict[str, Any]:
    """The figures of one embedder: of all paraphrases, and by languages (asked → remembered)."""
    from knowledge.retrieval import search

    pairs: defaultdict[str, Figures] = defaultdict(Figures)
    every = Figures()
    with scratch_store(embedder):
        wanted = _remember(cases, embedder)
        for case, memory in zip(cases, wanted, strict=True):
            for paraphrase in case.paraphrases:
                found = [hit.memory_id for hit in search(paraphrase, SHOWN, by=embedder)]
                place = found.index(memory.pk) + 1 if memory.pk in found else None
                every.places.append(place)
                pairs[f"{_language(paraphrase)}→{case.language}"].places.append(place)
                progress()
    return every.as_dict() | {"pairs": {name: pairs[name].as_dict() for name in sorted(pairs)}}


def _remember(cases: Sequence[Case], embedder: Embedder) -> list[Memory]:
    from knowledge.indexer import insert

    memories = [
        Draft(agent=f"case {number}", user_query=case.question, agent_response=case.answer).row()
        for number, case in enumerate(cases)
    ]
    for memory in memories:
        memory.trust = Trust.TRUSTED
    Memory.objects.bulk_create(memories)
    insert(memories, embedder)
    return memories


def _language(text: str) -> str:
    return language_of(text) or "terse"


@contextmanager
def scratch_store(embedder: Embedder) -> Iterator[None]:
    """Empty tables in place of the real ones, for this connection, in a transaction undone.

    PostgreSQL looks for a table among the temporary ones first.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        try:
            for table in _TABLES:
                cursor.execute(f"CREATE TEMP TABLE {table} (LIKE public.{table} INCLUDING ALL)")
            cursor.execute(
                "ALTER TABLE pg_temp.knowledge_vectors ALTER COLUMN vector "
                f"TYPE vector({int(embedder.dimensions)})"
            )
            yield
        finally:
            transaction.set_rollback(True)
