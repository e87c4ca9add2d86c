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
from audits.findings import JUDGES
from audits.models import AuditRecord
from audits.queue import NOT_PENDING
from audits.search import as_uuid
from audits.states import OPEN, WAITING, Status
from knowledge.models import Kind, Memory

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


def ordering_of(view: str) -> list[str | OrderBy]:
    """Each order is an index': who waits longest first, what was done lately first."""
    if view == "waiting":
        return [OrderBy(NOT_PENDING), "created_at", "id"]
    if view == "all":
        return ["-id"]
    if VIEWS[view][1] is not None and set(VIEWS[view][1] or ()) <= set(WAITING):
        return ["created_at", "id"]
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


class AgeFilter(admin.SimpleListFilter):
    title = _("age")
    parameter_name = "age"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("overdue", _("Overdue"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.overdue() if self.value() == "overdue" else None


class JudgeFilter(admin.SimpleListFilter):
    title = _("judge")
    parameter_name = "judge"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, label) for name, label in JUDGES.items() if name != "auditor"]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(judge=self.value()) if self.value() else None


class ConfidenceFilter(admin.SimpleListFilter):
    title = _("confidence")
    parameter_name = "confidence"
    BANDS = (
        ("high", _("Above 85 %"), {"ia_audit_confidence__gt": 0.85}),
        ("middle", _("60 to 85 %"), {"ia_audit_confidence__range": (0.6, 0.85)}),
        ("low", _("Below 60 %"), {"ia_audit_confidence__lt": 0.6}),
        ("none", _("None"), {"ia_audit_confidence": None}),
    )

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, label) for name, label, _condition in self.BANDS]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        for name, _label, condition in self.BANDS:
            if name == self.value():
                return queryset.filter(**condition)
        return None


class AgentFilter(admin.SimpleListFilter):
    title = _("agent")
    parameter_name = "agent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, name) for name in Memory.objects.all().agents()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(memory__agent=self.value()) if self.value() else None


class KindFilter(admin.SimpleListFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Kind.choices)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(memory__kind=self.value()) if self.value() else None
