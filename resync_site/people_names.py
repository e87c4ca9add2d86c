"""What Django's groups and permissions are called on our pages, in the reader's language."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q, QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from resync_site.roles import ROLES

_MAY: dict[str, Any] = {
    "add": _("may add"), "change": _("may change"), "delete": _("may delete"), "view": _("may see"),
}  # fmt: skip
_TIES = (
    (User.groups.through, "group", _("role")),
    (User.user_permissions.through, "permission", _("permission")),
    (Group.permissions.through, "permission", _("permission")),
)
"""What ties one to the other: rows that Django lists with what is deleted."""


def use() -> None:
    Group.add_to_class("__str__", role_name)
    Permission.add_to_class("__str__", permission_name)
    for tie, end, name in _TIES:
        tie._meta.verbose_name = tie._meta.verbose_name_plural = name
        tie.add_to_class("__str__", lambda row, end=end: str(getattr(row, end)))


def role_name(role: Group) -> str:
    """A role of ours by its name here; any other as it was named."""
    return gettext(role.name) if role.name in ROLES else role.name


def permission_name(permission: Permission) -> str:
    model = permission.content_type.model_class()
    verb, _underscore, name = permission.codename.partition("_")
    if model is None or name != model._meta.model_name:
        return gettext(permission.name)
    return f"{capfirst(model._meta.verbose_name_plural)}: {_MAY.get(verb, verb)}"


def offered() -> QuerySet[Permission]:
    """Permissions that mean something here: on what the console shows, and those of the roles."""
    wanted = Q()
    for model in admin.site._registry:
        name = model._meta.model_name
        wanted |= Q(content_type__app_label=model._meta.app_label, content_type__model=name)
    for permission in {one for names in ROLES.values() for one in names}:
        app, codename = permission.split(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    return Permission.objects.filter(wanted).select_related("content_type")
