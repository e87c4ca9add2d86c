"""One of PostgreSQL's own programs on the embedded database: a dump, a restore, psql."""

from __future__ import annotations

import argparse
import os
import subprocess
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from resync_site.postgres import EmbeddedPostgresError, embedded_server


class Command(BaseCommand):
    help = (
        "Run one of PostgreSQL's programs on the embedded database, for example: "
        "manage.py postgres pg_dump --format custom --file resync.dump"
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("program", help="psql, pg_dump, pg_restore, pg_amcheck, …")
        parser.add_argument("arguments", nargs=argparse.REMAINDER, help="passed on to it")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.DATABASE_URL:
            raise CommandError("DATABASE_URL names another server; use the programs you have there")
        server = embedded_server(settings.RESYNC_HOME)
        try:
            program = server.program(options["program"])
            server.ensure_running()
        except EmbeddedPostgresError as error:
            raise CommandError(str(error)) from error
        done = subprocess.run(  # noqa: S603 (the operator's own command line, no shell)
            [program, *options["arguments"]],
            env={**os.environ, **server.variables()},
            check=False,
        )
        raise SystemExit(done.returncode)
