"""The review console. Its parts are in `audits/console/`, its rules in `audits/review.py`."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Left
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from audits import bulk, review
from audits.console import assigning as assigning_page
from audits.console import bulk as bulk_page
from audits.console import (
    caution,
    changelist,
    claiming,
    filters,
    log,
    notices,
    remarks,
    reports,
    reviewing,
    saved_views,
    second_reviews,
)
from audits.console import known_cases as known
from audits.console import record as record_page
from audits.console.confidence import meter
from audits.console.requests import person
from audits.console.tables import record_row
from audits.findings import judge_name
from audits.models import AuditRecord, Calibration, Decision, KnownCase, Notice
from audits.permissions import DECIDE
from audits.search import find
from knowledge.admin import ReadOnlyAdmin
from knowledge.models import Feedback, Memory
from knowledge.shown import excerpt, gist
from knowledge.text_search import MATCHES

admin.site.index_template = "audits/dashboard.html"
admin.site.register(Feedback, reports.ReportAdmin)
admin.site.register(Notice, notices.NoticeAdmin)
admin.site.register(Decision, log.DecisionAdmin)
admin.site.register(KnownCase, known.KnownCaseAdmin)


@admin.register(AuditRecord)
class AuditRecordAdmin(ReadOnlyAdmin):
    list_display = (
        "question", "status_label", "reason_why", "age", "confidence", "agent", "harm_averted",
    )  # fmt: skip
    list_display_links = ("question",)
    list_filter = (changelist.ViewFilter, *filters.FILTERS)
    list_before_template = "audits/queue_tabs.html"
    search_fields = ("memory__user_query",)  # the box; get_search_results does the work
    search_help_text = _("Words, a part of a question, or a memory id")
    actions = ("approve_selected", "reject_selected", "audit_selected_again", "assign_selected")
    exports = "audit-queue"

    class Media:
        css = {"all": ["audits/console.css"]}
        js = (Script("audits/console.js", defer=True), Script("audits/claiming.js", defer=True))

    # --- the queue ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditRecord]:
        """Without the long texts: of those a list needs the beginning.

        In subqueries: a join would be made for every record that is counted or sorted.
        """
        records = AuditRecord.objects.select_related("review_claimed_by", "assigned_to")
        memory = Memory.objects.order_by().filter(pk=OuterRef("memory"))
        return records.defer("findings", "ia_audit_reason", "last_error").annotate(
            question_begins=Subquery(memory.values(begins=Left("user_query", 400))),
            answer_begins=Subquery(memory.values(begins=Left("agent_response", 400))),
        )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The open list is no filter: it is empty in words of its own."""
        shown = super().get_changelist_instance(request)
        kept, _condition = filters.chosen(request.GET.urlencode(), person(request))
        shown.has_active_filters = bool(kept.keys() - {"status"})
        shown.empty_text = changelist.empty_text(changelist.view_of(request))
        shown.unfiltered = urlencode({"status": kept["status"]} if "status" in kept else {})
        return shown

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return changelist.ordering_of(changelist.view_of(request))

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        if not search_term.strip():
            return queryset, False
        statuses = changelist.VIEWS[changelist.view_of(request)][1]
        is_list = getattr(request.resolver_match, "url_name", "").endswith("changelist")
        return find(queryset, search_term, statuses, some=is_list), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        extra = {
            "title": _("Review queue"),
            "matches": MATCHES,
            "tabs": changelist.tabs(request),
            "last": record_page.last_done(person(request)),
            "views": saved_views.offered(request.GET.urlencode(), person(request)),
            "keepable": saved_views.kept(request.GET.urlencode(), person(request)),
            "may_share": self.has_review_permission(request),
        }
        response: HttpResponse = super().changelist_view(request, extra | (extra_context or {}))
        return response

    @admin.display(description=_("question and answer"))
    def question(self, record: Any) -> SafeString:
        claimed = record_page.claimant(record)
        return format_html(
            '<span class="rc-excerpt"><b>{}</b><span>{}</span>{}'
            '<i class="rc-claimed" data-record="{}" data-text="{}"{}>{}</i></span>',
            excerpt(record.question_begins, 110),
            gist(record.answer_begins, 140),
            remarks.assigned_chip(record),
            record.pk,
            _("%s is reviewing"),
            "" if claimed else " hidden",
            _("%s is reviewing") % claimed,
        )

    @admin.display(description=_("status"))
    def status_label(self, record: AuditRecord) -> SafeString:
        return format_html(
            '<span class="rc-status rc-{}">{}</span>', record.status, record.get_status_display()
        )

    @admin.display(description=_("why"))
    def reason_why(self, record: AuditRecord) -> str:
        return record.get_why_display() or "–"

    @admin.display(description=_("harm averted"))
    def harm_averted(self, record: AuditRecord) -> str:
        return str(record.harm)

    @admin.display(description=_("confidence"))
    def confidence(self, record: AuditRecord) -> SafeString:
        judge = judge_name(record.judge)
        return format_html("{}<small>{}</small>", meter(record.ia_audit_confidence), judge)

    @admin.display(description=_("agent"))
    def agent(self, record: Any) -> str:
        return excerpt(record.agent, 40)

    @admin.display(description=_("age"))
    def age(self, record: AuditRecord) -> SafeString:
        late = record_page.is_late(record)
        return format_html(
            '<time class="rc-age" datetime="{}" title="{}">{}</time>{}',
            record.created_at.isoformat(),
            timezone.localtime(record.created_at).strftime("%Y-%m-%d %H:%M %Z"),
            record_page.age(record.created_at),
            format_html(' <span class="rc-overdue">{}</span>', _("overdue")) if late else "",
        )

    # --- permissions ---

    def has_review_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(DECIDE)

    # --- one record ---

    def get_urls(self) -> list[URLPattern]:
        def own(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        name = "audits_auditrecord"
        return [
            path("memory/<uuid:memory_id>/", own(reviewing.of_memory), name=f"{name}_of_memory"),
            path("import/", own(self.import_view), name=f"{name}_import"),
            path("second/", own(second_reviews.page), name=f"{name}_second"),
            path("undo/", own(reviewing.undo), name=f"{name}_undo"),
            path("claims/", own(claiming.of_list), name=f"{name}_claims"),
            path("caution/", own(caution.page), name=f"{name}_caution"),
            path("views/", own(saved_views.page), name=f"{name}_views"),
            path("waiting/", own(claiming.waiting), name=f"{name}_waiting"),
            path("bulk/<int:bulk_id>/", own(bulk_page.page), name=f"{name}_bulk"),
            path("<int:record_id>/claim/", own(claiming.of_record), name=f"{name}_claim"),
            path("<int:record_id>/remark/", own(reviewing.remark), name=f"{name}_remark"),
            path("<int:record_id>/diff/", own(reviewing.diff), name=f"{name}_diff"),
            path("<int:record_id>/nearby/", own(reviewing.nearby), name=f"{name}_nearby"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return reviewing.page(request, object_id)

    def import_view(self, request: HttpRequest) -> HttpResponse:
        from audits.console import importing  # with the lexicons: at its first use

        return importing.page(request)

    # --- many records ---

    @admin.action(description=_("Approve the selected memories"), permissions=["review"])
    def approve_selected(
        self, request: HttpRequest, queryset: QuerySet[AuditRecord]
    ) -> HttpResponse | None:
        return self._decide_selected(request, queryset, "approve")

    @admin.action(description=_("Reject the selected memories"), permissions=["review"])
    def reject_selected(
        self, request: HttpRequest, queryset: QuerySet[AuditRecord]
    ) -> HttpResponse | None:
        return self._decide_selected(request, queryset, "reject")

    @admin.action(description=_("Audit the selected memories again"), permissions=["review"])
    def audit_selected_again(
        self, request: HttpRequest, queryset: QuerySet[AuditRecord]
    ) -> HttpResponse | None:
        return self._decide_selected(request, queryset, "audit_again")

    @admin.action(description=_("Assign the selected memories"), permissions=["review"])
    def assign_selected(
        self, request: HttpRequest, queryset: QuerySet[AuditRecord]
    ) -> HttpResponse | None:
        return assigning_page.page(request, queryset)

    def _decide_selected(
        self, request: HttpRequest, queryset: QuerySet[AuditRecord], action: str
    ) -> HttpResponse | None:
        """What is ticked, or all that match, as a draft whose page says what it will do."""
        try:
            made = bulk.draft(queryset, action, person(request))
        except review.Refused as error:
            messages.error(request, str(error))
            return None
        return HttpResponseRedirect(bulk_page.url_of(made))

    def export_rows(self, shown: QuerySet[AuditRecord]) -> QuerySet[AuditRecord]:
        ids = shown.order_by().values("pk")
        return AuditRecord.objects.filter(pk__in=ids).select_related("memory", "reviewer")

    def export_row(self, row: AuditRecord) -> dict[str, Any]:
        return record_row(row)


@admin.register(Calibration)
class CalibrationAdmin(ReadOnlyAdmin):
    list_display = (
        "judged_by", "version", "method", "examples", "ece_before", "ece_after", "is_active",
        "fitted_at",
    )  # fmt: skip

    @admin.display(description=_("judge"))
    def judged_by(self, calibration: Calibration) -> str:
        return judge_name(calibration.judge)
