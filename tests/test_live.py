"""The live page's data: one reading of the database for all, nothing when it is not of now."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.plan_reading import make_engine, moved_simulator, read_once
from tws.chat import live
from tws.chat.live import LiveFeed, LiveFeeds, TooManyViews, View, read_plan
from tws.plan.models import PlanJob, PlanWorkstation
from tws.plan.morning import SHOWN

VIEW = View()


@pytest.fixture(autouse=True)
def engine(settings) -> None:
    settings.TWS_ENGINES, settings.TWS_BASE_URL = "", "https://hwa.example:31116"
    settings.TWS_ENGINE_NAME = "SIM"


async def next_of(snapshots: Any) -> dict[str, Any]:
    return json.loads(await asyncio.wait_for(anext(snapshots), 10))


@pytest.mark.django_db(transaction=True)
def test_snapshot_agrees_with_the_engine() -> None:
    with moved_simulator() as hwa:
        read_once(hwa)
        told = hwa.jobs().values()

    snapshot = read_plan(VIEW)

    statuses = [job["lastRunCompositeStatus"]["status"] for job in told]
    assert (snapshot["type"], snapshot["engine"], snapshot["simulated"]) == ("plan", "SIM", True)
    assert snapshot["jobs"]["count"] == 300
    assert snapshot["jobs"]["groups"]["success"] == statuses.count("SUCC")
    places = {one["workstation"] for one in snapshot["needs"]["items"] if one["kind"] == "place"}
    assert places == {one.name for one in PlanWorkstation.objects.all() if one.problems}
    assert snapshot["needs"]["jobs"]["failed"] == sum(
        job["lastRunCompositeStatus"]["status"] in {"ABEND", "FAIL"} for job in told
    )
    critical = snapshot["critical"]["items"]
    assert len(critical) <= SHOWN
    assert all(job["status"] != "SUCC" for job in critical)


@pytest.mark.django_db
def test_status_that_is_in_no_table_is_a_group_of_its_own() -> None:
    plan = make_engine()
    PlanJob.objects.create(
        engine="SIM", hwa_id="1", status="NEWSTATE", digest=b"", fetched_at=plan.fetched_at
    )

    assert read_plan(VIEW)["jobs"] == {"count": 1, "groups": {"NEWSTATE": 1}}


@pytest.mark.django_db
def test_what_is_missing_of_the_plan_is_told() -> None:
    refused = {"/plan/workstation": "AWSJCS011E not authorized"}
    make_engine(is_complete=False, not_understood=2, refused_lists=refused)

    snapshot = read_plan(VIEW)

    assert (snapshot["complete"], snapshot["not_understood"]) == (False, 2)
    assert snapshot["refused"] == refused


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["unavailable", "refused"])
def test_engine_down_is_told_since_when_and_nothing_else(kind: str) -> None:
    plan = make_engine(down_since=timezone.now(), error="no route", error_kind=kind)

    snapshot = read_plan(VIEW)

    since = timezone.localtime(plan.down_since).isoformat(timespec="seconds")
    assert (snapshot["type"], snapshot["since"]) == (kind, since)
    assert set(snapshot) == {"type", "since", "message"}
    assert "no route" in snapshot["message"]


@pytest.mark.django_db
def test_plan_that_nobody_reads_any_more_is_not_told_as_of_now() -> None:
    assert read_plan(VIEW)["type"] == "never_read"

    make_engine(fetched_at=timezone.now() - timedelta(hours=1))

    assert read_plan(VIEW)["type"] == "unreadable"


async def test_many_viewers_share_one_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = []

    def read(_view: View) -> dict[str, Any]:
        readings.append(1)
        return {"type": "plan"}

    monkeypatch.setattr(live, "read_plan", read)
    feed = LiveFeed(VIEW)
    viewers = [feed.watch() for _ in range(20)]

    first = await asyncio.gather(*(next_of(viewer) for viewer in viewers))

    assert first == [{"type": "plan"}] * 20
    assert len(readings) == 1
    for viewer in viewers:
        await viewer.aclose()


@pytest.mark.django_db
def test_engine_is_chosen_among_those_configured(operator: User, settings: Any) -> None:
    engines = [{"name": name, "base_url": "https://hwa.example"} for name in ("PROD", "TEST")]
    settings.TWS_ENGINES = json.dumps(engines)
    client = Client()
    client.force_login(operator)

    page = client.get("/?engine=TEST&stream=PAY%40").content.decode()

    assert "<option selected>TEST</option>" in page
    assert 'value="PAY@"' in page
    assert View.asked("engine=TEST", "en").engine_name == "TEST"
    assert View.asked("engine=NONE", "en").engine_name == "PROD"


async def test_each_view_is_read_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "read_plan", lambda view: {"type": "plan", "area": view.area})
    feeds = LiveFeeds()
    views = [View.asked(query, "en") for query in ("area=/RH", "area=/BI", "area=%20/RH%20")]
    viewers = [feeds.watch(view, 1) for view in views]

    seen = [(await next_of(viewer))["area"] for viewer in viewers]

    assert seen == ["/RH", "/BI", "/RH"]
    assert len(feeds._feeds) == 2
    for viewer in viewers:
        await viewer.aclose()
    assert not feeds._feeds


async def test_one_person_looks_at_so_many_parts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream's name in an address is free to choose, and each is a reading of its own."""
    monkeypatch.setattr(live, "read_plan", lambda _view: {"type": "plan"})
    feeds = LiveFeeds()
    viewers = [feeds.watch(View(stream=f"S{n}"), 1) for n in range(live.MOST_VIEWS)]
    for viewer in viewers:
        await next_of(viewer)

    with pytest.raises(TooManyViews):
        await next_of(feeds.watch(View(stream="ONE_MORE"), 1))
    for view, by in ((View(stream="S1"), 1), (View(stream="ONE_MORE"), 2)):
        viewers.append(feeds.watch(view, by))
        await next_of(viewers[-1])
    await viewers.pop(0).aclose()
    viewers.append(feeds.watch(View(stream="ONE_MORE"), 1))
    await next_of(viewers[-1])

    for viewer in viewers:
        await viewer.aclose()
    assert not feeds._views


