#!/usr/bin/env python3
"""What the console's pages take with a few records, and with as many as a site has after years.

    .venv/bin/python scripts/bench/console_pages.py [--records 1000000] [--few 10000] [--rounds 12]
        [--keep]

One record a minute, two of a hundred wait for a person, one in fifty was decided by one of two
reviewers. Like is set beside like: every filter leaves a full page in both stores, what is rare
stands in both as often, and both hold the days that a page shows. A JSON line a page: the 95th
percentile of both in milliseconds and their ratio; the same of the quickest, which holds on a busy
machine too; how many rows both show; and how many rows of the large tables a sequential scan read
for it. `--statements`: what took longest with many.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from multiprocessing import get_context
from typing import Any

import _bench
import _store

QUEUE = "/admin/audits/auditrecord/"
PAGES = {
    "overview": "/admin/",
    "overview, 90 days": "/admin/?from={ninety_days_ago}",
    "queue": QUEUE,
    "all": f"{QUEUE}?status=all",
    "unverified": f"{QUEUE}?status=unverified",
    "cleared": f"{QUEUE}?status=cleared",
    "approved": f"{QUEUE}?status=approved",
    "queue, deep": f"{QUEUE}?p=4",
    "all, deep": f"{QUEUE}?status=all&p=20",
    "cleared, deep": f"{QUEUE}?status=cleared&p=20",
    "overdue": f"{QUEUE}?age=overdue",
    "why": f"{QUEUE}?why=unsure",
    "judge": f"{QUEUE}?judge=llm",
    "rare judge": f"{QUEUE}?judge=person",
    "rare judge, of all": f"{QUEUE}?status=all&judge=person",
    "language": f"{QUEUE}?language=en",
    "agent": f"{QUEUE}?agent=agent 1",
    "kind": f"{QUEUE}?kind=knowledge",
    "used": f"{QUEUE}?used=yes",
    "taken": f"{QUEUE}?mine=yes",
    "reported by": f"{QUEUE}?status=all&reporter=bench-2",
    "confidence": f"{QUEUE}?confidence=high",
    "four filters": f"{QUEUE}?status=cleared&agent=agent 1&kind=knowledge&judge=person&language=pt",
    "search, rare word": f"{QUEUE}?status=all&q=J4712",
    "search, no hit": f"{QUEUE}?status=all&q=nowhere",
    "search, common word": f"{QUEUE}?status=all&q=batchman",
    "search, common word, waiting": f"{QUEUE}?q=batchman",
    "search, word of every row": f"{QUEUE}?status=all&q=end",
    "search, two words": f"{QUEUE}?status=all&q=batchman file",
    "search, part of a word": f"{QUEUE}?status=all&q=atchma",
    "search, part, waiting": f"{QUEUE}?q=atchma",
    "assigned to me": f"{QUEUE}?assigned=:me",
    "assigned to nobody": f"{QUEUE}?assigned=:nobody",
    "assigned to another": f"{QUEUE}?assigned=bench-2",
    "assigned to me, of all": f"{QUEUE}?status=all&assigned=:me",
    "a saved view": f"{QUEUE}?judge=llm&why=danger&language=en",
    "badge": f"{QUEUE}waiting/",
    "caution": f"{QUEUE}caution/",
    "second opinions": f"{QUEUE}second/",
    "record": f"{QUEUE}{{record}}/change/",
    "what stands near": f"{QUEUE}{{record}}/nearby/?part=1",
    "log": "/admin/audits/decision/",
    "log, deep": "/admin/audits/decision/?p=4",
    "log, what": "/admin/audits/decision/?action=reject",
    "log, who": "/admin/audits/decision/?who={reviewer}",
    "log, when": "/admin/audits/decision/?days=30",
    "log, all three": "/admin/audits/decision/?action=reject&who={reviewer}&days=90",
    "reports": "/admin/knowledge/feedback/",
    "memories": "/admin/knowledge/memory/",
    "memories, search": "/admin/knowledge/memory/?q=batchman",
    "memories, part of a word": "/admin/knowledge/memory/?q=atchma",
    "memories, trust": "/admin/knowledge/memory/?trust=suspect",
    "memories, kind": "/admin/knowledge/memory/?kind=state",
    "memories, source": "/admin/knowledge/memory/?source=told",
    "memories, agent": "/admin/knowledge/memory/?agent=agent 1",
    "flags": "/api/audit/flags",
    "flags, deep": "/api/audit/flags?status=cleared&cursor={cursor}",
    "flags, search": "/api/audit/flags?status=all&query=batchman",
    "metrics": "/api/audit/metrics",
    "Prometheus": "/metrics",
    "readiness": "/health/ready",
}


def catches_up() -> None:
    from django.db.models import Q

    from audits.auditor.duties import catch_up
    from audits.auditor.tally import Tally

    catch_up(Tally(), Q())


def expires() -> None:
    from audits.purging import expire_all_states

    expire_all_states()


def records() -> Any:
    from audits.models import AuditRecord

    return AuditRecord.objects.all()


def rechecks() -> None:
    from django.utils import timezone

    records().requeue_unverified(100, timezone.now())


def searches(question: str) -> None:
    from knowledge import retrieval

    retrieval.search(question)


ACTS: dict[str, Callable[[], object]] = {
    "auditor, claims": lambda: records().claim("bench", 250),
    "auditor, claims what is new": lambda: records().claim_new("bench", 250),
    "auditor, its duties": catches_up,
    "auditor, old states": expires,
    "auditor, rechecks": rechecks,
    "chat, searches": lambda: searches(_store.phrases()[7]),
    "chat, common words": lambda: searches(f"Which file? {_store.phrases()[9]}"),
}
"""What the auditor and the chat ask for, all day long; nothing of it stays."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--only", default="", help="pages whose name has this in it")
    parser.add_argument("--statements", action="store_true")
    parser.add_argument("--keep", action="store_true", help="the databases, for the next run")
    options = parser.parse_args()
    with store(options.few, options.keep) as few, store(options.records, options.keep) as many:
        for name in [*PAGES, *ACTS]:
            if options.only not in name:
                continue
            if options.statements:
                many.submit(tell, name).result()
            both = [
                [one.submit(once, name).result() for one in (few, many)]
                for _ in range(options.rounds + 1)
            ]
            small, large = (figures(list(one)[1:]) for one in zip(*both, strict=True))
            ratios = {
                what: round(large[f"{what}_ms"] / small[f"{what}_ms"], 2)
                for what in ("p95", "best")
            }
            _bench.say(page=name, **ratios, **{it: [small[it], large[it]] for it in small})


