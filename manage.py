#!/usr/bin/env python3
"""Resync's command line. How a command ends is in `resync_site.command_line`."""

from __future__ import annotations

import gc
import importlib.util
import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "resync_site.settings")
    # What loading makes stays: to look through it again and again took a tenth of a command's
    # start. `resync_site.apps` lets it collect once all apps are loaded.
    gc.disable()
    gc.set_threshold(50_000, 20, 20)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    if importlib.util.find_spec("django") is None:
        sys.exit("Django is not installed here. Run scripts/test once, then .venv/bin/python.")
    from resync_site.command_line import run

    run("manage.py", main)
