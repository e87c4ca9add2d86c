"""The console's first page: what is to be done, what happened, and how right the auditor was."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audits import work
from audits.console import known_cases
from audits.console.changelist import TAB_COUNTED, VIEWS, in_words
from audits.console.charts import Chart, Curve, bars, curve, shares, stacked
from audits.console.record import age, last_done
from audits.console.requests import person
from audits.counting import FEW, few_by_status, up_to
from audits.findings import judge_name
from audits.heartbeats import pulse
from audits.measuring import grouped, interval
from audits.models import AuditRecord
from audits.permissions import SEE
from audits.queue import BY_HARM
from audits.scoring import decided_examples
from audits.states import WAITING, Status, Why
from audits.work import Days, Decided
from knowledge.llm.models import LLMUsage
from knowledge.shown import excerpt

DECISIONS = 1000
"""The auditor is measured on so many of the latest decisions, at most."""
LOOKED_AT = 2_000
"""So many of the queue's first records are looked at for what is to be done."""
PRESETS = (7, 14, 30, 90)
LONGEST_CHART = 31
"""More days than these are drawn a week a row."""

_AGES: list[tuple[Any, timedelta, timedelta]] = [
    (_("under 1 h"), timedelta(0), timedelta(hours=1)),
    (_("1 to 4 h"), timedelta(hours=1), timedelta(hours=4)),
    (_("4 to 24 h"), timedelta(hours=4), timedelta(hours=24)),
    (_("1 to 3 days"), timedelta(hours=24), timedelta(days=3)),
    (_("over 3 days"), timedelta(days=3), timedelta(days=36_500)),
]
_DECIDED: tuple[tuple[str, Any], ...] = (
    ("approved", pgettext_lazy("several", "approved")),
    ("corrected", pgettext_lazy("several", "corrected")),
    ("rejected", pgettext_lazy("several", "rejected")),
)
_URGENT = (Why.DANGER, Why.SECRET, Why.ATTACK)


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to be done: how many, what, and where."""

    count: str
    what: Any
    url: str = ""


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """unfold's DASHBOARD_CALLBACK."""
    if not request.user.has_perm(SEE):
        return context
    days = Days.read(request.GET.get("from", ""), request.GET.get("to", ""))
    found = work.decided(days)
    oldest = work.oldest_waiting()
    return context | {
        "title": _("Overview"),
        "shows_queue": True,
        "last": last_done(person(request)),
        "tasks": tasks(),
        "counts": _counts(few_by_status(TAB_COUNTED)),
        "oldest": oldest,
        "oldest_age": age(oldest.created_at) if oldest else "",
        "oldest_question": excerpt(oldest.memory.user_query, 80) if oldest else "",
        "days": days,
        "presets": _presets(days),
        "waiting": waiting(days),
        "by_age": by_age(),
        "by_day": by_day(days, found),
        "to_decision": to_decision(days, found),
        "by_reviewer": [
            (excerpt(one.by, 60), one, _long(one.waited)) for one in work.by_reviewer(found)
        ],
        "known": known_cases.overview(days),
        "decided_kinds": [name for _kind, name in _DECIDED],
        "precision": precision(days),
        "measured_on": DECISIONS,
        "reviewed": _reviewed(days),
        **llm_cost(days),
    }


def waiting_badge(request: HttpRequest) -> str:
    """How many wait for a person, for the sidebar."""
    waiting = up_to(FEW, AuditRecord.objects.awaiting_review())
    return f"{FEW}+" if waiting > FEW else str(waiting or "")


# --- what is to be done --------------------------------------------------------------------------


def tasks() -> list[Task]:
    """What a reviewer should see to, the worst first."""
    found = []
    if trouble := excerpt(pulse().trouble, 300):
        found.append(Task("", _("The auditor is in trouble: %(what)s") % {"what": trouble}))
    queue = reverse("admin:audits_auditrecord_changelist")
    rows = list(AuditRecord.objects.awaiting_review().values_list("why", "status")[:LOOKED_AT])
    whys = Counter(why for why, _status in rows)
    found += [
        Task(f"{whys[why]:,}", why.label, f"{queue}?why={why}") for why in _URGENT if whys[why]
    ]
    overdue = up_to(TAB_COUNTED, AuditRecord.objects.overdue().order_by(*BY_HARM))
    if overdue:
        said = f"{TAB_COUNTED:,}+" if overdue > TAB_COUNTED else f"{overdue:,}"
        found.append(Task(said, _("Overdue"), f"{queue}?age=overdue"))
    if whys[Why.REPORTED]:
        url = f"{queue}?why={Why.REPORTED}"
        found.append(Task(f"{whys[Why.REPORTED]:,}", Why.REPORTED.label, url))
    failed = sum(status == Status.FAILED for _why, status in rows)
    if failed:
        found.append(Task(f"{failed:,}", _("Could not be judged"), f"{queue}?status=failed"))
    if rows:
        more = "+" if len(rows) == LOOKED_AT else ""
        found.append(Task(f"{len(rows):,}{more}", _("wait for a decision"), queue))
    return found


