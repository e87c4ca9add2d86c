"""A plan to answer from: kept by a reader, or read now; never an old one as if it were now."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import UTC, datetime, timedelta

from django.db import connection

from tws.database import in_database
from tws.hwa.engine import Engine
from tws.hwa.errors import TWSError
from tws.per_loop import PerLoop
from tws.plan.models import PlanEngine
from tws.plan.reader import read_once
from tws.plan.store import LOCK_CLASS

FIRST_PASS_SECONDS = 120.0
NEXT_PASS_SECONDS = 30.0
"""So long we wait for a reader that has an older plan to have one of now."""
LOOK_SECONDS = 0.5

_passes: PerLoop[dict[str, asyncio.Lock]] = PerLoop(lambda: defaultdict(asyncio.Lock))
"""Many who ask at once make one pass, and open one connection for it."""


async def fresh_state(
    engine: Engine, known: PlanEngine | None = None, *, now: bool = False
) -> PlanEngine:
    """The engine's state with a plan that is up to date, or with the reason why there is none.

    `known` is the state as the caller has just read it, if it did.

    With a reader at work, that is what it has; while the pass is under way that makes the plan
    current, we wait for it. Without one, this process makes a pass: always with `now`, else when
    the plan is not current.
    The state says itself whether it may be answered from: `is_current`, `down_since`, `error`.
    """
    state = known or await _state(engine.name)
    if state.is_current and not now:
        return state
    if await in_database(is_being_read, engine.name):
        state = await _next_pass(engine.name, state)
        if state.is_current or state.down_since or await in_database(is_being_read, engine.name):
            return state
    async with _passes()[engine.name]:
        state = await _state(engine.name)
        if state.is_current and not now:
            return state
        try:
            read = await read_once(engine)
        except TWSError:
            return await _state(engine.name)  # which says what went wrong
    return read or await _next_pass(engine.name, state)


def is_being_read(engine: str) -> bool:
    """Whether a reader leads this engine, in whatever process."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "AND objsubid = 2 AND classid = %s AND objid::bigint = hashtext(%s)::bigint "
            "& 4294967295)",
            [LOCK_CLASS, engine],
        )
        return bool(cursor.fetchone()[0])


async def _next_pass(engine: str, state: PlanEngine) -> PlanEngine:
    """What another makes of the plan, as long as it reads."""
    patience = NEXT_PASS_SECONDS if state.is_read else FIRST_PASS_SECONDS
    until = datetime.now(UTC) + timedelta(seconds=patience)
    while not (state.is_current or state.down_since) and datetime.now(UTC) < until:
        await asyncio.sleep(LOOK_SECONDS)
        is_read = await in_database(is_being_read, engine)
        state = await _state(engine)
        if not is_read:
            break  # whoever read has ended, or was killed
    return state


async def _state(engine: str) -> PlanEngine:
    state, _ = await in_database(PlanEngine.objects.get_or_create, name=engine)
    return state
