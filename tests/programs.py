"""Programs of ours in processes of their own, on the test database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from resync_site.environment import CHECKOUT


def environment(**more: str) -> dict[str, str]:
    """The process environment with `DATABASE_URL` naming the database of this test."""
    values = connection.settings_dict
    password = f":{values['PASSWORD']}" if values["PASSWORD"] else ""
    url = f"postgresql://{values['USER']}{password}@/{values['NAME']}?host={values['HOST']}"
    return {**os.environ, "DATABASE_URL": url, "RESYNC_ENV": "development", **more}


@contextmanager
def start(*command: object, cwd: Path = CHECKOUT, **more: str) -> Iterator[subprocess.Popen[str]]:
    """Python runs `command`: a script of the checkout and its arguments. It ends with the block."""
    script, *arguments = command
    process = subprocess.Popen(
        [sys.executable, str(CHECKOUT / str(script)), *map(str, arguments)],
        cwd=cwd,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=20)
