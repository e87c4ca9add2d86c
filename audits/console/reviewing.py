"""The pages of one record: what it says, what is decided on it, and where that leads."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audits import known_cases, review
from audits.console import changelist, deciding, filters, remarks
from audits.console import known_cases as known
from audits.console import record as record_page
from audits.console.diffing import changes
from audits.console.requests import number, person
from audits.models import AuditRecord
from audits.permissions import DECIDE, SEE, TAKE_OVER
from audits.search import matching
from audits.states import UNDECIDED, WAITING
from knowledge.shown import excerpt

MOST_SKIPPED = 200
LEADS_ON = {"approve", "correct", "reject", "skip"}
"""What takes a reviewer to the next record."""


@permission_required(SEE, raise_exception=True)
def page(request: HttpRequest, object_id: str) -> HttpResponse:
    """A record; a POST decides on it, or answers it as a known case."""
    record, asked = met(object_id, request)
    if request.method != "POST":
        return _shown(request, record, **known.page(record, asked, person(request)))
    if not request.user.has_perm(DECIDE):
        raise PermissionDenied
    return _answer(request, record, asked) if asked else _act(request, record)


def met(object_id: str, request: HttpRequest) -> tuple[AuditRecord, known_cases.Asked | None]:
    """A record as who asks is to see it: a known case put to them shows no decision."""
    record = _record(object_id)
    return record, known.as_asked(record, person(request))


def _record(object_id: str) -> AuditRecord:
    if not object_id.isdecimal() or int(object_id) >= 2**63:
        raise Http404
    records = AuditRecord.objects.select_related(
        "memory", "reviewer", "review_claimed_by", "assigned_to"
    )
    return get_object_or_404(records, pk=object_id)


def _shown(request: HttpRequest, record: AuditRecord, **extra: Any) -> TemplateResponse:
    kept, queue = request.GET.get("_changelist_filters", ""), _queue(request)
    context = {
        **frame(request, subtitle=excerpt(record.memory.user_query, 60)),
        **record_page.page(record, person(request), full="full" in request.GET),
        "may_decide": request.user.has_perm(DECIDE),
        "may_take_over": request.user.has_perm(TAKE_OVER),
        "list_url": f"{reverse('admin:audits_auditrecord_changelist')}?{kept}",
        "query": request.GET.urlencode(),
        "next": queue.after(record),
        "previous": queue.before(record),
        "sent": {},
        **extra,
    }
    return TemplateResponse(request, "audits/record.html", context)


def frame(request: HttpRequest, **own: Any) -> dict[str, Any]:
    """What each page around a record tells the admin's frame."""
    own = {"title": _("Review"), "opts": AuditRecord._meta} | own
    return admin.site.each_context(request) | own


# --- the way through the queue ------------------------------------------------------------------


def _queue(request: HttpRequest) -> record_page.Queue:
    """What somebody goes through: what they looked for and came from, less what they left."""
    address = request.GET.get("_changelist_filters", "")
    kept, condition = filters.chosen(address, person(request))
    statuses = changelist.VIEWS.get(kept.get("status", ""), ("", WAITING))[1] or WAITING
    statuses = statuses if set(statuses) <= set(UNDECIDED) else WAITING
    if sought := QueryDict(address).get("q", "").strip():
        condition &= matching(sought, statuses, some=True)
    return record_page.Queue(statuses, condition, _skipped(request))


def _skipped(request: HttpRequest) -> list[int]:
    """What somebody has left for later, until they sign out."""
    found = request.session.get("skipped", [])
    return [pk for pk in found if isinstance(pk, int)]


def _go_on(
    request: HttpRequest, record: AuditRecord, action: str, following: AuditRecord | None
) -> HttpResponseRedirect:
    """After a decision the next one of the queue; when it is empty, the list says so."""
    if action not in LEADS_ON:
        return _back_to(request, record)
    if following is None:
        return HttpResponseRedirect(reverse("admin:audits_auditrecord_changelist"))
    return _back_to(request, following)


def _back_to(request: HttpRequest, record: AuditRecord) -> HttpResponseRedirect:
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return HttpResponseRedirect(f"{url_of(record)}{query}")


