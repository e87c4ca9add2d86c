"""Signs of life: a small row per auditor, so that health can say when none is alive."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from audits.models import Heartbeat

EVERY_SECONDS = 5.0
KEPT = timedelta(days=1)
"""How long the row of an auditor that died stays readable."""


def beat(worker: str, *, watches: bool = False, trouble: str = "") -> None:
    """Say that `worker` is alive, and what its duties failed with."""
    now = timezone.now()
    defaults = {"beat_at": now, "watches": watches, "trouble": trouble}
    Heartbeat.objects.update_or_create(worker=worker, defaults=defaults)
    Heartbeat.objects.filter(beat_at__lt=now - KEPT).delete()


def end(worker: str) -> None:
    """It ended in order: nobody has to look for it."""
    Heartbeat.objects.filter(worker=worker).delete()
