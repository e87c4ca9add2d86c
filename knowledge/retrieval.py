"""Which memories bear on a question: one statement, by vector, words, concepts and exact terms.

How it ranks:

1. Candidates: the nearest by vector, the best by full text (Portuguese and English, accents
   folded), and those that hold the question's exact terms. Each comes from an index with a LIMIT.
2. Each candidate is joined to its memory; only `trusted` and `cleared` ones go on. The payload's
   own word about trust is never read.
3. Coverage: which part of the question's words and concepts the memory shares, each weighed by how
   rare it is among the candidates. Cosine similarity and trigrams of the question are added.
4. Exact terms of the question that occur in the store at all come first; among answers about as
   good, approved ones before audited ones.

A memory that is not indexed yet is not found: rows, words and vector come and go together.
"""

from __future__ import annotations

import asyncio
import atexit
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import DataError, OperationalError, connection
from django.utils import timezone

from knowledge import features
from knowledge.cleaning import clean
from knowledge.connections import SEARCH_OPTIONS, conninfo, database_name
from knowledge.embeddings import Embedder, EmbeddingError, embedder
from knowledge.folding import fold
from knowledge.glossary import find_concepts
from knowledge.models import Kind, Memory

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

LONGEST_QUESTION = 2000
MOST = 200
MOST_WORDS = 40
MANY = 200
"""Memories that share a word; beyond that it is too common to look for candidates by it."""
MOST_TERMS = 20
SEARCH_SECONDS = 5
CONNECTIONS = 8

# Tuned on tests/data/retrieval_cases.jsonl.
WEIGHTS: Mapping[str, float] = {
    "word": 1.0,
    "concept": 2.5,
    "term": 1.5,
    "cosine": 0.35,
    "trigrams": 0.15,
    "common": 0.4,  # what understanding a word counts that every candidate shares
    "near": 0.6,  # of the best score: what counts as about as good
}

