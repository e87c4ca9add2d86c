"""`GET /metrics`: counts for Prometheus. No memory's text and no user's name is in them."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from audits import counting
from audits.api import SEE, oldest_pending_seconds
from audits.models import DecisionHead
from knowledge.llm.models import LLMUsage
from knowledge.models import Memory
from resync_site.models import ApiToken
from tws.plan.glance import job_counts
from tws.plan.models import PlanEngine

MOST_TO_INDEX = 10_000


class Counts(Collector):
    """Read from the database each time, so that every web process tells the same."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        records = GaugeMetricFamily(
            "resync_audit_records", "Audit records by status", labels=["status"]
        )
        for status, count in counting.by_status().items():
            records.add_metric([status], count)
        yield records
        yield GaugeMetricFamily(
            "resync_audit_oldest_pending_seconds",
            "Age of the oldest record that waits for a person; 0 when none does",
            value=oldest_pending_seconds() or 0,
        )
        yield _memories()
        yield _llm_calls()
        yield GaugeMetricFamily(
            "resync_memories_to_index",
            f"Usable memories whose vector is missing or old, counted up to {MOST_TO_INDEX + 1}",
            value=counting.up_to(MOST_TO_INDEX, Memory.objects.to_index().order_by("created_at")),
        )
        yield GaugeMetricFamily(
            "resync_counts_age_seconds",
            "How old the count of large statuses and trusts is; 0 when all were counted now",
            value=counting.age(),
        )
        yield GaugeMetricFamily(
            "resync_decisions",
            "Lines of the decision log",
            value=DecisionHead.objects.get(pk=1).seq,
        )
        yield from _plans()


def _llm_calls() -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "resync_llm_calls_today", "LLM calls since midnight", labels=["purpose", "outcome"]
    )
    rows = LLMUsage.objects.filter(day=timezone.localdate()).order_by().values_list("purpose")
    for purpose, calls, failed in rows.annotate(calls_=Sum("calls"), failed=Sum("failures")):
        family.add_metric([purpose, "answered"], calls - failed)
        family.add_metric([purpose, "failed"], failed)
    return family


def _memories() -> GaugeMetricFamily:
    family = GaugeMetricFamily("resync_memories", "Memories by trust", labels=["trust"])
    for trust, count in counting.by_trust().items():
        family.add_metric([trust], count)
    return family


def _plans() -> Iterator[GaugeMetricFamily]:
    current = GaugeMetricFamily(
        "resync_plan_current", "1 when the engine's plan is how things are now", labels=["engine"]
    )
    read = GaugeMetricFamily(
        "resync_plan_read_timestamp_seconds", "When the plan was last asked for", labels=["engine"]
    )
    seconds = GaugeMetricFamily(
        "resync_plan_pass_seconds", "How long the last pass took", labels=["engine"]
    )
    jobs = GaugeMetricFamily("resync_plan_jobs", "Jobs in the plan", labels=["engine", "group"])
    for plan in PlanEngine.objects.all():
        current.add_metric([plan.name], int(plan.is_current))
        if plan.fetched_at:
            read.add_metric([plan.name], plan.fetched_at.timestamp())
            seconds.add_metric([plan.name], plan.pass_seconds or 0)
        for group, count in job_counts(plan.name).by_group.items():
            jobs.add_metric([plan.name, group], count)
    yield from (current, read, seconds, jobs)


_registry = CollectorRegistry()
_registry.register(Counts())


def metrics(request: HttpRequest) -> HttpResponse:
    """For this machine itself, METRICS_TOKEN, or whoever may see the audit queue."""
    if not (_is_local(request) or _has_token(request) or request.user.has_perm(SEE)):
        return HttpResponse("401 Unauthorized\n", status=401, content_type="text/plain")
    return HttpResponse(generate_latest(_registry), content_type=CONTENT_TYPE_LATEST)


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
