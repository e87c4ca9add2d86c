"""The only way to HWA: read-only, one client per engine, every answer dated."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx
from pydantic import TypeAdapter, ValidationError

from tws.hwa.cache import SingleFlightCache
from tws.hwa.connection import Engine, EngineConnection
from tws.hwa.errors import TWSBadReply, TWSRefused
from tws.hwa.joblog import RANGE_LINES, read_part
from tws.hwa.oql import OQL
from tws.hwa.paths import fill
from tws.hwa.readings import LogPart, Page, Reading
from tws.hwa.schemas import (
    EngineInfo,
    FlowNode,
    GroupedCount,
    JobDefinitionObject,
    JobInPlan,
    JobStreamDefinitionObject,
    JobStreamInPlan,
    ListReply,
    ResourceInPlan,
    WorkstationInPlan,
)

T = TypeVar("T")

PAGE_SIZE = 500  # parsed in some 10 ms, so that a big list does not hold up the event loop
MAX_ITEMS = 10_000
MOST_LOG_LINES = 1_000_000_000
EVERY_JOB = "/@/@#/@/@.@"
EVERY_STREAM = "/@/@#/@/@"


class TWSClient:
    """Reads one HWA engine. Connects at the first request; close with `aclose()`.

    Every method returns a `Reading` (`value`, `fetched_at`, `age_seconds`, `engine`) and raises
    nothing but a `TWSError`:

    * `engine_info()` → EngineInfo; `is_simulated()` → bool (no Reading)
    * `jobs(oql, plan_filter, limit, offset)`, `job_streams(…)`, `workstations(…)`, `resources(…)`,
      `job_definitions(oql, limit)`, `job_stream_definitions(oql, limit)` → Page of typed objects;
      `limit` is the most the caller wants, read in pages of 500 and capped at MAX_ITEMS
    * `job(id)` with runs and dependencies, `job_stream(id)`, `workstation(id)`, `resource(id)`,
      `job_definition(id)`, `job_stream_definition(id)` → the object
    * `count_jobs(by, plan_filter)`, `count_job_streams(by, plan_filter)` → GroupedCount; `by` is
      "status", "workstation" or "folder"
    * `job_predecessors(id, depth)`, `job_successors`, `job_stream_predecessors`,
      `job_stream_successors` → list of JobInPlan | JobStreamInPlan
    * `job_description(id)`, `job_stream_description(id)` → str, "" when there is none
    * for the reader of the plan, never from the cache, objects as HWA wrote them:
      `pages(path, oql, offset)` yields a list page by page, `written(path, id)` is one object,
      `count(path)` → int | None
    * `job_log(run_id, from_line, to_line)` → LogPart; `job_log_tail(run_id, lines)` → LogPart;
      `job_log_ranges(run_id)` yields the whole log, part by part, in flat memory

    Lists of the plan leave dependencies out; `job(id)` and `job_stream(id)` have them. Prompts are
    read there: `job.value.prompts`. Conditions are built with `tws.hwa.oql`.

    Concurrent calls for the same thing share one request, and its answer is kept for
    `engine.cache_seconds`; `fetched_at` tells its age. One client belongs to one event loop.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        attempts: int = 3,
        backoff_seconds: float = 0.2,
    ) -> None:
        self.engine = engine
        self._connection = EngineConnection(
            engine, transport=transport, attempts=attempts, backoff_seconds=backoff_seconds
        )
        self._cache: SingleFlightCache[Reading[Any]] = SingleFlightCache()

    async def __aenter__(self) -> TWSClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._cache.aclose()
        await self._connection.aclose()

    # The engine

    async def engine_info(self) -> Reading[EngineInfo]:
        return await self._object(fill("/engine/info"), EngineInfo, slow=True)

    async def is_simulated(self) -> bool:
        return (await self.engine_info()).value.simulated

    # The plan

    async def jobs(
        self, oql: OQL | str = "", plan_filter: str = "", limit: int = MAX_ITEMS, offset: int = 0
    ) -> Reading[Page[JobInPlan]]:
        return await self._page("/plan/job", JobInPlan, oql, plan_filter, limit, offset)

    async def job_streams(
        self, oql: OQL | str = "", plan_filter: str = "", limit: int = MAX_ITEMS, offset: int = 0
    ) -> Reading[Page[JobStreamInPlan]]:
        return await self._page("/plan/jobstream", JobStreamInPlan, oql, plan_filter, limit, offset)

    async def workstations(
        self, oql: OQL | str = "", plan_filter: str = "", limit: int = MAX_ITEMS, offset: int = 0
    ) -> Reading[Page[WorkstationInPlan]]:
        return await self._page(
            "/plan/workstation", WorkstationInPlan, oql, plan_filter, limit, offset
        )

    async def resources(
        self, oql: OQL | str = "", plan_filter: str = "", limit: int = MAX_ITEMS, offset: int = 0
    ) -> Reading[Page[ResourceInPlan]]:
        return await self._page("/plan/resource", ResourceInPlan, oql, plan_filter, limit, offset)

    async def job(self, job_id: str) -> Reading[JobInPlan]:
        return await self._object(self._path("/plan/job/{job_id}", job_id), JobInPlan)

    async def job_stream(self, stream_id: str) -> Reading[JobStreamInPlan]:
        path = self._path("/plan/jobstream/{jobstream_id}", stream_id)
        return await self._object(path, JobStreamInPlan)

    async def workstation(self, workstation_id: str) -> Reading[WorkstationInPlan]:
        path = self._path("/plan/workstation/{workstation_id}", workstation_id)
        return await self._object(path, WorkstationInPlan)

    async def resource(self, resource_id: str) -> Reading[ResourceInPlan]:
        path = self._path("/plan/resource/{resource_id}", resource_id)
        return await self._object(path, ResourceInPlan)

    async def count_jobs(
        self, by: str = "status", plan_filter: str = EVERY_JOB
    ) -> Reading[GroupedCount]:
        params = {"plan_filter": plan_filter, "grouping_filters": by}
        return await self._object(fill("/plan/job/count"), GroupedCount, params)

    async def count_job_streams(
        self, by: str = "status", plan_filter: str = EVERY_STREAM
    ) -> Reading[GroupedCount]:
        params = {"plan_filter": plan_filter, "grouping_filters": by}
        return await self._object(fill("/plan/jobstream/count"), GroupedCount, params)

    async def job_predecessors(self, job_id: str, depth: int = 1) -> Reading[list[FlowNode]]:
        return await self._neighbours("/plan/job/{job_id}/predecessors", job_id, depth)

    async def job_successors(self, job_id: str, depth: int = 1) -> Reading[list[FlowNode]]:
        return await self._neighbours("/plan/job/{job_id}/successors", job_id, depth)

    async def job_stream_predecessors(
        self, stream_id: str, depth: int = 1
    ) -> Reading[list[FlowNode]]:
        return await self._neighbours(
            "/plan/jobstream/{jobstream_id}/predecessors", stream_id, depth
        )

    async def job_stream_successors(
        self, stream_id: str, depth: int = 1
    ) -> Reading[list[FlowNode]]:
        return await self._neighbours("/plan/jobstream/{jobstream_id}/successors", stream_id, depth)

    # As HWA wrote it

    async def pages(
        self, path: str, oql: OQL | str = "", offset: int = 0, size: int = PAGE_SIZE
    ) -> AsyncGenerator[Reading[ListReply[Any]]]:
        """A list from `offset` on, one page at a time; only one is held."""
        filters = {"oql": str(oql)} if str(oql) else {}
        while True:
            asked_at = datetime.now(UTC)
            params = {**filters, "limit": str(size), "offset": str(offset)}
            reply = await self._parsed(ListReply[Any], fill(path), params)
            yield Reading(reply, asked_at, self.engine.name)
            following = _next_offset(reply.next)
            # A `next` that leads nowhere new is not followed.
            if following is None or following <= offset:
                return
            offset = following

    async def count(self, path: str) -> int | None:
        """How many objects a list has; None when the engine does not say."""
        reply = await self._parsed(ListReply[Any], fill(path), {"limit": "1", "offset": "0"})
        return reply.count if reply.count is not None and reply.count >= 0 else None

    async def written(self, template: str, identifier: str) -> Reading[dict[str, Any]]:
        """One object, whole."""
        asked_at = datetime.now(UTC)
        path = self._path(template, identifier)
        return Reading(await self._parsed(dict[str, Any], path, {}), asked_at, self.engine.name)

    # The model

    async def job_definitions(
        self, oql: OQL | str = "", limit: int = MAX_ITEMS
    ) -> Reading[Page[JobDefinitionObject]]:
        return await self._page(
            "/model/jobdefinition", JobDefinitionObject, oql, "", limit, 0, slow=True
        )

    async def job_stream_definitions(
        self, oql: OQL | str = "", limit: int = MAX_ITEMS
    ) -> Reading[Page[JobStreamDefinitionObject]]:
        return await self._page(
            "/model/jobstream", JobStreamDefinitionObject, oql, "", limit, 0, slow=True
        )

    async def job_definition(self, definition_id: str) -> Reading[JobDefinitionObject]:
        path = self._path("/model/jobdefinition/{jobDefinition_id}", definition_id)
        return await self._object(path, JobDefinitionObject, slow=True)

    async def job_stream_definition(self, definition_id: str) -> Reading[JobStreamDefinitionObject]:
        path = self._path("/model/jobstream/{jobStream_id}", definition_id)
        return await self._object(path, JobStreamDefinitionObject, slow=True)

    async def job_description(self, job_id: str) -> Reading[str]:
        return await self._description("/plan/job/{job_id}/model/description", job_id)

    async def job_stream_description(self, stream_id: str) -> Reading[str]:
        return await self._description(
            "/plan/jobstream/{jobstream_id}/model/description", stream_id
        )

    # Job logs

    async def job_log(
        self, run_id: str, from_line: int = 1, to_line: int = RANGE_LINES
    ) -> Reading[LogPart]:
        """Lines `from_line` to `to_line` of a run's log, both included, counted from 1."""
        if not 1 <= from_line <= to_line:
            raise ValueError("a range of lines starts at 1 and does not end before it starts")
        path = self._path("/plan/job/run/{run_id}/joblog", run_id)
        wanted = to_line - from_line + 1
        # One line more than wanted tells whether the log goes on.
        params = {"from_line": str(from_line), "to_line": str(to_line + 1)}

        async def fetch() -> Reading[LogPart]:
            return self._reading(await self._read_log(path, params, from_line, wanted))

        return await self._cache.get(
            (path, from_line, to_line), self.engine.log_cache_seconds, fetch
        )

    async def job_log_ranges(
        self, run_id: str, range_lines: int = RANGE_LINES
    ) -> AsyncIterator[Reading[LogPart]]:
        """The whole log, one range after the other; only one is held at a time."""
        first = 1
        while True:
            part = await self.job_log(run_id, first, first + range_lines - 1)
            yield part
            if part.value.at_end or not part.value.lines:
                return
            first = part.value.last_line + 1

    async def job_log_tail(self, run_id: str, lines: int = 100) -> Reading[LogPart]:
        """The last lines, found by probing: a log of a million lines takes some 30 small GETs."""
        last = await self._last_line(run_id)
        first = max(1, last - lines + 1)
        return await self.job_log(run_id, first, max(last, first))

    async def _last_line(self, run_id: str) -> int:
        start = (await self.job_log(run_id)).value
        if start.at_end:
            return len(start.lines)
        low, high = start.last_line, RANGE_LINES * 2
        while await self._has_line(run_id, high):
            low, high = high, high * 4
            if high > MOST_LOG_LINES:
                raise TWSBadReply(
                    f"{self.engine.name} gives out lines of a job log without regard to the range",
                    engine=self.engine.name,
                )
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if await self._has_line(run_id, middle) else (low, middle)
        return low

    async def _has_line(self, run_id: str, number: int) -> bool:
        try:
            part = await self.job_log(run_id, number, number)
        except TWSRefused as error:
            # The document does not say what a range after the end answers.
            if error.status in (400, 404, 416):
                return False
            raise
        return bool(part.value.lines)

    async def _read_log(
        self, path: str, params: Mapping[str, str], first: int, wanted: int
    ) -> LogPart:
        async def consume(response: httpx.Response) -> LogPart:
            return await read_part(response, first, wanted)

        return await self._connection.read(path, params, "text/plain", consume)

    # How a question becomes a request

    def _path(self, template: str, identifier: str) -> str:
        try:
            return fill(template, identifier)
        except ValueError as error:
            raise TWSRefused(str(error), engine=self.engine.name, path=template) from error

    def _seconds(self, *, slow: bool) -> float:
        return self.engine.slow_cache_seconds if slow else self.engine.cache_seconds

    async def _object(
        self,
        path: str,
        schema: type[T],
        params: Mapping[str, str] | None = None,
        *,
        slow: bool = False,
    ) -> Reading[T]:
        wanted = params or {}

        async def fetch() -> Reading[T]:
            return self._reading(await self._parsed(schema, path, wanted))

        return await self._cache.get((path, *wanted.items()), self._seconds(slow=slow), fetch)

    async def _neighbours(
        self, template: str, identifier: str, depth: int
    ) -> Reading[list[FlowNode]]:
        path = self._path(template, identifier)

        async def fetch() -> Reading[list[FlowNode]]:
            reply = await self._parsed(ListReply[FlowNode], path, {"depth": str(depth)})
            return self._reading(reply.results)

        return await self._cache.get((path, depth), self.engine.cache_seconds, fetch)

    async def _description(self, template: str, identifier: str) -> Reading[str]:
        path = self._path(template, identifier)

        async def fetch() -> Reading[str]:
            reply: Any = await self._parsed(Any, path, {})
            return self._reading("\n".join(_texts(reply)))

        return await self._cache.get((path,), self.engine.slow_cache_seconds, fetch)

    async def _page(
        self,
        template: str,
        schema: type[T],
        oql: OQL | str,
        plan_filter: str,
        limit: int,
        offset: int,
        *,
        slow: bool = False,
    ) -> Reading[Page[T]]:
        asked = {"oql": str(oql), "plan_filter": plan_filter}
        filters = {name: value for name, value in asked.items() if value}
        path = fill(template)
        wanted = max(1, min(limit, MAX_ITEMS))

        async def fetch() -> Reading[Page[T]]:
            return await self._read_pages(path, schema, filters, wanted, offset)

        key = (path, *filters.items(), wanted, offset)
        return await self._cache.get(key, self._seconds(slow=slow), fetch)

    async def _read_pages(
        self, path: str, schema: type[T], filters: Mapping[str, str], wanted: int, offset: int
    ) -> Reading[Page[T]]:
        items: list[T] = []
        total: int | None = None
        oldest: datetime | None = None
        while True:
            size = min(PAGE_SIZE, wanted - len(items))
            params = {**filters, "limit": str(size), "offset": str(offset)}
            reply = await self._parsed(ListReply[schema], path, params)  # type: ignore[valid-type]  # known at run time
            oldest = oldest or datetime.now(UTC)  # a list is as old as its first page
            if total is None and reply.count is not None and reply.count >= 0:
                total = reply.count
            items += reply.results
            following = _next_offset(reply.next)
            # A `next` that leads nowhere new is not followed, and the list said to be incomplete.
            if following is None or following <= offset or len(items) >= wanted:
                break
            offset = following
        complete = not reply.next and len(items) <= wanted
        return Reading(Page(items[:wanted], total, complete), oldest, self.engine.name)

    async def _parsed(self, schema: type[T], path: str, params: Mapping[str, str]) -> T:
        body = await self._connection.body(path, params)
        try:
            return TypeAdapter(schema).validate_json(body)
        except ValidationError as error:
            raise self._bad_reply(path, error) from error

    def _bad_reply(self, path: str, error: ValidationError) -> TWSBadReply:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        return TWSBadReply(
            f"{self.engine.name} answered {path} with something else than the API describes: "
            f"{place}: {first['msg']}",
            engine=self.engine.name,
            path=path,
        )

    def _reading(self, value: T) -> Reading[T]:
        return Reading(value, datetime.now(UTC), self.engine.name)


def _next_offset(following: str | None) -> int | None:
    """The offset in a page's `next`. Only that: its host and path are not ours to follow."""
    found = parse_qs(urlsplit(following or "").query).get("offset", [""])[0]
    return int(found) if found.isdecimal() else None


def _texts(reply: Any) -> list[str]:
    """Every text in a description, whose shape the document leaves open."""
    if isinstance(reply, str):
        return [reply] if reply.strip() else []
    if isinstance(reply, dict):
        reply = list(reply.values())
    if isinstance(reply, list):
        return [text for one in reply for text in _texts(one)]
    return []
