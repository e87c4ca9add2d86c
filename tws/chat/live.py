"""The plan at a glance: one reading of HWA for everybody who looks at the live page."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from knowledge.cleaning import clean_json
from knowledge.hwa.statuses import GROUP_OF_CODE
from knowledge.secrets import mask_secrets
from tws.answers.agents import agent_manager
from tws.chat.background import keep_going
from tws.hwa.client import TWSClient
from tws.hwa.errors import TWSError, TWSUnavailable
from tws.per_loop import PerLoop
from tws.tools.jobs import FailedJobs, failed_jobs
from tws.tools.places import Workstations, workstations
from tws.tools.plan import CountJobs, Limited, count_jobs, critical_jobs, late_jobs

logger = logging.getLogger(__name__)

FAILED_HOURS = 3
SHOWN = 8
SECONDS_BETWEEN = 5.0
READING_SECONDS = 60.0
"""A reading that takes longer is given up, and said to be."""

Snapshot = dict[str, Any]


async def read_plan(client: TWSClient) -> Snapshot:
    """The state of the plan, as the tools of the agents give it; raises a TWSError."""
    counts, failed, late, critical, places = await asyncio.gather(
        count_jobs(client, CountJobs(by="status", job_stream="")),
        failed_jobs(client, FailedJobs(hours=FAILED_HOURS, limit=SHOWN)),
        late_jobs(client, Limited(limit=SHOWN)),
        critical_jobs(client, Limited(limit=SHOWN)),
        workstations(client, Workstations(name="", only_problems=True, limit=SHOWN)),
    )
    replies = (counts, failed, late, critical, places)
    return {
        "type": "plan",
        "engine": client.engine.name,
        "simulated": await client.is_simulated(),
        "fetched_at": _stamp(min(reply.fetched_at for reply in replies)),
        "jobs": {**counts.result, "groups": by_group(counts.result["groupedCount"])},
        "failed": failed.result,
        "late": late.result,
        "critical": critical.result,
        "workstations": places.result,
    }


def by_group(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts by the groups that people speak of; a status we don't know is a group of its own."""
    groups: Counter[str] = Counter()
    for status, count in counts.items():
        groups[GROUP_OF_CODE.get(status.upper(), status)] += count
    return dict(groups)


def _stamp(moment: datetime) -> str:
    return timezone.localtime(moment).isoformat(timespec="seconds")


class LiveFeed:
    """The plan for any number of viewers: read while somebody looks, one reading for all."""

    def __init__(self, connect: Callable[[], Awaitable[TWSClient]]) -> None:
        self._connect = connect
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
            await asyncio.sleep(max(SECONDS_BETWEEN, settings.TWS_CACHE_SECONDS))

    async def snapshot(self) -> str:
        """The plan as JSON, or that it can't be read and since when. Nothing is made up for it."""
        try:
            async with asyncio.timeout(READING_SECONDS):
                snapshot = await read_plan(await self._connect())
            text = json.dumps(clean_json(snapshot))
        except TWSError as error:
            kind = "unavailable" if isinstance(error, TWSUnavailable) else "refused"
            return self._trouble(kind, mask_secrets(str(error)), error.engine)
        except TimeoutError:
            logger.warning("reading the plan took more than %s s", READING_SECONDS)
            return self._trouble("unreadable", _("Reading the plan takes too long."))
        except Exception:  # whatever is odd in one reading, the next one may do without
            logger.exception("the plan can't be read for the live page")
            message = _("The administrator finds the reason in the log.")
            return self._trouble("unreadable", message)
        self._down_since = None
        return text

    def _trouble(self, kind: str, message: str, engine: str = "") -> str:
        self._down_since = self._down_since or datetime.now(UTC)
        since = _stamp(self._down_since)
        trouble = {"type": kind, "engine": engine, "since": since, "message": message}
        return json.dumps(clean_json(trouble))


live_feed = PerLoop(lambda: LiveFeed(agent_manager().tws_client))