SQL = """
WITH common AS MATERIALIZED (  -- lexemes that too many memories share to find one by them
    SELECT e.lexeme
      FROM pg_catalog.pg_stats s,
           unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) e (lexeme, frequency)
     WHERE s.schemaname = 'public' AND s.tablename = 'knowledge_vectors'
       AND s.attname = 'document' AND e.lexeme IS NOT NULL
       AND e.frequency * (SELECT reltuples FROM pg_catalog.pg_class
                           WHERE oid = 'public.knowledge_vectors'::regclass) > %(many)s
),
units AS MATERIALIZED (
    SELECT n, weight, is_word, lexemes && (SELECT array_agg(lexeme) FROM common) AS is_common,
           CASE WHEN is_word THEN plainto_tsquery('public.resync_pt', unit)
                                  || plainto_tsquery('public.resync_en', unit)
                ELSE quote_literal(unit)::tsquery END AS query
      FROM unnest(%(units)s::text[], %(weights)s::float8[], %(are_words)s::boolean[])
           WITH ORDINALITY AS u (unit, weight, is_word, n)
     CROSS JOIN LATERAL (
        SELECT CASE WHEN is_word THEN tsvector_to_array(to_tsvector('public.resync_pt', unit)
                                                        || to_tsvector('public.resync_en', unit))
                    ELSE ARRAY[unit] END AS lexemes
     ) AS l
),
covers AS MATERIALIZED (
    SELECT n, word FROM unnest(%(cover_units)s::int[], %(cover_words)s::int[]) AS c (n, word)
),
wanted AS MATERIALIZED (
    SELECT (SELECT coalesce(
                string_agg('(' || query::text || ')', ' | ') FILTER (WHERE is_common IS NOT TRUE),
                string_agg('(' || query::text || ')', ' & ') FILTER (WHERE is_word)
            )::tsquery FROM units WHERE numnode(query) > 0) AS words,
           (SELECT string_agg(quote_literal(t), ' | ')::tsquery
              FROM unnest(%(terms)s::text[]) AS t) AS terms,
           (SELECT ('''#code'' & !(' || string_agg(quote_literal(c), ' | ') || ')')::tsquery
              FROM unnest(%(codes)s::text[]) AS c) AS other_code
),
candidates AS MATERIALIZED (
    (SELECT id FROM knowledge_vectors ORDER BY vector <=> %(vector)s::vector LIMIT 60)
    UNION
    (SELECT id FROM (
        SELECT id, document FROM knowledge_vectors
         WHERE document @@ (SELECT words FROM wanted) LIMIT 1000) AS by_words
      ORDER BY ts_rank(document, (SELECT words FROM wanted)) DESC LIMIT 60)
    UNION
    (SELECT id FROM (
        SELECT id, document FROM knowledge_vectors
         WHERE document @@ (SELECT terms FROM wanted) LIMIT 1000) AS by_terms
      ORDER BY ts_rank(document, (SELECT words FROM wanted)) DESC NULLS LAST LIMIT 60)
),
rows AS MATERIALIZED (
    SELECT m.id, m.trust, m.user_query, v.document,
           1 - (v.vector <=> %(vector)s::vector) AS cosine,
           coalesce(v.document @@ wanted.terms, false) AS has_term
      FROM candidates
      JOIN knowledge_vectors v USING (id)
      JOIN knowledge_memory m ON m.mem0_id = v.id AND m.trust IN ('trusted', 'cleared')
       AND m.superseded_by_id IS NULL AND (m.valid_until IS NULL OR m.valid_until > now())
      CROSS JOIN wanted
     WHERE NOT coalesce(v.document @@ wanted.other_code, false)
),
hits AS MATERIALIZED (
    SELECT r.id, u.n, ts_rank('{0.5, 0.5, 0.5, 1}', r.document, u.query) * 1.6449 AS rank
      FROM rows r JOIN units u ON r.document @@ u.query
),
rarity AS MATERIALIZED (
    SELECT u.n, u.weight, ln(1 + (t.total - count(h.id) + 0.5) / (count(h.id) + 0.5)) AS idf,
           ln(1 + (t.total + 0.5) / 0.5) AS most
      FROM units u LEFT JOIN hits h USING (n)
     CROSS JOIN (SELECT greatest(count(*), 50) AS total FROM rows) t
     GROUP BY u.n, u.weight, t.total
),
coverage AS (
    SELECT h.id, sum(h.rank * y.weight * y.idf) / (SELECT sum(weight * idf) FROM rarity) AS share
      FROM hits h JOIN rarity y USING (n) GROUP BY h.id
),
worth AS MATERIALIZED (
    SELECT word, max(%(common)s::float8 * most + idf) AS idf
      FROM covers JOIN rarity USING (n) GROUP BY word
),
-- How much of the question was understood here at all: common words in it are worth little.
sense AS (
    SELECT id, count(*) AS words,
           sum(idf) / (sum(idf) + (SELECT sum(idf) FROM worth) - sum(worth)) AS sense FROM (
        SELECT h.id, c.word, max(%(common)s::float8 * y.most + y.idf) AS idf,
               max(w.idf) AS worth
          FROM hits h JOIN covers c USING (n) JOIN rarity y USING (n) JOIN worth w USING (word)
         GROUP BY h.id, c.word
    ) AS covered GROUP BY id
),
ranked AS (
    SELECT r.id, r.trust, r.cosine, r.has_term, r.user_query,
           coalesce(c.share, 0) * power(60.0 / greatest(length(r.document), 20), 0.2)
             + %(cosine)s::float8 * greatest(r.cosine, 0) AS score
      FROM rows r LEFT JOIN coverage c USING (id) LEFT JOIN sense s USING (id)
     WHERE r.has_term OR (s.sense >= %(sense)s::float8 AND s.words >= %(least_words)s)
     ORDER BY r.has_term DESC, score DESC
     LIMIT greatest(4 * %(limit)s, 30)
),
scored AS MATERIALIZED (  -- trigrams cost more than all the rest: only for the best
    SELECT id, trust, cosine, has_term,
           (score + %(trigrams)s::float8
                    * similarity(public.resync_fold(left(user_query, 500)), %(folded)s))
           / (1 + %(cosine)s::float8 + %(trigrams)s::float8) AS score
      FROM ranked
)
SELECT s.id, least(s.score, 1), s.cosine, s.trust, m.user_query, m.agent_response, m.kind, m.agent,
       m.version, m.created_at
  FROM scored s JOIN knowledge_memory m USING (id)
 ORDER BY s.has_term DESC,
          (s.score >= %(near)s::float8 * max(s.score) OVER (PARTITION BY s.has_term)
           AND s.trust = 'trusted') DESC,
          s.score DESC, s.id
 LIMIT %(limit)s
"""


