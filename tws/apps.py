from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TwsConfig(AppConfig):
    name = "tws"
    verbose_name = _("Agents and chat")

    def ready(self) -> None:
        from tws import checks  # noqa: F401  (registers them)
