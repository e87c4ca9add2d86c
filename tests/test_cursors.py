"""Where a page goes on: what was given out leads there, any other text is refused in words."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from resync_site.models import ApiToken
from tests.examples import examples
from tests.factories import make_memory, make_record
from tests.plan_reading import make_engine
from tws.plan.models import PlanJob
from tws.plan.query import PlanQuery, PlanQueryRefused, answer

MOMENT = datetime(2026, 11, 25, 12, tzinfo=UTC)
with_database = settings(
    max_examples=examples(20, of=100),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.fixed_dictionaries({"t": inner})
        | st.fixed_dictionaries({"d": inner})
    ),
    max_leaves=5,
)


# --- the plan -----------------------------------------------------------------------------------


@pytest.fixture
def engine(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    make_engine()
    monkeypatch.setattr("tws.plan.query.answering._default_engine", lambda: None)


def make_jobs(count: int, **columns: Any) -> None:
    for number in range(count):
        fields = {"name": f"J{number}", "hwa_id": f"J{number}", "fetched_at": MOMENT} | columns
        PlanJob.objects.create(engine="SIM", digest=b"", **fields)


def asked(order: str, after: str = "") -> PlanQuery:
    return PlanQuery(entity="jobs", engine="SIM", order_by=[order], limit=1, after=after)


@pytest.mark.usefixtures("engine")
@with_database
@given(text=st.text(max_size=60))
@example(text="\u0660:\ud7ff")
def test_any_text_as_after_is_refused(text: str) -> None:
    try:
        query = asked("job", text)
    except ValidationError:
        return
    if query.after:
        with pytest.raises(PlanQueryRefused, match="not given out"):
            answer(query)


@pytest.mark.usefixtures("engine")
@with_database
@given(parts=st.lists(values, max_size=5), place=st.integers(0, 3), value=values)
@example(parts=[], place=0, value="0001-01-01T00:00:00+00:00")
@example(parts=[], place=1, value=[])
@example(parts=[], place=1, value=[{"d": "x"}])
@example(parts=[], place=2, value=float("inf"))
def test_an_after_that_was_changed_by_hand_is_refused(
    parts: list[Any], place: int, value: Any
) -> None:
    if not PlanJob.objects.exists():
        make_jobs(2)
    token = answer(asked("scheduled"))["next"]
    payload, sign, signature = token.partition(":")
    given_out = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    changed = parts or [*given_out[:place], value, *given_out[place + 1 :]]
    written = base64.urlsafe_b64encode(json.dumps(changed).encode()).decode().strip("=")

    with pytest.raises(PlanQueryRefused, match="not given out"):
        answer(asked("scheduled", written + sign + signature))


@pytest.mark.usefixtures("engine")
def test_an_after_is_taken_back_however_long_the_values_it_holds() -> None:
    make_jobs(3, stream_name="é" * 256, workstation="é" * 256)
    order = ["stream", "workstation", "stream", "workstation", "job"]
    query = PlanQuery(entity="jobs", engine="SIM", order_by=order, limit=1)
    found, after = [], ""

    while after is not None:
        page = answer(PlanQuery(**query.model_dump(exclude={"after"}), after=after))
        found += [row["job"] for row in page["rows"]]
        after = page["next"]

    assert found == ["J0", "J1", "J2"]


# --- the audit queue -----------------------------------------------------------------------------


@pytest.fixture
def ask_flags(reviewer: User, settings: Any) -> Any:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    headers = {"Authorization": f"Bearer {ApiToken.objects.issue(reviewer)}"}
    client = Client()
    return lambda **query: client.get("/api/audit/flags", query, headers=headers)


written = st.tuples(
    st.datetimes().map(str) | st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
    st.integers() | st.text(max_size=5),
).map(lambda parts: base64.urlsafe_b64encode(f"{parts[0]} {parts[1]}".encode()).decode())


@with_database
@given(cursor=st.text(max_size=60) | written, status=st.sampled_from(["pending", "all"]))
def test_any_cursor_is_a_page_or_refused_in_words(cursor: str, status: str, ask_flags: Any) -> None:
    reply = ask_flags(status=status, cursor=cursor)

    assert reply.status_code in {200, 422}
    assert ("items" if reply.status_code == 200 else "detail") in reply.json()


@settings(
    max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    ages=st.lists(st.integers(0, 3), min_size=1, max_size=7),
    limit=st.integers(1, 4),
    status=st.sampled_from(["pending", "all"]),
)
def test_pages_hold_each_record_once_whatever_their_size(
    ages: list[int], limit: int, status: str, ask_flags: Any
) -> None:
    from knowledge.models import Memory

    Memory.objects.all().delete()
    made = [
        make_record("pending", make_memory(f"{n}?"), created_at=MOMENT - timedelta(hours=age))
        for n, age in enumerate(ages)
    ]
    by = {"all": lambda record: record.pk, "pending": lambda one: (one.created_at, one.pk)}[status]
    found, cursor = [], ""

    while cursor is not None:
        page = ask_flags(status=status, limit=limit, cursor=cursor).json()
        found += [item["memory_id"] for item in page["items"]]
        cursor = page["next_cursor"]

    assert found == [str(record.memory_id) for record in sorted(made, key=by)]
