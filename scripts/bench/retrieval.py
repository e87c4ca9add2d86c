#!/usr/bin/env python3
"""How fast are searches, beside a bare vector query and mem0's own, on the same table?

    .venv/bin/python scripts/bench/retrieval.py [--memories 100000] [--clients 50] [--seconds 12]
        [--embedder hash]

Fills a database of its own with memories whose texts share no templates. Asks with one client (the
share of each step) and with many (searches a second, p50 and p95 in milliseconds, the longest gap
of the event loop): by Resync's search, by a bare HNSW query on the same pool at the same ef_search,
by mem0's AsyncMemory. Questions are embedded beforehand; the embedder's own time is a figure of its
own. Then how many of the five found are those of an exact search. To be reached: half of the bare
query, 1.5 times mem0, 0.95, gaps of 50 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from unittest import mock

from _bench import Words, say, scratch_database, setup

setup()

from django.db import connection  # noqa: E402

from knowledge import _mem0, embeddings, indexer, retrieval  # noqa: E402
from knowledge.embeddings import Embedder  # noqa: E402
from knowledge.models import Memory, Trust  # noqa: E402
from knowledge.search_pool import search_pool  # noqa: E402
from knowledge.store import Draft  # noqa: E402

QUESTIONS = 200
BATCH = 1000
BARE = "SELECT id FROM knowledge_vectors ORDER BY vector <=> %s::vector LIMIT 5"
Ask = Callable[[str], Awaitable[object]]


class Known:
    """An embedder that has embedded the questions already."""

    def __init__(self, inner: Embedder, questions: Sequence[str]) -> None:
        self.dimensions, self.tag = inner.dimensions, inner.tag
        started = time.perf_counter()
        self._vectors = {question: inner.embed_query(question) for question in questions}
        self.milliseconds = 1000 * (time.perf_counter() - started) / len(questions)

    def embed_query(self, text: str) -> list[float]:
        return self._vectors[text]

    async def aembed_query(self, text: str) -> list[float]:
        return self._vectors[text]

    def embed_passages(self, texts: Sequence[str]) -> list[list[float]]:
        raise NotImplementedError


def fill(memories: int, words: Words, embedder: Embedder) -> list[str]:
    """Memories with their vectors; some of their questions in other words."""
    asked: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_indexdef('knowledge_vectors_hnsw_idx'::regclass)")
        (index,) = cursor.fetchone()
        cursor.execute("SET statement_timeout = 0; DROP INDEX knowledge_vectors_hnsw_idx")
    for start in range(0, memories, BATCH):
        rows = [
            Draft("bench", words.text(9), words.text(25)).row()
            for _ in range(min(BATCH, memories - start))
        ]
        for memory in rows:
            memory.trust, memory.mem0_id, memory.indexed_version = Trust.TRUSTED, uuid.uuid4(), 1
        Memory.objects.bulk_create(rows)
        made = [(memory, indexer.search_row(memory)) for memory in rows]
        vectors = embedder.embed_passages([row.text for _, row in made])
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO knowledge_vectors VALUES (%s, %s::vector, %s)",
                [
                    (memory.mem0_id, vector, json.dumps(_payload(memory, row)))
                    for (memory, row), vector in zip(made, vectors, strict=True)
                ],
            )
        every = max(memories // QUESTIONS, 1)
        asked += [words.reworded(memory.user_query) for memory in rows[::every] or rows[:1]]
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '1GB'")
        cursor.execute(index)
        cursor.execute("VACUUM ANALYZE knowledge_memory, knowledge_vectors")
    return asked[:QUESTIONS]


def _payload(memory: Memory, row: indexer.SearchRow) -> dict[str, Any]:
    return {**row.payload, "data": row.text, "user_id": _mem0.OWNER, "agent_id": memory.agent}


async def alone(ask: Ask, questions: Sequence[str]) -> float:
    """Milliseconds of one question, when nobody else asks."""
    for question in questions[:20]:
        await ask(question)
    times = []
    for question in questions[:100]:
        started = time.perf_counter()
        await ask(question)
        times.append(1000 * (time.perf_counter() - started))
    return round(statistics.median(times), 2)


async def together(
    ask: Ask, questions: Sequence[str], clients: int, seconds: float
) -> dict[str, float]:
    times: list[float] = []
    gaps: list[float] = []
    end = time.perf_counter() + seconds

    async def client(number: int) -> None:
        n = number
        while (started := time.perf_counter()) < end:
            await ask(questions[n % len(questions)])
            times.append(1000 * (time.perf_counter() - started))
            n += clients

    async def ticker() -> None:
        while (started := time.perf_counter()) < end:
            await asyncio.sleep(0.001)
            gaps.append(1000 * (time.perf_counter() - started) - 1)

    await asyncio.gather(ticker(), *(client(number) for number in range(clients)))
    ordered = sorted(times)
    return {
        "per_second": round(len(times) / seconds, 1),
        "p50": round(ordered[len(ordered) // 2], 1),
        "p95": round(ordered[int(len(ordered) * 0.95)], 1),
        "longest_gap_ms": round(max(gaps), 1),
    }


async def steps_of(questions: Sequence[str], embedder: Known) -> dict[str, float]:
    """Milliseconds of each step of a search, means of one client."""
    spent: dict[str, float] = {}
    names = {retrieval.NEAREST: "candidates", retrieval.FETCH: "fetch"}
    pool = await search_pool()
    async with pool.connection() as link:
        for question in questions[:100]:
            steps = retrieval._steps(
                question, 5, retrieval.Only(), vector=embedder.embed_query(question)
            )
            rows: Any = None
            try:
                while True:
                    started = time.perf_counter()
                    statement, parameters = steps.send(rows)
                    asked = time.perf_counter()
                    cursor = await link.execute(statement, parameters, prepare=True)
                    rows = await cursor.fetchall()
                    name = names.get(statement, "stems_and_counts")
                    spent["python"] = spent.get("python", 0) + asked - started
                    spent[name] = spent.get(name, 0) + time.perf_counter() - asked
            except StopIteration:
                spent["python"] += time.perf_counter() - started
    return {name: round(1000 * of / len(questions[:100]), 2) for name, of in spent.items()}


async def measured(questions: Sequence[str], known: Known, options: argparse.Namespace) -> None:
    await retrieval.warm()
    pool = await search_pool()
    store = _mem0.store().pool  # a pool as ours is: its own would end with the object
    async_memory = _mem0.import_mem0().AsyncMemory(_mem0.configuration(store))
    vectors = {question: retrieval.as_text(known.embed_query(question)) for question in questions}

    async def bare(question: str) -> None:
        async with pool.connection() as link:
            cursor = await link.execute(BARE, [vectors[question]], prepare=True)
            await cursor.fetchall()

    async def by_mem0(question: str) -> None:
        await async_memory.search(question, filters={"user_id": _mem0.OWNER}, top_k=5)

    ways: dict[str, Ask] = {"resync": retrieval.asearch, "bare": bare, "mem0": by_mem0}
    say(step="shares of a search, ms", **await steps_of(questions, known))
    found = {}
    for name, ask in ways.items():
        one = await alone(ask, questions)
        found[name] = await together(ask, questions, options.clients, options.seconds)
        say(way=name, alone_ms=one, **found[name])
    rate = {name: of["per_second"] for name, of in found.items()}
    say(
        memories=options.memories, embedder=options.embedder, embed_ms=round(known.milliseconds, 2),
        of_bare=round(rate["resync"] / rate["bare"], 2),
        of_mem0=round(rate["resync"] / rate["mem0"], 2),
        longest_gap_ms=found["resync"]["longest_gap_ms"], load=round(os.getloadavg()[0], 1),
    )  # fmt: skip
    await retrieval.aclose()


def recall_of(questions: Sequence[str], known: Known) -> float:
    """Of the five found, those that an exact search over all vectors finds too."""

    def found(question: str) -> set[uuid.UUID]:
        return {hit.memory_id for hit in retrieval.search(question, 5, by=known)}

    quick = [found(question) for question in questions[:50]]
    with connection.cursor() as cursor:
        cursor.execute("SET enable_indexscan = off")
    exact = [found(question) for question in questions[:50]]
    with connection.cursor() as cursor:
        cursor.execute("RESET enable_indexscan")
    both = sum(len(one & other) for one, other in zip(quick, exact, strict=True))
    return round(both / max(sum(map(len, exact)), 1), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--memories", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--embedder", default="hash", help="hash or e5")
    options = parser.parse_args()
    words = Words(random.Random(7))  # noqa: S311  the same texts each time
    inner = embeddings.embedder(options.embedder)
    _mem0.import_mem0()
    with scratch_database():
        started = time.perf_counter()
        questions = fill(options.memories, words, inner)
        sys.stderr.write(f"filled in {time.perf_counter() - started:.0f} s\n")
        known = Known(inner, questions)
        with (
            mock.patch.object(retrieval, "embedder", lambda: known),
            mock.patch.object(embeddings, "embedder", lambda: known),
        ):
            asyncio.run(measured(questions, known, options))
            say(recall_at_5=recall_of(questions, known))
        _mem0.close()


if __name__ == "__main__":
    main()
