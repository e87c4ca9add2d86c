"""The review console. Its parts are in `audits/console/`, its rules in `audits/review.py`."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.db.models.functions import Left
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from audits import review
from audits.console import changelist, deciding, reports
from audits.console import record as record_page
from audits.console.diffing import changes
from audits.console.tables import decision_row, record_row
from audits.findings import judge_name
from audits.models import AuditRecord, Calibration, Decision, DecisionHead
from audits.permissions import DECIDE, SEE
from audits.search import MATCHES, as_uuid, find
from audits.states import ReasonCode
from knowledge.admin import ReadOnlyAdmin
from knowledge.models import Feedback
from knowledge.shown import excerpt

admin.site.index_template = "audits/dashboard.html"
admin.site.register(Feedback, reports.ReportAdmin)


@admin.register(AuditRecord)
class AuditRecordAdmin(ReadOnlyAdmin):
    list_display = ("question", "status_label", "confidence", "judged_by", "agent", "age")
    list_display_links = ("question",)
    list_filter = (
        changelist.ViewFilter,
        changelist.AgeFilter,
        changelist.ConfidenceFilter,
        changelist.JudgeFilter,
        changelist.KindFilter,
        changelist.AgentFilter,
    )
    list_before_template = "audits/queue_tabs.html"
    search_fields = ("memory__user_query",)  # the box; get_search_results does the work
    search_help_text = _("Words, a part of a question, or a memory id")
    actions = ("approve_selected", "reject_selected")
    exports = "audit-queue"

    class Media:
        css = {"all": ["audits/console.css"]}

    # --- the queue ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditRecord]:
        """Without the long texts: of those a list needs the beginning."""
        records = AuditRecord.objects.select_related("review_claimed_by")
        return records.defer("findings", "ia_audit_reason", "last_error").annotate(
            question_begins=Left("memory__user_query", 400),
            answer_begins=Left("memory__agent_response", 400),
            memory_agent=F("memory__agent"),
        )

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return changelist.ordering_of(changelist.view_of(request))

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        if not search_term.strip():
            return queryset, False
        statuses = changelist.VIEWS[changelist.view_of(request)][1]
        is_list = getattr(request.resolver_match, "url_name", "").endswith("changelist")
        return find(queryset, search_term, statuses, MATCHES if is_list else None), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        extra = {
            "title": _("Review queue"),
            "matches": MATCHES,
            "tabs": changelist.tabs(request),
        }
        response: HttpResponse = super().changelist_view(request, extra | (extra_context or {}))
        return response

    @admin.display(description=_("question and answer"))
    def question(self, record: Any) -> SafeString:
        claimed = record_page.claimant(record)
        return format_html(
            '<span class="rc-excerpt"><b>{}</b><span>{}</span>{}</span>',
            excerpt(record.question_begins, 110),
            excerpt(record.answer_begins, 140),
            format_html('<i class="rc-claimed">{}</i>', _("%s is reviewing") % claimed)
            if claimed
            else "",
        )

    @admin.display(description=_("status"))
    def status_label(self, record: AuditRecord) -> SafeString:
        return format_html(
            '<span class="rc-status rc-{}">{}</span>', record.status, record.get_status_display()
        )

    @admin.display(description=_("confidence"))
    def confidence(self, record: AuditRecord) -> str | SafeString:
        value = record.ia_audit_confidence
        if value is None:
            return "–"
        percent = round(value * 100)
        return format_html(
            '<span class="rc-confidence"><meter min="0" max="1" low="0.6" high="0.85" '
            'optimum="0" value="{}"></meter>{} %</span>',
            f"{value:.3f}",
            percent,
        )

    @admin.display(description=_("judge"))
    def judged_by(self, record: AuditRecord) -> str:
        return judge_name(record.judge)

    @admin.display(description=_("agent"))
    def agent(self, record: Any) -> str:
        return excerpt(record.memory_agent, 40)

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
            path("<int:record_id>/diff/", own(self.diff_view), name=f"{name}_diff"),
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
        record = self._record(object_id)
        if request.method == "POST":
            return self._act(request, record)
        return self._page(request, record)

    def _record(self, object_id: str) -> AuditRecord:
        if not object_id.isdecimal() or int(object_id) >= 2**63:
            raise Http404
        records = AuditRecord.objects.select_related("memory", "reviewer", "review_claimed_by")
        return get_object_or_404(records, pk=object_id)

    def _page(self, request: HttpRequest, record: AuditRecord, **extra: Any) -> TemplateResponse:
        filters = request.GET.get("_changelist_filters", "")
        context = {
            **self.admin_site.each_context(request),
            **record_page.page(record, _person(request), full="full" in request.GET),
            "title": _("Review"),
            "subtitle": excerpt(record.memory.user_query, 60),
            "opts": self.opts,
            "may_decide": self.has_review_permission(request),
            "list_url": f"{reverse('admin:audits_auditrecord_changelist')}?{filters}",
            "query": request.GET.urlencode(),
            "next": record_page.next_of(record),
            "previous": record_page.previous_of(record),
            "sent": {},
            **extra,
        }
        return TemplateResponse(request, "audits/record.html", context)

    def _act(self, request: HttpRequest, record: AuditRecord) -> HttpResponse:
        if not self.has_review_permission(request):
            raise PermissionDenied
        form = deciding.DecisionForm(request.POST)
        if not form.is_valid():
            for name, errors in form.errors.items():
                messages.error(request, f"{name}: {' '.join(map(str, errors))}")
            return self._page(request, record, sent=request.POST)
        sent, following = form.cleaned_data, record_page.next_of(record)
        try:
            deciding.act(record, sent, _person(request))
        except review.SameText as same:
            record = self._record(str(record.pk))
            return self._page(request, record, sent=request.POST, twin=same.memory)
        except review.ReviewError as error:
            messages.warning(request, str(error))
            return self._page(request, self._record(str(record.pk)), sent=request.POST)
        messages.success(request, self._said(record, sent["action"]))
        return self._go_on(request, record, sent["action"], following)

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
        if action not in {"approve", "correct", "reject"}:
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

    def _decide_selected(
        self, request: HttpRequest, queryset: QuerySet[AuditRecord], action: str
    ) -> HttpResponse | None:
        """First the list of what is about to be decided, then what became of each."""
        chosen = list(queryset.select_related("memory")[: deciding.BULK + 1])
        if len(chosen) > deciding.BULK:
            text = _("More than %(most)s are selected. Choose fewer, in several rounds.")
            messages.error(request, text % {"most": deciding.BULK})
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": dict(self.get_action_choices(request))[f"{action}_selected"],
            "opts": self.opts,
            "action": action,
            "records": chosen,
            "reason_codes": ReasonCode.choices,
        }
        if "confirmed" in request.POST:
            context["outcomes"] = self._confirmed(request, chosen, action)
        return TemplateResponse(request, "audits/bulk.html", context)

    def _confirmed(
        self, request: HttpRequest, chosen: list[AuditRecord], action: str
    ) -> list[deciding.Outcome]:
        seen = [(record, _number(request.POST.get(f"version_{record.pk}"))) for record in chosen]
        code = request.POST.get("reason_code", "")
        outcomes = deciding.decide_each(
            seen,
            action,
            _person(request),
            note=request.POST.get("note", "")[:10_000],
            reason_code=code if code in ReasonCode.values else "",
        )
        done = sum(outcome.done for outcome in outcomes)
        text = ngettext("%(n)s memory decided.", "%(n)s memories decided.", done) % {"n": done}
        messages.success(request, text)
        return outcomes

    def export_rows(self, shown: QuerySet[AuditRecord]) -> QuerySet[AuditRecord]:
        ids = shown.order_by().values("pk")
        return AuditRecord.objects.filter(pk__in=ids).select_related("memory", "reviewer")

    def export_row(self, row: AuditRecord) -> dict[str, Any]:
        return record_row(row)


def _person(request: HttpRequest) -> User:
    """Who is signed in; the admin site lets nobody else come this far."""
    return cast(User, request.user)


def _url(record: AuditRecord) -> str:
    return reverse("admin:audits_auditrecord_change", args=[record.pk])


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 else None


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ("number", "when", "who", "what", "move", "memory", "judged_by", "why")
    list_display_links = None
    list_before_template = "audits/decisions_head.html"
    search_fields = ("memory_id",)
    search_help_text = _("A memory id or a line's number")
    ordering = ("-seq",)
    exports = "decisions"

    class Media:
        css = {"all": ["audits/console.css"]}

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if memory_id := as_uuid(term):
            return queryset.filter(memory_id=memory_id), False
        return queryset.filter(seq=int(term)) if _number(term) else queryset.none(), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        extra = {
            "title": _("Decision log"),
            "head": DecisionHead.objects.get(pk=1),
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
        return record_page.ACTIONS.get(line.action, line.action)

    @admin.display(description=_("from → to"))
    def move(self, line: Decision) -> str:
        return record_page.move(line)

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


@admin.register(Calibration)
class CalibrationAdmin(ReadOnlyAdmin):
    list_display = (
        "judge", "version", "method", "examples", "ece_before", "ece_after", "is_active",
        "fitted_at",
    )  # fmt: skip
