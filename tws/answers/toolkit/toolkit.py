"""What an agent may ask while it answers one question: one engine, read-only, everything kept."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from typing import Any, Literal, TypeVar

from django.utils import timezone

from knowledge.claims.evidence import Reading
from knowledge.cleaning import clean_json
from knowledge.limits import LARGEST_OWN_EVIDENCE
from knowledge.secrets import mask_json, mask_secrets
from tws.answers.events import OWN_MEMORIES, Event, ToolCall, ToolResult, ToolUse
from tws.answers.toolkit.calls import (
    ARGUMENTS,
    SCHEMAS,
    BadArguments,
    Compare,
    Impact,
    Inspect,
    Log,
    Resolve,
    SearchMemories,
    read_arguments,
)
from tws.answers.toolkit.errors import EngineDown, NoRoom, NotRead, NotThere, Refused
from tws.answers.toolkit.room import TooLarge, fitted, size_of
from tws.database import in_database
from tws.hwa.client import TWSClient
from tws.hwa.engine import Engine
from tws.hwa.errors import TWSBadReply, TWSError, TWSRefused, TWSUnavailable
from tws.plan.comparing import compare_days, compare_runs
from tws.plan.fresh import fresh_state
from tws.plan.impact import impact
from tws.plan.inspecting import Kind, inspect
from tws.plan.joblogs import NoLog, read_log
from tws.plan.looking import read_named, read_now, successors_now
from tws.plan.models import PlanEngine
from tws.plan.query import PlanQuery, PlanQueryRefused, PlanUnavailable, answer
from tws.plan.query.values import plain
from tws.plan.resolving import Match, objects_named, resolve

T = TypeVar("T")
Emit = Callable[[Event], None]
SearchMemory = Callable[[str], Awaitable[Sequence[Reading]]]

LARGEST_READING = 20 * 2**10
"""Of one call, and never more than half of the room that is left: others must have some too."""


@dataclass(frozen=True, slots=True)
class Called:
    """What an LLM is told of its call; `reading` when there is one to point to."""

    ok: bool
    text: str
    reading: Reading | None = None


class Toolkit:
    """The tools of one run. Each call gives a Reading, and keeps it; or raises a NotRead.

    `readings` (the evidence) and `uses` grow with each call; an object that has left the plan
    leaves a reading that says so. `plan()` is the engine's state: its zone, span and time.
    `allowed` names the tools the agent may use, none means all. With `as_last_read` the plan is
    taken as it was when HWA last answered, nothing is read live, and each reading's result says
    `stale: true`.

    `search` finds memories for `search_memories`; it keeps each with `add_memory_reading`.
    """

    def __init__(
        self,
        engine: Engine,
        client: Callable[[], Awaitable[TWSClient]],
        *,
        allowed: Collection[str] = (),
        emit: Emit,
        search: SearchMemory | None = None,
        as_last_read: bool = False,
    ) -> None:
        self.engine = engine
        self._client = client
        self._emit = emit
        self.search = search
        self.as_last_read = as_last_read
        self.names = tuple(name for name in ARGUMENTS if name in allowed) or tuple(ARGUMENTS)
        self.readings: list[Reading] = []
        self.uses: list[ToolUse] = []
        self.state: PlanEngine | None = None
        self._memories: dict[tuple[Any, ...], Reading] = {}

    @property
    def simulated(self) -> bool:
        return self.state is not None and self.state.simulated

    @property
    def evidence(self) -> list[dict[str, Any]]:
        return [reading.as_json() for reading in self.readings]

    async def plan(self, known: PlanEngine | None = None) -> PlanEngine:
        """The engine's state with a plan to answer from. EngineDown when there is none.

        `known` is the state as it was read a moment ago.
        """
        self.state = state = await fresh_state(self.engine, known)
        if not state.is_read or not (state.is_current or self.as_last_read):
            raise EngineDown(
                state.error if state.down_since else state.why_not_current,
                engine=self.engine.name,
                since=state.down_since,
                last_read_at=state.fetched_at if state.is_read else None,
            )
        return state

    # The tools

    async def plan_query(self, query: PlanQuery) -> Reading:
        """A question over the plan. An object it asks for by name is read live first."""
        arguments = query.model_dump(mode="json", exclude_defaults=True)

        async def read() -> Reading:
            if query.engine and query.engine != self.engine.name:
                raise Refused(f"Only {self.engine.name} is read here.", known=[self.engine.name])
            await self.plan()
            asked = query.model_copy(update={"engine": self.engine.name})
            await self._live(lambda client: read_named(client, asked))
            result = await in_database(answer, asked, as_last_read=self.as_last_read)
            complete = result["complete"] and result.get("edges_read") == result.get("edges_total")
            return self._keep("plan_query", arguments, result, result["fetched_at"], complete)

        return await self._use("plan_query", arguments, read)

    async def inspect(self, kind: Kind, hwa_id: str) -> Reading:
        """One object whole, read live first: see `tws.plan.inspecting` and `tws.plan.waiting`."""
        arguments = {"kind": kind, "object": hwa_id}

        async def read() -> Reading:
            await self.plan()
            read_at = await self._read_now(kind, hwa_id)
            result = await in_database(inspect, self.engine.name, kind, hwa_id)
            if result is None:
                raise self._not_there(kind, hwa_id, read_at)
            at = plain(read_at) or result["fetched_at"]
            return self._keep("inspect", arguments, result, at, result.get("details_read", True))

        return await self._use("inspect", arguments, read)

    async def impact(self, kind: Literal["job", "stream"], hwa_id: str) -> Reading:
        """Everything that waits for it, to the end: see `tws.plan.impact`.

        What follows it is also asked of HWA itself, as long as not all edges have been read.
        """
        arguments = {"kind": kind, "object": hwa_id}

        async def read() -> Reading:
            state = await self.plan()
            await self._read_now(kind, hwa_id)
            followers: list[tuple[str, str]] | None = None
            if not state.edges_are_whole:
                followers = await self._live(lambda client: successors_now(client, kind, hwa_id))
            result = await in_database(impact, self.engine.name, kind, hwa_id, followers or ())
            if result is None:
                raise self._not_there(kind, hwa_id, state.fetched_at)
            at = result["fetched_at"]
            return self._keep("impact", arguments, result, at, result["complete"])

        return await self._use("impact", arguments, read)

    async def compare_runs(self, job: str, stream: str = "") -> Reading:
        """The runs of a job, by its name, each beside the one before."""
        return await self._compare({"job": job, "stream": stream}, compare_runs, job, stream)

    async def compare_days(self, day: date, other: date, until: time | None = None) -> Reading:
        """Two days side by side, `until` the same hour of both."""
        arguments = {"day": plain(day), "other": plain(other), "until": until and f"{until:%H:%M}"}
        return await self._compare(arguments, compare_days, day, other, until)

    async def log(self, job_id: str, run: int | None = None, lines: int | None = None) -> Reading:
        """A run's job log, read live: see `tws.plan.joblogs`."""
        arguments = {"job": job_id, "run": run, "lines": lines}

        async def read() -> Reading:
            await self.plan()
            await self._read_now("job", job_id)
            try:
                result, at = await read_log(await self._client(), job_id, run, lines)
            except NoLog as none:
                raise NotThere(str(none), engine=self.engine.name) from none
            complete = result.pop("complete")
            return self._keep("log", arguments, result, plain(at), complete)

        return await self._use("log", arguments, read)

    async def resolve(self, text: str) -> list[Match]:
        """Which objects a text may name. No evidence; the names may be those of an older plan."""

        async def read() -> list[Match]:
            try:
                await self.plan()
            except EngineDown as down:
                if not down.can_be_last_read:
                    raise
            return await in_database(resolve, self.engine.name, text)

        return await self._use("resolve", {"text": text}, read)

    async def named(self, name: str) -> Reading:
        """How many objects of the plan bear a name, however it is written; misspelt it is none."""

        async def read() -> Reading:
            at = plain((await self.plan()).fetched_at)
            found = await in_database(resolve, self.engine.name, name)
            matched = sum(one.matched for one in found if one.how != "typo")
            result = {"matched": matched, "fetched_at": at, "understood": {"name": name}}
            return self._keep("resolve", {"text": name}, result, at, True)

        return await self._use("resolve", {"text": name}, read)

    async def search_memories(self, text: str) -> Sequence[Reading]:
        """Memories that may be used again, each kept as a reading m1, m2, …"""

        async def read() -> Sequence[Reading]:
            if self.search is None:
                raise Refused("There are no memories to search here.")
            return await self.search(text)

        return await self._use("search_memories", {"text": text}, read)

    def add_memory_reading(
        self, key: tuple[Any, ...], result: dict[str, Any], *, text: str = "", engine: str = ""
    ) -> Reading:
        """Keep a memory that was found; `key` (its id and version) is the same one's again."""
        if key not in self._memories:
            arguments = {"text": text} if text else {}
            self._memories[key] = self._keep(
                "search_memories", arguments, result, None, True, of=engine
            )
        return self._memories[key]

    def add_own_memories(self, result: dict[str, Any]) -> Reading:
        """Keep which memories the asker's own questions made."""
        return self._keep(OWN_MEMORIES, {}, result, None, True)

    # As an LLM calls them

    def schemas(self) -> list[dict[str, Any]]:
        return [SCHEMAS[name] for name in self.names]

    async def call(self, name: str, written: str) -> Called:
        """The tool of that name, its arguments as written. Whatever is wrong is told in words."""
        if name not in self.names:
            return self._told_off(name, f"there is no tool {name!r}")
        try:
            return await self._called(read_arguments(name, written))
        except BadArguments as error:
            return self._told_off(name, str(error))
        except NotRead as error:
            return Called(False, json.dumps({"error": str(error)}, ensure_ascii=False))

    async def _called(self, asked: Any) -> Called:
        match asked:
            case PlanQuery():
                return _told(await self.plan_query(asked))
            case Inspect():
                hwa_id = await self._meant(asked.kind, asked.object)
                return _told(await self.inspect(asked.kind, hwa_id))
            case Impact():
                hwa_id = await self._meant(asked.kind, asked.object)
                return _told(await self.impact(asked.kind, hwa_id))
            case Log():
                hwa_id = await self._meant("job", asked.job)
                return _told(await self.log(hwa_id, asked.run, asked.lines))
            case Compare():
                return _told(await self._compared(asked))
            case Resolve():
                found = [asdict(one) for one in await self.resolve(asked.text)]
                return Called(True, json.dumps({"matches": found}, ensure_ascii=False))
            case SearchMemories():
                readings = await self.search_memories(asked.text)
                found = [{"id": one.id, **one.result} for one in readings]
                return Called(True, json.dumps({"memories": found}, ensure_ascii=False))
        raise TypeError(asked)

    async def _compared(self, asked: Compare) -> Reading:
        if asked.job:
            return await self.compare_runs(asked.job, asked.stream)
        if asked.day and asked.other:
            return await self.compare_days(asked.day, asked.other, asked.until)
        raise BadArguments("give a job, or day and other")

    async def _meant(self, kind: str, text: str) -> str:
        """The id of the object that a model names by id or by name; which there are, if several."""
        found = await in_database(objects_named, self.engine.name, kind, text)
        if len(found) == 1:
            return str(found[0]["id"])
        if not found:
            raise NotThere(f"There is no {kind} {text!r} in the plan; try resolve.")
        raise Refused(
            f"Several are called {text!r}: give one's id.",
            known=[f"{one['id']} ({one.get('scheduled') or one['key']})" for one in found],
        )

    def _told_off(self, name: str, why: str) -> Called:
        known = ", ".join(self.names)
        self._emit(ToolCall(name, {}))
        self._note(name, {}, None, why)
        text = json.dumps({"error": f"{why}. Known tools: {known}."}, ensure_ascii=False)
        return Called(False, text)

    # Reading and keeping

    async def _use(
        self, name: str, arguments: dict[str, Any], read: Callable[[], Awaitable[T]]
    ) -> T:
        """Announce a call, make it, and note what came of it. NotRead is all that it raises."""
        arguments = {key: value for key, value in arguments.items() if value not in (None, "")}
        self._emit(ToolCall(name, arguments))
        try:
            found = await self._permitted(name, read)
        except NotRead as error:
            self._note(name, arguments, None, str(error))
            raise
        self._note(name, arguments, found if isinstance(found, Reading) else None)
        return found

    async def _permitted(self, name: str, read: Callable[[], Awaitable[T]]) -> T:
        engine = self.engine.name
        if name not in self.names:
            raise Refused(f"This agent may not use {name}.", engine=engine, known=self.names)
        try:
            return await read()
        except TWSUnavailable as error:
            raise await self._down(error) from error
        except PlanUnavailable as error:
            raise EngineDown(str(error), engine=engine) from error
        except PlanQueryRefused as error:
            raise Refused(str(error), engine=engine, known=error.known) from error
        except TWSError as error:
            raise Refused(mask_secrets(str(error)), engine=engine, by_engine=True) from error

    async def _down(self, error: TWSUnavailable) -> EngineDown:
        state = await in_database(PlanEngine.of, self.engine.name)
        return EngineDown(
            mask_secrets(str(error)),
            engine=self.engine.name,
            since=state.down_since,
            last_read_at=state.fetched_at if state.is_read else None,
        )

    def _note(
        self, name: str, arguments: dict[str, Any], reading: Reading | None, error: str = ""
    ) -> None:
        at = reading.fetched_at if reading else None
        self.uses.append(ToolUse(name, arguments, not error, at))
        self._emit(ToolResult(name, arguments, not error, at, self.engine.name, error))

    async def _compare(
        self, arguments: dict[str, Any], compared: Callable[..., dict[str, Any]], *asked: Any
    ) -> Reading:
        async def read() -> Reading:
            state = await self.plan()
            result = await in_database(compared, self.engine.name, *asked)
            at = plain(state.fetched_at)
            return self._keep("compare", arguments, result, at, state.is_complete)

        return await self._use("compare", arguments, read)

    async def _live(self, look: Callable[[TWSClient], Awaitable[T]]) -> T | None:
        """What HWA says now; None where the user has no right, or it says nothing one can read."""
        if self.as_last_read:
            return None
        try:
            return await look(await self._client())
        except (TWSRefused, TWSBadReply):
            return None  # the rows hold what the last pass read

    async def _read_now(self, kind: str, hwa_id: str) -> datetime | None:
        """When the object was read live; NotThere when it has left the plan."""

        async def look(client: TWSClient) -> datetime:
            at = await read_now(client, kind, hwa_id)
            if at is None:
                raise self._not_there(kind, hwa_id, timezone.now())
            return at

        return await self._live(look)

    def _not_there(self, kind: str, hwa_id: str, at: datetime | None) -> NotThere:
        found = {"matched": 0, "kind": kind, "fetched_at": plain(at)}
        reading = self._keep(
            "inspect", {"kind": kind, "object": hwa_id}, found, found["fetched_at"], True
        )
        why = f"This {kind} is not in the plan any more."
        return NotThere(why, engine=self.engine.name, reading=reading)

    def _keep(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        result: dict[str, Any],
        fetched_at: str | None,
        complete: bool,
        *,
        of: str = "",
    ) -> Reading:
        letter = {"log": "l", "search_memories": "m", OWN_MEMORIES: "m"}.get(tool, "q")
        number = 1 + sum(one.id.startswith(letter) for one in self.readings)
        given = {key: value for key, value in arguments.items() if value not in (None, "")}
        stale = {"stale": True} if self.as_last_read and letter != "m" else {}
        # As it will be stored: what is composed from it is compared with what the database gives.
        result = mask_json(clean_json({**result, **stale}))
        empty = Reading(
            f"{letter}{number}", tool, mask_json(clean_json(given)), {}, of or self.engine.name,
            fetched_at, bool(complete),
        )  # fmt: skip
        left = LARGEST_OWN_EVIDENCE - size_of(self.evidence)
        try:
            kept = fitted(result, min(LARGEST_READING, left // 2) - size_of(empty.as_json()))
        except TooLarge:
            most = LARGEST_OWN_EVIDENCE // 2**10
            why = f"This is more than an answer may rest on ({most} KiB); ask for less."
            raise NoRoom(why, engine=self.engine.name) from None
        reading = Reading(**{**empty.as_json(), "result": kept})
        self.readings.append(reading)
        return reading


def _told(reading: Reading) -> Called:
    """A reading as a model reads it: rows as columns and values, which takes half the room."""
    result = {
        name: _columnar(value) if name in {"rows", "groups"} else value
        for name, value in reading.result.items()
    }
    # The reading's own come first, and stand for an object's `id` and the plan's `complete`.
    named = {"id": reading.id, "complete": reading.complete}
    told = named | result | named
    return Called(True, json.dumps(told, ensure_ascii=False), reading)


def _columnar(rows: Any) -> Any:
    if not isinstance(rows, list) or not rows or any(one.keys() != rows[0].keys() for one in rows):
        return rows
    return {"columns": list(rows[0]), "values": [list(one.values()) for one in rows]}
