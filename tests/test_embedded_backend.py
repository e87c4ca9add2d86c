"""Django over the embedded server: nothing starts before a connection is opened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from resync_site.environment import CHECKOUT


@pytest.mark.skipif(bool(settings.DATABASE_URL), reason="another server is configured")
@pytest.mark.django_db
def test_the_backend_connects_as_superuser_to_the_embedded_server():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser'), current_setting('cluster_name')")
        assert cursor.fetchone() == ("on", "resync")


def test_check_starts_no_server(tmp_path: Path):
    environment = {"RESYNC_ENV": "development", "RESYNC_HOME": str(tmp_path / "home")}
    subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=CHECKOUT, env=environment, check=True
    )

    assert not (tmp_path / "home" / "postgres").exists()


def test_a_command_that_cannot_have_its_database_says_why_without_a_traceback(tmp_path: Path):
    home = tmp_path / "a$b"  # PostgreSQL's programs can't quote it
    environment = {"RESYNC_ENV": "development", "RESYNC_HOME": str(home)}

    failed = subprocess.run(
        [sys.executable, "manage.py", "showmigrations"],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert failed.returncode == 2
    assert failed.stderr.startswith("manage.py: PostgreSQL can't work in")


@pytest.mark.slow
def test_a_state_folder_that_cannot_be_made_is_named_without_a_traceback(tmp_path: Path):
    (tmp_path / "file").touch()
    environment = {"RESYNC_ENV": "development", "RESYNC_HOME": str(tmp_path / "file" / "home")}

    failed = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert failed.returncode == 2
    assert failed.stderr.startswith("manage.py: SECRET_KEY can't be kept in")


@pytest.mark.slow
@pytest.mark.skipif(bool(settings.DATABASE_URL), reason="another server is configured")
def test_postgresqls_own_programs_reach_the_database():
    command = [
        sys.executable,
        "manage.py",
        "postgres",
        "psql",
        "-XAtc",
        "SELECT current_database()",
    ]

    asked = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)

    assert (asked.returncode, asked.stdout) == (0, "resync\n"), asked.stderr
