#!/usr/bin/env python3
"""How many requests reach HWA when many ask the same few things?

    .venv/bin/python scripts/bench/hwa_calls.py [--askers 200] [--seconds 10] [--keep 2]

The fewest possible is one request for each question and each period in which an answer is kept.
Prints the ratio of what the simulator saw to that, and what an answer from the cache costs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tws.hwa.client import TWSClient
from tws.hwa.engine import Engine
from tws.simulator.server import Options, SimulatorServer

QUESTIONS = ("ABEND", "EXEC", "HOLD", "READY", "SUCC")


async def ask(client: TWSClient, until: float) -> int:
    answers = 0
    while time.monotonic() < until:
        for status in QUESTIONS:
            await client.jobs(f"status = '{status}'", limit=50)
            answers += 1
        await asyncio.sleep(0.01)
    return answers


async def measure(engine: Engine, askers: int, seconds: float) -> tuple[int, float, float]:
    async with TWSClient(engine) as client:
        start = time.monotonic()
        counts = await asyncio.gather(*(ask(client, start + seconds) for _ in range(askers)))
        took = time.monotonic() - start
        await client.jobs("status = 'FAIL'")
        hit = time.perf_counter()
        for _ in range(1_000):
            await client.jobs("status = 'FAIL'")
        return sum(counts), took, (time.perf_counter() - hit) / 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--askers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--keep", type=float, default=2)
    options = parser.parse_args()
    ready = threading.Event()
    server = SimulatorServer(Options(port=0, jobs=5_000), lambda _: ready.set())
    threading.Thread(target=server.serve_until_told, daemon=True).start()
    ready.wait()
    engine = Engine("SIM", server.url, "wauser", "wauser", verify=False, cache_seconds=options.keep)
    answers, took, hit = asyncio.run(measure(engine, options.askers, options.seconds))
    server.should_exit = True
    fewest = len(QUESTIONS) * math.ceil(took / options.keep)
    seen = server.simulator.requests - 1  # the one that the cost of a hit was measured with
    result = {
        "answers": answers,
        "requests": seen,
        "fewest_possible": fewest,
        "ratio": round(seen / fewest, 3),
        "hit_microseconds": round(hit * 1e6, 1),
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
