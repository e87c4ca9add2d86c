#!/usr/bin/env python3
"""A large backlog: does the auditor's memory stay flat, and do the oldest go first?

    .venv/bin/python scripts/bench/audit_backlog.py [--memories 1000000] [--audit 50000]

Prints audits per second and peak memory after a tenth and at the end; the ratio of the two peaks
is 1.0 when memory stays flat.
"""

from __future__ import annotations

import argparse
import asyncio

import _bench


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memories", type=int, default=1_000_000)
    parser.add_argument("--audit", type=int, default=50_000)
    options = parser.parse_args()
    _bench.setup()
    with _bench.scratch_database():
        _bench.fill(options.memories)
        measure(options.memories, options.audit)


def measure(memories: int, wanted: int) -> None:
    from audits.auditor import Auditor
    from audits.judging import Bench
    from audits.models import AuditRecord
    from knowledge.models import Memory

    async def audit(limit: int) -> None:
        auditor = Auditor(Bench([]), concurrency=500, limit=limit)
        await auditor.run()
        await auditor.close()

    asyncio.run(audit(wanted // 10))
    early, clock = _bench.rss_megabytes(), _bench.Clock()
    asyncio.run(audit(wanted - wanted // 10))
    late = _bench.rss_megabytes()
    audited = AuditRecord.objects.filter(status="unverified").select_related("memory")
    youngest = audited.order_by("-memory__created_at")[0].memory.created_at
    older = Memory.objects.filter(trust="new", created_at__lt=youngest)
    _bench.say(
        memories=memories,
        audited=audited.count(),
        per_second=round((wanted - wanted // 10) / clock.wall),
        cpu_seconds_per_1000=round(1000 * clock.cpu / (wanted - wanted // 10), 3),
        rss_megabytes=[round(early), round(late)],
        flat=round(late / early, 3),
        older_ones_passed_over=older.count(),
    )


if __name__ == "__main__":
    main()
