"""Which memories bear on a question: candidates by vector and by words, fused, the best fetched.

1. By vector: the nearest from the HNSW index, joined with `Memory.trust`. The payload's own word
   about trust is never read.
2. By words: those that hold the rarest of what is looked for, an exact term, or the very question;
   for these and for the nearest by vector, how well each holds each unit.
3. `fusion` orders them; the few to show are fetched, and asked once more whether they are usable.

A memory has its words as soon as it has a row; its vector comes a little later.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DataError, OperationalError, connection, transaction
from django.utils import timezone

from knowledge import features, lexemes
from knowledge.cleaning import clean
from knowledge.connections import SEARCH_OPTIONS
from knowledge.embeddings import Embedder, EmbeddingError, embedder
from knowledge.folding import fold
from knowledge.fusion import Candidate, Scored, fuse
from knowledge.hits import MOST, MemoryHit, Only, SearchUnavailable, unfit
from knowledge.hwa_terms import message_codes, object_names
from knowledge.models import Kind
from knowledge.search_pool import aclose, forget_dead_loops, places, search_pool
from knowledge.sought import Sought, is_about_the_past, look_for

__all__ = [
    "MOST", "MemoryHit", "Only", "SearchUnavailable", "aclose", "asearch", "forget_dead_loops",
    "search",
]  # fmt: skip

logger = logging.getLogger(__name__)

LONGEST_QUESTION = 2000
CANDIDATES = 60
"""By vector, and as many again by words."""
SPARE = 15
"""Fetched beside those asked for, where some may fall out by what their texts say."""

_IN_FORCE = """m.trust IN ('trusted', 'cleared') AND m.superseded_by_id IS NULL
       AND (m.valid_until IS NULL OR m.valid_until > now())"""
_USABLE = f"""{_IN_FORCE} AND m.kind = ANY(%(kinds)s::text[])
       AND (%(agent)s::text IS NULL OR m.agent = %(agent)s::text)
       AND (%(engine)s::text IS NULL OR m.engine IN ('', %(engine)s::text))"""

# Words and vector in one statement: each more is a round trip, and a turn of the event loop. The
# words of a memory are unpacked once (OFFSET 0), not once for each unit.
_CANDIDATES = f"""
WITH near (id, cosine) AS MATERIALIZED (
    {{near}}
), by_words AS (
    SELECT w.id FROM (
        SELECT m.id, m.words FROM knowledge_memory m
         WHERE m.words @@ %(rarest)s::tsquery AND {_USABLE} LIMIT 600) AS w
     ORDER BY ts_rank(w.words, %(rarest)s::tsquery) DESC LIMIT {CANDIDATES}
), by_term AS (
    SELECT m.id FROM knowledge_memory m
     WHERE m.words @@ %(terms)s::tsquery AND {_USABLE} LIMIT 20
), same AS (
    SELECT m.id FROM knowledge_memory m
     WHERE public.resync_question(m.user_query) = public.resync_question(%(question)s::text)
       AND {_USABLE} LIMIT 10
), found AS (
    SELECT id FROM by_words UNION SELECT id FROM by_term UNION SELECT id FROM same
    UNION SELECT id FROM near
)
SELECT m.id, m.trust = 'trusted', near.cosine, length(w.words), holds.units, holds.ranks,
       w.words @@ %(terms)s::tsquery, m.id IN (SELECT id FROM same)
  FROM found JOIN knowledge_memory m USING (id) LEFT JOIN near USING (id)
 CROSS JOIN LATERAL (SELECT m.words || ''::tsvector AS words OFFSET 0) AS w
 CROSS JOIN LATERAL (
    SELECT array_agg(u.n - 1) AS units,
           array_agg(ts_rank('{{{{0.5, 0.5, 0.5, 1}}}}', w.words, u.query) * 1.6449) AS ranks
      FROM unnest(%(units)s::tsquery[]) WITH ORDINALITY AS u (query, n)
     WHERE w.words @@ u.query) AS holds
 WHERE {_IN_FORCE}
