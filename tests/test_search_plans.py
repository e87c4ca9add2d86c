"""How PostgreSQL carries a search out when there are many memories: by its indexes alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from knowledge.connections import SEARCH_OPTIONS
from knowledge.retrieval import BY_WORDS, FETCH, NEAREST

pytestmark = pytest.mark.django_db

TYPES = {
    "vector": "vector", "kinds": "text[]", "agent": "text", "engine": "text", "question": "text",
    "rarest": "tsquery", "terms": "tsquery", "units": "tsquery[]", "nearest": "uuid[]",
    "cosines": "float[]", "ids": "uuid[]",
}  # fmt: skip


@pytest.fixture
def many_memories() -> None:
    """A few, which the planner takes for a hundred thousand."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO knowledge_memory (
                id, agent, user_query, asked_as, agent_response, evidence, engine, kind, source,
                content_hash, use_count, terms, marks, trust, version, index_owner, index_attempts,
                index_error, flagged_by_ia, created_at, updated_at, mem0_id
            )
            SELECT gen_random_uuid(), 'a', 'How do I see job ' || n || '?', '', 'In conman.', '[]',
                   '', 'knowledge', 'import', n::text, 1, '{}', '{}', 'trusted', 1, '', 0, '',
                   false, now(), now(), gen_random_uuid()
              FROM generate_series(1, 300) AS n;
            INSERT INTO knowledge_vectors (id, vector, payload)
            SELECT mem0_id, ARRAY(SELECT sin(n * r) FROM generate_series(1, 384) AS n)::vector, '{}'
              FROM (SELECT mem0_id, row_number() OVER () AS r FROM knowledge_memory) AS m;
            ANALYZE knowledge_memory; ANALYZE knowledge_vectors;
            UPDATE pg_class SET reltuples = 100000
             WHERE relname IN ('knowledge_memory', 'knowledge_vectors')
            """
        )
        cursor.execute(SEARCH_OPTIONS)


def plan_of(statement: str) -> list[dict[str, Any]]:
    """The nodes of its generic plan, which connections of the search keep."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    numbered = re.sub(
        r"%\((\w+)\)s(::[a-z]+(?:\[\])?)?",
        lambda found: f"${names.index(found[1]) + 1}::{TYPES[found[1]]}",
        statement,
    )
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {numbered}")
        [(plan,)] = cursor.fetchall()
    return list(_nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from _nodes(below)


@pytest.mark.parametrize("statement", [NEAREST, BY_WORDS, FETCH], ids=["nearest", "words", "fetch"])
def test_no_statement_of_a_search_reads_a_table_from_end_to_end(
    many_memories: None, statement: str
) -> None:
    nodes = plan_of(statement)

    assert [node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"] == []


def test_each_kind_of_candidate_comes_from_its_index(many_memories: None) -> None:
    used = {
        node["Index Name"]
        for statement in (NEAREST, BY_WORDS, FETCH)
        for node in plan_of(statement)
        if "Index Name" in node
    }

    assert used >= {"knowledge_vectors_hnsw_idx", "memory_words", "memory_question", "memory_mem0"}


def depth() -> str:
    with connection.cursor() as cursor:
        cursor.execute(SEARCH_OPTIONS)
        cursor.execute("SHOW hnsw.ef_search")
        [(depth,)] = cursor.fetchall()
    return depth


def test_a_search_among_many_vectors_looks_deeper(many_memories: None) -> None:
    assert depth() == "600"


def test_a_search_among_few_vectors_does_not(db: None) -> None:
    assert depth() == "200"


def test_the_index_is_dense_enough_to_find_the_nearest_among_many(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_indexdef('knowledge_vectors_hnsw_idx'::regclass)")
        [(definition,)] = cursor.fetchall()

    assert "m='32', ef_construction='128'" in definition
