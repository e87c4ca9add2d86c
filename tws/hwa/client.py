"""The only way to HWA: read-only, one client per engine, every answer dated."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs

from pydantic import ValidationError

from tws.hwa.cache import SingleFlightCache
from tws.hwa.charsets import decoded
from tws.hwa.engine import Engine
from tws.hwa.errors import TWSBadReply, TWSRefused, engine_said
from tws.hwa.joblog import RANGE_LINES, read_end, read_part
from tws.hwa.oql import OQL
from tws.hwa.paths import fill
from tws.hwa.readings import LogPart, Part, Reading
from tws.hwa.schemas import (
    EngineInfo,
    FlowNode,
    GroupedCount,
    JobInPlan,
    ListReply,
)
from tws.hwa.tolerance import NOTHING_ODD, Odd, understand_body

if TYPE_CHECKING:  # loaded with the first client: most commands make none
    import httpx

logger = logging.getLogger(__name__)
T = TypeVar("T")

PAGE_SIZE = 500  # parsed in some 10 ms, so that a big list does not hold up the event loop
MOST_LOG_LINES = 1_000_000_000
_TELLING = {"id", "key", "name", "def"}
"""An object has one of these."""


class TWSClient:
    """Reads one HWA engine. Connects at the first request; close with `aclose()`.

    Every method returns a `Reading` (`value`, `fetched_at`, `engine`) and raises
    nothing but a `TWSError`:

    * `engine_info()` → EngineInfo; `count_jobs(by)`, `count_job_streams(by)` → GroupedCount
    * `first(path, schema, oql, limit)` → the first objects of a list
    * `job(id)` → JobInPlan, with runs and dependencies, which lists leave out
    * `job_successors(id)`, `job_stream_successors(id)` → list of JobInPlan | JobStreamInPlan
    * for the reader of the plan, never from the cache, objects as HWA wrote them:
      `pages(path, oql, offset)` yields a list page by page, `written(path, id)` is one object,
      `count(path)` → int | None
    * `job_log(run_id, from_line, to_line)` → LogPart; `job_log_tail(run_id, lines)` → LogPart

    Conditions are built with `tws.hwa.oql`.

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

    @property
    def clock_ahead(self) -> timedelta | None:
        """By how much the engine's clock is ahead of ours, by its last answer; None: not told."""
        return self._connection.clock_ahead

    @property
    def backup(self) -> str:
        """The host that answers in place of the engine's first one; "" when that answers."""
        return self._connection.backup

    async def engine_info(self) -> Reading[EngineInfo]:
        return await self._object(fill("/engine/info"), EngineInfo, slow=True)

    # The plan

    async def first(
        self, path: str, schema: type[T], oql: OQL | str = "", limit: int = PAGE_SIZE
    ) -> Reading[list[T]]:
        """One page of a list, as it begins."""
        params = {"limit": str(limit), "offset": "0", **({"oql": str(oql)} if str(oql) else {})}
        reply = await self._parsed(ListReply[schema], fill(path), params)  # type: ignore[valid-type]  # known at run time
        return Reading(reply.value.results, reply.fetched_at, reply.engine, reply.odd)

    async def job(self, job_id: str) -> Reading[JobInPlan]:
        return await self._object(self._path("/plan/job/{job_id}", job_id), JobInPlan)

    async def count_jobs(self, by: str = "status") -> Reading[GroupedCount]:
        params = {"plan_filter": "/@/@#/@/@.@", "grouping_filters": by}
        return await self._object(fill("/plan/job/count"), GroupedCount, params)

    async def count_job_streams(self, by: str = "status") -> Reading[GroupedCount]:
        params = {"plan_filter": "/@/@#/@/@", "grouping_filters": by}
        return await self._object(fill("/plan/jobstream/count"), GroupedCount, params)

    async def job_successors(self, job_id: str) -> Reading[list[FlowNode]]:
        return await self._successors("/plan/job/{job_id}/successors", job_id)

    async def job_stream_successors(self, stream_id: str) -> Reading[list[FlowNode]]:
        return await self._successors("/plan/jobstream/{jobstream_id}/successors", stream_id)

    # As HWA wrote it

    async def pages(
        self,
        path: str,
        oql: OQL | str = "",
        offset: int = 0,
        size: int = PAGE_SIZE,
        *,
        counted: bool = True,
    ) -> AsyncGenerator[Part]:
        """A list from `offset` on, one part at a time; only one is held.

        Not `counted`: what this engine says is how many objects a page has, not the list.
        The list of an engine that gives a page once more for another offset ends there, not whole.
        """
        filters = {"oql": str(oql)} if str(oql) else {}
        before: list[Any] = []
        usual = 0
        while True:
            asked_at = datetime.now(UTC)
            params = {**filters, "limit": str(size), "offset": str(offset)}
            reply = (await self._parsed(ListReply[Any], fill(path), params)).value
            if not counted:
                reply = reply.model_copy(update={"count": None})
            held, before = before, _names(reply.results)
            if before and before == held:
                yield Part([], reply.total, True, asked_at)
                return
            usual = usual or len(before)
            following = _next_offset(reply, offset, size, usual)
            yield Part(reply.results, reply.total, following is not None, asked_at)
            if following is None:
                return
            offset = following

    async def count(self, path: str) -> int | None:
        """How many objects a list has; None when the engine does not say."""
        reading = await self._parsed(ListReply[Any], fill(path), {"limit": "1", "offset": "0"})
        return reading.value.total

    async def written(self, template: str, identifier: str) -> Reading[dict[str, Any]]:
        """One object, whole. TWSBadReply when it is another one, or none."""
        asked_at = datetime.now(UTC)
        path = self._path(template, identifier)
        reading = await self._parsed(dict[str, Any], path, {})
        if str(reading.value.get("id", identifier)) != identifier:
            raise self._bad_reply(path, "another object than was asked for")
        if not reading.value.keys() & _TELLING:
            said = engine_said(json.dumps(reading.value))
            raise self._bad_reply(path, said or "no object of the plan or the model")
        return replace(reading, fetched_at=asked_at)

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

        return self._reading(await self._connection.read(path, {}, "text/plain", consume))

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
        except ValueError as error:  # ids come from the engine
            raise TWSBadReply(str(error), engine=self.engine.name, path=template) from error

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

        seconds = self.engine.slow_cache_seconds if slow else self.engine.cache_seconds
        return await self._cache.get((path, *wanted.items()), seconds, fetch)

    async def _successors(self, template: str, identifier: str) -> Reading[list[FlowNode]]:
        path = self._path(template, identifier)

        async def fetch() -> Reading[list[FlowNode]]:
            reply = await self._parsed(ListReply[FlowNode], path, {"depth": "1"})
            return Reading(reply.value.results, reply.fetched_at, reply.engine, reply.odd)

        return await self._cache.get((path,), self.engine.cache_seconds, fetch)

    async def _parsed(self, schema: type[T], path: str, params: Mapping[str, str]) -> Reading[T]:
        body = await self._connection.body(path, params)
        try:
            value, odd = understand_body(schema, body.content, body.charset)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "body"
            said = engine_said(decoded(body.content, body.charset))
            raise self._bad_reply(path, f"{place}: {first['msg']}. {said}".strip(" .")) from error
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
        return self._reading(value, odd)

    def _bad_reply(self, path: str, why: str) -> TWSBadReply:
        return TWSBadReply(
            f"{self.engine.name} answered {path} with something else than the API describes: {why}",
            engine=self.engine.name,
            path=path,
        )

    def _reading(self, value: T, odd: Odd = NOTHING_ODD) -> Reading[T]:
        return Reading(value, datetime.now(UTC), self.engine.name, odd)


def _next_offset(reply: ListReply[Any], offset: int, asked: int, usual: int) -> int | None:
    """Where the next page begins: by its `next`, of which only that is ours, else behind this one.

    An engine may give fewer objects a page than it was asked for, `usual` so many, and count
    wrongly, or not at all: then there is more as long as its pages are full.
    """
    if not reply.results:
        return None
    found = parse_qs((reply.next or "").partition("?")[2]).get("offset", [""])[0]
    if found.isdecimal() and len(found) < 19 and int(found) > offset:
        return int(found)
    following, total = offset + len(reply.results), reply.total
    full = asked if total is not None else min(asked, usual)
    more = reply.next or len(reply.results) >= full or (total is not None and following < total)
    return following if more else None


def _names(objects: list[Any]) -> list[Any]:
    """What tells one page from another, however far its jobs have come."""
    return [
        [one.get("id"), one.get("key"), one.get("name")] if isinstance(one, dict) else one
        for one in objects
    ]
