"""A plan whose values are none that any calendar, column or clock holds: each costs itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest
from django.utils import timezone

from tests.plan_reading import state
from tests.test_plan_habits import read
from tests.test_simulator import NOON, plan_at
from tests.test_simulator_habits import ENGINE
from tws.chat.live import View, read_plan
from tws.database import in_database
from tws.hwa.client import TWSClient
from tws.plan.comparing import compare_days, compare_runs
from tws.plan.impact import impact
from tws.plan.inspecting import inspect
from tws.plan.models import PlanJob, PlanJobStream, PlanRun, PlanWorkstation
from tws.plan.query import PlanQuery, PlanQueryRefused, answer
from tws.plan.query.catalogue import ENTITIES
from tws.simulator.app import Simulator

pytestmark = pytest.mark.django_db(transaction=True)

PLAN = plan_at(NOON + 43_100, jobs=60, seed=7)
_DATE = re.compile(r"\d{4}-\d\d-\d\dT")
_DURATION = re.compile(r"-?P[T\d]|\d+:\d\d:\d\d")
_KNOWN_BY = {"id", "key", "jobId", "jobStreamId", "flowNodeType", "dependencyType"}
KINDS: dict[str, Callable[[str, Any], bool]] = {
    "date": lambda name, value: isinstance(value, str) and bool(_DATE.match(value)),
    "duration": lambda name, value: name.endswith(
        ("Duration", "Interval", "elapsedTime", "estimatedDuration")
    ),
    "number": lambda name, value: isinstance(value, int | float) and not isinstance(value, bool),
    "text": lambda name, value: isinstance(value, str) and not _DATE.match(value),
}
VALUES: dict[str, list[Any]] = {
    "date": ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", 10**30, -(2**63), "a\0b", {}, []],
    "duration": ["P999999999D", "-P999999999D", 10**12, 1e308, -(10**12), "PT1e9S", {}, "\0"],
    "number": [2**31, 2**63, -(2**63) - 1, 10**40, 1e308, -1, "9" * 30, "1e9", [], True],
    "text": [
        "a\0b",
        "\ud800",
        "",
        "x" * 20_000,
        2**70,
        {"a": ["\0"]},
        ["\ud800"],
        "'; --",
        "@" * 50,
    ],
}
AT_ONCE = [("duration", "P999999999D"), ("number", 2**63), ("text", "\ud800")]
CASES = [
    pytest.param(
        kind, value, marks=() if (kind, value) in AT_ONCE else pytest.mark.slow,
        id=f"{kind} {value!r}"[:30],
    )
    for kind, values in VALUES.items()
    for value in values
]  # fmt: skip


def changed(kind: str, value: Any, told: Any, name: str = "") -> Any:
    """What was told, with each leaf of that kind made this value; what it is known by stays."""
    if isinstance(told, dict):
        return {key: changed(kind, value, one, key) for key, one in told.items()}
    if isinstance(told, list):
        return [changed(kind, value, one, name) for one in told]
    return value if name not in _KNOWN_BY and KINDS[kind](name, told) else told


class _Hostile(httpx.AsyncBaseTransport):
    """Tells each object of the lists with other values."""

    def __init__(self, kind: str, value: Any) -> None:
        site = Simulator(PLAN, host="localhost", user="u", password="p")
        self._within, self._change = httpx.ASGITransport(app=site), (kind, value)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        told = await self._within.handle_async_request(request)
        body = await told.aread()
        if told.status_code == 200 and "/plan/" in request.url.path:
            reply = json.loads(body)
            for name in {"results"} & set(reply if isinstance(reply, dict) else ()):
                reply[name] = [changed(*self._change, one) for one in reply[name]]
            body = json.dumps(reply).encode()
        return httpx.Response(told.status_code, headers=_plain(told.headers), content=body)


def _plain(headers: httpx.Headers) -> dict[str, str]:
    return {k: v for k, v in headers.items() if k not in {"content-length", "content-encoding"}}


def ask_everything() -> int:
    """Whatever pages, cards and agents ask of the plan; how many jobs there are."""
    for entity, known in ENTITIES.items():
        names = list(known.fields)
        for few in (names[at : at + 10] for at in range(0, len(names), 10)):
            answer(PlanQuery(entity=entity, engine="SIM", fields=few, order_by=few))
    read_plan(View("SIM"))
    for model, kind in (
        (PlanJob, "job"),
        (PlanJobStream, "stream"),
        (PlanWorkstation, "workstation"),
    ):
        for hwa_id in model.objects.values_list("hwa_id", flat=True)[:8]:
            inspect("SIM", kind, hwa_id)
            if kind != "workstation":
                impact("SIM", kind, hwa_id)
    for name in PlanRun.objects.values_list("job_name", flat=True)[:5]:
        compare_runs("SIM", name)
    today = timezone.localdate()
    with suppress(PlanQueryRefused):  # an honest no: nothing has run by then
        compare_days("SIM", today, today)
    return PlanJob.objects.count()


@pytest.mark.parametrize(("kind", "value"), CASES)
async def test_no_value_costs_more_than_itself(kind: str, value: Any, settings: Any) -> None:
    settings.TWS_ENGINE_NAME, settings.TWS_BASE_URL = "SIM", "https://hwa.example"
    async with TWSClient(ENGINE, transport=_Hostile(kind, value), attempts=1) as client:
        await read(client)

        assert await in_database(ask_everything) == 60
    assert (await in_database(state)).is_current
