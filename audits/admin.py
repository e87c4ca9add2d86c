"""The review console. Its parts are in `audits/console/`, its rules in `audits/review.py`."""

from __future__ import annotations

import contextlib
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Left
from django.forms.widgets import Script
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
)
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from audits import bulk, known_cases, review, second_review
from audits.console import assigning as assigning_page
from audits.console import bulk as bulk_page
from audits.console import (
    caution,
    changelist,
    deciding,
    filters,
    log,
    notices,
    remarks,
    reports,
    saved_views,
    second_reviews,
)
from audits.console import known_cases as known
from audits.console import record as record_page
from audits.console.confidence import meter
from audits.console.dashboard import waiting_badge
from audits.console.diffing import changes
from audits.console.tables import record_row
from audits.findings import judge_name
from audits.models import AuditRecord, Calibration, Decision, KnownCase, Notice
from audits.permissions import DECIDE, SEE, TAKE_OVER
from audits.search import find, matching
from audits.states import UNDECIDED, WAITING
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
        kept, _condition = filters.chosen(request.GET.urlencode(), _person(request))
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
            "last": record_page.last_done(_person(request)),
            "views": saved_views.offered(request.GET.urlencode(), _person(request)),
            "keepable": saved_views.kept(request.GET.urlencode(), _person(request)),
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
            path("memory/<uuid:memory_id>/", own(self.memory_view), name=f"{name}_of_memory"),
            path("import/", own(self.import_view), name=f"{name}_import"),
            path("second/", own(self.second_view), name=f"{name}_second"),
            path("undo/", own(self.undo_view), name=f"{name}_undo"),
            path("claims/", own(self.claims_view), name=f"{name}_claims"),
            path("caution/", own(self.caution_view), name=f"{name}_caution"),
            path("views/", own(self.views_view), name=f"{name}_views"),
            path("waiting/", own(self.waiting_view), name=f"{name}_waiting"),
            path("bulk/<int:bulk_id>/", own(bulk_page.page), name=f"{name}_bulk"),
            path("<int:record_id>/claim/", own(self.claim_view), name=f"{name}_claim"),
            path("<int:record_id>/remark/", own(self.remark_view), name=f"{name}_remark"),
            path("<int:record_id>/diff/", own(self.diff_view), name=f"{name}_diff"),
            path("<int:record_id>/nearby/", own(self.nearby_view), name=f"{name}_nearby"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        record, asked = self._met(object_id, _person(request))
        if request.method == "POST":
            return self._answer(request, record, asked) if asked else self._act(request, record)
        return self._page(request, record, **known.page(record, asked, _person(request)))

    def _record(self, object_id: str) -> AuditRecord:
        if not object_id.isdecimal() or int(object_id) >= 2**63:
            raise Http404
        records = AuditRecord.objects.select_related(
            "memory", "reviewer", "review_claimed_by", "assigned_to"
        )
        return get_object_or_404(records, pk=object_id)

    def _met(self, object_id: str, by: User) -> tuple[AuditRecord, known_cases.Asked | None]:
        """A record as `by` is to see it: a known case that is put to them shows no decision."""
        record = self._record(object_id)
        return record, known.as_asked(record, by)

    def _page(self, request: HttpRequest, record: AuditRecord, **extra: Any) -> TemplateResponse:
        filters, queue = request.GET.get("_changelist_filters", ""), self._queue(request)
        context = {
            **self.admin_site.each_context(request),
            **record_page.page(record, _person(request), full="full" in request.GET),
            "title": _("Review"),
            "subtitle": excerpt(record.memory.user_query, 60),
            "opts": self.opts,
            "may_decide": self.has_review_permission(request),
            "may_take_over": request.user.has_perm(TAKE_OVER),
            "list_url": f"{reverse('admin:audits_auditrecord_changelist')}?{filters}",
            "query": request.GET.urlencode(),
            "next": queue.after(record),
            "previous": queue.before(record),
            "sent": {},
            **extra,
        }
        return TemplateResponse(request, "audits/record.html", context)

    def _queue(self, request: HttpRequest) -> record_page.Queue:
        """What somebody goes through: what they looked for and came from, less what they left."""
        address = request.GET.get("_changelist_filters", "")
        kept, condition = filters.chosen(address, _person(request))
        statuses = changelist.VIEWS.get(kept.get("status", ""), ("", WAITING))[1] or WAITING
        statuses = statuses if set(statuses) <= set(UNDECIDED) else WAITING
        if sought := QueryDict(address).get("q", "").strip():
            condition &= matching(sought, statuses, some=True)
        return record_page.Queue(statuses, condition, _skipped(request))

    def _act(self, request: HttpRequest, record: AuditRecord) -> HttpResponse:
        if not self.has_review_permission(request):
            raise PermissionDenied
        form = deciding.DecisionForm(request.POST)
        if not form.is_valid():
            for name, errors in form.errors.items():
                messages.error(request, f"{name}: {' '.join(map(str, errors))}")
            return self._page(request, record, sent=request.POST)
        sent = form.cleaned_data
        if sent["action"] == "skip":
            request.session["skipped"] = [*_skipped(request)[-MOST_SKIPPED:], record.pk]
        queue = self._queue(request)
        following = queue.after(record)
        try:
            deciding.act(record, sent, _person(request))
        except review.SameText as same:
            record = self._record(str(record.pk))
            return self._page(request, record, sent=request.POST, twin=same.memory)
        except review.ReviewError as error:
            messages.warning(request, str(error))
            return self._page(request, self._record(str(record.pk)), sent=request.POST)
        messages.success(request, self._said(record, sent["action"]))
        if following and sent["action"] in {"approve", "correct", "reject"}:
            by, statuses = _person(request), queue.statuses
            planted = known_cases.plant(record, following, statuses, queue.condition, by)
            following = planted or following
        return self._go_on(request, record, sent["action"], following)

    def _answer(
        self, request: HttpRequest, record: AuditRecord, asked: known_cases.Asked
    ) -> HttpResponse:
        """What somebody does with a known case, which stays as it is."""
        if not self.has_review_permission(request):
            raise PermissionDenied
        action, following = request.POST.get("action", ""), self._queue(request).after(record)
        known.answer(request, record, asked, action, _person(request))
        return self._go_on(request, record, action, following)

    def _said(self, record: AuditRecord, action: str) -> str | SafeString:
        """What was done; with a way back when it leads away from the record."""
        text = deciding.said(record, action)
        if action not in {"approve", "correct", "reject", "restore"}:
            return text
        return format_html('{} <a href="{}"><u>{}</u></a>', text, _url(record), _("Open it again"))

    def _go_on(
        self, request: HttpRequest, record: AuditRecord, action: str, following: AuditRecord | None
    ) -> HttpResponseRedirect:
        """After a decision the next one of the queue; when it is empty, the list says so."""
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        if action not in {"approve", "correct", "reject", "skip"}:
            return HttpResponseRedirect(f"{_url(record)}{query}")
        if following is None:
            return HttpResponseRedirect(reverse("admin:audits_auditrecord_changelist"))
        return HttpResponseRedirect(f"{_url(following)}{query}")

    def diff_view(self, request: HttpRequest, record_id: int) -> HttpResponse:
        """The corrected text beside the stored one, for the preview while somebody writes."""
        if not self.has_review_permission(request) or request.method != "POST":
            raise PermissionDenied
        record = self._record(str(record_id))
        before = record_page.editable(record.memory.agent_response)
        after = request.POST.get("corrected_response", "").replace("\r\n", "\n")
        context = {"diff": changes(before, after)}
        return TemplateResponse(request, "audits/diff.html", context)

    def remark_view(self, request: HttpRequest, record_id: int) -> HttpResponse:
        """A comment on a record, or whom it is assigned to."""
        if not self.has_review_permission(request) or request.method != "POST":
            raise PermissionDenied
        record = self._record(str(record_id))
        try:
            said = remarks.act(record, request.POST, _person(request))
        except review.ReviewError as error:
            messages.warning(request, str(error))
        else:
            messages.success(request, said)
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        return HttpResponseRedirect(f"{_url(record)}{query}")

    def nearby_view(self, request: HttpRequest, record_id: int) -> HttpResponse:
        """What stands near a record and what it reached; `?part`: for the record's own page."""
        from audits.console import nearby  # with the search and the lexicons: at its first use

        if not self.has_view_permission(request):
            raise PermissionDenied
        record, asked = self._met(str(record_id), _person(request))
        is_part, until = "part" in request.GET, asked.line.at if asked else None
        page = _number(request.GET.get("page")) or 1
        context = {
            **self.admin_site.each_context(request),
            **nearby.around(record, page, is_part=is_part, until=until),
            "title": _("Review"),
            "subtitle": excerpt(record.memory.user_query, 60),
            "opts": self.opts,
            "frame": "audits/part.html" if is_part else "admin/base_site.html",
        }
        return TemplateResponse(request, "audits/nearby.html", context)

    def claim_view(self, request: HttpRequest, record_id: int) -> HttpResponse:
        """An open page says that its reader is at work (POST), and hears who is (always)."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        by = _person(request)
        record, _asked = self._met(str(record_id), by)
        if request.method == "POST":
            if not self.has_review_permission(request):
                raise PermissionDenied
            if "release" in request.POST:
                review.release_claim(record.memory_id, by)
            elif record.status in UNDECIDED:
                with contextlib.suppress(review.Refused):  # somebody else's: the answer says whose
                    review.claim(record.memory_id, by)
        record, _asked = self._met(str(record_id), by)
        return JsonResponse(record_page.claim_state(record, by))

    def claims_view(self, request: HttpRequest) -> HttpResponse:
        """Who is at which of the records on a list."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        ids = [int(one) for one in request.GET.get("ids", "").split(",")[:200] if _number(one)]
        held = AuditRecord.objects.filter(pk__in=ids).select_related("review_claimed_by")
        claims = {record.pk: record_page.claimant(record) for record in held}
        return JsonResponse({"claims": claims})

    def waiting_view(self, request: HttpRequest) -> HttpResponse:
        """How many wait by now, for the badge beside the queue."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return JsonResponse({"waiting": waiting_badge(request)})

    def views_view(self, request: HttpRequest) -> HttpResponse:
        """Keep the open list under a name, or delete one of one's own."""
        if not self.has_view_permission(request) or request.method != "POST":
            raise PermissionDenied
        return saved_views.change(request, _person(request))

    def import_view(self, request: HttpRequest) -> HttpResponse:
        from audits.console import importing  # with the lexicons: at its first use

        return importing.page(request)

    def second_view(self, request: HttpRequest) -> HttpResponse:
        """The next decision that a second opinion is asked on, without the decision."""
        if not self.has_review_permission(request):
            raise PermissionDenied
        by = _person(request)
        if request.method == "POST":
            return second_reviews.act(request, by)
        context = {
            **self.admin_site.each_context(request),
            **second_reviews.overview(by),
            "title": _("Second opinions"),
            "opts": self.opts,
        }
        found = second_review.next_for(by)
        if found is None:
            return TemplateResponse(request, "audits/second_page.html", context)
        line, record = found
        second_reviews.as_before(line, record)
        context |= record_page.page(record, by, full="full" in request.GET)
        context |= {"blind": True, "seq": line.seq}
        return TemplateResponse(request, "audits/record.html", context)

    def caution_view(self, request: HttpRequest) -> HttpResponse:
        return caution.page(request)

    def undo_view(self, request: HttpRequest) -> HttpResponse:
        """Take back what one decided last, from whatever page one is on."""
        if not self.has_review_permission(request) or request.method != "POST":
            raise PermissionDenied
        by = _person(request)
        line = review.last_of(by)
        if line is None:
            messages.warning(request, _("There is no decision of yours that can be undone."))
            return HttpResponseRedirect(reverse("admin:audits_auditrecord_changelist"))
        try:
            record = review.undo(line.memory_id, by)
        except review.ReviewError as error:
            messages.warning(request, str(error))
        else:
            messages.success(request, deciding.said(record, "undo"))
        return self.memory_view(request, line.memory_id)

    def memory_view(self, request: HttpRequest, memory_id: UUID) -> HttpResponse:
        """From a memory's id to its record."""
        if not request.user.has_perm(SEE):
            raise PermissionDenied
        return HttpResponseRedirect(_url(get_object_or_404(AuditRecord, memory_id=memory_id)))

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
            made = bulk.draft(queryset, action, _person(request))
        except review.Refused as error:
            messages.error(request, str(error))
            return None
        return HttpResponseRedirect(bulk_page.url_of(made))

    def export_rows(self, shown: QuerySet[AuditRecord]) -> QuerySet[AuditRecord]:
        ids = shown.order_by().values("pk")
        return AuditRecord.objects.filter(pk__in=ids).select_related("memory", "reviewer")

    def export_row(self, row: AuditRecord) -> dict[str, Any]:
        return record_row(row)


def _person(request: HttpRequest) -> User:
    """Who is signed in; the admin site lets nobody else come this far."""
    return cast(User, request.user)


MOST_SKIPPED = 200


def _skipped(request: HttpRequest) -> list[int]:
    """What somebody has left for later, until they sign out."""
    found = request.session.get("skipped", [])
    return [pk for pk in found if isinstance(pk, int)]


def _url(record: AuditRecord) -> str:
    return reverse("admin:audits_auditrecord_change", args=[record.pk])


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 else None


@admin.register(Calibration)
class CalibrationAdmin(ReadOnlyAdmin):
    list_display = (
        "judged_by", "version", "method", "examples", "ece_before", "ece_after", "is_active",
        "fitted_at",
    )  # fmt: skip

    @admin.display(description=_("judge"))
    def judged_by(self, calibration: Calibration) -> str:
        return judge_name(calibration.judge)