"""  # noqa: S608  constants of ours

NEAREST = _CANDIDATES.format(
    near=f"""
    SELECT m.id, 1 - (v.vector <=> %(vector)s::vector)
      FROM knowledge_vectors v JOIN knowledge_memory m ON m.mem0_id = v.id
     WHERE {_USABLE}
     ORDER BY v.vector <=> %(vector)s::vector LIMIT {CANDIDATES}"""  # noqa: S608  constants of ours
)
"""Candidates by vector and by words."""
BY_WORDS = _CANDIDATES.format(
    near="SELECT * FROM unnest(%(nearest)s::uuid[], %(cosines)s::float[])"
)
"""Candidates by words, beside those that another store found."""

FETCH = f"""
SELECT m.id, m.user_query, m.agent_response, m.kind, m.agent, m.engine, m.trust, m.version,
       m.created_at
  FROM knowledge_memory m WHERE m.id = ANY(%(ids)s::uuid[]) AND {_IN_FORCE}
"""  # noqa: S608  constants of ours

Rows = list[tuple[Any, ...]]
Steps = Generator[tuple[str, Mapping[str, Any]], Any, "list[MemoryHit]"]
"""A search: yields statements with their parameters, is sent their rows, returns what it found.

None instead of rows: the index holds vectors of another length.
"""


def search(
    query: str, limit: int = 5, only: Only | None = None, by: Embedder | None = None
) -> list[MemoryHit]:
    """The usable memories that bear on `query`, best first; none when nothing does. Blocks."""
    if not (question := _question(query)) or limit < 1:
        return []
    with _named_errors(), connection.cursor() as cursor:
        by = by or embedder()
        cursor.execute(SEARCH_OPTIONS)
        if settings.MEM0_VECTOR_STORE == "pgvector":
            steps = _steps(question, limit, only or Only(), vector=by.embed_query(question))
        else:
            steps = _steps(question, limit, only or Only(), elsewhere=_elsewhere(question))

        def run(statement: str, parameters: Mapping[str, Any]) -> Rows | None:
            try:
                with _savepoint(statement):
                    cursor.execute(statement, parameters)
                    rows: Rows = cursor.fetchall()
            except DataError as error:
                _note_misfit(statement, error)
                return None
            return rows

        return _through(steps, run)


async def asearch(query: str, limit: int = 5, only: Only | None = None) -> list[MemoryHit]:
    """`search` that does not block the event loop."""
    from psycopg import OperationalError as Away

    if not (question := _question(query)) or limit < 1:
        return []
    with _named_errors():
        by = embedder()
    async with places():  # a loop that takes fifty questions apart in a row does nothing else
        with _named_errors():
            vector = await by.aembed_query(question)
            pool = await search_pool()
            try:
                return await _asearch(pool, _steps(question, limit, only or Only(), vector=vector))
            except Away:
                await pool.check()  # the server was restarted: drop what is dead, and try once more
                return await _asearch(pool, _steps(question, limit, only or Only(), vector=vector))


async def _asearch(pool: Any, steps: Steps) -> list[MemoryHit]:
    from psycopg import DataError as Unfit

    async with pool.connection() as link:
        try:
            statement, parameters = next(steps)
            while True:
                try:
                    cursor = await link.execute(statement, parameters, prepare=True)
                    rows = await cursor.fetchall()
                except Unfit as error:
                    _note_misfit(statement, error)
                    rows = None
                statement, parameters = steps.send(rows)
        except StopIteration as end:
            found: list[MemoryHit] = end.value
            return found


def _through(steps: Steps, run: Callable[[str, Mapping[str, Any]], Rows | None]) -> list[MemoryHit]:
    try:
        asked = next(steps)
        while True:
            asked = steps.send(run(*asked))
    except StopIteration as end:
        found: list[MemoryHit] = end.value
        return found


def _savepoint(statement: str) -> AbstractContextManager[Any]:
    """Where the statement that may fail would take a transaction of the caller's with it."""
    in_transaction = statement is NEAREST and connection.in_atomic_block
    return transaction.atomic() if in_transaction else nullcontext()


def _note_misfit(statement: str, error: Exception) -> None:
    """Vectors of another length: until they are made anew words alone find memories."""
    if statement is not NEAREST:
        raise error
    logger.warning("memories are found by words alone: %s", unfit(" ".join(str(error).split())))


