"""A database of the first edition, with rows in it, becomes one of today's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from django.db import connection

from resync_site.environment import CHECKOUT

FIRST_EDITION = [
    ("knowledge", "0003"),
    ("audits", "0005"),
    ("tws", "0002"),
    ("resync_site", "0002"),
]
STATUSES = [
    "queued",
    "running",
    "failed",
    "pending",
    "quarantined",
    "cleared",
    "approved",
    "rejected",
]
ROWS = """
INSERT INTO auth_user (id, username, password, first_name, last_name, email, is_superuser,
    is_staff,
                       is_active, date_joined)
VALUES (1, 'ana', '!', '', '', '', false, true, true, now());
INSERT INTO knowledge_memory (id, agent, user_query, agent_response, evidence, kind, source,
    feedback,
    content_hash, use_count, terms, trust, version, index_owner, index_attempts, index_error,
    audit_request, created_at, updated_at, user_id, flagged_by_ia)
SELECT gen_random_uuid(), 'tws-analyzer', 'What of ' || status || '?', 'JOB_1 ended in ABEND,
    rc 12.',
    '[]', 'knowledge', 'chat', '', status, 1, '{}', trust, 1, '', 0, '', '', now(), now(), 1,
    false
FROM (VALUES ('queued', 'new'), ('running', 'new'), ('failed', 'suspect'), ('pending',
    'suspect'),
    ('quarantined', 'quarantined'), ('cleared', 'cleared'), ('approved', 'trusted'),
    ('rejected', 'rejected')) AS known (status, trust);
INSERT INTO knowledge_memoryrevision (memory_id, version, user_query, agent_response,
    evidence, changed_at)
SELECT id, 0, 'Once', 'otherwise', '[]', now() FROM knowledge_memory WHERE trust = 'trusted';
INSERT INTO audit_queue (memory_id, status, lease_owner, lease_until, attempts, excused,
    ready_at,
    last_error, memory_version, ia_audit_reason, ia_audit_confidence, findings, judge, model,
    prompt_version, judged_at, reviewed_at, reviewer_id, note, reason_code, created_at)
SELECT id, content_hash, '', now(), 1, 0, now(), '', 1, 'The answer says 12.', 0.6,
    '[{"message": "The answer says 12.", "kind": "count"}]', 'grounding', '', '', now(),
    now(), 1, '',
    '', now()
FROM knowledge_memory;
INSERT INTO tws_conversation (id, title, created_at, updated_at, agent_id, user_id)
SELECT gen_random_uuid(), 'Failures', now(), now(), slug, 1 FROM tws_agent;
INSERT INTO tws_message (run_id, role, client_id, text, outcome, sources, tools, memory_id,
    created_at,
    conversation_id)
SELECT gen_random_uuid(), role, '', 'Why?', outcome, '[]', '[]', NULL, now(), id
FROM tws_conversation, (VALUES ('user', ''), ('agent', 'done')) AS said (role, outcome);
"""


@pytest.fixture
def old_database(django_db_blocker) -> Iterator[str]:
    """The URL of an empty database beside the tests' own."""
    values, name = connection.settings_dict, f"resync_upgrade_{uuid4().hex[:12]}"
    password = f":{values['PASSWORD']}" if values["PASSWORD"] else ""
    server = f"postgresql://{values['USER']}{password}@/{{}}?host={values['HOST']}"
    with psycopg.connect(server.format("postgres"), autocommit=True) as owner:
        owner.execute(f'CREATE DATABASE "{name}"')
        try:
            yield server.format(name)
        finally:
            owner.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def manage(url: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "DATABASE_URL": url, "RESYNC_ENV": "development"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_what_the_first_edition_kept_is_there_after_an_upgrade(old_database) -> None:
    for app, migration in FIRST_EDITION:
        manage(old_database, "migrate", app, migration, "--skip-checks")
    with psycopg.connect(old_database) as rows:
        rows.execute(ROWS)

    manage(old_database, "migrate")

    with psycopg.connect(old_database) as rows:
        kept = rows.execute(
            "SELECT memory.content_hash, record.status, record.kind, record.findings->0->>'message'"
            " FROM audit_queue record JOIN knowledge_memory memory ON memory.id = memory_id"
        ).fetchall()
        messages = rows.execute("SELECT count(*) FROM tws_message").fetchone()
    assert len(kept) == len(STATUSES) == len({status for status, *_ in kept})
    assert all(row == (row[0], row[0], "knowledge", "The answer says 12.") for row in kept)
    assert messages and messages[0] > 0
    # Cleared, pending and quarantined by a judge that is gone: undecided, so judged again.
    assert json.loads(manage(old_database, "requeue_verdicts", "--yes", "--json"))["queued"] == 3
