#!/usr/bin/env python3
"""Resync's command line."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "resync_site.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
        from django.db import OperationalError, ProgrammingError
    except ImportError:
        sys.exit("Django is not installed here. Run scripts/test once, then .venv/bin/python.")
    try:
        try:
            execute_from_command_line(sys.argv)
        finally:
            sys.stdout.flush()  # a short output meets its closed pipe here, not after main
    except BrokenPipeError:  # `export_memories | head`: whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except ImproperlyConfigured as error:
        sys.exit(f"manage.py: {error}")  # it says what to do; a traceback would hide that
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", "") != "42P01":  # a table that is not there
            raise
        sys.exit("manage.py: the database has no tables yet. Run manage.py migrate.")
    except OperationalError as error:
        from resync_site.postgres import EmbeddedPostgresError

        if isinstance(error.__cause__, EmbeddedPostgresError):
            sys.exit(f"manage.py: {error}")
        raise


if __name__ == "__main__":
    main()
