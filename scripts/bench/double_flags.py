#!/usr/bin/env python3
"""Is any memory flagged twice, or none, when auditors are many, are killed, or come too late?

    .venv/bin/python scripts/bench/double_flags.py [--memories 10000] [--processes 8] [--only NAME]

Three runs, each on a database of its own: `plain`; `killed`, where auditors are killed with -9 and
started anew; `late`, where the lease is shorter than the work and nobody renews it. Prints a line
of JSON for each; `twice` and `missing` must be 0, and `tally` what the processes say they audited
(the killed ones can't say it) must be `memories`. Exit code 1 when that is not so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import _bench

RUNS: dict[str, dict[str, str]] = {
    "plain": {"AUDIT_LEASE_SECONDS": "30"},
    "killed": {"AUDIT_LEASE_SECONDS": "2"},
    "late": {"AUDIT_LEASE_SECONDS": "1", "AUDIT_MAX_ATTEMPTS": "1000"},
}
LONGEST_WORK_SECONDS = 1.6
# What is claimed ahead waits for its judge: with a lease of a second, not many can be in time.
CONCURRENCY = {"plain": 250, "killed": 250, "late": 25}
KILL_EVERY_SECONDS = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memories", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--only", choices=RUNS, action="append")
    parser.add_argument("--kills", type=int, default=16)
    parser.add_argument("--worker", choices=RUNS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    _bench.setup()
    if options.worker:
        work(options.worker)
        return
    holds = [measure(name, options) for name in options.only or RUNS]
    sys.exit(0 if all(holds) else 1)


# --- one auditor --------------------------------------------------------------------------------


def work(run: str) -> None:
    """Audit until nothing is left to anybody, then say the tally."""
    from audits.auditor import Auditor
    from audits.judges import MemoryUnderAudit, Verdict
    from audits.judging import Bench
    from audits.queue import AuditRecordQuerySet

    async def judge(memory: MemoryUnderAudit) -> Verdict:
        if run == "late":
            await asyncio.sleep(random.uniform(0, LONGEST_WORK_SECONDS))  # noqa: S311
        is_even = int(memory.user_query.rstrip("?").split()[-1]) % 2 == 0
        return Verdict("rules", 0.7 if is_even else 0.1, "an even number")

    async def audit() -> Auditor:
        auditor = Auditor(Bench([judge]), concurrency=CONCURRENCY[run])
        while True:
            await auditor.run()
            if not await auditor.remaining():
                await auditor.close()
                return auditor
            await asyncio.sleep(0.2)

    if run == "late":
        AuditRecordQuerySet.renew = lambda self, worker: 0  # type: ignore[method-assign]
    tally = asyncio.run(audit()).tally
    _bench.say(audited=tally.audited, lost=tally.lost)


# --- many of them -------------------------------------------------------------------------------


def measure(run: str, options: argparse.Namespace) -> bool:
    with _bench.scratch_database():
        _bench.fill(options.memories)
        clock = _bench.Clock()
        processes = [start(run) for _ in range(options.processes)]
        try:
            if run == "killed":
                kill_some(processes, options.kills)
            tallies = [json.loads(process.communicate()[0]) for process in processes]
        finally:
            for process in processes:
                process.kill()
        figures = what_became(tallies)
        _bench.say(run=run, memories=options.memories, seconds=round(clock.wall, 1), **figures)
    counted = run == "killed" or figures["tally"] == options.memories
    flags = options.memories // 2
    return counted and (figures["flags"], figures["twice"], figures["missing"]) == (flags, 0, 0)


def start(run: str) -> subprocess.Popen[str]:
    environment = {**os.environ, **RUNS[run], "DATABASE_URL": _bench.database_url()}
    return subprocess.Popen(  # noqa: S603  this script itself
        [sys.executable, str(Path(__file__).resolve()), "--worker", run],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def kill_some(processes: list[subprocess.Popen[str]], kills: int) -> None:
    """Kill one after the other at random moments, each replaced at once."""
    for _ in range(kills):
        time.sleep(random.uniform(0.5, 1.5) * KILL_EVERY_SECONDS)  # noqa: S311
        number = random.randrange(len(processes))  # noqa: S311
        if processes[number].poll() is None:
            processes[number].send_signal(signal.SIGKILL)
            processes[number].communicate()
            processes[number] = start("killed")


def what_became(tallies: list[dict[str, int]]) -> dict[str, Any]:
    from audits.models import AuditRecord, Decision
    from knowledge.models import Memory

    flagged = list(Decision.objects.values_list("memory_id", flat=True))
    return {
        "tally": sum(tally["audited"] for tally in tallies),
        "flags": len(flagged),
        "twice": len(flagged) - len(set(flagged)),
        "missing": Memory.objects.filter(trust="new").count(),
        "failed": AuditRecord.objects.filter(status="failed").count(),
        "lost": sum(tally["lost"] for tally in tallies),
    }


if __name__ == "__main__":
    main()
