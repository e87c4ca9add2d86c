#!/usr/bin/env python3
"""What health, metrics and the console's badge cost when the tables are large.

observing.py                    10,000 records against 200,000
observing.py --large 5000000    a night's work

Prints one JSON line: milliseconds (median of 20) at both sizes, and their ratio.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import _bench

SMALL = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--large", type=int, default=200_000, help="records (%(default)s)")
    options = parser.parse_args()
    _bench.setup()
    with _bench.scratch_database():
        from tests.large_tables import fill

        fill(SMALL)
        small = _measured()
        fill(options.large - SMALL)
        large = _measured()
    rows = {
        name: {"small": small[name], "large": large[name], "ratio": large[name] / small[name]}
        for name in small
    }
    print(json.dumps({"small": SMALL, "large": options.large, **rows}))  # noqa: T201 (its output)


def _measured() -> dict[str, float]:
    from django.db import connection

    from audits import counting
    from audits.console.dashboard import waiting_badge
    from resync_site import counts, health

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    counting.forget()
    work: dict[str, Callable[[], Any]] = {
        "index": health.index,
        "auditor": health.auditor,
        "counts": counting.by_status,
        "metrics": lambda: list(counts.Counts().collect()),
        "badge": lambda: waiting_badge(None),  # type: ignore[arg-type]  # it asks nothing of it
    }
    for one in work.values():
        one()  # what is kept is kept
    return {name: _median_ms(one) for name, one in work.items()}


def _median_ms(work: Callable[[], Any]) -> float:
    found = []
    for _ in range(20):
        started = time.perf_counter()
        work()
        found.append((time.perf_counter() - started) * 1000)
    return round(statistics.median(found), 3)


if __name__ == "__main__":
    main()
