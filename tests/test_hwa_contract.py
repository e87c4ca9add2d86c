"""Client and simulator held against HWA's own contract, by an existing validator.

With HWA_OPENAPI=FILE the contract itself is compared with HCL's document.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from scripts.derive_hwa_contract import derive
from tests.hwa_fixtures import engine_of, running_simulator
from tws.hwa.client import TWSClient
from tws.hwa.errors import TWSError
from tws.hwa.oql import equals
from tws.hwa.paths import READ_ONLY_PATHS
from tws.hwa.schemas import JobInPlan, JobStreamInPlan
from tws.simulator.server import Options

CONTRACT = json.loads((Path(__file__).parent / "hwa_contract.json").read_text(encoding="utf-8"))
FORMATS = FormatChecker(formats=("date",))
DURATION = re.compile(r"P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?\Z")


@FORMATS.checks("date-time", raises=ValueError)
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("duration")
def _is_duration(value: object) -> bool:
    return not isinstance(value, str) or DURATION.match(value) is not None


@FORMATS.checks("int32")
def _is_int32(value: object) -> bool:
    return not isinstance(value, int) or -(2**31) <= value < 2**31


def template_of(path: str) -> str:
    for template in CONTRACT["paths"]:
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if re.fullmatch(pattern, path) and ("{" not in template or path not in CONTRACT["paths"]):
            return template
    raise AssertionError(f"{path} is not in the contract")


def problems(schema: dict[str, Any], value: Any) -> list[str]:
    whole = {**schema, "components": CONTRACT["components"]}
    validator = Draft202012Validator(whole, format_checker=FORMATS)
    return [
        f"{'/'.join(map(str, e.path))}: {e.message[:200]}" for e in validator.iter_errors(value)
    ]


def unknown_fields(value: Any) -> set[str]:
    """Names in a reply that no schema of the contract knows (a misspelling is not invalid JSON)."""
    known = {
        name
        for schema in CONTRACT["components"]["schemas"].values()
        for name in schema.get("properties", {})
    }
    if isinstance(value, list):
        return set().union(*map(unknown_fields, value))
    if not isinstance(value, dict):
        return set()
    free = {"capabilities", "groupedCount", "task"}
    inner = (unknown_fields(one) for name, one in value.items() if name not in free)
    return {name for name in value if name not in known}.union(*inner)


class Recorder(httpx.AsyncBaseTransport):
    """Passes requests on, and keeps each with its reply."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.kept: list[tuple[httpx.Request, httpx.Response, bytes]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        body = await response.aread()
        self.kept.append((request, response, body))
        return httpx.Response(response.status_code, headers=response.headers, content=body)

    async def aclose(self) -> None:
        await self._inner.aclose()


async def everything_the_client_can_ask(client: TWSClient) -> None:
    await client.engine_info()
    await client.count_jobs("status")
    await client.count_jobs("workstation,status")
    await client.count_job_streams("folder")
    await client.first("/plan/job", JobInPlan, "status IN ['SUCC','EXEC'] ORDER BY key.name", 30)
    await client.first("/plan/jobstream", JobStreamInPlan, equals("status", "STUCK"), 30)
    for path, one in (
        ("/plan/workstation", "/plan/workstation/{workstation_id}"),
        ("/plan/resource", "/plan/resource/{resource_id}"),
    ):
        async for part in client.pages(path):
            for raw in part.objects:
                await client.written(one, raw["id"])
    await ask_about_jobs_of_every_state(client)
    await ask_about_streams(client)


async def ask_about_jobs_of_every_state(client: TWSClient) -> None:
    seen = set()
    for job in (await client.first("/plan/job", JobInPlan)).value:
        stats = job.dependencies_stats
        kind = (
            job.substatus or job.status,
            stats.number_of_prompt_dependencies,
            stats.number_of_resource_dependencies,
            stats.number_of_file_dependencies,
        )
        if kind in seen:
            continue
        seen.add(kind)
        whole = (await client.job(job.id)).value
        await client.job_successors(job.id)
        await client.written("/model/jobdefinition/{jobDefinition_id}", job.job_definition_ref_id)
        if whole.last_run:
            await client.job_log(whole.last_run.id, 1, 20)


async def ask_about_streams(client: TWSClient) -> None:
    streams = (await client.first("/plan/jobstream", JobStreamInPlan)).value
    with_neighbours = [one for one in streams if one.dependencies_stats.number_of_dependencies]
    for stream in with_neighbours[:15]:
        await client.written("/plan/jobstream/{jobstream_id}", stream.id)
        await client.job_stream_successors(stream.id)
        await client.written("/model/jobstream/{jobStream_id}", stream.job_stream_model_id)


