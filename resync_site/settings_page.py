"""The settings in effect: what each is and where it comes from. Secrets are not shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from knowledge.shown import excerpt
from resync_site import environment
from resync_site.sidebar import SEE_SETTINGS

_FROM: dict[environment.Origin, Any] = {
    "environment": gettext_lazy("environment"),
    "file": gettext_lazy("file (NAME_FILE)"),
    "kept": gettext_lazy("RESYNC_HOME/environment"),
    "default": gettext_lazy("default"),
}


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    value: str
    origin: Any


def page(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(SEE_SETTINGS):
        raise PermissionDenied
    found = list(rows())
    given = [row for row in found if row.origin != _FROM["default"]]
    left = [row for row in found if row.origin == _FROM["default"]]
    context = {
        **admin.site.each_context(request),
        "title": _("Settings in effect"),
        "groups": [(_("Set here"), given), (_("Left as they are"), left)],
    }
    return TemplateResponse(request, "resync_site/settings.html", context)


def rows() -> Iterator[Row]:
    """Each setting that was read, in the order of the settings."""
    for name, origin in environment.origins.items():
        yield Row(name, _value(name), _FROM[origin])


def _value(name: str) -> str:
    value = getattr(settings, name)
    if name in environment.hidden:
        return str(_("set, not shown") if value else _("not set"))
    if isinstance(value, list):
        return ", ".join(map(_shown, value)) or "–"
    return _shown(value)


def _shown(value: object) -> str:
    """An address without what can be secret in it: a user, a password, a query."""
    text = str(value)
    if text.startswith(("http://", "https://")):
        parts = urlsplit(text)
        host = parts.netloc.rpartition("@")[2]
        text = f"{parts.scheme}://{host}{parts.path}"
    return excerpt(text, 300) or "–"
