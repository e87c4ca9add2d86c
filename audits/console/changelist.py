"""The queue as a list: what is counted, filtered and ordered, without reading all of it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import OrderBy, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from audits.counting import few_by_status
from audits.models import AuditRecord
from audits.queue import BY_HARM
from audits.search import as_uuid
from audits.states import OPEN, WAITING, Status

TAB_COUNTED = 10_000
"""How far each status is counted for the tabs and the dashboard."""

VIEWS: dict[str, tuple[Any, Collection[str] | None]] = {
    "waiting": (_("Waiting"), WAITING),
    "pending": (_("Pending"), [Status.PENDING]),
    "quarantined": (_("Quarantined"), [Status.QUARANTINED]),
    "failed": (_("Not judged"), [Status.FAILED]),
    "unverified": (_("Not verified"), [Status.UNVERIFIED]),
    "cleared": (_("Cleared"), [Status.CLEARED]),
    "approved": (_("Approved"), [Status.APPROVED]),
    "rejected": (_("Rejected"), [Status.REJECTED]),
    "open": (_("With the auditor"), OPEN),
    "all": (_("All"), None),
}
"""The lists a reviewer can open: name in the address → label, statuses (None: every one)."""


def view_of(request: HttpRequest) -> str:
    """Which list is asked for. Somebody who looks for an id wants it whatever its status."""
    asked = request.GET.get("status", "")
    if asked in VIEWS:
        return asked
    return "all" if as_uuid(request.GET.get("q", "")) else "waiting"


def empty_text(view: str) -> Any:
    """What an open list says that holds nothing."""
    if set(VIEWS[view][1] or ()) & set(WAITING):
        return _("Nothing waits for a decision. New flags appear here as the auditor finds them.")
    return _("This list is empty.")


def ordering_of(view: str) -> list[str | OrderBy]:
    """Each order is an index': what averts most harm first, what was done lately first."""
    if view == "all":
        return ["-id"]
    if set(VIEWS[view][1] or ()) <= set(WAITING):
        return list(BY_HARM)
    return ["-created_at", "-id"] if view != "open" else ["-id"]


def tabs(request: HttpRequest) -> list[dict[str, Any]]:
    """The lists as links, with how many each holds; a search goes along."""
    counts, shown = few_by_status(TAB_COUNTED), view_of(request)
    kept = {name: request.GET[name] for name in ("q",) if request.GET.get(name)}
    return [
        {
            "url": f"?{urlencode({'status': name} | kept)}",
            "label": label,
            "selected": name == shown,
            "count": in_words(counts, statuses),
        }
        for name, (label, statuses) in VIEWS.items()
    ]


def in_words(counts: dict[str, int], statuses: Collection[str] | None) -> str:
    """The sum over `statuses`: "12", or "10,000+"."""
    found = [counts[status] for status in (Status.values if statuses is None else statuses)]
    total = sum(min(count, TAB_COUNTED) for count in found)
    more = any(count > TAB_COUNTED for count in found)
    return f"{total:,}" + ("+" if more else "")


class ViewFilter(admin.SimpleListFilter):
    """The list that is open. Drawn as tabs above the list, not among the filters."""

    title = _("list")
    template = "audits/no_filter.html"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        self.view = view_of(request)
        return [(name, label) for name, (label, _statuses) in VIEWS.items()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditRecord]
    ) -> QuerySet[AuditRecord]:
        statuses = VIEWS[self.view][1]
        return queryset if statuses is None else queryset.filter(status__in=statuses)
