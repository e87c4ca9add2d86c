from __future__ import annotations

from django.apps import AppConfig


class ResyncSiteConfig(AppConfig):
    name = "resync_site"
    verbose_name = "Resync"
