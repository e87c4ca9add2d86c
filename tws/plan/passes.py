"""One pass over an engine's lists: in full, or only what can have changed since the last one.

What can have changed is what is neither waiting nor done, what ended since, and what waits: of
that at most `MOST_WAITING` a pass, in turn, so that a pass stays short however large the plan is.
An object that we hold as open and that no list shows any more is asked for by its id. So that
nothing rests on these conditions alone, each pass also reads a part of the whole list, of at most
`MOST_OF_A_ROUND`, going round it once in `PLAN_FULL_SECONDS`.

A pass reads first, page by page, and writes last, in one transaction: nobody sees half a pass, no
call to HWA happens inside a transaction, and a pass that breaks off leaves what was there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from django.conf import settings
from django.db import models
from psycopg import sql
from psycopg.types.json import Jsonb
from pydantic import ValidationError

from tws.hwa.client import PAGE_SIZE, TWSClient
from tws.hwa.errors import TWSBadReply, TWSRefused
from tws.hwa.oql import OQL, compare, equals
from tws.plan import history
from tws.plan.models import PlanEngine, PlanRun
from tws.plan.rows import Kept, RowMaker, as_kept, id_of
from tws.plan.store import OPEN, PlanStore
from tws.plan.tables import IN_LISTS, JOBS, RESOURCES, RUNS, STREAMS, WORKSTATIONS, Table

MOST_WAITING = 8_000
MOST_OF_A_ROUND = 4_000
"""A pass over 200,000 jobs takes 12 s then; the round of so many takes longer than it should."""
MOST_BY_ID = 50
"""So many objects that no list shows are asked for one by one; more mean another plan."""
ENDED_OVERLAP = timedelta(minutes=10)

WAITING = equals("status", "HOLD")
SUCCEEDED = equals("status", "SUCC")
NEITHER = compare("status", "!=", "SUCC") & compare("status", "!=", "HOLD")
MOVING = sql.SQL("\"group\" NOT IN ('success', 'waiting')")
EVERY = sql.SQL("true")
_COMPOSITE = ("lastRunCompositeStatus", "compositeStatus")


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of HWA's, and where one of its objects is read."""

    path: str
    one: str
    table: Table


LISTED_JOBS = Listing("/plan/job", "/plan/job/{job_id}", JOBS)
LISTED_STREAMS = Listing("/plan/jobstream", "/plan/jobstream/{jobstream_id}", STREAMS)
PLACES = (
    Listing("/plan/workstation", "/plan/workstation/{workstation_id}", WORKSTATIONS),
    Listing("/plan/resource", "/plan/resource/{resource_id}", RESOURCES),
)


class FullPassNeeded(Exception):
    """What changed can't be told from the lists of what can have changed."""


class FiltersUnknown(FullPassNeeded):
    """The engine ignores the conditions: only full lists tell what changed."""


@dataclass(slots=True)
class PassReport:
    """What a pass has read and written; `whole` are the lists that were read to their end."""

    full: bool
    seen: int = 0
    written: int = 0
    runs_written: int = 0
    gone: int = 0
    not_understood: int = 0
    replaced: bool = False
    complete: bool = True
    whole: set[str] = field(default_factory=set)
    seconds: float = 0.0
    refused: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Course:
    """What one pass leaves for the next.

    `waiting_from` is where to go on among those that wait, per list, `round_from` where in the
    whole list, and `round_owed` how many objects of it are due. `surplus` is by how many jobs the
    engine's own count differed from ours after the last full pass; when it changes, jobs have come
    or gone that no list of changes showed. `short` is by how many objects a whole list had fewer
    than the engine counts, `counts_pages` whether it counts the page: asked for one job it says 1.
    """

    waiting_from: dict[str, int] = field(default_factory=dict)
    round_from: dict[str, int] = field(default_factory=dict)
    round_owed: dict[str, float] = field(default_factory=dict)
    began_at: datetime | None = None
    short: dict[str, int] = field(default_factory=dict)
    counts_pages: bool = False
    surplus: int | None = None
    full_is_due: bool = True


