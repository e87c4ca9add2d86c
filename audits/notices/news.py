"""What there is to tell since the last time, and never twice.

What is new is read from the decision log, whose numbers have no gaps: nothing is missed that was
committed late. While the window of the last message lasts, everything waits for the next one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from audits import heartbeats
from audits.counting import up_to
from audits.models import AuditRecord, Decision, DecisionHead
from audits.notices.outbox import Channel, Notice, Watch
from audits.states import WAITING
from knowledge import llm

DOWN_AFTER = timedelta(minutes=2)
"""What comes back sooner was not down."""
COUNTED = 10_000
_BROUGHT = ("flag", "quarantine", "fail")


def channels() -> list[str]:
    """Where messages go; none: nobody is told."""
    found = {Channel.WEBHOOK: settings.NOTIFY_WEBHOOK_URL, Channel.EMAIL: settings.NOTIFY_EMAIL_TO}
    return [channel.value for channel, target in found.items() if target]


@transaction.atomic
def gather() -> list[Notice]:
    """Put what is new into the outbox, for each channel; together with how far it was looked."""
    now = timezone.now()
    Watch.objects.get_or_create(pk=1, defaults=_from(now))
    watch = Watch.objects.select_for_update(skip_locked=True).filter(pk=1).first()
    if watch is None:
        return []  # another process is looking just now
    watch.down = _looked_at(watch.down, now)
    news = _news(watch, now) if now >= watch.quiet_until else {}
    if news:
        watch.quiet_until = now + timedelta(minutes=settings.NOTIFY_WINDOW_MINUTES)
    watch.save()
    made = [Notice(channel=channel, news=news) for channel in channels() if news]
    return Notice.objects.bulk_create(made)


def _from(now: datetime) -> dict[str, Any]:
    """Who begins to look is told what comes, not what was."""
    head = DecisionHead.objects.get(pk=1)
    return {"seq": head.seq, "overdue_to": _overdue_before(now), "quiet_until": now}


def _overdue_before(now: datetime) -> datetime:
    return now - timedelta(hours=settings.AUDIT_OVERDUE_HOURS)


def _news(watch: Watch, now: datetime) -> dict[str, Any]:
    """What is told, as data; moves the watch along. Empty when there is nothing."""
    why = _new_since(watch)
    overdue = _overdue_since(watch, now)
    down, back = _told(watch, now)
    if not (why or overdue or down or back):
        return {}
    in_all = AuditRecord.objects.overdue().order_by("created_at", "id")
    return {
        "new": sum(why.values()),
        "why": why,
        "overdue": overdue,
        "overdue_in_all": up_to(COUNTED, in_all.order_by("status", "created_at", "id")),
        "down": down,
        "back": back,
    }


def _new_since(watch: Watch) -> dict[str, int]:
    """Of what was brought before people and still waits: why → how many."""
    head = DecisionHead.objects.get(pk=1)
    lines = Decision.objects.filter(seq__gt=watch.seq, seq__lte=head.seq, action__in=_BROUGHT)
    waiting = AuditRecord.objects.filter(
        memory__in=lines.order_by().values("memory_id"), status__in=WAITING
    )
    watch.seq = head.seq
    return dict(waiting.order_by().values_list("why").annotate(n=Count("id")))


def _overdue_since(watch: Watch, now: datetime) -> int:
    since, watch.overdue_to = watch.overdue_to, max(watch.overdue_to, _overdue_before(now))
    records = AuditRecord.objects.filter(
        status__in=WAITING, created_at__gt=since, created_at__lte=watch.overdue_to
    )
    return up_to(COUNTED, records.order_by("status", "created_at", "id"))


# --- what is down ---------------------------------------------------------------------------------


def _failing(now: datetime) -> dict[str, datetime]:
    """What does not work just now, since when."""
    found = {}
    if settings.LLM_BASE_URL and (models := llm.failing()):
        found["llm"] = min(model.since for model in models)
    if heartbeats.pulse().trouble and not found:  # without its LLM the auditor rests, too
        found["auditor"] = now
    return found


def _looked_at(known: dict[str, Any], now: datetime) -> dict[str, Any]:
    """What fails and what is over, as it stands now; what was never told is over in silence."""
    failing, down = _failing(now), {}
    for name, since in failing.items():
        seen = known.get(name, {"since": since.isoformat(), "told": False})
        down[name] = {**seen, "over": False}
    for name, seen in known.items():
        if name not in failing and seen["told"]:
            down[name] = {**seen, "over": True}
    return down


def _told(watch: Watch, now: datetime) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """What went down and what is back; both are then told."""
    down, back, kept = [], [], {}
    for name, seen in watch.down.items():
        lasts = now - datetime.fromisoformat(seen["since"]) >= DOWN_AFTER
        if seen["over"]:
            back.append({"name": name, "since": seen["since"]})
            continue
        if lasts and not seen["told"]:
            down.append({"name": name, "since": seen["since"]})
        kept[name] = {**seen, "told": seen["told"] or lasts}
    watch.down = kept
    return down, back
