"""What reaches a log: one line a record, nothing hidden in it, no secret."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from resync_site.environment import CHECKOUT
from resync_site.logs import FORMAT, OneLineFormatter, format_uvicorns_lines


def line_of(message: str, *args: Any, **fields: Any) -> str:
    record = logging.LogRecord("resync", logging.INFO, __file__, 1, message, args, None)
    record.__dict__.update(fields)
    return OneLineFormatter(FORMAT, style="{").format(record)


def a_failure(text: str) -> Any:
    try:
        raise ValueError(text)
    except ValueError:
        return sys.exc_info()


FORGED = "x\n2026-11-25 INFO forged\r\x0b\x0c\x1c\x1b[2J\x85\u2028\u2029\u202ereversed\u200b"


def test_a_record_is_one_line_whatever_stands_in_it() -> None:
    line = line_of("job %s", FORGED)

    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert "\\n2026-11-25 INFO forged" in line


def test_a_traceback_is_in_the_line_and_forges_none() -> None:
    line = line_of("failed", exc_info=a_failure(FORGED))

    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert "Traceback" in line and "ValueError: x\\n2026" in line


def test_a_refused_request_has_no_traceback_and_a_failed_one_has() -> None:
    assert "Traceback" not in line_of("no", exc_info=a_failure("no"), status_code=403)
    assert "Traceback" in line_of("oh", exc_info=a_failure("oh"), status_code=500)


def test_secrets_are_masked() -> None:
    line = line_of("GET %s", "/x?password=hunter2hunter2")
    traceback = line_of("failed", exc_info=a_failure("Authorization: Bearer abcdef123456789"))

    assert "hunter2" not in line
    assert "abcdef123456789" not in traceback


def test_uvicorns_own_lines_are_as_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = logging.StreamHandler()
    monkeypatch.setattr(logging.getLogger("uvicorn.access"), "handlers", [handler])

    format_uvicorns_lines()

    record = logging.LogRecord("uvicorn.access", 20, "", 1, '%s "%s"', ("::1", FORGED), None)
    assert handler.format(record).isprintable()


THE_SITE_BEHIND_UVICORN = """
import logging.config, uvicorn.config
logging.config.dictConfig(uvicorn.config.LOGGING_CONFIG)
import resync_site.asgi
asked = "/x\\u2028y?password=hunter2hunter2"
said = '%s - "%s %s HTTP/%s" %d'
logging.getLogger("uvicorn.access").info(said, "::1", "GET", asked, "1.1", 200)
"""


def test_the_site_sees_to_uvicorns_lines_itself() -> None:
    said = subprocess.run(
        [sys.executable, "-c", THE_SITE_BEHIND_UVICORN],
        cwd=CHECKOUT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "resync_site.settings"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    [line] = said.stdout.splitlines()
    assert "INFO uvicorn.access" in line and "⟨U+2028⟩y" in line
    assert "hunter2" not in line


@pytest.mark.django_db
def test_a_403_and_a_404_are_one_line_each(
    operator: User, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client()
    client.force_login(operator)
    caplog.handler.setFormatter(OneLineFormatter(FORMAT, style="{"))

    assert client.get("/api/docs/none").status_code == 404
    assert client.get("/chat/none/").status_code == 404
    User.objects.get(pk=operator.pk).groups.clear()
    assert client.get("/chat/").status_code == 403

    assert len(caplog.text.splitlines()) == len(caplog.records) == 3
