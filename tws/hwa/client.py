"""The only way to HWA: read-only, one client per engine, every answer dated."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError

from tws.hwa.cache import SingleFlightCache
from tws.hwa.engine import Engine
from tws.hwa.errors import TWSBadReply, TWSRefused
from tws.hwa.joblog import RANGE_LINES, read_end, read_part, texts
from tws.hwa.oql import OQL, fits
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
from tws.hwa.tolerance import NOTHING_ODD, Odd, understand_body

if TYPE_CHECKING:  # loaded with the first client: most commands make none
    import httpx

    from tws.hwa.connection import Answer

logger = logging.getLogger(__name__)
T = TypeVar("T")

PAGE_SIZE = 500  # parsed in some 10 ms, so that a big list does not hold up the event loop
MAX_ITEMS = 10_000
MOST_LOG_LINES = 1_000_000_000
_TELLING = {"id", "key", "name", "def"}
"""An object has one of these."""
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
        from tws.hwa.connection import EngineConnection

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
        """Whether this is our simulator; it always says so, an engine that won't tell is none."""
        try:
            return (await self.engine_info()).value.simulated
        except TWSRefused as error:
            if error.status == 401:
                raise
            return False

    async def check(self) -> None:
        """Raise what keeps the engine from being read; its information itself may be off limits."""
        try:
            await self.engine_info()
        except TWSRefused as error:
            if error.status != 403:
                raise
            await self.jobs(limit=1)

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
            yield replace(reply, fetched_at=asked_at)
            following = _next_offset(reply.value, offset, size)
            # A `next` that leads nowhere new is not followed.
            if following is None or following <= offset:
                return
            offset = following

    async def count(self, path: str) -> int | None:
        """How many objects a list has; None when the engine does not say."""
        reading = await self._parsed(ListReply[Any], fill(path), {"limit": "1", "offset": "0"})
        count = reading.value.count
        return count if count is not None and count >= 0 else None

    async def written(self, template: str, identifier: str) -> Reading[dict[str, Any]]:
        """One object, whole. TWSBadReply when it is another one, or none."""
        asked_at = datetime.now(UTC)
        path = self._path(template, identifier)
        reading = await self._parsed(dict[str, Any], path, {})
        if reading.value.get("id", identifier) != identifier:
            raise self._bad_reply(path, "another object than was asked for")
        if not reading.value.keys() & _TELLING:
            raise self._bad_reply(path, "no object of the plan or the model")
        return replace(reading, fetched_at=asked_at)

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
            answer = await self._read_log(path, params, from_line, wanted)
            return self._reading(answer.value, answer)

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
        if last is None:
            return await self._whole_log_tail(run_id, lines)
        first = max(1, last - lines + 1)
        return await self.job_log(run_id, first, max(last, first))

    async def _last_line(self, run_id: str) -> int | None:
        """The number of the last line; None of an engine that gives out no ranges."""
        start = (await self.job_log(run_id)).value
        if start.at_end:
            return len(start.lines)
        low, high = start.last_line, RANGE_LINES * 2
        while await self._has_line(run_id, high):
            low, high = high, high * 4
            if high > MOST_LOG_LINES:
                return None
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

    async def _whole_log_tail(self, run_id: str, lines: int) -> Reading[LogPart]:
        path = self._path("/plan/job/run/{run_id}/joblog", run_id)

        async def consume(response: httpx.Response) -> LogPart:
            return await read_end(response, lines)

        answer = await self._connection.read(path, {}, "text/plain", consume)
        return self._reading(answer.value, answer)

    async def _read_log(
        self, path: str, params: Mapping[str, str], first: int, wanted: int
    ) -> Answer[LogPart]:
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
            return await self._parsed(schema, path, wanted)

        return await self._cache.get((path, *wanted.items()), self._seconds(slow=slow), fetch)

    async def _neighbours(
        self, template: str, identifier: str, depth: int
    ) -> Reading[list[FlowNode]]:
        path = self._path(template, identifier)

        async def fetch() -> Reading[list[FlowNode]]:
            reply = await self._parsed(ListReply[FlowNode], path, {"depth": str(depth)})
            return Reading(
                reply.value.results, reply.fetched_at, reply.engine, reply.odd, reply.host
            )

        return await self._cache.get((path, depth), self.engine.cache_seconds, fetch)

    async def _description(self, template: str, identifier: str) -> Reading[str]:
        path = self._path(template, identifier)

        async def fetch() -> Reading[str]:
            reply: Reading[Any] = await self._parsed(Any, path, {})
            return replace(reply, value="\n".join(texts(reply.value)))

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
            try:
                return await self._read_pages(path, schema, filters, wanted, offset, fits(oql))
            except TWSRefused as error:
                # What one release filters by another refuses: then all are read, and looked at.
                if error.status != 400 or not isinstance(oql, OQL):
                    raise
            unfiltered = {name: value for name, value in filters.items() if name != "oql"}
            return await self._read_pages(path, schema, unfiltered, wanted, offset, fits(oql))

        key = (path, *filters.items(), wanted, offset)
        return await self._cache.get(key, self._seconds(slow=slow), fetch)

    async def _read_pages(
        self,
        path: str,
        schema: type[T],
        filters: Mapping[str, str],
        wanted: int,
        offset: int,
        fit: Callable[[T], bool],
    ) -> Reading[Page[T]]:
        """Pages until there are as many as wanted; each object is held against the filter again."""
        items: list[T] = []
        total: int | None = None
        start = offset
        first: Reading[ListReply[T]] | None = None
        odd, looked, size = NOTHING_ODD, 0, min(PAGE_SIZE, wanted)
        while True:
            params = {**filters, "limit": str(size), "offset": str(offset)}
            reading = await self._parsed(ListReply[schema], path, params)  # type: ignore[valid-type]  # known at run time
            first = first or reading  # a list is as old as its first page
            reply, odd = reading.value, odd + reading.odd
            if total is None and reply.count is not None and reply.count >= 0:
                total = reply.count
            items += [one for one in reply.results if fit(one)]
            looked += len(reply.results)
            following = _next_offset(reply, offset, size)
            if following is None or len(items) >= wanted or looked >= MAX_ITEMS:
                break
            offset = following
            left = wanted - len(items) if looked == len(items) else PAGE_SIZE
            size = min(PAGE_SIZE, left)
        ended = following is None and not reply.next and (total is None or start + looked >= total)
        if looked > len(items):
            total = None  # the engine counted what it was not asked for
        complete = ended and len(items) <= wanted and not odd.objects
        page = Page(items[:wanted], total, complete)
        return Reading(page, first.fetched_at, self.engine.name, odd, first.host)

    async def _parsed(self, schema: type[T], path: str, params: Mapping[str, str]) -> Reading[T]:
        answer = await self._connection.body(path, params)
        body = answer.value
        try:
            value, odd = understand_body(schema, body.content, body.charset)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "body"
            raise self._bad_reply(path, f"{place}: {first['msg']}") from error
        except ValueError as error:
            raise self._bad_reply(path, f"no JSON ({error})") from error
        if odd:
            logger.info(
                "%s %s: left out %d fields and %d objects that the API does not describe, as %s",
                self.engine.name,
                path,
                odd.fields,
                odd.objects,
                ", ".join(odd.examples),
            )
        return self._reading(value, answer, odd)

    def _bad_reply(self, path: str, why: str) -> TWSBadReply:
        return TWSBadReply(
            f"{self.engine.name} answered {path} with something else than the API describes: {why}",
            engine=self.engine.name,
            path=path,
        )

    def _reading(self, value: T, answer: Answer[Any], odd: Odd = NOTHING_ODD) -> Reading[T]:
        return Reading(value, datetime.now(UTC), self.engine.name, odd, answer.host)


def _next_offset(reply: ListReply[Any], offset: int, size: int) -> int | None:
    """Where the next page begins, by its `next`. Only that: its host and path are not ours.

    A `next` that leads nowhere new is not followed. An engine that gives neither `next` nor a
    count has more when the page is full.
    """
    found = parse_qs(urlsplit(reply.next or "").query).get("offset", [""])[0]
    if found.isdecimal():
        return int(found) if int(found) > offset else None
    told = reply.next or (reply.count is not None and reply.count >= 0)
    return None if told or len(reply.results) != size else offset + size