class Pass:
    def __init__(
        self,
        client: TWSClient,
        store: PlanStore,
        state: PlanEngine,
        course: Course,
        *,
        full: bool,
    ) -> None:
        self._client = client
        self._store = store
        self._state = state
        self._course = course
        self._began_at = datetime.now(UTC)
        self.report = PassReport(full)

    async def run(self) -> PassReport:
        """Read and write. TWSError: nothing was written. FullPassNeeded: neither."""
        clock = time.monotonic()
        await self._store.prepare()
        if self.report.full:
            only = await self._client.count(LISTED_JOBS.path)
            self._course.counts_pages = only is not None and only <= 1
        for listing in (LISTED_STREAMS, LISTED_JOBS):
            if self.report.full:
                await self._read_in_full(listing)
            else:
                await self._read_changes(listing)
        for listing in PLACES:
            await self._read_if_allowed(listing)
        total = None
        if not self._course.counts_pages:
            total = await self._client.count(LISTED_JOBS.path)
        async with self._store.connection.transaction():
            await self._write(time.monotonic() - clock)
            await self._compare(total)
        self._course.began_at = self._began_at
        self.report.seconds = time.monotonic() - clock
        return self.report

    # Reading

    async def _read_in_full(self, listing: Listing) -> None:
        if not await self._read_whole(listing):
            return
        unseen = await self._unseen(listing, EVERY)
        if len(unseen) <= MOST_BY_ID:
            # A list that moves while it is paged through can leave one out.
            await self._read_by_id(listing, unseen)

    async def _read_whole(self, listing: Listing) -> bool:
        """Whether that was the whole list. Objects of which none can be read are not an empty one.

        An engine may count what it does not show: the same shortfall again is its habit.
        """
        seen = self.report.seen
        read, total, whole = await self._read_list(listing)
        if read and self.report.seen == seen:
            raise TWSBadReply(
                f"{self._store.engine} answered {listing.path} with {read} objects, and none can "
                "be understood",
                path=listing.path,
            )
        short = 0 if total is None else max(0, total - read)
        known, self._course.short[listing.path] = self._course.short.get(listing.path), short
        self.report.complete &= whole and not short
        if whole and short in (0, known):
            self.report.whole.add(listing.path)
        return listing.path in self.report.whole

    async def _read_if_allowed(self, listing: Listing) -> None:
        """A list that is none, or that the user has no right to, is said so; others are read."""
        try:
            await self._read_whole(listing)
        except (TWSRefused, TWSBadReply) as error:
            if isinstance(error, TWSRefused) and error.status not in (403, 404):
                raise
            self.report.refused[listing.path] = str(error)

    async def _read_changes(self, listing: Listing) -> None:
        start = self._course.waiting_from.get(listing.path, 0)
        read, _, whole = await self._read_list(listing, WAITING, offset=start, most=MOST_WAITING)
        self._course.waiting_from[listing.path] = 0 if whole else start + read
        await self._read_list(listing, NEITHER)
        since = await self._ended_since() if listing is LISTED_JOBS else None
        if since is not None:
            await self._read_list(listing, SUCCEEDED & compare("endTime", ">=", since))
        await self._read_round(listing)
        await self._read_vanished(listing, OPEN if start == 0 and whole else MOVING)

    async def _read_round(self, listing: Listing) -> None:
        """The next part of the whole list, as large as the time since the last pass asks for."""
        course, path = self._course, listing.path
        held = await self._store.count(listing.table)
        since = (self._began_at - (course.began_at or self._began_at)).total_seconds()
        owed = course.round_owed.get(path, 0.0) + held * since / settings.PLAN_FULL_SECONDS
        owed = min(owed, held, MOST_OF_A_ROUND)
        if owed >= min(held, PAGE_SIZE):
            start = course.round_from.get(path, 0)
            read, _, whole = await self._read_list(listing, offset=start, most=ceil(owed))
            course.round_from[path] = 0 if whole else start + read
            owed = max(0.0, owed - read)
        course.round_owed[path] = owed

    async def _read_vanished(self, listing: Listing, condition: sql.Composable) -> None:
        """What we hold as open and no list shows: it ended long ago by its own clock, or left."""
        unseen = await self._unseen(listing, condition)
        if len(unseen) > MOST_BY_ID and listing is LISTED_STREAMS:
            # No condition on their end is known: of a large plan hundreds end in a few minutes.
            await self._read_list(listing, SUCCEEDED)
            unseen = await self._unseen(listing, condition)
        if len(unseen) > MOST_BY_ID:
            raise FullPassNeeded(f"{listing.path}: more than {MOST_BY_ID} are in no list any more")
        if await self._read_by_id(listing, unseen):
            raise FullPassNeeded(f"{listing.path}: objects have left the plan")

    async def _read_list(
        self, listing: Listing, condition: OQL | str = "", offset: int = 0, most: int | None = None
    ) -> tuple[int, int | None, bool]:
        """How many were read, how many there are if HWA says so, whether that was the end.

        `most` ends it after the page that reaches so many.
        """
        read, total, more = 0, None, False
        counted = not self._course.counts_pages
        asked = self._client.pages(listing.path, condition, offset, counted=counted)
        async with aclosing(asked) as pages:
            async for page in pages:
                total = total if page.total is None else page.total
                if condition is NEITHER and _most_are_done_or_wait(page.objects):
                    raise FiltersUnknown(f"{listing.path}: what was not asked for is given")
                await self._take(listing, page.objects, page.asked_at)
                read += len(page.objects)
                more = page.more
                if most is not None and read >= most:
                    break
        return read, total, not more

    async def _ended_since(self) -> datetime | None:
        """By HWA's clock, not by ours: shortly before the last end that we know of."""
        last = await self._store.last_end()
        return last and min(last, self._state.fetched_at or last) - ENDED_OVERLAP

    async def _unseen(self, listing: Listing, condition: sql.Composable) -> list[str]:
        return await self._store.unseen(listing.table, self._began_at, condition, MOST_BY_ID + 1)

    async def _read_by_id(self, listing: Listing, ids: Sequence[str]) -> int:
        """How many of these are gone; the others are staged."""
        gone = 0
        for hwa_id in ids:
            try:
                reading = await self._client.written(listing.one, hwa_id)
            except TWSRefused as error:
                if error.status != 404:
                    raise
                gone += 1
            except TWSBadReply as error:
                if error.instead:
                    raise
                self.report.not_understood += 1
            else:
                await self._take(listing, [reading.value], reading.fetched_at)
        return gone

    # Staging

    async def _take(self, listing: Listing, objects: Sequence[Any], at: datetime) -> None:
        """Stage those of a page that differ from what is in the plan."""
        kept = dict(self._kept(objects))
        known = await self._store.known(listing.table, list(kept))
        await self._store.see(listing.table, kept)
        changed = [one for hwa_id, one in kept.items() if known.get(hwa_id) != one.digest]
        await self._stage(listing.table, changed, at)
        self.report.seen += len(kept)

    def _kept(self, objects: Sequence[Any]) -> Iterator[tuple[str, Kept]]:
        for raw in objects:
            kept = as_kept(raw) if isinstance(raw, dict) else None
            if kept and (hwa_id := id_of(kept.raw)):
                yield hwa_id, kept
            else:
                self.report.not_understood += 1

    async def _stage(self, table: Table, changed: Sequence[Kept], at: datetime) -> None:
        maker = RowMaker(self._store.engine, self._state.plan_number, at)
        rows: list[models.Model] = []
        runs: list[PlanRun] = []
        for one in changed:
            try:
                row, its_runs = maker.make(table.model, one)
            except ValidationError:
                self.report.not_understood += 1
                continue
            rows.append(row)
            runs += its_runs
        self.report.not_understood += maker.left_out
        await self._store.stage(table, rows)
        await self._store.stage(RUNS, runs)

    # Writing

    async def _write(self, seconds: float) -> None:
        report, store = self.report, self._store
        if {LISTED_JOBS.path, LISTED_STREAMS.path} <= report.whole:
            for listing in (LISTED_JOBS, LISTED_STREAMS):
                report.gone += await store.drop_unseen(listing.table, self._began_at)
        for listing in PLACES:
            if listing.path in report.whole:
                await store.drop_unseen(listing.table, self._began_at)
        report.replaced = await self._is_replaced()
        number = self._state.plan_number + report.replaced
        await store.number_staged_runs(number)
        for table in IN_LISTS:
            written = await store.merge(table)
            report.written += 0 if table is RUNS else written
            report.runs_written += written if table is RUNS else 0
        if report.gone:
            await store.drop_orphans()
        if report.replaced:
            await store.forget_details()
        await history.count_statuses(store.connection, store.engine, self._began_at)
        await store.set_state(**await self._new_state(number, seconds))
        await store.tell()

    async def _is_replaced(self) -> bool:
        """A new plan: objects have left, and it reaches further than the one we held.

        HWA gives a plan neither a name nor a number that changes.
        """
        if self._state.plan_number == 0:
            return self.report.full
        end = await self._store.staged_end()
        known_end = self._state.span_end_at
        return bool(self.report.gone and end and (known_end is None or end > known_end))

    async def _new_state(self, number: int, seconds: float) -> dict[str, Any]:
        report, now = self.report, datetime.now(UTC)
        ahead = self._client.clock_ahead
        values: dict[str, Any] = {
            "plan_number": number,
            "pass_number": self._state.pass_number + 1,
            "fetched_at": self._began_at,
            "pass_ended_at": now,
            "pass_seconds": seconds,
            "refused_lists": Jsonb(report.refused),
            "backup": self._client.backup[:300],
            "clock_ahead_seconds": round(ahead.total_seconds()) if ahead is not None else None,
            "down_since": None,
            "error": "",
            "error_kind": "",
            **await self._store.measures(),
        }
        if report.replaced:
            values["plan_since"] = self._began_at
        if report.full:
            whole = report.complete and not report.not_understood
            values |= {
                "read_in_full_at": now,
                "full_seconds": seconds,
                "is_complete": whole and await self._store.holds_runs(),
                "not_understood": report.not_understood,
            }
        return values

    async def _compare(self, total: int | None) -> None:
        surplus = None if total is None else total - await self._store.count(JOBS)
        self._course.full_is_due = not self.report.full and surplus != self._course.surplus
        self._course.surplus = surplus


def _most_are_done_or_wait(objects: Sequence[Any]) -> bool:
    """One may have become so while the engine wrote the list."""
    states = [one.get(key) for one in objects if isinstance(one, dict) for key in _COMPOSITE]
    codes = [one.get("status") for one in states if isinstance(one, dict)]
    others = sum(code in ("SUCC", "HOLD") for code in codes)
    return others > max(1, len(codes) / 2)
