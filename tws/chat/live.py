"""The live page's data: the plan in PostgreSQL, read while somebody looks, once for all who look at
the same part of it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from django.utils import timezone
from django.utils.translation import gettext as _

from knowledge.cleaning import clean, clean_json
from tws.chat.background import keep_going
from tws.chat.reviewed_fixes import add_fixes
from tws.database import for_live_page
from tws.hwa.engines import configured_engines
from tws.per_loop import PerLoop
from tws.plan.models import PlanEngine
from tws.plan.morning import at_a_glance
from tws.plan.scope import Scope

logger = logging.getLogger(__name__)

SECONDS_BETWEEN = 5.0
READING_SECONDS = 60.0
"""A reading that takes longer is given up, and said to be."""

MOST_VIEWS = 10
"""Parts of the plan that one person looks at at the same time: each is read every few seconds."""

LONGEST = 200
"""Characters of a name in a view."""

Snapshot = dict[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """What somebody looks at, and in which language; `engine` "" is the first one."""

    engine: str = ""
    stream: str = ""
    area: str = ""
    language: str = "en"

    @classmethod
    def asked(cls, query: str, language: str) -> View:
        """By the query of the page's address, or of the socket's."""
        wanted = {name: values[0].strip()[:LONGEST] for name, values in parse_qs(query).items()}
        names = ("engine", "stream", "area")
        return cls(**{name: clean(wanted.get(name, "")) for name in names}, language=language)

    @property
    def engine_name(self) -> str:
        """Of the engines that are configured."""
        known = [one.name for one in configured_engines()]
        return self.engine if self.engine in known else (known or ["HWA"])[0]


def read_plan(view: View) -> Snapshot:
    """The engine's plan, or why it can't be told and since when; nothing is made up."""
    plan = PlanEngine.of(view.engine_name)
    if plan.is_current:
        told = at_a_glance(plan, Scope(plan.name, view.stream, view.area))
        add_fixes(told["needs"]["items"], "pt" if view.language.startswith("pt") else "en")
        return {"type": "plan", **told}
    return _trouble(_kind(plan), plan.why_not_current, plan.down_since or plan.fetched_at)


def _kind(plan: PlanEngine) -> str:
    if plan.down_since:
        return "refused" if plan.error_kind == "refused" else "unavailable"
    return "unreadable" if plan.fetched_at else "never_read"


def _trouble(kind: str, message: str, since: datetime | None) -> Snapshot:
    stamp = since and timezone.localtime(since).isoformat(timespec="seconds")
    return {"type": kind, "since": stamp, "message": message}


class LiveFeed:
    """A view for any number of viewers: read while somebody looks, one reading for all."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._viewers = 0
        self._reader: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()
        self._latest: str | None = None
        self._down_since: datetime | None = None

    @property
    def is_watched(self) -> bool:
        return self._viewers > 0

    async def watch(self) -> AsyncGenerator[str]:
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
                text = json.dumps(clean_json(await for_live_page(read_plan, self._view)))
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


class TooManyViews(Exception):
    """Somebody looks at MOST_VIEWS parts of the plan already."""


class LiveFeeds:
    """One feed for each view that somebody looks at."""

    def __init__(self) -> None:
        self._feeds: dict[View, LiveFeed] = {}
        self._views: dict[int, Counter[View]] = {}

    async def watch(self, view: View, by: int) -> AsyncGenerator[str]:
        """For the user `by`. TooManyViews."""
        views = self._views.setdefault(by, Counter())
        if view not in views and len(views) >= MOST_VIEWS:
            raise TooManyViews
        views[view] += 1
        feed = self._feeds.setdefault(view, LiveFeed(view))
        try:
            async with aclosing(feed.watch()) as snapshots:
                async for snapshot in snapshots:
                    yield snapshot
        finally:
            views[view] -= 1
            if not views[view]:
                del views[view]
            if not views:
                self._views.pop(by, None)
            if not feed.is_watched:
                self._feeds.pop(view, None)


live_feeds = PerLoop(LiveFeeds)