def _steps(
    question: str,
    limit: int,
    only: Only,
    *,
    vector: Sequence[float] | None = None,
    elsewhere: Mapping[UUID, float] | None = None,
) -> Steps:
    limit = min(limit, MOST)
    sought = look_for(question)
    if unknown := lexemes.unknown(sought):
        lexemes.learn((yield lexemes.STEMS, {"words": unknown}))
    if lexemes.counts_are_old():
        lexemes.learn_counts((yield lexemes.COUNTS, {}))
    words = {
        **_among(question, only), "question": question, "terms": lexemes.terms(sought),
        "units": lexemes.queries(sought), "rarest": lexemes.rarest(sought),
    }  # fmt: skip
    rows: Rows | None = None
    if vector is not None:
        rows = yield NEAREST, {**words, "vector": as_text(vector)}
    if rows is None:
        near = elsewhere or {}
        rows = yield BY_WORDS, {**words, "nearest": list(near), "cosines": list(near.values())}
    spare = SPARE if sought.codes or Kind.STATE in words["kinds"] else 0
    scored = fuse(sought, [_candidate(*row) for row in rows], limit + spare)
    if not scored:
        return []
    rows = yield FETCH, {"ids": [one.candidate.memory_id for one in scored]}
    texts = {row[0]: row[1:] for row in rows}
    hits = [
        _hit(one, *texts[one.candidate.memory_id])
        for one in scored
        if one.candidate.memory_id in texts
    ]
    return [hit for hit in hits if _fits(hit, question, sought)][:limit]


def _question(query: str) -> str:
    return clean(query[:LONGEST_QUESTION]).strip()


def _among(question: str, only: Only) -> dict[str, Any]:
    """The filters as parameters. A state of the plan is looked for when the past is asked about."""
    kinds = [only.kind] if only.kind else list(Kind.values)
    if not is_about_the_past(question, timezone.localtime()):
        kinds = [kind for kind in kinds if kind != Kind.STATE]
    return {"kinds": kinds, "agent": only.agent or None, "engine": only.engine or None}


def as_text(vector: Sequence[float]) -> str:
    return ("[" + ",".join(["%.6g"] * len(vector)) + "]") % tuple(vector)


def _candidate(
    memory_id: UUID, is_approved: bool, cosine: float | None, length: int,
    units: Sequence[int] | None, ranks: Sequence[float] | None, has_term: bool, is_same: bool,
) -> Candidate:  # fmt: skip
    held = dict(zip(units or (), ranks or (), strict=True))
    return Candidate(memory_id, is_approved, cosine, length, held, has_term, is_same)


def _hit(scored: Scored, *row: Any) -> MemoryHit:
    user_query, agent_response, kind, agent, engine, trust, version, created_at = row
    return MemoryHit(
        scored.candidate.memory_id, scored.score, scored.candidate.cosine or 0.0, trust,
        user_query, agent_response, kind, agent, engine, version, created_at,
    )  # fmt: skip


def _fits(hit: MemoryHit, question: str, sought: Sought) -> bool:
    """Not about another message code; a state of the plan about an object of the question."""
    if (
        sought.codes
        and (others := set(message_codes(hit.user_query)))
        and not (others & sought.codes)
    ):
        return False
    if hit.is_history and (names := object_names(question)):
        text = fold(f"{hit.user_query} {hit.agent_response}")
        return any(fold(name) in text for name in names)
    return True


@contextmanager
def _named_errors() -> Iterator[None]:
    """What keeps the index from answering, as SearchUnavailable with a way to mend it."""
    import psycopg

    try:
        yield
    except EmbeddingError as error:
        raise SearchUnavailable(f"The question could not be embedded: {error}") from error
    except (psycopg.OperationalError, OperationalError) as error:  # a pool's timeout is one, too
        raise SearchUnavailable(f"The database did not answer the search: {error}") from error


def _elsewhere(question: str) -> dict[UUID, float]:
    """mem0's own search over another store than pgvector."""
    from knowledge import _mem0

    return {UUID(hit.memory_id): hit.score for hit in _mem0.search(question, CANDIDATES)}


async def warm() -> None:
    """Open the running loop's pool and read the glossary, so that the first search need not.

    What is there by then stays: a full collection that looks through it takes a tenth of a second.
    """
    await asyncio.to_thread(features.marks, "warm")
    await search_pool()
    gc.collect()
    gc.freeze()
