"""What one answer rests on: at most 64 KiB, in whole rows, and it says what was left out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.limits import LARGEST_OWN_EVIDENCE, check_evidence
from tws.tools.base import TOOLS, Arguments, Reply, Tool
from tws.tools.bounded import TooLarge, fitted, size_of
from tws.tools.toolbox import Toolbox


def rows(count: int) -> list[dict[str, Any]]:
    return [{"name": f"JOB_{number}", "text": "é" * 100} for number in range(count)]


@pytest.fixture
def toolbox(hwa_client: Any, monkeypatch: pytest.MonkeyPatch) -> Toolbox:
    async def many(client: Any, asked: Any) -> Reply:
        result = {"items": rows(1000), "shown": 1000, "totalCount": 1000}
        return Reply(result, datetime.now(UTC))

    async def endless(client: Any, asked: Any) -> Reply:
        return Reply({"text": "x" * LARGEST_OWN_EVIDENCE}, datetime.now(UTC))

    async def connect() -> Any:
        return hwa_client

    for run in (many, endless):
        monkeypatch.setitem(TOOLS, run.__name__, Tool(run.__name__, "…", Arguments, run))
    return Toolbox(connect, lambda event: None)


async def test_evidence_keeps_whole_rows_and_the_answer_is_made_of_these(toolbox: Toolbox) -> None:
    outcome = await toolbox.call("many", {})

    [kept] = toolbox.evidence
    shown = outcome.result["shown"]
    assert check_evidence(toolbox.evidence, LARGEST_OWN_EVIDENCE)
    assert 100 < shown < 1000
    assert outcome.result["items"] == kept["result"]["items"] == rows(1000)[:shown]
    assert kept["result"]["totalCount"] == 1000
    assert kept["result"]["notShown"] == {"items": 1000 - shown}


async def test_all_calls_of_an_answer_share_the_room(toolbox: Toolbox) -> None:
    for _ in range(5):
        await toolbox.call("many", {})
    refused = await toolbox.call("endless", {})

    assert check_evidence(toolbox.evidence, LARGEST_OWN_EVIDENCE)
    assert not refused.ok
    assert "64 KiB" in refused.error
    assert toolbox.evidence[-1]["result"]["totalCount"] == 1000


cells = st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers(), max_size=3)
lists = st.lists(cells, max_size=30)
results = st.fixed_dictionaries(
    {},
    optional={
        "items": lists, "lines": lists, "rows": lists,
        "shown": st.integers(), "name": st.text(max_size=300),
    },
)  # fmt: skip


@given(result=results, room=st.integers(0, 3000))
def test_any_result_fits_in_whole_rows_or_is_refused(result: dict[str, Any], room: int) -> None:
    try:
        fewer = fitted(result, room)
    except TooLarge:
        return

    assert size_of(fewer) <= room
    for name, value in result.items():
        if isinstance(value, list):
            left_out = fewer.get("notShown", {}).get(name, 0)
            begin = left_out if name == "lines" else 0
            assert fewer[name] == value[begin : begin + len(value) - left_out]
        elif name != "shown":
            assert fewer[name] == value
