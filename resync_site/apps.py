from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate


class ResyncSiteConfig(AppConfig):
    name = "resync_site"
    verbose_name = "Resync"

    def ready(self) -> None:
        from resync_site import database_checks  # noqa: F401 (registers them)

        pre_migrate.connect(_lift_statement_limit, sender=self, dispatch_uid="statement limit")
        post_migrate.connect(_set_statement_limit, sender=self, dispatch_uid="statement limit")


def _lift_statement_limit(using: str, **_: Any) -> None:
    """An index over millions of rows takes as long as it takes."""
    with connections[using].cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")


def _set_statement_limit(using: str, **_: Any) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute("RESET statement_timeout")
