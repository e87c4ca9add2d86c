"""Many records to one reviewer: what would change hands, to whom, and what came of it."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audits import assigning
from audits.console.remarks import reviewer_named
from audits.console.requests import person
from audits.models import AuditRecord
from audits.moves import ReviewError


def page(request: HttpRequest, chosen: QuerySet[AuditRecord]) -> HttpResponse | None:
    """Asks to whom; told it, assigns and goes back to the list (None)."""
    by = person(request)
    if "to" not in request.POST:
        return _asked(request, chosen, by)
    try:
        to = reviewer_named(request.POST["to"])
        n = assigning.assign_all(chosen, to, by)
    except ReviewError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _said(n, to, by))
    return None


def _said(n: int, to: User | None, by: User) -> str:
    if to == by:
        said = ngettext("%(n)s memory is yours now.", "%(n)s memories are yours now.", n)
        return said % {"n": f"{n:,}"}
    who = _("nobody") if to is None else to.get_username()
    said = ngettext(
        "%(n)s memory is assigned to %(who)s now.", "%(n)s memories are assigned to %(who)s now.", n
    )
    return said % {"n": f"{n:,}", "who": who}


def _asked(request: HttpRequest, chosen: QuerySet[AuditRecord], by: User) -> HttpResponse:
    """With what was chosen as the list sent it, so that the answer is an action of the list."""
    is_all = request.POST.get("select_across") == "1"
    ticked = request.POST.getlist(ACTION_CHECKBOX_NAME)
    context = {
        **admin.site.each_context(request),
        "title": _("Assign many"),
        "preview": assigning.preview(chosen),
        "most": assigning.MOST,
        "reviewers": assigning.reviewers(),
        "by": by,
        "select_across": int(is_all),
        "ticked": ticked[:1] if is_all else ticked,
        "checkbox": ACTION_CHECKBOX_NAME,
        "list_url": request.get_full_path(),
    }
    return TemplateResponse(request, "audits/assign.html", context)
