"""The live page's data: the plan in PostgreSQL, read while somebody looks, once for all of them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from knowledge.cleaning import clean_json
from tws.chat.background import keep_going
from tws.database import in_database
from tws.hwa.engines import configured_engines
from tws.per_loop import PerLoop
from tws.plan.glance import at_a_glance
from tws.plan.models import PlanEngine

logger = logging.getLogger(__name__)

SECONDS_BETWEEN = 5.0
READING_SECONDS = 60.0
"""A reading that takes longer is given up, and said to be."""

Snapshot = dict[str, Any]


def read_plan() -> Snapshot:
    """The first engine's plan, or why it can't be told and since when; nothing is made up."""
    engines = configured_engines()
    plan = PlanEngine.of(engines[0].name if engines else "HWA")
    if plan.is_current:
        return {"type": "plan", **at_a_glance(plan)}
    return _trouble(_kind(plan), plan.why_not_current, plan.down_since or plan.fetched_at)


def _kind(plan: PlanEngine) -> str:
    if plan.down_since:
        return "refused" if plan.error_kind == "refused" else "unavailable"
    return "unreadable" if plan.fetched_at else "never_read"


def _trouble(kind: str, message: str, since: datetime | None) -> Snapshot:
    stamp = since and timezone.localtime(since).isoformat(timespec="seconds")
    return {"type": kind, "since": stamp, "message": message}


class LiveFeed:
    """The plan for any number of viewers: read while somebody looks, one reading for all."""

    def __init__(self) -> None:
        self._viewers = 0
        self._reader: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()
        self._latest: str | None = None
        self._down_since: datetime | None = None

    async def watch(self) -> AsyncIterator[str]:
        """The latest snapshot as JSON, then each new one. Close the generator when done."""
        self._viewers += 1
        try:
            if self._reader is None or self._reader.done():
                self._latest = None  # nobody has looked for a while
                self._reader = keep_going("the reader of the live plan", self._read_on)
            while True:
                if self._latest is not None:
                    yield self._latest
                await self._moved.wait()
        finally:
            self._viewers -= 1

    async def _read_on(self) -> None:
        while self._viewers:
            self._latest = await self.snapshot()
            self._moved.set()
            self._moved.clear()
            await asyncio.sleep(SECONDS_BETWEEN)

    async def snapshot(self) -> str:
        """The plan as JSON, or that it can't be told and since when."""
        try:
            async with asyncio.timeout(READING_SECONDS):
                text = json.dumps(clean_json(await in_database(read_plan)))
        except TimeoutError:
            logger.warning("reading the plan took more than %s s", READING_SECONDS)
            return self._unreadable(_("Reading the plan takes too long."))
        except Exception:  # whatever is odd in one reading, the next one may do without
            logger.exception("the plan can't be read for the live page")
            return self._unreadable(_("The administrator finds the reason in the log."))
        self._down_since = None
        return text

    def _unreadable(self, message: str) -> str:
        self._down_since = self._down_since or timezone.now()
        return json.dumps(_trouble("unreadable", message, self._down_since))


live_feed = PerLoop(LiveFeed)
