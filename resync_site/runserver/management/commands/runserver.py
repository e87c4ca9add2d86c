"""Django's own server, held to loopback in development as every other way to start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import runserver

from resync_site.binding import REFUSED, is_loopback


class Command(runserver.Command):  # without staticfiles' handler: WhiteNoise serves the files
    addr: str  # set by `handle`

    def run(self, **options: Any) -> None:
        if settings.DEVELOPMENT and not is_loopback(self.addr):
            raise CommandError(f"not bound to {self.addr}: {REFUSED}")
        super().run(**options)
