"""What users reported as wrong, and the one act that dismisses all reports of a user."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from audits.console.requests import person
from audits.permissions import DECIDE, SEE
from audits.reports import dismiss, said
from knowledge.admin import ReadOnlyAdmin
from knowledge.models import Feedback
from knowledge.shown import excerpt


class ReportAdmin(ReadOnlyAdmin):
    list_display = ("reporter", "question", "said", "when", "state")
    list_display_links = None
    search_fields = ("user__username",)
    search_help_text = _("The name of the user who reported")
    ordering = ("-reported_at", "-id")
    actions = ("dismiss_all_of_these_users",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feedback]:
        reports = Feedback.objects.filter(reported_at__isnull=False)
        return reports.select_related("user", "memory")

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        name = search_term.strip().replace("\0", "")
        return (queryset.filter(user__username=name) if name else queryset), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return super().changelist_view(request, {"title": _("Reports"), **(extra_context or {})})

    # --- who may ---

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(SEE)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(SEE)

    def has_review_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(DECIDE)

    @admin.action(description=_("Dismiss ALL reports of these users"), permissions=["review"])
    def dismiss_all_of_these_users(
        self, request: HttpRequest, queryset: QuerySet[Feedback]
    ) -> None:
        """What was reported by nobody else goes back to the auditor."""
        reporters = User.objects.filter(pk__in=queryset.order_by().values("user"))
        count = dismiss(reporters, person(request))
        text = ngettext("%(n)s report dismissed.", "%(n)s reports dismissed.", count)
        messages.success(request, text % {"n": count})
        left = Feedback.objects.standing().filter(user__in=reporters).count()
        if left:
            text = ngettext(
                "%(n)s report is on your own question or correction: another reviewer decides.",
                "%(n)s reports are on your own questions or corrections: another reviewer decides.",
                left,
            )
            messages.warning(request, text % {"n": left})

    # --- the columns ---

    @admin.display(description=_("reported by"))
    def reporter(self, report: Feedback) -> str:
        return excerpt(report.user.get_username(), 60) if report.user else "–"

    @admin.display(description=_("question"))
    def question(self, report: Feedback) -> SafeString:
        url = reverse("admin:audits_auditrecord_of_memory", args=[report.memory_id])
        text = excerpt(report.memory.user_query, 110)
        return format_html('<a href="{}"><u>{}</u></a>', url, text)

    @admin.display(description=_("said"))
    def said(self, report: Feedback) -> str:
        return f"{report.rating} / 5 {excerpt(said(report), 200)}"

    @admin.display(description=_("when"))
    def when(self, report: Feedback) -> str:
        moment = report.reported_at or report.created_at
        return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M %Z")

    @admin.display(description=_("state"))
    def state(self, report: Feedback) -> Any:
        if report.dismissed_at:
            return _("dismissed")
        return _("before a reviewer") if report.taken_at else _("waiting")
