#!/usr/bin/env python3
"""How long does the reader take for a plan, how far behind the engine is it, does its memory grow?

    .venv/bin/python scripts/bench/plan_reader.py [--jobs 20000] [--passes 5] [--speed 60]

The simulator runs in a process of its own, its clock faster by --speed. `behind_seconds` is a
later pass with the rest that follows it: the longest that a change can go unnoticed. To be reached:
all lists of 20,000 jobs in 30 s; at 200,000 jobs 30 s behind, and flat memory over 200 passes.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from _bench import ROOT, cpu_seconds, say, scratch_database, setup

setup()

from django.conf import settings  # noqa: E402

from tws.database import close_connections  # noqa: E402
from tws.hwa.client import TWSClient  # noqa: E402
from tws.hwa.engine import Engine  # noqa: E402
from tws.hwa.errors import TWSError  # noqa: E402
from tws.plan.reader import Reader  # noqa: E402
from tws.plan.store import PlanStore, connect  # noqa: E402


def rss_now() -> float:
    """Resident megabytes of this process now; its peak would hide that it shrinks."""
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * 4096 / 2**20


async def measure(engine: Engine, passes: int) -> dict[str, Any]:
    async with await connect() as connection, TWSClient(engine) as client:
        reader = Reader(client, PlanStore(connection, engine.name))
        clock = time.perf_counter()
        first = await reader.read()
        first_seconds = time.perf_counter() - clock
        start = rss_now()
        later, seconds, failed = [], [], 0
        for n in range(passes):
            clock = time.perf_counter()
            try:
                later.append(await reader.read())
            except TWSError as error:  # the watch goes on with the next pass, too
                failed += 1
                sys.stderr.write(f"pass {n + 1} failed: {error}\n")
            seconds.append(time.perf_counter() - clock)
            if (n + 1) % 20 == 0:
                sys.stderr.write(f"{n + 1} passes, {rss_now():.0f} MB\n")
        longest = max(seconds)
        return {
            "first_full_seconds": round(first_seconds, 1),
            "objects": first.seen,
            "runs": first.runs_written,
            "failed": failed,
            "later_seconds": [round(each, 1) for each in seconds[:10]],
            "later_p50_seconds": round(statistics.median(seconds), 1),
            "later_longest_seconds": round(longest, 1),
            "later_in_full": sum(report.full for report in later),
            "later_written": [report.written for report in later[:10]],
            "behind_seconds": round(longest + max(settings.PLAN_READ_SECONDS, longest), 1),
            "cpu_seconds": round(cpu_seconds(), 1),
            "rss_mb_after_first": round(start),
            "rss_mb_at_end": round(rss_now()),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--speed", type=float, default=60)
    parser.add_argument("--port", type=int, default=31_190)
    options = parser.parse_args()
    command = [sys.executable, str(ROOT / "manage.py"), "run_simulator"]
    command += ["--port", str(options.port), "--jobs", str(options.jobs)]
    command += ["--speed", str(options.speed)]
    simulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        url = next(line.split()[1] for line in simulator.stdout or () if line.startswith("ready "))
        engine = Engine("BENCH", url, "wauser", "wauser", verify=False)
        with scratch_database():
            say(jobs=options.jobs, **asyncio.run(measure(engine, options.passes)))
            close_connections()
    finally:
        simulator.terminate()
        simulator.wait()


if __name__ == "__main__":
    main()
