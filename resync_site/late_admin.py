"""Django's admin, whose pages are loaded with the URLs: most commands need none of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


class LateAdminConfig(SimpleAdminConfig):
    def ready(self) -> None:
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(_check_pages, checks.Tags.admin)


def _check_pages(app_configs: Sequence[Any] | None, **options: Any) -> list[checks.CheckMessage]:
    """All of them, whether the URLs have been checked before or not."""
    admin.autodiscover()
    return check_admin_app(app_configs, **options)
