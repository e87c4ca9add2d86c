"""The pages of a bulk decision: what it will do, how far it is, and the way back."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from audits import bulk
from audits.models import AuditRecord, Bulk
from audits.moves import Refused
from audits.permissions import DECIDE
from audits.states import REASONS_AGAINST, REASONS_FOR, ReasonCode

SHOWN = 25
"""Records that the preview shows, and refusals that the outcome names, before it counts."""
TITLES: dict[str, Any] = {
    "approve": _("Approve many"),
    "reject": _("Reject many"),
    "audit_again": _("Audit many again"),
}


def url_of(made: Bulk) -> str:
    return reverse("admin:audits_auditrecord_bulk", args=[made.pk])


def page(request: HttpRequest, bulk_id: int) -> HttpResponse:
    """A draft asks; what has begun says how far it is. GET ?progress tells a script."""
    if not request.user.has_perm(DECIDE):
        raise PermissionDenied
    made = get_object_or_404(Bulk.objects.select_related("by"), pk=bulk_id)
    if request.method == "POST":
        return _act(request, made)
    bulk.go_on(made)  # what a process that died has left
    if "progress" in request.GET:
        progress = bulk.progress(made)
        return JsonResponse(
            {
                "state": progress.state,
                "whole": progress.whole,
                "at": progress.undone if progress.state == "undoing" else
                progress.done + progress.refused,
                "over": progress.is_over,
            }
        )  # fmt: skip
    return _shown(request, made)


def _act(request: HttpRequest, made: Bulk) -> HttpResponse:
    if made.by_id != request.user.pk:
        raise PermissionDenied
    code = request.POST.get("reason_code", "")
    try:
        if "confirmed" in request.POST:
            note = request.POST.get("note", "")[:10_000]
            known = code if code in ReasonCode.values else ""
            bulk.start(made, note=note, reason_code=known)
        elif "stop" in request.POST:
            bulk.stop(made)
        elif "undo" in request.POST:
            bulk.undo(made, made.by)
    except Refused as error:
        messages.warning(request, str(error))
    return HttpResponseRedirect(url_of(made))


def _shown(request: HttpRequest, made: Bulk) -> HttpResponse:
    progress = bulk.progress(made)
    refused = made.items.exclude(refused="").select_related("record__memory")
    chosen = AuditRecord.objects.filter(pk__in=made.items.values("record_id"))
    context = {
        **admin.site.each_context(request),
        "title": TITLES[made.action],
        "bulk": made,
        "progress": progress,
        "at": progress.undone if made.state == "undoing" else progress.done + progress.refused,
        "is_mine": made.by_id == request.user.pk,
        "refused": refused[:SHOWN],
        "undoable": made.state in bulk.UNDOABLE and progress.done,
        "why": [
            (code.value, code.label)
            for code in (REASONS_AGAINST if made.action == "reject" else REASONS_FOR)
        ],
    }
    if made.state == Bulk.State.DRAFT:
        context["preview"] = bulk.preview(made)
        context["records"] = chosen.select_related("memory").order_by("pk")[:SHOWN]
    return TemplateResponse(request, "audits/bulk.html", context)
