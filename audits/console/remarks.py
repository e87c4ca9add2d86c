"""From the forms for comments and assignments to `audits.assigning`, and what is said after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from audits import assigning
from audits.models import AuditRecord
from audits.moves import Invalid


def act(record: AuditRecord, sent: Mapping[str, Any], by: User) -> str:
    """Do what the form says and tell it. ReviewError when it can't be done."""
    if sent.get("action") == "comment":
        assigning.comment(record.memory_id, sent.get("text", ""), by)
        return _("The comment is in the history.")
    to = by if sent.get("action") == "take" else reviewer_named(sent.get("to", ""))
    assigning.assign(record.memory_id, to, by)
    if to is None:
        return _("It is assigned to nobody now.")
    return _("It is assigned to %(who)s now.") % {"who": to.get_username()}


def reviewer_named(name: str) -> User | None:
    """None for no name; Invalid when nobody is called so."""
    if not name:
        return None
    found = User.objects.filter(username=name).first()
    if found is None:
        raise Invalid(_("There is no such reviewer."))
    return found


def assigned_chip(record: AuditRecord) -> str | SafeString:
    """On a line of the list, who is to decide it."""
    if record.assigned_to is None:
        return ""
    said = _("assigned to %(who)s") % {"who": record.assigned_to.get_username()}
    return format_html('<i class="rc-chip">{}</i>', said)
