"""The simulated engine as an ASGI application: paths, credentials, paging, errors."""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
from collections import Counter
from collections.abc import Callable
from itertools import compress

from pydantic import ValidationError

from tws.hwa.paths import API_ROOT
from tws.simulator.definitions import Definitions
from tws.simulator.dependencies import Dependencies
from tws.simulator.faults import Faults
from tws.simulator.habits import with_habits
from tws.simulator.identifiers import Identified, Kind, read_id
from tws.simulator.joblogs import JobLog
from tws.simulator.keys import Record
from tws.simulator.messages import (
    Problem,
    Receive,
    Reply,
    Request,
    Scope,
    Send,
    as_json,
    live_and_end,
    receive_request,
)
from tws.simulator.page import plan_page
from tws.simulator.places import Places
from tws.simulator.plan import Plan
from tws.simulator.query import FilterError, Table, parse_plan_filter
from tws.simulator.records import Records
from tws.simulator.schedule import HalfDay
from tws.simulator.tables import Tables

DEFAULT_LIMIT = 10_000
WORKSTATION_FIELDS = ("name", "key", "type", "domainName", "os", "limit", "fence", "version", "id")
RESOURCE_FIELDS = ("name", "key", "workstation", "quantity", "quantityAvailable", "status", "id")


class Simulator:
    """One simulated engine. `faults` may be changed at any time."""

    def __init__(
        self,
        plan: Plan,
        *,
        host: str,
        user: str,
        password: str,
        token: str = "",
        habits: tuple[str, ...] = (),
    ) -> None:
        self.plan = plan
        self._site = with_habits(self._engine, habits)
        self.faults = Faults()
        self.requests = 0
        self.on_certificate: Callable[[bool], None] | None = None
        self._records = Records(plan, host)
        self._definitions = Definitions(plan, self._records.keys)
        self._places = Places(plan, self._records.keys)
        self._dependencies = Dependencies(plan, self._records.keys)
        self._tables = Tables(plan, self._records)
        self._basic = base64.b64encode(f"{user}:{password}".encode())
        self._token = token
        self._routes = [
            (re.compile(API_ROOT + pattern + r"\Z"), handler)
            for pattern, handler in self._handlers().items()
        ]

    def _handlers(self) -> dict[str, Callable[..., Reply]]:
        one = "/([^/]+)"
        return {
            "/engine/info": self._engine_info,
            "/plan/job": self._jobs,
            "/plan/job/count": self._count_jobs,
            "/plan/job/run" + one + "/joblog": self._job_log,
            "/plan/job" + one: self._job,
            "/plan/job" + one + "/(predecessors|successors)": self._job_neighbours,
            "/plan/job" + one + "/model/description": self._job_description,
            "/plan/jobstream": self._streams,
            "/plan/jobstream/count": self._count_streams,
            "/plan/jobstream" + one: self._stream,
            "/plan/jobstream" + one + "/(predecessors|successors)": self._stream_neighbours,
            "/plan/jobstream" + one + "/model/description": self._stream_description,
            "/plan/workstation": self._workstations,
            "/plan/workstation" + one: self._workstation,
            "/plan/resource": self._resources,
            "/plan/resource" + one: self._resource,
            "/model/jobdefinition": self._job_definitions,
            "/model/jobdefinition" + one: self._job_definition,
            "/model/jobstream": self._stream_definitions,
            "/model/jobstream" + one: self._stream_definition,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await live_and_end(receive, send)
            return
        if scope["type"] != "http":
            return
        request = await receive_request(scope, receive)
        reply = await self._answer(request)
        await self._send(request, reply, send)

    async def _answer(self, request: Request) -> Reply:
        if not self._is_known(request.headers.get("authorization", "")):
            return Reply(
                401,
                as_json(
                    {"messages": ["AUTHENTICATION_IS_REQUIRED Sign in with user and password."]}
                ),
                headers={"WWW-Authenticate": 'Basic realm="HWA simulator"'},
            )
        try:
            if request.path.startswith("/simulator/"):
                return self._control(request)
            if request.path == "/":
                self.plan.refresh()
                page = plan_page(self.plan, self._records, self._places)
                return Reply(body=page.encode(), content_type="text/html")
            await self.faults.delay()
            return self._site(request)
        except Problem as problem:
            return problem.reply
        except FilterError as error:
            return Problem(400, error.code, str(error)).reply

    def _engine(self, request: Request) -> Reply:
        self.requests += 1
        if self.faults.strikes(self.faults.error_rate):
            wait = {"Retry-After": self.faults.retry_after} if self.faults.retry_after else {}
            problem = Problem(self.faults.error_status, "ORDERED_INTERNAL_ERROR", "As ordered.")
            problem.reply.headers.update(wait)
            return problem.reply
        if request.method != "GET":
            raise Problem(405, "METHOD_NOT_ALLOWED", "The simulator changes nothing.")
        self.plan.refresh()
        for pattern, handler in self._routes:
            found = pattern.match(request.path)
            if found:
                return handler(request, *found.groups())
        raise Problem(404, "RESOURCE_NOT_FOUND", "There is nothing at this path.")

    def _is_known(self, header: str) -> bool:
        kind, _, value = header.partition(" ")
        if kind.lower() == "basic":
            return secrets.compare_digest(value.strip().encode(), self._basic)
        if kind.lower() == "bearer" and self._token:
            return secrets.compare_digest(value.strip().encode(), self._token.encode())
        return False

    # Control of the simulator itself

    def _control(self, request: Request) -> Reply:
        if request.path == "/simulator/faults":
            if request.method in ("POST", "PUT"):
                try:
                    self.faults = Faults.model_validate_json(request.body)
                except ValidationError as error:
                    raise Problem(422, "INVALID_FAULTS", str(error)) from error
                if self.on_certificate is not None:
                    self.on_certificate(self.faults.expired_certificate)
            elif request.method == "DELETE":
                self.faults = Faults()
                if self.on_certificate is not None:
                    self.on_certificate(False)
            return Reply(body=self.faults.model_dump_json().encode())
        if request.path == "/simulator/requests":
            return Reply(body=as_json({"requests": self.requests}))
        raise Problem(404, "RESOURCE_NOT_FOUND", "There is nothing at this path.")

    # The engine and the plan

    def _engine_info(self, _: Request) -> Reply:
        return _found(self._records.engine_info())

    def _jobs(self, request: Request) -> Reply:
        mask = None
        if request.query.get("plan_filter"):
            mask = self._tables.job_mask(parse_plan_filter(request.query["plan_filter"]))
        rows = self._tables.jobs().select(request.query.get("oql", ""), mask)
        return self._list(request, rows, self._records.job)

    def _streams(self, request: Request) -> Reply:
        mask = None
        if request.query.get("plan_filter"):
            mask = self._tables.stream_mask(parse_plan_filter(request.query["plan_filter"]))
        rows = self._tables.streams().select(request.query.get("oql", ""), mask)
        streams = list(self.plan.streams())
        return self._list(request, rows, lambda row: self._records.stream(*streams[row]))

    def _workstations(self, request: Request) -> Reply:
        records = [self._places.workstation(w) for w in self.plan.catalogue.workstations]
        return self._few(request, records, WORKSTATION_FIELDS)

    def _resources(self, request: Request) -> Reply:
        records = [self._places.resource(r) for r in self.plan.catalogue.resources]
        return self._few(request, records, RESOURCE_FIELDS)

    def _few(self, request: Request, records: list[Record], fields: tuple[str, ...]) -> Reply:
        table = self._tables.of_records(records, fields)
        rows = table.select(request.query.get("oql", ""))
        wanted = request.query.get("plan_filter")
        if wanted:
            path = parse_plan_filter(wanted)
            # A resource's filter is workstation#name; a workstation's is its name alone.
            pattern = path.stream if "#" in wanted else (path.stream or path.workstation)
            rows = [
                row
                for row in rows
                if (pattern is None or pattern.match(records[row]["name"]))
                and (
                    path.workstation is None
                    or path.workstation.match(
                        str(records[row].get("workstation") or records[row]["key"]).strip("/")
                    )
                )
            ]
        return self._list(request, rows, records.__getitem__)

    def _list(self, request: Request, rows: list[int], write: Callable[[int], Record]) -> Reply:
        limit = request.number("limit", DEFAULT_LIMIT) or DEFAULT_LIMIT
        offset = request.number("offset", 0)
        body: Record = {"results": [write(row) for row in rows[offset : offset + limit]]}
        if request.headers.get("include-count", "true").lower() != "false":
            body["count"] = len(rows)
        # Strings, and absent on the last and first page; never null.
        if offset + limit < len(rows):
            body["next"] = request.page_url(offset + limit, limit)
        if offset > 0:
            body["previous"] = request.page_url(max(0, offset - limit), limit)
        return _found(body)

    def _job(self, _: Request, job_id: str) -> Reply:
        half, at = self._job_of(job_id)
        return _found(self._records.job(self.plan.row(half, at), whole=True))

    def _stream(self, _: Request, stream_id: str) -> Reply:
        half, index = self._stream_of(stream_id)
        return _found(self._records.stream(half, self.plan.catalogue.streams[index], whole=True))

    def _workstation(self, _: Request, identifier: str) -> Reply:
        found = self._identified(identifier, Kind.WORKSTATION)
        return _found(self._places.workstation(self.plan.catalogue.workstations[found.place]))

    def _resource(self, _: Request, identifier: str) -> Reply:
        found = self._identified(identifier, Kind.RESOURCE)
        return _found(self._places.resource(self.plan.catalogue.resources[found.place]))

    def _count_jobs(self, request: Request) -> Reply:
        wanted = parse_plan_filter(request.query.get("plan_filter") or "/@/@#/@/@.@")
        return self._count(request, self._tables.jobs(), self._tables.job_mask(wanted))

    def _count_streams(self, request: Request) -> Reply:
        wanted = parse_plan_filter(request.query.get("plan_filter") or "/@/@#/@/@")
        return self._count(request, self._tables.streams(), self._tables.stream_mask(wanted))

    def _count(self, request: Request, table: Table, mask: bytes) -> Reply:
        fields = [name for name in request.query.get("grouping_filters", "").split(",") if name]
        if set(fields) - {"workstation", "status", "folder"}:
            raise Problem(
                400, "GROUPING_FILTER_SYNTAX_ERROR", "Group by workstation, status or folder."
            )
        body: Record = {"count": sum(mask)}
        if fields:
            body["groupedCount"] = _grouped(table, fields, mask)
        return _found(body)

    def _job_neighbours(self, request: Request, job_id: str, direction: str) -> Reply:
        half, at = self._job_of(job_id)
        depth = min(request.number("depth", 1) or 1, 50)
        rows = self._dependencies.job_neighbours(half, at, depth, forward=direction == "successors")
        return _results([self._records.job(self.plan.row(half, row)) for row in rows])

    def _stream_neighbours(self, request: Request, stream_id: str, direction: str) -> Reply:
        half, index = self._stream_of(stream_id)
        depth = min(request.number("depth", 1) or 1, 50)
        streams = self._dependencies.stream_neighbours(
            half, self.plan.catalogue.streams[index], depth, forward=direction == "successors"
        )
        # The document asks for exactly one of job and job stream, and a stream is also a job by
        # its letter; a null where a job may have none sets them apart.
        return _results([{**self._records.stream(half, one), "jobruns": None} for one in streams])

    def _job_description(self, _: Request, job_id: str) -> Reply:
        half, at = self._job_of(job_id)
        definition = self._definitions.job(half.stream_of[at], half.position_of[at])
        return _found({"description": {"text": definition["def"]["description"]}})

    def _stream_description(self, _: Request, stream_id: str) -> Reply:
        index = self._stream_of(stream_id)[1]
        definition = self._definitions.stream(self.plan.catalogue.streams[index])["def"]
        return _found(
            {
                "description": {"text": definition["description"]},
                "documentation": {"text": definition["documentation"]},
            }
        )

    def _job_log(self, request: Request, run_id: str) -> Reply:
        found = self._identified(run_id, Kind.RUN)
        half, at = self._in_plan(found)
        if not 1 <= found.number <= len(self.plan.runs(half, at)):
            raise Problem(404, "RUN_NOT_FOUND", "No job run has this id.")
        log = JobLog(self.plan, self._records.keys, half, at, found.number)
        first = request.number("from_line", 1)
        last = request.number("to_line", 0) or None
        content_only = request.query.get("contentOnly", "").lower() == "true"
        lines = log.lines(first, last, content_only=content_only)
        return Reply(body=lines, content_type="text/plain; charset=utf-8")

    # The model

    def _job_definitions(self, request: Request) -> Reply:
        places = self.plan.catalogue.job_definitions
        streams = self.plan.catalogue.streams
        table = self._tables.definitions("jobs")
        rows = table.select(request.query.get("oql", ""))
        return self._list(
            request,
            rows,
            lambda row: self._definitions.job(streams[places[row][0]], places[row][1]),
        )

    def _stream_definitions(self, request: Request) -> Reply:
        streams = self.plan.catalogue.stream_definitions
        rows = self._tables.definitions("streams").select(request.query.get("oql", ""))
        return self._list(request, rows, lambda row: self._definitions.stream(streams[row]))

    def _job_definition(self, _: Request, identifier: str) -> Reply:
        found = self._identified(identifier, Kind.JOB_DEFINITION)
        stream = self.plan.catalogue.streams[found.place]
        return _found(self._definitions.job(stream, found.position))

    def _stream_definition(self, _: Request, identifier: str) -> Reply:
        found = self._identified(identifier, Kind.STREAM_DEFINITION)
        return _found(self._definitions.stream(self.plan.catalogue.streams[found.place]))

    # Finding things

    def _identified(self, identifier: str, kind: Kind) -> Identified:
        found = read_id(identifier, self.plan.catalogue.seed)
        if found is None or found.kind is not kind:
            raise Problem(404, "OBJECT_NOT_FOUND", "No object has this id.")
        return found

    def _job_of(self, job_id: str) -> tuple[HalfDay, int]:
        return self._in_plan(self._identified(job_id, Kind.JOB))

    def _in_plan(self, found: Identified) -> tuple[HalfDay, int]:
        for half in self.plan.halves:
            if half.number & 0xFFFF == found.half and found.place in half.first_row:
                return half, half.first_row[found.place] + found.position
        raise Problem(404, "OBJECT_NOT_FOUND", "The object is no longer in the plan.")

    def _stream_of(self, stream_id: str) -> tuple[HalfDay, int]:
        found = self._identified(stream_id, Kind.STREAM)
        half, _ = self._in_plan(found)
        return half, found.place

    # Sending

    async def _send(self, request: Request, reply: Reply, send: Send) -> None:
        """The reply, spoilt as the faults say when it is the engine's."""
        faults = self.faults if request.path.startswith(API_ROOT) else Faults()
        if faults.bad_json and isinstance(reply.body, bytes):
            reply.body = b"<html>" + reply.body[: len(reply.body) // 2]
        size = 65_536
        if faults.slow_body_seconds and isinstance(reply.body, bytes):
            size = len(reply.body) // 4 + 1
        dropped = faults.strikes(faults.drop_rate)
        start = {"status": reply.status, "headers": reply.raw_headers()}
        await send({"type": "http.response.start", **start})
        for part in reply.parts(size):
            await send({"type": "http.response.body", "body": part, "more_body": True})
            if dropped:
                return  # the server closes a connection whose answer is not whole
            if faults.slow_body_seconds:
                await asyncio.sleep(faults.slow_body_seconds)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _grouped(table: Table, fields: list[str], mask: bytes) -> dict[str, int]:
    columns = [table.columns[name]() for name in fields]
    groups = Counter(compress(zip(*(one.codes for one in columns), strict=True), mask))
    counts: Counter[str] = Counter()
    for codes, count in groups.items():
        # Keys as the objects write them: a workstation with its folder.
        words = [
            f"{'/' if one.is_path else ''}{one.values[code]}"
            for one, code in zip(columns, codes, strict=True)
        ]
        counts[",".join(words)] += count
    return counts


def _found(record: Record) -> Reply:
    return Reply(body=as_json(record))


def _results(records: list[Record]) -> Reply:
    return _found({"count": len(records), "results": records})
