"""Lists of the queue that people keep under a name, for themselves or for all who review."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audits.console import filters
from audits.console.requests import person
from audits.models import SavedView
from audits.permissions import DECIDE, SEE
from knowledge.shown import excerpt

MOST = 50
"""Views that one person keeps."""
LONGEST_NAME = 60
LONGEST_SEARCH = 200
LONGEST_FILTERS = 2_000


@dataclass(frozen=True, slots=True)
class Offered:
    """A view as a link above the list."""

    pk: int
    name: str
    url: str
    is_open: bool
    is_own: bool
    shared_by: str


def kept(address: str, by: User) -> str:
    """What is worth keeping of a list's address: its list, filters and search; in one order."""
    known, _condition = filters.chosen(address, by)
    search = dict(parse_qsl(address)).get("q", "").strip()[:LONGEST_SEARCH]
    return urlencode(sorted((known | ({"q": search} if search else {})).items()))


def offered(address: str, by: User) -> list[Offered]:
    """One's own and the shared ones, by name."""
    shown = kept(address, by)
    views = SavedView.objects.filter(Q(owner=by) | Q(is_shared=True)).select_related("owner")
    return [
        Offered(
            view.pk,
            excerpt(view.name, LONGEST_NAME),
            f"?{view.filters}",
            view.filters == shown,
            view.owner_id == by.pk,
            "" if view.owner_id == by.pk else excerpt(view.owner.get_username(), 60),
        )
        for view in views.order_by("name", "pk")[: 2 * MOST]
    ]


@require_POST
@permission_required(SEE, raise_exception=True)
def page(request: HttpRequest) -> HttpResponseRedirect:
    """Keep the open list under a name, or delete a view of one's own."""
    by, address = person(request), request.POST.get("filters", "")
    if "delete" in request.POST:
        _delete(request.POST["delete"], by)
    elif problem := _keep(request.POST, address, by):
        messages.error(request, problem)
    listed = reverse("admin:audits_auditrecord_changelist")
    return HttpResponseRedirect(f"{listed}?{kept(address, by)}")


def _delete(key: str, by: User) -> None:
    if key.isdecimal() and len(key) < 10:
        SavedView.objects.filter(pk=int(key), owner=by).delete()


def _keep(sent: Any, address: str, by: User) -> str:
    """What speaks against keeping it; "" when it is kept."""
    name, chosen = " ".join(sent.get("name", "").split()), kept(address, by)
    if not 0 < len(name) <= LONGEST_NAME or not 0 < len(chosen) <= LONGEST_FILTERS:
        return _("A view needs a name of up to %(n)s characters, and filters.") % {
            "n": LONGEST_NAME
        }
    if SavedView.objects.filter(owner=by).count() >= MOST:
        return _("You keep %(n)s views already: delete one first.") % {"n": MOST}
    shared = "shared" in sent and by.has_perm(DECIDE)
    try:
        with transaction.atomic():
            SavedView.objects.create(owner=by, name=name, filters=chosen, is_shared=shared)
    except IntegrityError:
        return _("You have a view of this name already.")
    return ""
