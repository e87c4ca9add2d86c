"""Embedders: the offline one means the same everywhere, the others say what goes wrong."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from knowledge import embeddings
from knowledge.embeddings import EmbeddingError, HashEmbedder, OpenAIEmbedder, embedder


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def similarity(one: str, other: str) -> float:
    hashed = HashEmbedder(384)
    return cosine(hashed.embed_query(one), hashed.embed_query(other))


def test_the_same_text_has_the_same_vector_everywhere() -> None:
    vector = HashEmbedder(8).embed_query("Por que o job PAYROLL01 falhou?")

    assert [round(number, 4) for number in vector] == FIXED
    assert math.isclose(cosine(vector, vector), 1)


FIXED = [-0.9363, 0.0, 0.3411, 0.0, 0.0073, 0.0, 0.0653, 0.0508]


@pytest.mark.parametrize("text", ["", " ", "?!", "\x00", "\ud800", "🙂", "a" * 100_000])
def test_any_text_has_a_vector_of_length_one(text: str) -> None:
    vector = HashEmbedder(384).embed_query(text)

    assert len(vector) == 384
    assert math.isclose(cosine(vector, vector), 1, rel_tol=1e-6)


@pytest.mark.parametrize(
    ("one", "near", "far"),
    [
        ("restart the agent", "restarting agents", "free disk space"),
        ("reiniciar o agente", "restart the agent", "free disk space"),
        ("falta espaço em disco", "no space left on the disk", "restart the agent"),
        ("conexão", "CONEXAO", "calendário"),
        ("conection refused", "connection refused", "calendar of holidays"),
    ],
)
def test_what_means_the_same_lies_near(one: str, near: str, far: str) -> None:
    assert similarity(one, near) > similarity(one, far) + 0.15


class Endpoint(BaseHTTPRequestHandler):
    reply: Any = None
    status = 200

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.asked = (self.path, dict(self.headers), json.loads(self.rfile.read(length)))
        body = json.dumps(self.server.reply).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def endpoint() -> Iterator[Any]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        server.status, server.reply = 200, {"data": [{"embedding": [0.6, 0.8]}]}
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def openai(server: Any, dimensions: int = 2) -> OpenAIEmbedder:
    return OpenAIEmbedder(f"http://127.0.0.1:{server.server_port}/v1", "small", "key", dimensions)


async def test_an_openai_compatible_endpoint(endpoint: Any) -> None:
    assert openai(endpoint).embed_query("text") == [0.6, 0.8]
    assert await openai(endpoint).aembed_query("text") == [0.6, 0.8]

    path, headers, body = endpoint.asked
    assert (path, body) == ("/v1/embeddings", {"model": "small", "input": ["text"]})
    assert headers["Authorization"] == "Bearer key"


@pytest.mark.parametrize(
    ("status", "reply", "says"),
    [
        (500, {"error": "broken"}, "answered 500"),
        (200, {"data": []}, "did not send an embedding"),
        (200, {"data": [{"embedding": ["x"]}]}, "did not send an embedding"),
        (200, [], "did not send an embedding"),
        (200, {"data": [{"embedding": [1.0] * 3}]}, "gives 3 dimensions"),
    ],
)
async def test_an_endpoint_that_does_not_embed(
    endpoint: Any, status: int, reply: Any, says: str
) -> None:
    endpoint.status, endpoint.reply = status, reply

    with pytest.raises(EmbeddingError, match=says):
        openai(endpoint).embed_query("text")
    with pytest.raises(EmbeddingError, match=says):
        await openai(endpoint).aembed_query("text")


def test_an_endpoint_that_is_not_there() -> None:
    nobody = OpenAIEmbedder("http://127.0.0.1:9", "small", "", 2)

    with pytest.raises(EmbeddingError, match="did not answer"):
        nobody.embed_query("text")


def test_the_settings_choose(settings: Any) -> None:
    assert isinstance(embedder(), HashEmbedder)

    settings.EMBEDDER, settings.EMBEDDING_BASE_URL = "openai", "http://127.0.0.1:9/v1"
    settings.EMBEDDING_MODEL = "small"
    assert embedder().tag == "openai:small/384"

    settings.EMBEDDER, settings.MEM0_EMBEDDER_PROVIDER = "mem0", "ollama"
    assert isinstance(embedder(), embeddings.Mem0Embedder)


async def test_questions_and_passages_have_prefixes_and_models_of_their_own(
    endpoint: Any, settings: Any
) -> None:
    settings.EMBEDDER, settings.EMBEDDING_DIMENSIONS = "openai", 2
    settings.EMBEDDING_BASE_URL = f"http://127.0.0.1:{endpoint.server_port}/v1"
    settings.EMBEDDING_MODEL, settings.EMBEDDING_QUERY_MODEL = "passages", "questions"
    settings.EMBEDDING_QUERY_PREFIX, settings.EMBEDDING_PASSAGE_PREFIX = "query: ", "passage: "

    await embedder().aembed_query("why?")
    assert endpoint.asked[2] == {"model": "questions", "input": ["query: why?"]}
    embedder().embed_query("why?")
    assert endpoint.asked[2] == {"model": "questions", "input": ["query: why?"]}
    endpoint.reply = {
        "data": [{"index": 1, "embedding": [0, 1]}, {"index": 0, "embedding": [1, 0]}]
    }
    assert embedder().embed_passages(["one", "other"]) == [[1, 0], [0, 1]]
    assert endpoint.asked[2] == {"model": "passages", "input": ["passage: one", "passage: other"]}
    assert "passage: " in embedder().tag  # with another prefix, vectors are others
