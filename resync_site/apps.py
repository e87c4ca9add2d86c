from __future__ import annotations

from django.apps import AppConfig


class ResyncSiteConfig(AppConfig):
    name = "resync_site"
    verbose_name = "Resync"

    def ready(self) -> None:
        from resync_site import database_checks  # noqa: F401 (registers them)
