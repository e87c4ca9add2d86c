from __future__ import annotations

import os
import subprocess
import sys

import pytest

from resync_site import database_checks
from resync_site.environment import CHECKOUT


def found() -> list[str]:
    return [problem.msg for problem in database_checks.check_postgresql(["default"])]


@pytest.mark.django_db
def test_our_postgresql_is_fit():
    assert found() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("OLDEST_POSTGRESQL", 99, "PostgreSQL 99 or newer is needed"),
        ("OLDEST_PGVECTOR", (99, 0), "pgvector 0.8 or newer is needed"),
        ("EXTENSIONS", {"no_such": "install it"}, "extension no_such is missing"),
    ],
)
def test_what_is_too_old_or_missing_is_named(monkeypatch, name: str, value, message: str):
    monkeypatch.setattr(database_checks, name, value)

    assert len(found()) == 1
    assert message in found()[0]


def test_migrate_says_that_the_server_cannot_be_reached():
    nowhere = {"RESYNC_ENV": "development", "DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}
    migrate = subprocess.run(
        [sys.executable, "manage.py", "migrate"],
        cwd=CHECKOUT,
        env={**os.environ, **nowhere},
        capture_output=True,
        text=True,
    )

    assert migrate.returncode != 0
    assert "(database.E001) The database can't be used" in migrate.stderr
    assert "Check DATABASE_URL" in migrate.stderr
