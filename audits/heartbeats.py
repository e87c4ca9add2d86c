"""Signs of life: a small row per auditor, so that health can say when none is alive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from audits.models import Heartbeat
from knowledge.models import Memory, Trust

EVERY_SECONDS = 5.0
KEPT = timedelta(days=1)
"""How long the row of an auditor that died stays readable."""
SILENT = timedelta(seconds=60)
"""Who gives no sign of life for so long is not alive."""
WAITS_LONG = timedelta(minutes=10)
"""A memory that is new for so long has no auditor."""


def beat(worker: str, *, watches: bool = False, trouble: str = "") -> None:
    """Say that `worker` is alive, and what its duties failed with."""
    now = timezone.now()
    defaults = {"beat_at": now, "watches": watches, "trouble": trouble}
    Heartbeat.objects.update_or_create(worker=worker, defaults=defaults)
    Heartbeat.objects.filter(beat_at__lt=now - KEPT).delete()


def end(worker: str) -> None:
    """It ended in order: nobody has to look for it."""
    Heartbeat.objects.filter(worker=worker).delete()


@dataclass(frozen=True, slots=True)
class Pulse:
    """Whether an auditor lives, and what is wrong with those there are, or were; "" if nothing."""

    lives: bool
    trouble: str = ""


def pulse() -> Pulse:
    """No auditor is no trouble while none has died and nothing waits for one."""
    now = timezone.now()
    found = list(Heartbeat.objects.order_by("-beat_at")[:100])
    living = [one for one in found if one.beat_at >= now - SILENT]
    for one in living:
        if one.trouble:
            return Pulse(True, f"{one.worker}: {one.trouble}")
    if living:
        return Pulse(True)
    if found:
        last = f"{found[0].beat_at:%Y-%m-%d %H:%M:%S} UTC"
        return Pulse(False, f"no auditor has been heard of since {last}")
    new = Memory.objects.filter(trust=Trust.NEW).order_by("created_at", "id")
    oldest = new.values_list("created_at", flat=True).first()
    if oldest and oldest < now - WAITS_LONG:
        return Pulse(False, f"memories wait for an auditor since {oldest:%Y-%m-%d %H:%M:%S} UTC")
    return Pulse(False)
