"""Times as HWA and its operators write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from tws.hwa.schemas import JobInPlan

NO_DATES = (
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00",
    "1970-01-01T00:00:00.000Z",
    "9999-12-31T23:59:59.999Z",
    "-0001-01-01T00:00:00Z",
    0,
    -62135596800000,
    253402300799000,
    "",
    "soon",
    True,
    {},
)


@pytest.mark.parametrize("value", NO_DATES)
def test_a_date_that_no_calendar_of_a_plan_holds_is_none(value):
    job = JobInPlan.model_validate({"name": "A", "schedTime": value})

    assert job.name == "A"
    assert job.sched_time is None


@pytest.mark.parametrize(
    "value",
    ["2026-11-25T02:00:00Z", "2026-11-25T02:00:00", "2026-11-24T23:00:00-03:00", 1795572000000],
)
def test_an_instant_in_any_of_the_ways_that_engines_write_it_is_read(value):
    job = JobInPlan.model_validate({"schedTime": value})

    assert job.sched_time == datetime(2026, 11, 25, 2, tzinfo=UTC)
    assert timezone.localtime(job.sched_time)
