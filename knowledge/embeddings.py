"""Embedders: `hash` and `e5` (both offline), an OpenAI-compatible endpoint, or one of mem0's.

An embedder has a `tag`, which is stored with each vector: vectors of another tag are made anew by
`manage.py reindex_memories`.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings

from knowledge import _mem0
from knowledge.bounded_threads import knowledge_threads
from knowledge.embedding_errors import EmbeddingError as EmbeddingError
from knowledge.features import find_words, marks
from knowledge.glossary import stem
from knowledge.tls import trusted_by_default

if TYPE_CHECKING:
    import httpx


class Embedder(Protocol):
    tag: str
    dimensions: int

    def embed_query(self, text: str) -> list[float]: ...

    async def aembed_query(self, text: str) -> list[float]: ...

    def embed_passages(self, texts: Sequence[str]) -> list[list[float]]: ...


# Tuned on tests/data/retrieval_cases.jsonl.
WORD_WEIGHT = 1.0
CONCEPT_WEIGHT = 2.0
TERM_WEIGHT = 1.5
GRAM_WEIGHT = 0.35
GRAM_LENGTHS = (3, 4)
LONGEST = 20_000
"""Characters of a text that go to an endpoint."""


def features(text: str) -> dict[str, float]:
    """Weighted features of a text: stems, concepts, exact terms, pieces of words."""
    found: defaultdict[str, float] = defaultdict(float)
    counts = Counter(word.text for word in find_words(text))
    for word, times in counts.items():
        weight = 1 + math.log(times)
        found[f"w:{stem(word)}"] += WORD_WEIGHT * weight
        padded = f"<{word}>"
        for length in GRAM_LENGTHS:
            for start in range(len(padded) - length + 1):
                found[f"g:{padded[start : start + length]}"] += GRAM_WEIGHT * weight
    for mark, weight in marks(text).items():
        found[mark] += weight * (TERM_WEIGHT if mark[0] == "=" else CONCEPT_WEIGHT)
    return found


class HashEmbedder:
    """Features hashed into a fixed number of dimensions, with a sign, normalised to length 1.

    Needs no download and gives the same vector on every machine.
    """

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self.tag = f"hash-2/{dimensions}"

    def embed_query(self, text: str) -> list[float]:
        vector = [0.0] * self.dimensions
        for feature, weight in features(text).items():
            hashed = zlib.crc32(feature.encode("utf-8", "replace"))
            vector[(hashed & 0x7FFFFFFF) % self.dimensions] += -weight if hashed >> 31 else weight
        return normalised(vector)

    async def aembed_query(self, text: str) -> list[float]:
        return self.embed_query(text)

    def embed_passages(self, texts: Sequence[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]


class OpenAIEmbedder:
    """Any endpoint with OpenAI's `/embeddings`: OpenAI, Azure, vLLM, Ollama, llama.cpp."""

    def __init__(
        self, base_url: str, model: str, api_key: str, dimensions: int, query_model: str = ""
    ) -> None:
        self.url = f"{base_url}/embeddings"
        self.model = model
        self.query_model = query_model or model
        self.dimensions = dimensions
        self.tag = f"openai:{model}/{dimensions}"
        self._options: dict[str, Any] = {
            "headers": {"Authorization": f"Bearer {api_key}"} if api_key else {},
            "timeout": settings.MEM0_TIMEOUT_SECONDS,
            "verify": trusted_by_default(),
        }

    def embed_query(self, text: str) -> list[float]:
        return self._ask(self._body(self.query_model, [text]))[0]

    async def aembed_query(self, text: str) -> list[float]:
        import httpx

        body = self._body(self.query_model, [text])
        # A client of its own: a kept one would belong to the event loop that first used it.
        try:
            async with httpx.AsyncClient(**self._options) as client:
                return self._vectors(await client.post(self.url, json=body), 1)[0]
        except httpx.HTTPError as error:
            raise EmbeddingError(f"{self.url} did not answer: {error!r}") from error

    def embed_passages(self, texts: Sequence[str]) -> list[list[float]]:
        return self._ask(self._body(self.model, texts))

    def _body(self, model: str, texts: Sequence[str]) -> dict[str, Any]:
        return {"model": model, "input": [text[:LONGEST] for text in texts]}

    def _ask(self, body: dict[str, Any]) -> list[list[float]]:
        import httpx

        try:
            reply = httpx.post(self.url, json=body, **self._options)
        except httpx.HTTPError as error:
            raise EmbeddingError(f"{self.url} did not answer: {error!r}") from error
        return self._vectors(reply, len(body["input"]))

    def _vectors(self, response: httpx.Response, count: int) -> list[list[float]]:
        if response.is_error:
            raise EmbeddingError(
                f"{self.url} answered {response.status_code}: {response.text[:300]}"
            )
        try:
            rows = sorted(response.json()["data"], key=lambda row: int(row.get("index", 0)))
            vectors = [[float(number) for number in row["embedding"]] for row in rows]
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise EmbeddingError(f"{self.url} did not send an embedding") from error
        if len(vectors) != count:
            raise EmbeddingError(
                f"{self.url} did not send an embedding for each text: {len(vectors)} of {count}"
            )
        return [checked(vector, self.dimensions, self.model) for vector in vectors]


