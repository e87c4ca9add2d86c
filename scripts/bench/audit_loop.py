#!/usr/bin/env python3
"""How near the auditor comes to the same judging without a database.

    .venv/bin/python scripts/bench/audit_loop.py [--memories 12000] [--judge-ms 200]

One auditor, `--concurrency` places, a judge that only waits; the reference is the same number of
places and waits and nothing else. Prints both rates, their ratio and the longest gap of the event
loop, with the records queued beforehand and with discovery. To be reached: 0.95. The first claim
and the last commit are no judge's time: with few memories they count for more.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import time
from typing import Any

import _bench


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memories", type=int, default=12_000)
    parser.add_argument("--concurrency", type=int, default=500)
    parser.add_argument("--judge-ms", type=float, default=200)
    options = parser.parse_args()
    _bench.setup()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # as manage.py does
    for queued in (True, False):
        with _bench.scratch_database():
            _bench.fill(options.memories)
            alone = asyncio.run(without_a_database(options))
            figures = measure(options, queued)
        ratio = round(figures["per_second"] / alone, 2)
        _bench.say(queued_beforehand=queued, reference=round(alone), ratio=ratio, **figures)


async def without_a_database(options: argparse.Namespace) -> float:
    """Judgements per second of the places alone."""
    places = asyncio.Semaphore(options.concurrency)

    async def judge() -> None:
        async with places:
            await asyncio.sleep(options.judge_ms / 1000)

    clock = _bench.Clock()
    await asyncio.gather(*(judge() for _ in range(options.memories)))
    return float(options.memories / clock.wall)


def measure(options: argparse.Namespace, queued: bool) -> dict[str, Any]:
    from audits import auditor  # noqa: F401  to load it is no part of the loop
    from audits.models import AuditRecord

    if queued:
        while AuditRecord.objects.discover(5000):
            pass
    clock = _bench.Clock()
    audited, gap = asyncio.run(audit(options))
    return {
        "per_second": round(audited / clock.wall),
        "cpu_seconds_per_1000": round(1000 * clock.cpu / audited, 3),
        "longest_gap_ms": round(1000 * gap),
        "rss_megabytes": round(_bench.rss_megabytes()),
    }


async def audit(options: argparse.Namespace) -> tuple[int, float]:
    """How many were audited, and the longest time in which the event loop stood still."""
    from audits.auditor import Auditor
    from audits.judges import MemoryUnderAudit
    from audits.judging import Bench

    async def judge(memory: MemoryUnderAudit) -> None:
        await asyncio.sleep(options.judge_ms / 1000)

    gaps = [0.0]
    watching = asyncio.create_task(watch_the_loop(gaps))
    auditor = Auditor(Bench([judge]), concurrency=options.concurrency)
    tally = await auditor.run()
    watching.cancel()
    await auditor.close()
    return tally.audited, max(gaps)


async def watch_the_loop(gaps: list[float]) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.005)
        gaps.append(time.perf_counter() - before - 0.005)


if __name__ == "__main__":
    main()
