"""An auditor's sign of life in the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audits import heartbeats
from audits.models import Heartbeat

pytestmark = pytest.mark.django_db


def test_an_auditor_has_one_row_that_says_when_it_last_lived_and_what_troubles_it() -> None:
    heartbeats.beat("w1", watches=True)
    first = Heartbeat.objects.get()
    heartbeats.beat("w1", watches=True, trouble="indexing: the disk is full")

    row = Heartbeat.objects.get()
    assert row.started_at == first.started_at
    assert row.beat_at > first.beat_at
    assert row.trouble == "indexing: the disk is full"


def test_an_auditor_that_ended_in_order_leaves_no_row() -> None:
    heartbeats.beat("w1")
    heartbeats.end("w1")

    assert not Heartbeat.objects.exists()


def test_the_row_of_a_dead_auditor_goes_after_a_day() -> None:
    Heartbeat.objects.create(worker="dead", beat_at=timezone.now() - timedelta(days=2))
    Heartbeat.objects.create(worker="missing", beat_at=timezone.now() - timedelta(hours=2))

    heartbeats.beat("w1")

    assert set(Heartbeat.objects.values_list("worker", flat=True)) == {"missing", "w1"}