class SearchUnavailable(Exception):
    """The index could not be asked; the message says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class MemoryHit:
    """A usable memory that bears on the question. `score` 0..1 ranks, `similarity` is a cosine."""

    memory_id: UUID
    score: float
    similarity: float
    trust: str
    user_query: str
    agent_response: str
    kind: str
    agent: str
    version: int
    created_at: datetime

    @property
    def is_history(self) -> bool:
        """It says how the plan stood at `created_at`, not how it stands."""
        return self.kind == Kind.STATE

    @property
    def dated_answer(self) -> str:
        """The answer, marked as history when it is about the plan as it once was."""
        if not self.is_history:
            return self.agent_response
        when = timezone.localtime(self.created_at).strftime("%Y-%m-%d %H:%M %Z")
        return f"[state of the plan on {when}, not now] {self.agent_response}"


def search(query: str, limit: int = 5, by: Embedder | None = None) -> list[MemoryHit]:
    """The usable memories that bear on `query`, best first; none when nothing does. Blocks."""
    if not (question := _question(query)) or limit < 1:
        return []
    if settings.MEM0_VECTOR_STORE != "pgvector":
        return _search_elsewhere(question, limit)
    with _named_errors():
        return _search(question, limit, by or embedder())


def _search(question: str, limit: int, by: Embedder) -> list[MemoryHit]:
    parameters = _parameters(question, by.embed(question), limit)
    with connection.cursor() as cursor:
        cursor.execute(SEARCH_OPTIONS)
        cursor.execute(SQL, parameters)
        return [MemoryHit(*row) for row in cursor.fetchall()]


async def asearch(query: str, limit: int = 5) -> list[MemoryHit]:
    """`search` that does not block the event loop."""
    if not (question := _question(query)) or limit < 1:
        return []
    with _named_errors():
        parameters = _parameters(question, await embedder().aembed(question), limit)
        return [MemoryHit(*row) for row in await _fetch(parameters)]


@contextmanager
def _named_errors() -> Iterator[None]:
    """What keeps the index from answering, as SearchUnavailable with a way to mend it."""
    import psycopg

    try:
        yield
    except EmbeddingError as error:
        raise SearchUnavailable(f"The question could not be embedded: {error}") from error
    except (psycopg.DataError, DataError) as error:
        raise SearchUnavailable(
            f"The index does not fit the embedder: {error}. Run `manage.py reindex_memories`."
        ) from error
    except (psycopg.OperationalError, OperationalError) as error:  # a pool's timeout is one, too
        raise SearchUnavailable(f"The database did not answer the search: {error}") from error


def _question(query: str) -> str:
    return clean(query[:LONGEST_QUESTION]).strip()


def _parameters(question: str, vector: Sequence[float], limit: int) -> dict[str, Any]:
    words = features.find_words(question)[:MOST_WORDS]
    units = _Units()
    for place, word in enumerate(words):
        units.cover(word.text, WEIGHTS["word"], place, is_word=True)
    for match in find_concepts(question):
        for place, word in enumerate(words):
            if word.start < match.end and match.start < word.end:
                mark, weight = features.concept_mark(match.concept), WEIGHTS["concept"]
                units.cover(mark, weight * match.weight, place)
    terms = features.term_marks(question)[:MOST_TERMS]
    for term in terms:
        units.cover(term, WEIGHTS["term"])
    return {
        **WEIGHTS,
        **units.parameters(),
        **_least(len(words)),
        "many": MANY,
        "vector": "[" + ",".join(f"{number:.6g}" for number in vector) + "]",
        "terms": terms,
        "codes": features.asked_codes(question)[:MOST_TERMS],
        "folded": fold(question[:500]),
        "limit": min(limit, MOST),
    }


def _least(words: int) -> dict[str, float]:
    """How much of a question must be understood: one known word of three is a coincidence."""
    return {"sense": 0.25, "least_words": 2} if words > 2 else {"sense": 0.5, "least_words": 1}


class _Units:
    """What is looked for: words, concepts, exact terms, and which words of the question each is."""

    def __init__(self) -> None:
        self._found: dict[tuple[bool, str], float] = {}
        self._covers: list[tuple[tuple[bool, str], int]] = []

    def cover(
        self, unit: str, weight: float, place: int | None = None, *, is_word: bool = False
    ) -> None:
        key = (is_word, unit)
        self._found[key] = max(self._found.get(key, 0), weight)
        if place is not None:
            self._covers.append((key, place))

    def parameters(self) -> dict[str, Any]:
        numbers = {key: number for number, key in enumerate(self._found, 1)}
        return {
            "units": [unit for _, unit in self._found],
            "are_words": [is_word for is_word, _ in self._found],
            "weights": list(self._found.values()),
            "cover_units": [numbers[key] for key, _ in self._covers],
            "cover_words": [place for _, place in self._covers],
        }


def _search_elsewhere(question: str, limit: int) -> list[MemoryHit]:
    """mem0's own search over another store; what it finds is checked against the rows."""
    from knowledge import _mem0

    found = {hit.memory_id: hit.score for hit in _mem0.search(question, 4 * min(limit, MOST))}
    rows = Memory.objects.in_force().filter(pk__in=found)
    hits = [
        MemoryHit(
            m.pk, found[str(m.pk)], found[str(m.pk)], m.trust, m.user_query, m.agent_response,
            m.kind, m.agent, m.version, m.created_at,
        )
        for m in rows
    ]  # fmt: skip
    hits.sort(key=lambda hit: (hit.trust != "trusted", -hit.score))
    return hits[:limit]


