"""The live page's data: one reading for all, nothing when HWA is down."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from typing import Any

import httpx
import pytest

from tests.hwa_fixtures import engine_of
from tws.chat import live
from tws.chat.live import LiveFeed, by_group, read_plan
from tws.hwa.client import TWSClient
from tws.simulator.server import SimulatorServer


def feed_of(client: TWSClient) -> LiveFeed:
    async def connect() -> TWSClient:
        return client

    return LiveFeed(connect)


async def next_of(snapshots: Any) -> dict[str, Any]:
    return json.loads(await asyncio.wait_for(anext(snapshots), 10))


async def test_snapshot_agrees_with_the_plan(
    hwa_client: TWSClient, simulator: SimulatorServer
) -> None:
    snapshot = await read_plan(hwa_client)

    assert (snapshot["engine"], snapshot["simulated"]) == ("SIM", True)
    assert sum(snapshot["jobs"]["groups"].values()) == snapshot["jobs"]["count"]
    counted = await hwa_client.count_jobs("status")
    assert snapshot["jobs"]["count"] == counted.value.count
    assert len(snapshot["failed"]["items"]) <= live.SHOWN
    assert all(item["problems"] for item in snapshot["workstations"]["items"])


def test_statuses_are_gathered_in_the_groups_people_speak_of() -> None:
    assert by_group({"ABEND": 2, "FAIL": 1, "SUCC": 7, "NEWSTATE": 1}) == {
        "failed": 3,
        "success": 7,
        "NEWSTATE": 1,
    }


async def test_many_viewers_share_one_reading(hwa_client: TWSClient) -> None:
    readings = 0

    async def connect() -> TWSClient:
        nonlocal readings
        readings += 1
        return hwa_client

    feed = LiveFeed(connect)
    viewers = [feed.watch() for _ in range(20)]

    first = await asyncio.gather(*(next_of(viewer) for viewer in viewers))

    assert len({json.dumps(snapshot) for snapshot in first}) == 1
    assert readings == 1
    for viewer in viewers:
        await viewer.aclose()


async def test_nobody_looking_reads_nothing(
    hwa_client: TWSClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SECONDS_BETWEEN", 0.01)
    feed = feed_of(hwa_client)
    async with aclosing(feed.watch()) as snapshots:
        await next_of(snapshots)

    await asyncio.wait_for(feed._reader, 30)


async def test_unreachable_engine_says_since_when_and_nothing_else(
    hwa_client: TWSClient, simulator: SimulatorServer
) -> None:
    down = True

    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    broken = TWSClient(engine_of(simulator), transport=httpx.MockTransport(answer), attempts=1)

    async def connect() -> TWSClient:
        return broken if down else hwa_client

    feed = LiveFeed(connect)
    first = json.loads(await feed.snapshot())
    second = json.loads(await feed.snapshot())
    down = False
    third = json.loads(await feed.snapshot())

    assert first["type"] == "unavailable"
    assert set(first) == {"type", "engine", "since", "message"}
    assert second["since"] == first["since"]
    assert third["type"] == "plan"
    await broken.aclose()


async def test_wrong_password_is_a_refusal(own_simulator: SimulatorServer) -> None:
    async with TWSClient(engine_of(own_simulator, password="no")) as client:
        snapshot = json.loads(await feed_of(client).snapshot())

    assert snapshot["type"] == "refused"
    assert "no" not in snapshot["message"].split()


@pytest.mark.parametrize("trouble", [OverflowError("date value out of range"), "endless"])
async def test_whatever_goes_wrong_is_shown_and_tried_again(
    hwa_client: TWSClient, monkeypatch: pytest.MonkeyPatch, settings: Any, trouble: Any
) -> None:
    settings.TWS_CACHE_SECONDS = 0
    monkeypatch.setattr(live, "SECONDS_BETWEEN", 0.01)
    monkeypatch.setattr(live, "READING_SECONDS", 0.05)
    real = live.read_plan

    async def read(client: TWSClient) -> Any:
        if isinstance(trouble, Exception):
            raise trouble
        await asyncio.Event().wait()

    monkeypatch.setattr(live, "read_plan", read)
    async with aclosing(feed_of(hwa_client).watch()) as snapshots:
        first = await next_of(snapshots)
        second = await next_of(snapshots)
        monkeypatch.setattr(live, "read_plan", real)
        monkeypatch.setattr(live, "READING_SECONDS", 30)
        while (last := await next_of(snapshots))["type"] == "unreadable":
            pass

    assert (first["type"], second["since"]) == ("unreadable", first["since"])
    assert "out of range" not in first["message"]
    assert last["type"] == "plan"


async def test_reader_that_died_begins_again(
    hwa_client: TWSClient, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setattr(live, "SECONDS_BETWEEN", 0.01)
    monkeypatch.setattr("tws.chat.background.FIRST_PAUSE_SECONDS", 0.01)
    feed = feed_of(hwa_client)
    real, failures = feed.snapshot, iter([RuntimeError("a bug")])

    async def snapshot() -> str:
        for failure in failures:
            raise failure
        return await real()

    monkeypatch.setattr(feed, "snapshot", snapshot)
    async with aclosing(feed.watch()) as snapshots:
        assert (await next_of(snapshots))["type"] == "plan"
    assert "the reader of the live plan has failed" in caplog.text
