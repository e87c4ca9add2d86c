"""What open pages ask again and again: who is at which record, and how many wait."""

from __future__ import annotations

import contextlib

from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse

from audits import review
from audits.console.dashboard import waiting_badge
from audits.console.record import claim_state, claimant
from audits.console.requests import number, person
from audits.console.reviewing import met
from audits.models import AuditRecord
from audits.permissions import DECIDE, SEE
from audits.states import UNDECIDED

MOST_IDS = 200


@permission_required(SEE, raise_exception=True)
def of_record(request: HttpRequest, record_id: int) -> HttpResponse:
    """An open page says that its reader is at work (POST), and hears who is (always)."""
    record, _asked = met(str(record_id), request)
    if request.method == "POST":
        if not request.user.has_perm(DECIDE):
            raise PermissionDenied
        if "release" in request.POST:
            review.release_claim(record.memory_id, person(request))
        elif record.status in UNDECIDED:
            with contextlib.suppress(review.Refused):  # somebody else's: the answer says whose
                review.claim(record.memory_id, person(request))
    record, _asked = met(str(record_id), request)
    return JsonResponse(claim_state(record, person(request)))


@permission_required(SEE, raise_exception=True)
def of_list(request: HttpRequest) -> HttpResponse:
    """Who is at which of the records on a list."""
    ids = [number(one) for one in request.GET.get("ids", "").split(",")[:MOST_IDS]]
    held = AuditRecord.objects.filter(pk__in=filter(None, ids)).select_related("review_claimed_by")
    return JsonResponse({"claims": {record.pk: claimant(record) for record in held}})


@permission_required(SEE, raise_exception=True)
def waiting(request: HttpRequest) -> HttpResponse:
    """How many wait by now, for the badge beside the queue."""
    return JsonResponse({"waiting": waiting_badge(request)})
