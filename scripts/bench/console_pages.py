#!/usr/bin/env python3
"""What the console's pages take with a few records, and with as many as a site has after years.

    .venv/bin/python scripts/bench/console_pages.py [--records 1000000] [--few 10000] [--rounds 12]

One record a minute, two of a hundred wait for a person, one in fifty was decided by one of three
reviewers. A JSON line a page: the 95th percentile of both in milliseconds and their ratio; the same
of the quickest, which holds on a busy machine too; and how many rows both show. `--statements`:
what took longest with many.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import _bench

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
    "flags": "/api/audit/flags",
    "metrics": "/api/audit/metrics",
}

FILL = """
    INSERT INTO knowledge_memory (
        id, agent, user_query, asked_as, agent_response, evidence, engine, kind, source,
        content_hash, use_count, terms, marks, trust, version, index_owner, index_attempts,
        index_error, flagged_by_ia, created_at, updated_at
    )
    SELECT md5(n::text)::uuid, 'agent ' || n %% 3,
           CASE WHEN n %% 100 < 4 THEN 'Which port does program ' || n %% 5000 || ' use?'
                ELSE 'Why did job J' || n || ' end with code ' || n %% 50
                     || CASE WHEN n %% 10 = 5 OR n %% 1000 < 2 THEN ' beside batchman?' ELSE '?' END
           END, '',
           CASE WHEN n %% 100 < 4
                THEN 'Program ' || n %% 5000 || ' uses port ' || 31000 + n %% 7 || '.'
                ELSE 'Its file ' || n %% 30 || ' came late.' END, '[]', '',
           'knowledge', CASE WHEN n %% 3 = 0 THEN 'chat' ELSE 'import' END, n::text,
           1 + n %% 4, CASE WHEN n %% 5 = 0 THEN ARRAY['program ' || n %% 5000] ELSE '{}' END, '{}',
           CASE WHEN n %% 100 = 0 THEN 'suspect' WHEN n %% 100 = 1 THEN 'quarantined'
                WHEN n %% 100 = 2 THEN 'trusted' WHEN n %% 100 = 3 THEN 'rejected'
                WHEN n %% 100 < 20 THEN 'unverified' ELSE 'cleared' END,
           1, '', 0, '', false, now() - (%(records)s - n) * interval '1 minute', now()
      FROM generate_series(1, %(records)s) AS n;
    INSERT INTO audit_queue (
        memory_id, status, lease_owner, attempts, excused, ready_at, last_error, ia_audit_reason,
        findings, judge, model, prompt_version, note, reason_code, created_at, judged_at, agent,
        kind, uses, language, why, cluster, weight, ia_audit_confidence, raw_confidence,
        reviewer_id, reviewed_at, assigned_to_id
    )
    SELECT id, CASE trust WHEN 'suspect' THEN 'pending' WHEN 'trusted' THEN 'approved'
                ELSE trust END, '', 1, 0, created_at, '', '', '[]',
           CASE WHEN n %% 20000 < 200 AND n %% 100 IN (0, 50) THEN 'person'
                ELSE (ARRAY['rules', 'claims', 'llm'])[1 + n %% 3] END, '', '', '', '', created_at,
           created_at,
           agent, kind, use_count, CASE WHEN n %% 11 = 0 THEN 'en' ELSE 'pt' END,
           CASE WHEN trust = 'cleared' THEN '' WHEN n %% 1700 < 2 THEN 'danger' ELSE 'unsure' END,
           '', 1, (n %% 10) / 10.0, (n %% 10) / 10.0,
           CASE WHEN trust IN ('trusted', 'rejected') THEN %(first)s + n / 100 %% 3 END,
           CASE WHEN trust IN ('trusted', 'rejected') THEN created_at + interval '2 hours' END,
           CASE WHEN trust IN ('suspect', 'quarantined') AND n / 100 %% 4 < 3
                THEN %(first)s + n / 100 %% 3 END
      FROM (SELECT *, content_hash::int AS n FROM knowledge_memory) AS memory ORDER BY n;
    INSERT INTO knowledge_feedback (
        memory_id, user_id, rating, reason, comment, created_at, reported_at, reported_version,
        taken_at
    )
    SELECT id, %(first)s + content_hash::int / 100 %% 3, 1, 'wrong', '', created_at, created_at, 1,
           created_at
      FROM knowledge_memory WHERE content_hash::int %% 100 = 50;
    INSERT INTO audits_decision (
        seq, prev_hash, hash, at, action, actor_id, actor, memory_id, memory_version, from_digest,
        content_digest, from_status, to_status, from_trust, to_trust, judge, confidence,
        reason_code, note_digest
    )
    SELECT row_number() OVER (ORDER BY record.id), '',
           encode(sha256(record.id::text::bytea), 'hex'),
           created_at + interval '2 hours',
           CASE record.status WHEN 'approved' THEN 'approve' WHEN 'rejected' THEN 'reject'
                WHEN 'quarantined' THEN 'quarantine' ELSE 'flag' END,
           reviewer_id, 'somebody', memory_id, 1, '', '', 'pending', record.status, 'suspect',
           'trusted', judge, 0.5, '', ''
      FROM audit_queue record WHERE status NOT IN ('cleared', 'unverified');
    UPDATE audits_decisionhead SET seq = (SELECT max(seq) FROM audits_decision);
    INSERT INTO audits_secondopinion (seq, memory_id, first_approved, approves, by_id, at)
    SELECT seq, memory_id, action = 'approve', seq %% 5 > 0, %(first)s, at
      FROM audits_decision WHERE actor_id > %(first)s AND seq %% 40 = 0;
    INSERT INTO knowledge_memoryuse (memory_id, version, answer_id, how, reader_id, at)
    SELECT md5((n - n %% 100)::text)::uuid, 1, id, 'shown', %(first)s, created_at
      FROM (SELECT *, content_hash::int AS n FROM knowledge_memory) AS memory
     WHERE source = 'chat' AND n >= 100
