"""The decision log as a list: each line, and filters for what was done, by whom and when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from audits.console.record import ACTIONS, last_done, move
from audits.console.requests import person
from audits.console.tables import decision_row
from audits.decisions import last_before
from audits.findings import judge_name
from audits.models import Decision, DecisionHead
from audits.search import as_uuid
from audits.states import ReasonCode
from knowledge.admin import OneOf, ReadOnlyAdmin
from knowledge.shown import excerpt

DAYS = (2, 7, 30, 90)
MOST_NAMES = 200


class WhatFilter(OneOf):
    title, parameter_name = _("what"), "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return list(ACTIONS.items())


class WhoFilter(admin.SimpleListFilter):
    """Whoever has a line; the auditor's are told by what they are."""

    title, parameter_name = _("who"), "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        lines = Decision.objects.filter(actor_id=OuterRef("pk"))
        people = User.objects.filter(Exists(lines)).order_by("username")[:MOST_NAMES]
        return [(str(user.pk), excerpt(user.get_username(), 60)) for user in people]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        known = [int(pk) for pk, _name in self.lookup_choices if pk == self.value()]
        return queryset.filter(actor_id__in=known)


class WhenFilter(admin.SimpleListFilter):
    """By number: the times of the lines grow with it, and only it has an index."""

    title, parameter_name = _("when"), "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return [(str(n), _("The last %(n)s days") % {"n": n}) for n in DAYS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in {str(n) for n in DAYS}:
            return queryset if self.value() is None else queryset.none()
        since = timezone.now() - timedelta(days=int(str(self.value())))
        return queryset.filter(seq__gt=last_before(since))


class DecisionAdmin(ReadOnlyAdmin):
    list_display = ("number", "when", "who", "what", "move", "memory", "judged_by", "why")
    list_display_links = None
    list_filter = (WhatFilter, WhoFilter, WhenFilter)
    list_before_template = "audits/decisions_head.html"
    search_fields = ("memory_id",)
    search_help_text = _("A memory id or a line's number")
    ordering = ("-seq",)
    exports = "decisions"

    class Media:
        css = {"all": ["audits/console.css"]}
        js = (Script("audits/console.js", defer=True),)

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if memory_id := as_uuid(term):
            return queryset.filter(memory_id=memory_id), False
        is_number = term.isdecimal() and len(term) < 19
        return queryset.filter(seq=int(term)) if is_number else queryset.none(), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        extra = {
            "title": _("Decision log"),
            "head": DecisionHead.objects.get(pk=1),
            "last": last_done(person(request)),
        }
        response: HttpResponse = super().changelist_view(request, extra | (extra_context or {}))
        return response

    def export_row(self, row: Decision) -> dict[str, Any]:
        return decision_row(row)

    @admin.display(description=_("number"))
    def number(self, line: Decision) -> int:
        return line.seq

    @admin.display(description=_("when"))
    def when(self, line: Decision) -> str:
        return timezone.localtime(line.at).strftime("%Y-%m-%d %H:%M:%S %Z")

    @admin.display(description=_("who"))
    def who(self, line: Decision) -> str:
        return excerpt(line.actor, 60)

    @admin.display(description=_("what"))
    def what(self, line: Decision) -> Any:
        return ACTIONS.get(line.action, line.action)

    @admin.display(description=_("from → to"))
    def move(self, line: Decision) -> str:
        return move(line)

    @admin.display(description=_("memory"))
    def memory(self, line: Decision) -> SafeString:
        url = reverse("admin:audits_auditrecord_of_memory", args=[line.memory_id])
        return format_html('<a href="{}"><u>{}</u></a>', url, str(line.memory_id)[:8])

    @admin.display(description=_("judge"))
    def judged_by(self, line: Decision) -> str:
        return judge_name(line.judge)

    @admin.display(description=_("reason"))
    def why(self, line: Decision) -> Any:
        return dict(ReasonCode.choices).get(line.reason_code, "")