# --- connections of the asynchronous path --------------------------------------------------------


@dataclass(slots=True)
class _LoopPool:
    """The connections of one event loop to one database."""

    database: str
    pool: AsyncConnectionPool[Any]
    links: list[AsyncConnection[Any]]


_pools: dict[asyncio.AbstractEventLoop, _LoopPool] = {}
_opening: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = (
    weakref.WeakKeyDictionary()
)


async def _fetch(parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    from psycopg import OperationalError

    pool = await _pool()
    try:
        return await _execute(pool, parameters)
    except OperationalError:
        await pool.check()  # the server was restarted: drop what is dead, and try once more
        return await _execute(pool, parameters)


async def _execute(
    pool: AsyncConnectionPool[Any], parameters: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    async with pool.connection() as link:
        cursor = await link.execute(SQL, parameters)
        rows: list[tuple[Any, ...]] = await cursor.fetchall()
    return rows


async def _pool() -> AsyncConnectionPool[Any]:
    """The pool of the running loop, opened at first use."""
    loop = asyncio.get_running_loop()
    if (known := _pools.get(loop)) is not None and known.database == database_name():
        return known.pool
    async with _opening.setdefault(loop, asyncio.Lock()):
        if (known := _pools.get(loop)) is None or known.database != database_name():
            known = _pools[loop] = await _opened()
    return known.pool


async def _opened() -> _LoopPool:
    forget_dead_loops()
    address = await asyncio.to_thread(_address)
    from psycopg_pool import AsyncConnectionPool

    links: list[AsyncConnection[Any]] = []

    async def remember(link: AsyncConnection[Any]) -> None:
        links[:] = [known for known in links if not known.closed] + [link]

    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
        address,
        min_size=0,
        max_size=CONNECTIONS,
        timeout=SEARCH_SECONDS,
        kwargs={"prepare_threshold": None, "autocommit": True},
        configure=remember,
        name="search",
        open=False,
    )
    await pool.open()
    return _LoopPool(database_name(), pool, links)


def _address() -> str:
    """What takes a while at first use: an import, and the embedded server's start."""
    import psycopg_pool  # noqa: F401

    return conninfo(SEARCH_SECONDS, "resync search")


async def warm() -> None:
    """Open the running loop's pool and read the glossary, so that the first search need not."""
    await asyncio.to_thread(features.marks, "warm")
    await _pool()


async def aclose() -> None:
    """Close the running loop's connections."""
    if known := _pools.pop(asyncio.get_running_loop(), None):
        await known.pool.close()


def forget_dead_loops() -> None:
    """Close what loops that ended without `aclose` left open: nobody is left to await it."""
    for loop in [loop for loop in _pools if loop.is_closed()]:
        for link in _pools.pop(loop).links:
            link.pgconn.finish()


atexit.register(forget_dead_loops)
