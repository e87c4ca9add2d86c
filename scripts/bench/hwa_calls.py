#!/usr/bin/env python3
"""How many requests reach HWA when many ask about the same few jobs?

    .venv/bin/python scripts/bench/hwa_calls.py [--askers 200] [--seconds 10] [--keep 2]

The fewest possible is one request for each job and each period in which an answer is kept.
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
from tws.hwa.schemas import JobInPlan
from tws.simulator.server import Options, SimulatorServer

JOBS = 5


async def ask(client: TWSClient, ids: list[str], until: float) -> int:
    answers = 0
    while time.monotonic() < until:
        for job_id in ids:
            await client.job(job_id)
            answers += 1
        await asyncio.sleep(0.01)
    return answers


async def measure(engine: Engine, askers: int, seconds: float) -> tuple[int, float, float]:
    async with TWSClient(engine) as client:
        found = (await client.first("/plan/job", JobInPlan, limit=JOBS + 1)).value
        *ids, other = (job.id or "" for job in found)
        start = time.monotonic()
        counts = await asyncio.gather(*(ask(client, ids, start + seconds) for _ in range(askers)))
        took = time.monotonic() - start
        await client.job(other)
        hit = time.perf_counter()
        for _ in range(1_000):
            await client.job(other)
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
    fewest = JOBS * math.ceil(took / options.keep)
    seen = server.simulator.requests - 2  # the list, and what the cost of a hit was measured with
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
