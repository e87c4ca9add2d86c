"""What `/metrics` counts, read from the database each time: every web process tells the same."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Sum
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from audits import counting
from audits.models import DecisionHead
from knowledge.llm.models import LLMUsage
from knowledge.models import Memory
from tws.plan.glance import job_counts
from tws.plan.models import PlanEngine, PlanJob

MOST_TO_INDEX = 10_000


class Counts(Collector):
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
            value=counting.oldest_pending_seconds() or 0,
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
        for group, count in job_counts(PlanJob.objects.filter(engine=plan.name)).by_group.items():
            jobs.add_metric([plan.name, group], count)
    yield from (current, read, seconds, jobs)


_registry = CollectorRegistry()
_registry.register(Counts())


def exposition() -> bytes:
    """All counts in Prometheus' text format."""
    return generate_latest(_registry)