async def test_nobody_looking_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SECONDS_BETWEEN", 0.01)
    monkeypatch.setattr(live, "read_plan", lambda _view: {"type": "plan"})
    feed = LiveFeed(VIEW)
    async with aclosing(feed.watch()) as snapshots:
        await next_of(snapshots)

    await asyncio.wait_for(feed._reader, 30)


@pytest.mark.parametrize(
    ("trouble", "said"),
    [(OverflowError("date value out of range"), "in the log"), ("endless", "takes too long")],
)
async def test_whatever_goes_wrong_is_shown_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, trouble: Any, said: str
) -> None:
    monkeypatch.setattr(live, "SECONDS_BETWEEN", 0.01)
    monkeypatch.setattr(live, "READING_SECONDS", 0.05)

    def read(_view: View) -> dict[str, Any]:
        if isinstance(trouble, Exception):
            raise trouble
        time.sleep(0.3)
        return {}

    monkeypatch.setattr(live, "read_plan", read)
    async with aclosing(LiveFeed(VIEW).watch()) as snapshots:
        first = await next_of(snapshots)
        second = await next_of(snapshots)
        monkeypatch.setattr(live, "read_plan", lambda _view: {"type": "plan"})
        monkeypatch.setattr(live, "READING_SECONDS", 30)
        while (last := await next_of(snapshots))["type"] == "unreadable":
            pass

    assert (first["type"], second["since"]) == ("unreadable", first["since"])
    assert said in first["message"]
    assert "out of range" not in first["message"]
    assert last["type"] == "plan"


async def test_reader_that_died_begins_again(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    monkeypatch.setattr(live, "SECONDS_BETWEEN", 0.01)
    monkeypatch.setattr("tws.chat.background.FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(live, "read_plan", lambda _view: {"type": "plan"})
    feed = LiveFeed(VIEW)
    real, failures = feed.snapshot, iter([RuntimeError("a bug")])

    async def snapshot() -> str:
        for failure in failures:
            raise failure
        return await real()

    monkeypatch.setattr(feed, "snapshot", snapshot)
    async with aclosing(feed.watch()) as snapshots:
        assert (await next_of(snapshots))["type"] == "plan"
    assert "the reader of the live plan has failed" in caplog.text
