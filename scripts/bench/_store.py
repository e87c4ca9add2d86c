"""A store as a site has after years: memories, records, decisions, reports and uses.

PostgreSQL makes the rows itself, in several connections, and their indexes afterwards.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any

import _bench

PHRASES, WORDS = 500, 8
IN_ONE_GO = 100_000
RARE = 100
"""Of what is rare there are as many in a large store as in a small one."""

MEMORIES = """
    INSERT INTO knowledge_memory (
        id, agent, user_query, asked_as, agent_response, evidence, engine, kind, source,
        content_hash, use_count, terms, marks, trust, version, index_owner, index_attempts,
        index_error, flagged_by_ia, created_at, updated_at, mem0_id, indexed_version
    )
    SELECT md5(n::text)::uuid,
           'agent ' || CASE WHEN n %% %(stride)s = 50 THEN 1 ELSE n %% 3 END,
           CASE WHEN n %% 100 < 4 THEN 'Which port does program ' || n %% 5000 || ' use'
                ELSE 'Why did job J' || n || ' end with code ' || n %% 50 END
               || CASE WHEN n %% 10 = 5 OR n %% 200 < 2 THEN ' beside batchman? ' ELSE '? ' END
               || (%(phrases)s::text[])[1 + n * 13 %% %(many)s], '',
           CASE WHEN n %% 100 < 4
                THEN 'Program ' || n %% 5000 || ' uses port ' || 31000 + n %% 7 || '. '
                ELSE 'Its file ' || n %% 30 || ' came late. ' END
               || (%(phrases)s::text[])[1 + n * 17 %% %(many)s] || '. '
               || (%(phrases)s::text[])[1 + n / 100 %% %(many)s] || '.',
           '[]', '', 'knowledge', CASE WHEN n %% 3 = 0 THEN 'chat' ELSE 'import' END, n::text,
           1 + n %% 7 %% 4,
           CASE WHEN n %% 5 = 0 THEN ARRAY['program ' || n %% 5000] ELSE '{}' END, '{}', trust, 1,
           '', 0, '', n %% 100 < 4, now() - (%(records)s - n) * %(apart)s, now(),
           CASE WHEN trust IN ('trusted', 'cleared') THEN md5('vector ' || n)::uuid END,
           CASE WHEN trust IN ('trusted', 'cleared') THEN 1 END
      FROM (SELECT n, CASE WHEN n %% 100 = 0 THEN 'suspect' WHEN n %% 100 = 1 THEN 'quarantined'
                WHEN n %% 100 = 2 THEN 'trusted' WHEN n %% 100 = 3 THEN 'rejected'
                WHEN n %% 100 < 20 THEN 'unverified' ELSE 'cleared' END AS trust
              FROM generate_series(%(from)s::int, %(to)s) AS n) AS numbered
"""
OF_THEM = """
    INSERT INTO audit_queue (
        memory_id, status, lease_owner, attempts, excused, ready_at, last_error, ia_audit_reason,
        findings, judge, model, prompt_version, note, reason_code, created_at, judged_at, agent,
        kind, uses, language, why, cluster, weight, ia_audit_confidence, raw_confidence,
        reviewer_id, reviewed_at, assigned_to_id, review_claimed_by_id, review_claimed_until
    )
    SELECT id, CASE trust WHEN 'suspect' THEN 'pending' WHEN 'trusted' THEN 'approved'
                ELSE trust END, '', 1, 0, created_at, '', '', '[]',
           CASE WHEN rare IN (0, 50) THEN 'person' WHEN rare = 1 THEN 'llm'
                ELSE (ARRAY['rules', 'claims', 'llm'])[1 + n %% 7 %% 3] END, '', '', '', '',
           created_at, created_at, agent, kind, use_count,
           CASE WHEN rare = 1 OR rare <> 50 AND n %% 11 < 4 THEN 'en' ELSE 'pt' END,
           CASE WHEN trust = 'cleared' THEN '' WHEN rare = 1 OR n %% 1700 < 2 THEN 'danger'
                ELSE 'unsure' END,
           '', 1 + n %% 13, sure, sure,
           CASE WHEN trust IN ('trusted', 'rejected') THEN %(first)s + n / 100 %% 3 / 2 END,
           CASE WHEN trust IN ('trusted', 'rejected') THEN created_at + interval '2 hours' END,
           CASE WHEN trust IN ('suspect', 'quarantined') AND n / 100 %% 4 < 3
                THEN %(first)s + n / 100 %% 3 END,
           CASE WHEN rare = 0 THEN %(first)s END,
           CASE WHEN rare = 0 THEN now() + interval '1 day' END
      FROM (SELECT *, content_hash::int AS n, content_hash::int %% %(stride)s AS rare,
                   CASE WHEN trust IN ('cleared', 'unverified') THEN 0 ELSE 0.6 END
                   + content_hash::int * 37 %% 101 / 253.0 AS sure
              FROM knowledge_memory) AS memory ORDER BY n;
    INSERT INTO knowledge_feedback (
        memory_id, user_id, rating, reason, comment, created_at, reported_at, reported_version,
        taken_at
    )
    SELECT id, %(first)s + content_hash::int / 100 %% 3, 1, 'wrong', '', created_at, created_at, 1,
           created_at
      FROM knowledge_memory WHERE content_hash::int %% 100 IN (50, 51);
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


def fill(records: int) -> None:
    """That many memories and all that came of them, for the reviewers bench-1 to bench-3."""
    from django.contrib.auth.models import User
    from django.db import connection

    reviewers = [User.objects.create_superuser(f"bench-{n}") for n in range(1, 4)]
    with connection.cursor() as cursor, without_indexes(cursor):
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            list(threads.map(lambda first: _memories(first, records), range(1, records, IN_ONE_GO)))
        _unchecked(cursor)
        cursor.execute(OF_THEM, {"stride": records // RARE, "first": reviewers[0].pk})
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = 'origin'")
        cursor.execute(f"VACUUM ANALYZE {', '.join(TABLES)}")
        cursor.execute("RESET statement_timeout")


def _memories(first: int, records: int) -> None:
    from django.db import connection

    values: dict[str, Any] = {
        "from": first, "to": min(first + IN_ONE_GO - 1, records), "records": records,
        "stride": records // RARE, "many": PHRASES, "apart": apart(records),
        "phrases": phrases(),
    }  # fmt: skip
    with connection.cursor() as cursor:
        _unchecked(cursor)
        cursor.execute(MEMORIES, values)
    connection.close()


@cache
def phrases() -> list[str]:
    words = _bench.Words(random.Random(7))  # noqa: S311  the same texts each time
    return [words.text(WORDS) for _ in range(PHRASES)]


def _unchecked(cursor: Any) -> None:
    """No trigger and no check: the rows are as they would have made them."""
    cursor.execute("SET session_replication_role = 'replica'; SET statement_timeout = 0")
    cursor.execute("SET synchronous_commit = off; SET maintenance_work_mem = '512MB'")


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


def apart(records: int) -> timedelta:
    """A record a minute; few of them further, so that both stores have the days a page shows."""
    return max(timedelta(minutes=1), timedelta(days=120) / records)
