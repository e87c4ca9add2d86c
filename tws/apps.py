from __future__ import annotations

from django.apps import AppConfig


class TwsConfig(AppConfig):
    name = "tws"

    def ready(self) -> None:
        from tws import checks  # noqa: F401  (registers them)
