"""Second opinions in the console: the next one without its decision, and where two differ."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from audits import second_review
from audits.console import record as record_page
from audits.console.requests import person
from audits.models import AuditRecord, Decision
from audits.moves import ReviewError
from audits.permissions import DECIDE, TAKE_OVER

SHOWN = 50


@permission_required(DECIDE, raise_exception=True)
def page(request: HttpRequest) -> HttpResponse:
    """The next decision that a second opinion is asked on, without the decision."""
    by = person(request)
    if request.method == "POST":
        return _act(request, by)
    context = {
        **admin.site.each_context(request),
        **_overview(by),
        "title": _("Second opinions"),
        "opts": AuditRecord._meta,
    }
    found = second_review.next_for(by)
    if found is None:
        return TemplateResponse(request, "audits/second_page.html", context)
    line, record = found
    as_before(line, record)
    context |= record_page.page(record, by, full="full" in request.GET)
    context |= {"blind": True, "seq": line.seq}
    return TemplateResponse(request, "audits/record.html", context)


def as_before(line: Decision, record: AuditRecord) -> None:
    """Show the record, which nobody saves, as the first reviewer met it: with no trace of them."""
    record.status = line.from_status
    record.reviewer, record.reviewed_at, record.note, record.reason_code = None, None, "", ""
    record.memory.trust = line.from_trust
    record.memory.valid_until = record.memory.superseded_by = None


def _overview(by: User) -> dict[str, Any]:
    """How far reviewers agree; for who answers for others, where they differ."""
    found = second_review.agreement()
    looks = by.has_perm(TAKE_OVER)
    return {
        "agreement": found,
        "percent": round(100 * found.agreed / found.n) if found.n else None,
        "differing": second_review.differing()[:SHOWN] if looks else [],
    }


def _act(request: HttpRequest, by: User) -> HttpResponseRedirect:
    """An opinion, or a third person's look at where two differ."""
    sent = request.POST
    text = sent.get("seq", "")
    seq = int(text) if text.isdecimal() and len(text) < 19 else 0
    try:
        if sent.get("action") in {"approve", "reject"}:
            second_review.give(seq, sent["action"] == "approve", by, sent.get("note", ""))
            messages.success(request, _("Your second opinion is kept."))
        elif by.has_perm(TAKE_OVER) and second_review.settle(seq, by):
            messages.success(request, _("You have looked at it."))
        else:
            messages.warning(request, _("A third person has to look at it."))
    except ReviewError as error:
        messages.warning(request, str(error))
    return HttpResponseRedirect(reverse("admin:audits_auditrecord_second"))