@pytest.fixture(scope="module")
def traffic():
    with running_simulator(Options(port=0, jobs=200, seed=7)) as simulator:
        return asyncio.run(recorded(engine_of(simulator)))


async def recorded(engine):
    recorder = Recorder(httpx.AsyncHTTPTransport(verify=False))
    async with TWSClient(engine, transport=recorder) as client:
        await everything_the_client_can_ask(client)
    return recorder.kept


def test_the_client_uses_every_path_on_its_list(traffic):
    used = {template_of(request.url.path) for request, _, _ in traffic}

    assert used == {f"/twsd/api/v2{template}" for template in READ_ONLY_PATHS}


def test_every_request_of_the_client_is_as_the_contract_says(traffic):
    for request, _, _ in traffic:
        operation = CONTRACT["paths"][template_of(request.url.path)]["get"]
        declared = {one["name"]: one for one in operation["parameters"] if one["in"] == "query"}
        sent = dict(parse_qsl(request.url.query.decode(), keep_blank_values=True))
        assert sent.keys() <= declared.keys()
        assert {name for name, one in declared.items() if one["required"]} <= sent.keys()
        for name, text in sent.items():
            value = int(text) if declared[name]["schema"]["type"] == "integer" else text
            assert not problems(declared[name]["schema"], value)


def test_every_reply_of_the_simulator_is_as_the_contract_says(traffic):
    for request, response, body in traffic:
        contents = CONTRACT["paths"][template_of(request.url.path)]["get"]["responses"]["200"][
            "content"
        ]
        assert response.status_code == 200
        kind = response.headers["content-type"]
        value = json.loads(body) if kind == "application/json" else body.decode()
        assert not problems(contents[kind]["schema"], value), request.url
        assert unknown_fields(value) == set(), request.url


def test_next_and_previous_are_strings_or_absent(traffic):
    for _, response, body in traffic:
        if response.headers["content-type"] == "application/json":
            page = json.loads(body)
            assert "next" not in page or isinstance(page["next"], str)
            assert "previous" not in page or isinstance(page["previous"], str)


def test_a_wrong_reply_would_be_noticed():
    schema = {"$ref": "#/components/schemas/JobInPlanV2"}

    assert problems(schema, {"priority": "high"})
    assert problems(schema, {"schedTime": "yesterday"})
    assert problems(schema, {"dependencies": [{"dependencyType": "RESOURCE"}]})  # eight kinds fit
    assert unknown_fields({"results": [{"nmae": "X"}]}) == {"nmae"}


def test_the_contract_holds_no_prose():
    assert "operator" not in json.dumps(CONTRACT).lower()
    for schema in CONTRACT["components"]["schemas"].values():
        assert set(schema) <= {
            *("type", "format", "enum", "required", "pattern", "minimum", "maximum"),
            *("properties", "oneOf", "anyOf", "allOf", "items", "additionalProperties"),
        }


@pytest.mark.skipif("HWA_OPENAPI" not in os.environ, reason="HWA_OPENAPI names no document")
def test_the_contract_is_what_the_document_says():
    document = json.loads(Path(os.environ["HWA_OPENAPI"]).read_text(encoding="utf-8"))

    assert derive(document) == CONTRACT


# The client bears what engines really send


def answering(value: Any, status: int = 200) -> httpx.MockTransport:
    return httpx.MockTransport(lambda request: httpx.Response(status, json=value))


async def test_extra_missing_null_and_unknown_values_do_not_break_the_client(hwa_engine):
    job = {
        "id": "a1",
        "name": None,
        "lastRunCompositeStatus": {"status": "BRAND_NEW", "substatus": None},
        "jobruns": None,
        "schedTime": "2026-11-22T10:00:00",
        "timeRestrictions": {"maxDuration": "string"},
        "somethingNew": {"deep": [1]},
    }
    transport = answering({"results": [job, {}], "next": "string", "count": -1})

    async with TWSClient(hwa_engine, transport=transport) as client:
        first, second = (await client.first("/plan/job", JobInPlan)).value

    assert first.status == "BRAND_NEW"
    assert first.sched_time.tzinfo is not None
    assert first.time_restrictions.max_duration is None
    assert second.jobruns == []


@pytest.mark.parametrize("value", ["text", 7, True])
async def test_a_reply_of_another_shape_is_a_bad_reply(hwa_engine, value):
    async with TWSClient(hwa_engine, transport=answering(value)) as client:
        with pytest.raises(TWSError, match="than the API describes"):
            await client.first("/plan/job", JobInPlan)
