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