def url_of(record: AuditRecord) -> str:
    return reverse("admin:audits_auditrecord_change", args=[record.pk])


# --- what is done -------------------------------------------------------------------------------


def _act(request: HttpRequest, record: AuditRecord) -> HttpResponse:
    form = deciding.DecisionForm(request.POST)
    if not form.is_valid():
        for name, errors in form.errors.items():
            messages.error(request, f"{name}: {' '.join(map(str, errors))}")
        return _shown(request, record, sent=request.POST)
    sent, by = form.cleaned_data, person(request)
    if sent["action"] == "skip":
        request.session["skipped"] = [*_skipped(request)[-MOST_SKIPPED:], record.pk]
    queue = _queue(request)
    following = queue.after(record)
    try:
        deciding.act(record, sent, by)
    except review.SameText as same:
        record = _record(str(record.pk))
        return _shown(request, record, sent=request.POST, twin=same.memory)
    except review.ReviewError as error:
        messages.warning(request, str(error))
        return _shown(request, _record(str(record.pk)), sent=request.POST)
    messages.success(request, _said(record, sent["action"]))
    if following and sent["action"] in {"approve", "correct", "reject"}:
        planted = known_cases.plant(record, following, queue.statuses, queue.condition, by)
        following = planted or following
    return _go_on(request, record, sent["action"], following)


def _answer(request: HttpRequest, record: AuditRecord, asked: known_cases.Asked) -> HttpResponse:
    """What somebody does with a known case, which stays as it is."""
    action, following = request.POST.get("action", ""), _queue(request).after(record)
    known.answer(request, record, asked, action, person(request))
    return _go_on(request, record, action, following)


def _said(record: AuditRecord, action: str) -> str | SafeString:
    """What was done; with a way back when it leads away from the record."""
    text = deciding.said(record, action)
    if action not in {"approve", "correct", "reject", "restore"}:
        return text
    return format_html('{} <a href="{}"><u>{}</u></a>', text, url_of(record), _("Open it again"))


@require_POST
@permission_required(DECIDE, raise_exception=True)
def undo(request: HttpRequest) -> HttpResponse:
    """Take back what one decided last, from whatever page one is on."""
    by = person(request)
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
    return of_memory(request, line.memory_id)


@require_POST
@permission_required(DECIDE, raise_exception=True)
def remark(request: HttpRequest, record_id: int) -> HttpResponse:
    """A comment on a record, or whom it is assigned to."""
    record = _record(str(record_id))
    try:
        messages.success(request, remarks.act(record, request.POST, person(request)))
    except review.ReviewError as error:
        messages.warning(request, str(error))
    return _back_to(request, record)


# --- what is seen beside ------------------------------------------------------------------------


@permission_required(SEE, raise_exception=True)
def of_memory(request: HttpRequest, memory_id: UUID) -> HttpResponse:
    """From a memory's id to its record."""
    return HttpResponseRedirect(url_of(get_object_or_404(AuditRecord, memory_id=memory_id)))


@require_POST
@permission_required(DECIDE, raise_exception=True)
def diff(request: HttpRequest, record_id: int) -> HttpResponse:
    """The corrected text beside the stored one, for the preview while somebody writes."""
    before = record_page.editable(_record(str(record_id)).memory.agent_response)
    after = request.POST.get("corrected_response", "").replace("\r\n", "\n")
    return TemplateResponse(request, "audits/diff.html", {"diff": changes(before, after)})


@permission_required(SEE, raise_exception=True)
def nearby(request: HttpRequest, record_id: int) -> HttpResponse:
    """What stands near a record and what it reached; `?part`: for the record's own page."""
    from audits.console import nearby  # with the search and the lexicons: at its first use

    record, asked = met(str(record_id), request)
    is_part, until = "part" in request.GET, asked.line.at if asked else None
    context = {
        **frame(request, subtitle=excerpt(record.memory.user_query, 60)),
        **nearby.around(record, number(request.GET.get("page")) or 1, is_part=is_part, until=until),
        "frame": "audits/part.html" if is_part else "admin/base_site.html",
    }
    return TemplateResponse(request, "audits/nearby.html", context)
