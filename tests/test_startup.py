"""What a command loads before it does anything: little."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from resync_site.environment import CHECKOUT

# Loaded at their first use: each costs more than all of our own code.
LATE = ("redis", "httpx", "markdown_it", "openpyxl", "mem0", "openai", "rapidfuzz")
TELL = (
    "import sys; from django.core.management import execute_from_command_line as run\n"
    "try: run(sys.argv)\n"
    "except SystemExit: pass\n"
    f"print('LOADED', *sorted(set({LATE!r}) & sys.modules.keys()), file=sys.stderr)"
)


@pytest.mark.parametrize("command", [["check"], ["run_auditor", "--help"], ["ask", "--help"]])
def test_a_command_loads_nothing_that_it_does_not_use(command):
    done = subprocess.run(
        [sys.executable, "-c", TELL, *command],
        cwd=CHECKOUT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "resync_site.settings", "REDIS_URL": ""},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stderr.splitlines()[-1] == "LOADED"
