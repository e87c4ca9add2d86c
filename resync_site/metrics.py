"""`GET /metrics`: counts for Prometheus. No memory's text and no user's name is in them."""

from __future__ import annotations

import hmac
import ipaddress

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from audits.permissions import SEE
from resync_site.models import ApiToken


def metrics(request: HttpRequest) -> HttpResponse:
    """For this machine itself, METRICS_TOKEN, or whoever may see the audit queue."""
    if not (_is_local(request) or _has_token(request) or request.user.has_perm(SEE)):
        return HttpResponse("401 Unauthorized\n", status=401, content_type="text/plain")
    from prometheus_client import CONTENT_TYPE_LATEST

    from resync_site.counts import exposition  # not before somebody asks: commands never do

    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)


def _is_local(request: HttpRequest) -> bool:
    """From this machine, and not through a proxy that runs on it."""
    if settings.BEHIND_PROXY or "X-Forwarded-For" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _has_token(request: HttpRequest) -> bool:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if kind.lower() != "bearer" or not token:
        return False
    wanted = settings.METRICS_TOKEN
    if wanted and hmac.compare_digest(token.encode(), wanted.encode()):
        return True
    holder = ApiToken.objects.holders_of(token).first()
    return holder is not None and holder.user.has_perm(SEE)
