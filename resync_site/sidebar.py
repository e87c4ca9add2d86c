"""What the console's frame shows: the sidebar by permission, the mark of a development system."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Item = tuple[Any, str, str, str, str]
"""Title, icon, name of the address, permission, dotted path of the badge's callback or nothing."""

API_DOCS = "api:openapi-view"
_ONLY_WITH = {
    API_DOCS: "API_DOCS",
    "admin:audits_auditrecord_second": "AUDIT_SECOND_REVIEW_SHARE",
}
"""Pages that are offered only with a setting."""
SEE_SETTINGS = "resync_site.view_settings"
"""A permission that is nobody's: superusers have every one."""

_REVIEW: list[Item] = [
    (gettext_lazy("Overview"), "monitoring", "admin:index", "audits.view_auditrecord", ""),
    (
        gettext_lazy("Queue"),
        "fact_check",
        "admin:audits_auditrecord_changelist",
        "audits.view_auditrecord",
        "audits.console.dashboard.waiting_badge",
    ),
    (
        gettext_lazy("Second opinions"),
        "groups",
        "admin:audits_auditrecord_second",
        "audits.review_auditrecord",
        "",
    ),
    (
        gettext_lazy("Decision log"),
        "history",
        "admin:audits_decision_changelist",
        "audits.view_decision",
        "",
    ),
    (
        gettext_lazy("Reports"),
        "report",
        "admin:knowledge_feedback_changelist",
        "audits.view_auditrecord",
        "",
    ),
    (
        gettext_lazy("Memories"),
        "psychology",
        "admin:knowledge_memory_changelist",
        "knowledge.view_memory",
        "",
    ),
    (
        gettext_lazy("Import"),
        "upload_file",
        "admin:audits_auditrecord_import",
        "audits.review_auditrecord",
        "",
    ),
    (
        gettext_lazy("Caution"),
        "balance",
        "admin:audits_auditrecord_caution",
        "audits.view_auditrecord",
        "",
    ),
    (
        gettext_lazy("Known cases"),
        "quiz",
        "admin:audits_knowncase_changelist",
        "audits.view_knowncase",
        "",
    ),
    (
        gettext_lazy("Calibrations"),
        "tune",
        "admin:audits_calibration_changelist",
        "audits.view_calibration",
        "",
    ),
]
_OPERATE: list[Item] = [
    (gettext_lazy("Plan"), "dashboard", "live", "audits.view_auditrecord", ""),
    (gettext_lazy("Chat"), "forum", "chat", "tws.use_chat", ""),
]
_SET_UP: list[Item] = [
    (gettext_lazy("Agents"), "smart_toy", "admin:tws_agent_changelist", "tws.view_agent", ""),
    (
        gettext_lazy("LLM endpoints"),
        "hub",
        "admin:knowledge_llmprofile_changelist",
        "knowledge.view_llmprofile",
        "",
    ),
    (
        gettext_lazy("Notifications"),
        "notifications",
        "admin:audits_notice_changelist",
        "audits.view_notice",
        "",
    ),
    (gettext_lazy("Users"), "person", "admin:auth_user_changelist", "auth.view_user", ""),
    (gettext_lazy("Roles"), "group", "admin:auth_group_changelist", "auth.view_group", ""),
    (
        gettext_lazy("API tokens"),
        "key",
        "admin:resync_site_apitoken_changelist",
        "resync_site.view_apitoken",
        "",
    ),
    (
        gettext_lazy("Failed sign-ins"),
        "lock",
        "admin:resync_site_signinfailures_changelist",
        "resync_site.view_signinfailures",
        "",
    ),
    (gettext_lazy("Settings"), "settings", "settings", SEE_SETTINGS, ""),
    (gettext_lazy("REST API"), "api", API_DOCS, "audits.view_auditrecord", ""),
]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the sidebar, with what this user may open."""
    groups = [(_("Review"), _REVIEW), (_("Operate"), _OPERATE), (_("Set up"), _SET_UP)]
    shown = {title: _items(request, items) for title, items in groups}
    everything = [item for items in shown.values() for item in items]
    here = _here(request.path, [item["link"] for item in everything])
    for item in everything:
        item["active"] = lambda request, is_here=item["link"] == here: is_here
    return [{"title": title, "items": items} for title, items in shown.items() if items]


def _here(path: str, links: list[str]) -> str:
    """The page that is open, or the list that it is a part of: what of it the path begins with."""
    first = reverse("admin:index")
    lists = [link for link in links if link.startswith(first) and link != first]
    return max((link for link in lists if path.startswith(link)), key=len, default=path)


def _items(request: HttpRequest, items: list[Item]) -> list[dict[str, Any]]:
    shown = []
    for title, icon, name, permission, badge in items:
        is_off = name in _ONLY_WITH and not getattr(settings, _ONLY_WITH[name])
        if is_off or not request.user.has_perm(permission):
            continue
        item = {"title": title, "icon": icon, "link": reverse(name)}
        if badge and (count := import_string(badge)(request)):
            item["badge"] = count  # an empty badge would be drawn too
        shown.append(item)
    return shown


def environment(request: HttpRequest) -> list[str] | None:
    """A mark in the header, so that nobody takes one system for the other."""
    return [_("Development"), "warning"] if settings.DEVELOPMENT else None


def icon(request: HttpRequest) -> str:
    return static("tws/icon.svg")


def style(request: HttpRequest) -> str:
    return static("audits/frame.css")


def script(request: HttpRequest) -> str:
    """Keeps the badge beside the queue up to date, and the frame in the look that is asked for."""
    return static("audits/frame.js")
