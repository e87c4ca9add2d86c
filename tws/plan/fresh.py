"""A plan to answer from: kept by a reader, or read now; never an old one as if it were now."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from django.db import connection

from tws.database import in_database
from tws.hwa.engine import Engine
from tws.hwa.errors import TWSError
from tws.plan.models import PlanEngine
from tws.plan.reader import read_once
from tws.plan.store import LOCK_CLASS

FIRST_PASS_SECONDS = 120.0
LOOK_SECONDS = 0.5


async def fresh_state(engine: Engine, *, now: bool = False) -> PlanEngine:
    """The engine's state with a plan that is up to date, or with the reason why there is none.

    With a reader at work, that is what it has; while its first pass is under way, we wait for it.
    Without one, this process makes a pass: always with `now`, else when the plan is not current.
    The state says itself whether it may be answered from: `is_current`, `down_since`, `error`.
    """
    state = await _state(engine.name)
    if await in_database(is_being_read, engine.name):
        return await _first_pass(engine.name, state)
    if state.is_current and not now:
        return state
    try:
        read = await read_once(engine)
    except TWSError:
        read = None  # the state says what went wrong
    return read or await _state(engine.name)


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


async def _first_pass(engine: str, state: PlanEngine) -> PlanEngine:
    until = datetime.now(UTC) + timedelta(seconds=FIRST_PASS_SECONDS)
    while not (state.is_read or state.down_since) and datetime.now(UTC) < until:
        await asyncio.sleep(LOOK_SECONDS)
        state = await _state(engine)
    return state


async def _state(engine: str) -> PlanEngine:
    state, _ = await in_database(PlanEngine.objects.get_or_create, name=engine)
    return state
