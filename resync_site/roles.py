"""The three roles, as Django groups, and what each may do.

Operators chat. Reviewers see, decide and export. Auditors read and export every memory, record
and decision, and change nothing. Superusers may do everything.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext_noop

ROLES: dict[str, tuple[str, ...]] = {
    gettext_noop("Operators"): ("tws.use_chat",),
    gettext_noop("Reviewers"): (
        "tws.use_chat",
        "audits.view_auditrecord",
        "audits.review_auditrecord",
        "audits.export_auditrecord",
        "audits.view_decision",
        "knowledge.view_memory",
        "knowledge.view_memoryrevision",
    ),
    gettext_noop("Auditors"): (
        "audits.view_auditrecord",
        "audits.view_decision",
        "audits.export_auditrecord",
        "knowledge.view_memory",
        "knowledge.view_memoryrevision",
    ),
}


def create_roles(apps: Any) -> None:
    """Make the groups and give them their permissions; repeatable."""
    group_model = apps.get_model("auth", "Group")
    permissions = apps.get_model("auth", "Permission").objects
    for name, wanted in ROLES.items():
        group, _ = group_model.objects.get_or_create(name=name)
        for permission in wanted:
            app, codename = permission.split(".")
            group.permissions.add(permissions.get(content_type__app_label=app, codename=codename))


def has_role(user: User) -> bool:
    """Whether anybody has given this user anything to do here."""
    return bool(user.get_all_permissions())