# --- what happened -------------------------------------------------------------------------------


def _presets(days: Days) -> list[tuple[int, str, bool]]:
    today = timezone.localdate()
    firsts = [(n, today - timedelta(days=n - 1)) for n in PRESETS]
    return [
        (n, f"?from={first}&to={today}", (first, today) == (days.first, days.last))
        for n, first in firsts
    ]


def _counts(counts: dict[str, int]) -> list[dict[str, Any]]:
    address = reverse("admin:audits_auditrecord_changelist")
    return [
        {"label": label, "count": in_words(counts, statuses), "url": f"{address}?status={name}"}
        for name, (label, statuses) in VIEWS.items()
        if name != "all"
    ]


def waiting(days: Days) -> Curve:
    """How much waited at the end of each day."""
    return curve([(date_format(day, "d M"), n) for day, n in work.waiting_by_day(days)])


def by_age() -> Chart:
    """What waits, by how long and in which status."""
    now = timezone.now()
    rows = [
        (label, [_waiting_since(status, now - upto, now - start) for status in WAITING])
        for label, start, upto in _AGES
    ]
    return stacked(_("age"), [(s.value, s.label) for s in WAITING], rows)


def _waiting_since(status: Status, after: datetime, until: datetime) -> int:
    records = AuditRecord.objects.filter(status=status, created_at__gt=after, created_at__lte=until)
    return records[:TAB_COUNTED].count()


def _grouped(days: Days, found: list[Decided]) -> list[tuple[str, list[Decided]]]:
    """The decisions a day, of many days a week; the newest first, empty ones left out."""
    length = 1 if len(days.each()) <= LONGEST_CHART else 7
    groups: dict[int, list[Decided]] = {}
    for one in found:
        groups.setdefault((one.day - days.first).days // length, []).append(one)
    return [
        (date_format(days.first + timedelta(days=length * number), "D d M"), group)
        for number, group in sorted(groups.items(), reverse=True)
    ]


def by_day(days: Days, found: list[Decided]) -> Chart:
    rows = []
    for label, group in _grouped(days, found):
        what = Counter(one.what for one in group)
        rows.append((label, [what[kind] for kind, _name in _DECIDED]))
    return stacked(_("day"), _DECIDED, rows)


def to_decision(days: Days, found: list[Decided]) -> Chart:
    """How long what was decided had waited, in the median."""
    rows = []
    for label, group in _grouped(days, found):
        median = work.waited(group) or timedelta(0)
        rows.append((label, median.total_seconds(), _long(median)))
    return bars((_("day"), _("median")), "precision", rows)


def _long(span: timedelta) -> str:
    return age(timezone.now() - span)


def precision(days: Days) -> Chart:
    """Per judge: of what it flagged and people decided, the share that really was wrong."""
    examples = decided_examples(newest=DECISIONS, since=days.since, until=days.until)
    rows = []
    for judge, found in grouped([e for e in examples if e.flagged], "judge").items():
        right, whole = found["confusion"]["tp"], found["n"]
        rows.append((judge_name(judge), right, whole, interval(right, whole)))
    return shares((_("judge"), _("right")), rows)


def _reviewed(days: Days) -> dict[str, Any]:
    part, whole = work.answers_by_reviewed(days)
    return {"part": part, "whole": whole, "share": f"{part / whole:.0%}" if whole else "–"}


def llm_cost(days: Days) -> dict[str, Any]:
    """What the LLM was used for, by purpose and model, and what a day cost."""
    used = LLMUsage.objects.filter(day__gte=days.first, day__lte=days.last).order_by()
    rows = (
        used.values("purpose", "model")
        .annotate(
            all_calls=Sum("calls"),
            all_failures=Sum("failures"),
            all_prompt_tokens=Sum("prompt_tokens"),
            all_completion_tokens=Sum("completion_tokens"),
            all_seconds=Sum("seconds"),
            all_cost=Sum("cost"),
        )
        .order_by("-all_cost", "purpose")[:50]
    )
    by_day = used.values("day").annotate(cost=Sum("cost")).order_by("-day")[:LONGEST_CHART]
    costs = [
        (date_format(row["day"], "D d M"), row["cost"], number_format(round(row["cost"], 2), 2))
        for row in by_day
    ]
    return {
        "llm_columns": [field.verbose_name for field in LLMUsage._meta.fields[2:]],
        "llm_use": rows,
        "llm_by_day": bars((_("day"), _("cost")), "precision", costs),
    }