def figures(found: Sequence[Once]) -> dict[str, float]:
    warm = sorted(one.ms for one in found)
    return {
        "p95_ms": max(1, round(warm[round(0.95 * (len(warm) - 1))])),
        "best_ms": max(1, round(warm[0])),
        "rows": found[-1].rows,
        "walked": round(sum(one.walked for one in found) / len(found)),
    }


# --- a process for each store: both are asked in turn, whatever else the machine does ------------


@contextmanager
def store(records: int, keep: bool) -> Iterator[ProcessPoolExecutor]:
    process = ProcessPoolExecutor(1, get_context("spawn"), open_store, (records, keep))
    with process:
        process.submit(tuple).result()  # it is filled
        try:
            yield process
        finally:
            process.submit(_open.close).result()


_open = ExitStack()
_acts: dict[str, Callable[[], int]] = {}


def open_store(records: int, keep: bool) -> None:
    _bench.setup()
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.test import Client

    settings.AUDIT_SECOND_REVIEW_SHARE = 0.5
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.TWS_BASE_URL = ""
    _open.enter_context(_bench.scratch_database(f"bench_console_{records}" if keep else ""))
    clock = _bench.Clock()
    if not User.objects.filter(username="bench-1").exists():
        _store.fill(records)
        _bench.say(records=records, filled_in_seconds=round(clock.wall))
    client, places = Client(), where()
    client.force_login(User.objects.get(username="bench-1"))
    for name, url in PAGES.items():
        _acts[name] = partial(page, client, url.format(**places))
    for name, act in ACTS.items():
        _acts[name] = partial(undone, act)


@dataclass(frozen=True, slots=True)
class Once:
    ms: float
    rows: int
    walked: int


def once(name: str) -> Once:
    before, began = walked(), time.perf_counter()
    rows = _acts[name]()
    took = time.perf_counter() - began
    return Once(1000 * took, rows, walked() - before)


def tell(name: str) -> None:
    """The statements that take longest."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        _acts[name]()
    for one in sorted(queries.captured_queries, key=lambda one: -float(one["time"]))[:4]:
        _bench.say(page=name, seconds=one["time"], sql=one["sql"][:3000])


def where() -> dict[str, Any]:
    """What stands in the addresses."""
    from django.contrib.auth.models import User
    from django.utils import timezone

    from audits.api import _cursor
    from audits.models import AuditRecord

    deep = AuditRecord.objects.filter(status="cleared").order_by("created_at", "id")
    return {
        "record": AuditRecord.objects.awaiting_review()[5].pk,
        "ninety_days_ago": timezone.localdate() - timedelta(days=89),
        "reviewer": User.objects.get(username="bench-1").pk,
        "cursor": _cursor([deep[deep.count() // 2]]),
    }


def undone(act: Callable[[], object]) -> int:
    from django.db import transaction

    with transaction.atomic():
        act()
        transaction.set_rollback(True)
    return 1


def page(client: Any, url: str) -> int:
    """How many rows it shows."""
    answer = client.get(url)
    if answer.status_code != 200:
        raise SystemExit(f"{url}: {answer.status_code}")
    return int(answer.content.count(b"<tr")) or 1


def walked() -> int:
    """Rows of the large tables that sequential scans have read, in all processes."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname = ANY(%s)",
            [list(_store.TABLES)],
        )
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    main()
