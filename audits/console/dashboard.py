"""The console's first page: how much waits, for how long, and how right the auditor was."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from audits.console.changelist import TAB_COUNTED, VIEWS, in_words
from audits.console.charts import Chart, shares, stacked
from audits.console.record import age
from audits.counting import FEW, few_by_status, oldest_pending_seconds, up_to
from audits.findings import judge_name
from audits.measuring import grouped, interval
from audits.models import AuditRecord
from audits.permissions import SEE
from audits.scoring import decided_examples
from audits.states import DECIDED, WAITING, Status
from knowledge.llm.models import LLMUsage

DECISIONS = 1000
"""The auditor is measured on so many of the latest decisions."""
DAYS = 14
LLM_DAYS = 7

_AGES: list[tuple[Any, timedelta, timedelta]] = [
    (_("under 1 h"), timedelta(0), timedelta(hours=1)),
    (_("1 to 4 h"), timedelta(hours=1), timedelta(hours=4)),
    (_("4 to 24 h"), timedelta(hours=4), timedelta(hours=24)),
    (_("1 to 3 days"), timedelta(hours=24), timedelta(days=3)),
    (_("over 3 days"), timedelta(days=3), timedelta(days=36_500)),
]


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """unfold's DASHBOARD_CALLBACK."""
    if not request.user.has_perm(SEE):
        return context
    counts, seconds = few_by_status(TAB_COUNTED), oldest_pending_seconds()
    oldest = timezone.now() - timedelta(seconds=seconds) if seconds is not None else None
    return context | {
        "title": _("Overview"),
        "shows_queue": True,
        "counts": _counts(counts),
        "oldest": age(oldest) if oldest else "",
        "overdue": _overdue(),
        "by_age": by_age(),
        "by_day": by_day(),
        "precision": precision(),
        "measured_on": DECISIONS,
        "llm_use": LLMUsage.objects.since(timezone.localdate() - timedelta(days=LLM_DAYS)),
        "llm_columns": [field.verbose_name for field in LLMUsage._meta.fields[1:]],
        "waiting_kinds": [(status.value, status.label) for status in WAITING],
        "decided_kinds": [(status.value, status.label) for status in DECIDED],
    }


def waiting_badge(request: HttpRequest) -> str:
    """How many wait for a person, for the sidebar."""
    waiting = up_to(FEW, AuditRecord.objects.awaiting_review())
    return f"{FEW}+" if waiting > FEW else str(waiting or "")


def _counts(counts: dict[str, int]) -> list[dict[str, Any]]:
    address = reverse("admin:audits_auditrecord_changelist")
    return [
        {"label": label, "count": in_words(counts, statuses), "url": f"{address}?status={name}"}
        for name, (label, statuses) in VIEWS.items()
        if name != "all"
    ]


def _overdue() -> str:
    found = AuditRecord.objects.overdue()[: TAB_COUNTED + 1].count()
    return f"{TAB_COUNTED:,}+" if found > TAB_COUNTED else f"{found:,}"


def by_age() -> Chart:
    """What waits, by how long and in which status."""
    now = timezone.now()
    return stacked(
        [
            (
                label,
                [(s.value, s.label, _waiting_since(s, now - upto, now - start)) for s in WAITING],
            )
            for label, start, upto in _AGES
        ]
    )


def _waiting_since(status: Status, after: datetime, until: datetime) -> int:
    records = AuditRecord.objects.filter(status=status, created_at__gt=after, created_at__lte=until)
    return records[:TAB_COUNTED].count()


def by_day() -> Chart:
    """People's decisions of the last days, a row a day."""
    today = timezone.localdate()
    since = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    decided = AuditRecord.objects.filter(
        status__in=DECIDED, reviewed_at__gte=since - timedelta(days=DAYS - 1)
    ).order_by("-reviewed_at")
    rows = decided.values_list("reviewed_at", "status")[:TAB_COUNTED]
    found = Counter((timezone.localdate(at), status) for at, status in rows if at)
    days = [today - timedelta(days=back) for back in range(DAYS)]
    return stacked(
        [
            (date_format(day, "D d M"), [(s.value, s.label, found[day, s.value]) for s in DECIDED])
            for day in days
            if any(found[day, s.value] for s in DECIDED)
        ]
    )


def precision() -> Chart:
    """Per judge: of what it flagged and people decided, the share that really was wrong."""
    examples = [example for example in decided_examples(newest=DECISIONS) if example.flagged]
    rows = []
    for judge, found in grouped(examples, "judge").items():
        right, whole = found["confusion"]["tp"], found["n"]
        rows.append((judge_name(judge), right, whole, interval(right, whole)))
    return shares(rows)
