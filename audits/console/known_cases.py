"""Known cases in the console: one put before a reviewer, what they are told, and all of them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audits import known_cases, review
from audits.console.deciding import said
from audits.console.record import history
from audits.console.second_reviews import as_before
from audits.findings import judge_name
from audits.known_cases import Agreement, Asked
from audits.models import AuditRecord, KnownAnswer, KnownCase
from audits.permissions import TAKE_OVER
from audits.states import DECIDED, ReasonCode, Status
from audits.work import Days
from knowledge.admin import ReadOnlyAdmin
from knowledge.shown import excerpt, gist

# --- one before a reviewer ----------------------------------------------------------------------


def as_asked(record: AuditRecord, by: User) -> Asked | None:
    """Where it is before `by`: show the record, which nobody saves, as it stood in the queue."""
    asked = known_cases.asked(record, by)
    if asked and asked.answer.queued_at:
        as_before(asked.line, record)
        record.harm, record.created_at = asked.answer.harm, asked.answer.queued_at
    return asked


def page(record: AuditRecord, asked: Asked | None, by: User) -> dict[str, Any]:
    """What else the record's page holds: nothing since the decision, or whether it is one."""
    if asked:
        earlier = [event for event in history(record.memory) if event.at < asked.line.at]
        return {"history": earlier}
    may_mark = record.status in DECIDED and by.has_perm(TAKE_OVER)
    return {
        "may_mark": may_mark,
        "is_known": may_mark and KnownCase.objects.standing().filter(record=record).exists(),
    }


def answer(request: HttpRequest, record: AuditRecord, asked: Asked, action: str, by: User) -> None:
    """Keep what somebody said of a known case, and tell them; nothing else is done."""
    review.release_claim(record.memory_id, by)
    if action not in {"approve", "correct", "reject"}:
        asked.answer.delete()  # to be met another time
        known = _("This is a known case: it is decided.")
        messages.success(request, said(record, "skip") if action == "skip" else known)
        return
    fits = known_cases.give(asked, action == "approve")
    tell = messages.success if fits else messages.warning
    url = reverse("admin:audits_auditrecord_change", args=[record.pk])
    tell(
        request,
        format_html('{} <a href="{}"><u>{}</u></a>', _told(asked, fits), url, _("Open it again")),
    )


def _told(asked: Asked, fits: bool) -> str:
    if fits:
        return _("That was a known case, decided before as you decide. Nothing was changed.")
    if asked.answer.is_right:
        return _("That was a known case: it was approved before. Nothing was changed.")
    reason = dict(ReasonCode.choices).get(asked.line.reason_code)
    return _("That was a known case: it was rejected before%(why)s. Nothing was changed.") % {
        "why": f" ({reason})" if reason else ""
    }


# --- how far they agree -------------------------------------------------------------------------


def overview(days: Days) -> list[tuple[str, str, str, int]]:
    """Who, how far they agree in these days and before them, and how many they left open."""
    now = known_cases.agreement(days.since, days.until)
    before = known_cases.agreement(None, days.since)
    return [
        (
            excerpt(by, 60) if by else str(judge_name(judge)),
            in_words(now.get((by, judge), Agreement())),
            in_words(before.get((by, judge), Agreement())),
            now.get((by, judge), Agreement()).open,
        )
        for by, judge in sorted(now.keys() | before.keys(), key=lambda who: (who[1], who[0]))
    ]


def in_words(found: Agreement) -> str:
    if not found.n:
        return "–"
    low, high = found.interval
    values = {"part": found.agreed, "whole": found.n, "low": f"{low:.0%}", "high": f"{high:.0%}"}
    return _("%(part)s of %(whole)s (%(low)s – %(high)s)") % values


# --- all of them --------------------------------------------------------------------------------


class KnownCaseAdmin(ReadOnlyAdmin):
    list_display = ("question", "decided", "chosen", "reviewers", "judges")
    list_display_links = None
    ordering = ("-at", "-record_id")

    class Media:
        css = {"all": ["audits/console.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[KnownCase]:
        given = KnownAnswer.objects.filter(
            memory_id=OuterRef("record__memory"), approves__isnull=False
        )
        agreed = Count("pk", filter=Q(approves=F("is_right")))
        people = given.filter(judge="").values("memory_id")
        judges = given.exclude(judge="").values("memory_id")
        return (
            KnownCase.objects.standing()
            .select_related("record__memory", "by")
            .annotate(
                people=Subquery(people.annotate(n=Count("pk")).values("n")),
                people_agreed=Subquery(people.annotate(n=agreed).values("n")),
                judged=Subquery(judges.annotate(n=Count("pk")).values("n")),
                judged_agreed=Subquery(judges.annotate(n=agreed).values("n")),
            )
        )

    @admin.display(description=gettext_lazy("question and answer"))
    def question(self, case: KnownCase) -> SafeString:
        memory = case.record.memory
        return format_html(
            '<a class="rc-excerpt" href="{}"><b>{}</b><span>{}</span></a>',
            reverse("admin:audits_auditrecord_change", args=[case.record_id]),
            excerpt(memory.user_query, 110),
            gist(memory.agent_response, 140),
        )

    @admin.display(description=gettext_lazy("status"))
    def decided(self, case: KnownCase) -> SafeString:
        label = Status(case.status).label
        return format_html('<span class="rc-status rc-{}">{}</span>', case.status, label)

    @admin.display(description=gettext_lazy("chosen"))
    def chosen(self, case: KnownCase) -> str:
        return f"{timezone.localtime(case.at):%Y-%m-%d %H:%M} · {case.by.get_username()}"

    @admin.display(description=gettext_lazy("reviewers agreed"))
    def reviewers(self, case: Any) -> str:
        return f"{case.people_agreed or 0} / {case.people or 0}"

    @admin.display(description=gettext_lazy("judges agreed"))
    def judges(self, case: Any) -> str:
        return f"{case.judged_agreed or 0} / {case.judged or 0}"
