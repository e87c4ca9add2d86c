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
ROWS = (CHECKOUT / "tests/data/first_edition_rows.sql").read_text(encoding="utf-8")


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
    assert len(kept) == 8
    assert all(row == (row[0], row[0], "knowledge", "The answer says 12.") for row in kept)
    assert messages and messages[0] > 0
    # Cleared, pending and quarantined by a judge that is gone: undecided, so judged again.
    assert json.loads(manage(old_database, "requeue_verdicts", "--yes", "--json"))["queued"] == 3
