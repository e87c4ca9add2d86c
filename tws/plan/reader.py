"""Keeps the plan of one engine: one reader leads, others wait to take over.

HWA's load is bounded: one request at a time, pages of 500, after each pass a pause at least as
long as the pass took (but for the rare one in full), and in the pauses at most
`PLAN_DETAILS_PER_SECOND` requests a second.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from django.conf import settings

from knowledge.connections import DATABASE_AWAY
from knowledge.secrets import mask_secrets
from tws.hwa.client import TWSClient
from tws.hwa.engine import Engine
from tws.hwa.errors import TWSBadReply, TWSError, TWSRefused
from tws.plan import details, history
from tws.plan.models import PlanEngine
from tws.plan.passes import Course, FiltersUnknown, FullPassNeeded, Pass, PassReport
from tws.plan.store import PlanStore, connect

log = logging.getLogger(__name__)

TAKE_OVER_SECONDS = 5.0
DATABASE_AWAY_SECONDS = 2.0
USUAL_SECONDS = 3600.0
MANY_ROWS = 10_000
"""After so many PostgreSQL is told what the tables hold; by itself it looks a minute later."""

OnPass = Callable[[PlanEngine], None]


class Reader:
    """Reads one engine, pass after pass, on a connection that leads."""

    def __init__(self, client: TWSClient, store: PlanStore) -> None:
        self._client = client
        self._store = store
        self._course = Course()
        self._failed = 0  # passes over what changed, one after the other
        self._in_full_until = float("-inf")
        self._read_in_full = False
        self._swept_at = float("-inf")

    async def read(self) -> PassReport:
        """One pass, in full when that is due. TWSError when HWA could not be read; that is kept."""
        state = await self._store.state()
        self._read_in_full = False
        try:
            await self._greet(state)
            report = await self._pass(state)
        except TWSError as error:
            await self._note_down(state, error)
            raise
        except DATABASE_AWAY:
            raise
        except Exception as error:  # whatever is odd in one pass, the next may do without
            log.exception("the plan of %s can't be read", self._store.engine)
            unreadable = TWSBadReply("The plan can't be read; the log has the reason.")
            await self._note_down(state, unreadable)
            raise unreadable from error
        if state.down_since:
            log.info("%s answers again", self._store.engine)
        self._read_in_full = report.full
        if report.written > MANY_ROWS:
            await self._store.analyze()
        if report.full:
            await self._sweep(force=report.replaced)
        return report

    async def _pass(self, state: PlanEngine) -> PassReport:
        """Over what changed, or in full. Where the first fails and the second does not, it is the
        conditions that this engine can't do: for a while it is read without."""
        filters_fail = False
        if not self._full_is_due(state):
            try:
                report = await self._run(state, self._course, full=False)
                self._failed = 0
                return report
            except FullPassNeeded as error:
                filters_fail = isinstance(error, FiltersUnknown)
                log.info("%s is read in full: %s", self._store.engine, error)
            except TWSError as error:
                self._failed += 1
                if self._failed == 1 and not isinstance(error, TWSRefused):
                    raise  # it may pass
                filters_fail = isinstance(error, TWSRefused) or self._failed > 2
                log.warning("%s is tried without conditions: %s", self._store.engine, error)
        course = Course(short=self._course.short)
        report = await self._run(state, course, full=True)
        self._course = course
        if filters_fail:
            self._in_full_until = time.monotonic() + settings.PLAN_FULL_SECONDS
        return report

    async def _run(self, state: PlanEngine, course: Course, *, full: bool) -> PassReport:
        return await Pass(self._client, self._store, state, course, full=full).run()

    def _full_is_due(self, state: PlanEngine) -> bool:
        never = state.read_in_full_at is None
        return self._course.full_is_due or never or self._does_without_filters

    @property
    def _does_without_filters(self) -> bool:
        return time.monotonic() < self._in_full_until

    async def _greet(self, state: PlanEngine) -> None:
        """Who the engine says it is. It need not say: some give no right to ask."""
        if not self._full_is_due(state):
            return
        try:
            info = (await self._client.engine_info()).value
        except (TWSRefused, TWSBadReply):
            return
        await self._store.set_state(
            simulated=info.simulated,
            version=(info.display_version or info.full_version or "")[:100],
            time_zone=(info.timezone or "")[:100],
        )

    async def _note_down(self, state: PlanEngine, error: TWSError) -> None:
        said = mask_secrets(str(error))
        kinds = {TWSRefused: "refused", TWSBadReply: "bad_reply"}
        if state.down_since is None or state.error != said:
            log.warning("%s can't be read: %s", self._store.engine, said)
        await self._store.set_state(
            down_since=state.down_since or datetime.now(UTC),
            error=said,
            error_kind=kinds.get(type(error), "unavailable"),
        )
        await self._store.tell()

    async def _sweep(self, *, force: bool) -> None:
        """What need not be done with each pass: usual durations, and letting go of old days."""
        if not force and time.monotonic() - self._swept_at < USUAL_SECONDS:
            return
        self._swept_at = time.monotonic()
        connection, engine = self._store.connection, self._store.engine
        await history.measure_usual_durations(connection, engine)
        oldest = datetime.now(UTC) - timedelta(days=settings.PLAN_HISTORY_DAYS)
        await history.drop_old(connection, engine, oldest)

    def rest_seconds(self, took: float) -> float:
        """As long as the pass took, at least; after one in full, which is rare, what moved since
        is read at once."""
        rare = self._read_in_full and not self._does_without_filters
        return settings.PLAN_READ_SECONDS if rare else max(settings.PLAN_READ_SECONDS, took)

    async def read_details(self, seconds: float) -> None:
        """Use a pause for what lists leave out, then wait for its end."""
        until = time.monotonic() + seconds
        try:
            await details.read(self._client, self._store, until)
        except TWSError as error:
            log.info("%s: details wait: %s", self._store.engine, error)
        await asyncio.sleep(max(0.0, until - time.monotonic()))


async def keep(engine: Engine, on_pass: OnPass, on_wait: OnPass) -> None:
    """Read the engine's plan for ever, or wait until whoever reads it is gone.

    `on_pass` is called after each pass, and each attempt at one; `on_wait` when another leads.
    """
    while True:
        try:
            async with await connect() as connection, TWSClient(engine) as client:
                store = PlanStore(connection, engine.name)
                while not await store.lead():
                    on_wait(await store.state())
                    await asyncio.sleep(TAKE_OVER_SECONDS)
                await _lead(Reader(client, store), store, on_pass)
        except DATABASE_AWAY as error:  # wherever it was met: leading, reading, writing
            log.warning("the database is away (%s); the plan waits", str(error).strip())
            await asyncio.sleep(DATABASE_AWAY_SECONDS)


async def _lead(reader: Reader, store: PlanStore, on_pass: OnPass) -> None:
    while True:
        clock = time.monotonic()
        with suppress(TWSError):  # kept in the engine's row, where all who ask find it
            await reader.read()
        on_pass(await store.state())
        await reader.read_details(reader.rest_seconds(time.monotonic() - clock))


async def read_once(engine: Engine) -> PlanEngine | None:
    """One pass in full, unless somebody else is reading: then None. TWSError as `read`."""
    async with await connect() as connection, TWSClient(engine) as client:
        store = PlanStore(connection, engine.name)
        if not await store.lead():
            return None
        await Reader(client, store).read()
        return await store.state()