"""
TABLES = (
    "knowledge_memory", "audit_queue", "audits_decision", "audits_secondopinion",
    "knowledge_memoryuse", "knowledge_feedback",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--only", default="", help="pages whose name has this in it")
    parser.add_argument("--statements", action="store_true")
    options = parser.parse_args()
    _bench.setup()
    from django.conf import settings

    settings.AUDIT_SECOND_REVIEW_SHARE = 0.05
    settings.ALLOWED_HOSTS = ["testserver"]
    few, many = (measured(size, options) for size in (options.few, options.records))
    for name, took in many.items():
        figures = {
            what: [
                round(few[name][what]),
                round(took[what]),
                round(took[what] / few[name][what], 2),
            ]
            for what in took
        }
        _bench.say(page=name, **figures)


def measured(records: int, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Of each page, the 95th percentile and the quickest, in milliseconds."""
    with _bench.scratch_database():
        clock = _bench.Clock()
        client = fill(records)
        _bench.say(records=records, filled_in_seconds=round(clock.wall))
        return {
            name: opened(client, address(url, records), options, records == options.records)
            for name, url in PAGES.items()
            if options.only in name
        }


def fill(records: int) -> Any:
    """The rows; a client that is signed in as the first of three reviewers."""
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client

    reviewers = [User.objects.create_superuser(f"bench-{n}") for n in range(1, 4)]
    with connection.cursor() as cursor:
        # No trigger and no check: the rows are as they would have made them.
        cursor.execute("SET session_replication_role = 'replica'; SET statement_timeout = 0")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        with without_indexes(cursor):
            cursor.execute(FILL, {"records": records, "first": reviewers[0].pk})
        cursor.execute("SET session_replication_role = 'origin'")
        for table in TABLES:
            cursor.execute(f"VACUUM ANALYZE {table}")
        cursor.execute("RESET statement_timeout")
    client = Client()
    client.force_login(reviewers[0])
    return client


@contextmanager
def without_indexes(cursor: Any) -> Iterator[None]:
    """Made afterwards they take a third of the time."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) "
        "AND indexname NOT IN (SELECT conname FROM pg_constraint)",
        [list(TABLES)],
    )
    indexes = cursor.fetchall()
    for name, _how in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    yield
    for _name, how in indexes:
        cursor.execute(how)


def address(url: str, records: int) -> str:
    from datetime import timedelta

    from django.contrib.auth.models import User
    from django.utils import timezone

    from audits.models import AuditRecord

    reviewer = User.objects.get(username="bench-1").pk
    waiting = AuditRecord.objects.awaiting_review()[5]
    first_day = timezone.localdate() - timedelta(days=89)
    return url.format(record=waiting.pk, ninety_days_ago=first_day, reviewer=reviewer)


def opened(client: Any, url: str, options: argparse.Namespace, is_many: bool) -> dict[str, float]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    took = []
    for _ in range(options.rounds + 1):
        began = time.perf_counter()
        answer = client.get(url)
        took.append(1000 * (time.perf_counter() - began))
        if answer.status_code != 200:
            raise SystemExit(f"{url}: {answer.status_code}")
    if options.statements and is_many:
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        slow = sorted(queries.captured_queries, key=lambda one: -float(one["time"]))
        for one in slow[:4]:
            _bench.say(url=url, seconds=one["time"], sql=one["sql"][:3000])
    warm = sorted(took[1:])
    return {
        "p95_ms": warm[round(0.95 * (len(warm) - 1))],
        "best_ms": warm[0],
        "rows": max(1, answer.content.count(b"<tr") - 1),
    }


if __name__ == "__main__":
    main()
