from __future__ import annotations

import gc
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
        if not gc.isenabled():  # a command is loading (manage.py); what is loaded by now stays
            gc.freeze()
            gc.enable()


def _lift_statement_limit(using: str, **_: Any) -> None:
    """An index over millions of rows takes as long as it takes."""
    from knowledge.connections import LIFT_LIMITS

    with connections[using].cursor() as cursor:
        cursor.execute(LIFT_LIMITS)


def _set_statement_limit(using: str, **_: Any) -> None:
    from knowledge.connections import SET_LIMITS

    with connections[using].cursor() as cursor:
        cursor.execute(SET_LIMITS)
