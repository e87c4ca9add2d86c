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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from knowledge import features
from knowledge.connections import conninfo, database_name
from knowledge.embeddings import embedder
from knowledge.models import USABLE, Kind, Memory
from knowledge.text import clean, fold

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

LONGEST_QUESTION = 2000
MOST = 200
SEARCH_SECONDS = 5
CONNECTIONS = 8

# Tuned on tests/data/retrieval_cases.jsonl.
WEIGHTS: Mapping[str, float] = {
    "word": 1.0,
    "concept": 0.7,
    "term": 1.2,
    "cosine": 0.35,
    "trigrams": 0.15,
    "floor": 0.09,  # below this score nothing is an answer
    "near": 0.6,  # of the best score: what counts as about as good
}

SQL = """
WITH units AS MATERIALIZED (
    SELECT query, max(weight) AS weight, row_number() OVER () AS n FROM (
        SELECT plainto_tsquery('public.resync_pt', word)
               || plainto_tsquery('public.resync_en', word) AS query, %(word)s::float8 AS weight
          FROM unnest(%(words)s::text[]) AS word
        UNION ALL
        SELECT quote_literal(mark)::tsquery,
               CASE WHEN mark LIKE '=%%' THEN %(term)s::float8 ELSE %(concept)s::float8 END
          FROM unnest(%(marks)s::text[]) AS mark
    ) AS pieces WHERE numnode(query) > 0 GROUP BY query
),
wanted AS MATERIALIZED (
    SELECT (SELECT string_agg('(' || query::text || ')', ' | ')::tsquery FROM units)
           AS words,
           (SELECT string_agg(quote_literal(t), ' | ')::tsquery
              FROM unnest(%(terms)s::text[]) AS t) AS terms,
           (SELECT ('''#code'' & !(' || string_agg(quote_literal(c), ' | ') || ')')::tsquery
              FROM unnest(%(codes)s::text[]) AS c) AS other_code
),
candidates AS MATERIALIZED (
    (SELECT id FROM knowledge_vectors ORDER BY vector <=> %(vector)s::vector LIMIT 60)
    UNION
    (SELECT id FROM knowledge_vectors, wanted WHERE document @@ wanted.words
      ORDER BY ts_rank(document, wanted.words) DESC LIMIT 60)
    UNION
    (SELECT id FROM knowledge_vectors, wanted WHERE document @@ wanted.terms
      ORDER BY ts_rank(document, wanted.terms) DESC LIMIT 60)
),
rows AS MATERIALIZED (
    SELECT m.id, m.trust, m.user_query, v.document,
           1 - (v.vector <=> %(vector)s::vector) AS cosine,
           coalesce(v.document @@ wanted.terms, false) AS has_term
      FROM candidates
      JOIN knowledge_vectors v USING (id)
      JOIN knowledge_memory m ON m.mem0_id = v.id AND m.trust IN ('trusted', 'cleared')
      CROSS JOIN wanted
     WHERE NOT coalesce(v.document @@ wanted.other_code, false)
),
hits AS MATERIALIZED (
    SELECT r.id, u.n, u.weight, ts_rank('{0.8, 0.8, 0.6, 1}', r.document, u.query) * 1.6449 AS rank
      FROM rows r JOIN units u ON r.document @@ u.query
),
rarity AS MATERIALIZED (
    SELECT u.n,
           u.weight * ln(1 + (t.total - count(h.id) + 0.5) / (count(h.id) + 0.5)) AS worth
      FROM units u LEFT JOIN hits h USING (n)
     CROSS JOIN (SELECT greatest(count(*), 50) AS total FROM rows) t
     GROUP BY u.n, u.weight, t.total
),
coverage AS (
    SELECT h.id, sum(h.rank * y.worth) / (SELECT sum(worth) FROM rarity) AS share
      FROM hits h JOIN rarity y USING (n) GROUP BY h.id
),
scored AS (
    SELECT r.id, r.trust, r.cosine, r.has_term,
           (coalesce(c.share, 0) + %(cosine)s::float8 * greatest(r.cosine, 0)
             + %(trigrams)s::float8
               * similarity(public.resync_fold(left(r.user_query, 2000)), %(folded)s))
           / (1 + %(cosine)s::float8 + %(trigrams)s::float8) AS score
      FROM rows r LEFT JOIN coverage c USING (id)
)
SELECT s.id, s.score, s.cosine, s.trust, m.user_query, m.agent_response, m.kind, m.agent,
       m.version, m.created_at
  FROM scored s JOIN knowledge_memory m USING (id)
 WHERE s.score >= %(floor)s::float8
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


def search(query: str, limit: int = 5) -> list[MemoryHit]:
    """The usable memories that bear on `query`, best first; none when nothing does. Blocks."""
    if not (question := _question(query)) or limit < 1:
        return []
    if settings.MEM0_VECTOR_STORE != "pgvector":
        return _search_elsewhere(question, limit)
    parameters = _parameters(question, embedder().embed(question), limit)
    with connection.cursor() as cursor:
        cursor.execute(SQL, parameters)
        return [MemoryHit(*row) for row in cursor.fetchall()]


async def asearch(query: str, limit: int = 5) -> list[MemoryHit]:
    """`search` that does not block the event loop."""
    if not (question := _question(query)) or limit < 1:
        return []
    parameters = _parameters(question, await embedder().aembed(question), limit)
    return [MemoryHit(*row) for row in await _fetch(parameters)]


def _question(query: str) -> str:
    return clean(query[:LONGEST_QUESTION]).strip()


def _parameters(question: str, vector: Sequence[float], limit: int) -> dict[str, Any]:
    marks = features.marks(question)
    return {
        **WEIGHTS,
        "vector": "[" + ",".join(f"{number:.6g}" for number in vector) + "]",
        "words": list(dict.fromkeys(features.words(question)))[:40],
        "marks": sorted(marks)[:60],
        "terms": sorted(mark for mark in marks if mark[0] == "=")[:20],
        "codes": features.asked_codes(question)[:10],
        "folded": fold(question),
        "limit": min(limit, MOST),
    }


def _search_elsewhere(question: str, limit: int) -> list[MemoryHit]:
    """mem0's own search over another store; what it finds is checked against the rows."""
    from knowledge import _mem0

    found = {hit.memory_id: hit.score for hit in _mem0.search(question, 4 * min(limit, MOST))}
    rows = Memory.objects.filter(pk__in=found, trust__in=USABLE)
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
    from psycopg_pool import AsyncConnectionPool

    loop = asyncio.get_running_loop()
    known = _pools.get(loop)
    if known is not None and known.database == database_name():
        return known.pool
    forget_dead_loops()
    address = await asyncio.to_thread(conninfo, SEARCH_SECONDS, "resync search")
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
    _pools[loop] = _LoopPool(database_name(), pool, links)
    return pool


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