class Mem0Embedder:
    """One of mem0's own embedders (`MEM0_EMBEDDER_PROVIDER`)."""

    def __init__(self, provider: str, model: str, dimensions: int) -> None:
        self.provider = provider
        self.model = model
        self.dimensions = dimensions
        self.tag = f"mem0:{provider}:{model}/{dimensions}"

    def embed_query(self, text: str) -> list[float]:
        return checked(_mem0.embed(text, "search"), self.dimensions, self.model)

    async def aembed_query(self, text: str) -> list[float]:
        return await knowledge_threads().run(self.embed_query, text)

    def embed_passages(self, texts: Sequence[str]) -> list[list[float]]:
        return [checked(_mem0.embed(text, "add"), self.dimensions, self.model) for text in texts]


class Prefixed:
    """An embedder whose texts begin with what its model was taught to read first."""

    def __init__(self, inner: Embedder, query: str, passage: str) -> None:
        self.inner, self.query, self.passage = inner, query, passage
        self.dimensions = inner.dimensions
        self.tag = f"{inner.tag}+{passage}" if passage else inner.tag

    def embed_query(self, text: str) -> list[float]:
        return self.inner.embed_query(self.query + text)

    async def aembed_query(self, text: str) -> list[float]:
        return await self.inner.aembed_query(self.query + text)

    def embed_passages(self, texts: Sequence[str]) -> list[list[float]]:
        return self.inner.embed_passages([self.passage + text for text in texts])


def checked(vector: list[float], dimensions: int, model: str) -> list[float]:
    """`vector`, when it has the length the table was made for."""
    if len(vector) != dimensions:
        raise EmbeddingError(
            f"{model or 'the embedder'} gives {len(vector)} dimensions, EMBEDDING_DIMENSIONS is "
            f"{dimensions}. Set it to {len(vector)} and run `manage.py reindex_memories --all`."
        )
    return vector


def normalised(vector: list[float]) -> list[float]:
    """`vector` of length 1. A text without any feature gets a direction that nothing shares."""
    length = math.sqrt(sum(number * number for number in vector))
    if length == 0:
        return [1.0] + [0.0] * (len(vector) - 1)
    return [number / length for number in vector]


@cache
def _embedder(
    kind: str, dimensions: int, base_url: str, model: str, query_model: str, api_key: str
) -> Embedder:
    if kind == "openai":
        return OpenAIEmbedder(base_url, model, api_key, dimensions, query_model)
    if kind == "mem0":
        return Mem0Embedder(settings.MEM0_EMBEDDER_PROVIDER, model, dimensions)
    if kind == "e5":
        from knowledge.e5 import DIMENSIONS, E5Embedder

        if dimensions != DIMENSIONS:
            raise EmbeddingError(
                f"e5 gives {DIMENSIONS} dimensions, EMBEDDING_DIMENSIONS is {dimensions}. Set it "
                f"to {DIMENSIONS} and run `manage.py reindex_memories`."
            )
        return E5Embedder()
    return HashEmbedder(dimensions)


def embedder(kind: str = "") -> Embedder:
    """The configured embedder, or the one of that kind; made at its first use."""
    found = _embedder(
        kind or settings.EMBEDDER,
        settings.EMBEDDING_DIMENSIONS,
        settings.EMBEDDING_BASE_URL,
        settings.EMBEDDING_MODEL,
        settings.EMBEDDING_QUERY_MODEL,
        settings.EMBEDDING_API_KEY,
    )
    query, passage = settings.EMBEDDING_QUERY_PREFIX, settings.EMBEDDING_PASSAGE_PREFIX
    return Prefixed(found, query, passage) if query or passage else found


class RegisteredEmbedder:
    """Our embedder, as mem0 calls it."""

    def __init__(self, config: object = None) -> None:
        self.config = config

    def embed(self, text: str, memory_action: str | None = None) -> list[float]:
        if memory_action == "search":
            return embedder().embed_query(text)
        return _mem0.given_vector() or embedder().embed_passages([text])[0]

    def embed_batch(self, texts: list[str], memory_action: str = "add") -> list[list[float]]:
        return embedder().embed_passages(texts)
