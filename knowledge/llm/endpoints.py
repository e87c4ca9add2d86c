"""What is known of the configured endpoint, per model: in this process, and in the database.

The database is asked again every few seconds, so that what one process learned, or what somebody
reset in the admin, holds for all. Without the database a process goes on with what it knows.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import ParamSpec

from django.conf import settings
from django.db import DatabaseError

from knowledge.llm.errors import LLMError
from knowledge.llm.profile import Profile
from knowledge.llm.types import Purpose
from knowledge.threads import DatabaseThreads

log = logging.getLogger(__name__)
P = ParamSpec("P")

READ_SECONDS = 5.0
GUESS_SECONDS = 600.0
"""After leaner requests were tried in vain, none is guessed for so long."""
_NOT_THE_ENDPOINTS = {"off", "limit", "too_long", "tools", "declined", "broken_off"}
"""Failures of one request or of our own making: the next one may be answered."""

_threads = DatabaseThreads(1, "llm-database")
_writing: set[asyncio.Task[None]] = set()


@dataclass(slots=True)
class Endpoint:
    base_url: str
    model: str
    profile: Profile = field(default_factory=Profile)
    read_at: float = float("-inf")
    guessed_at: float = float("-inf")
    is_failing: bool | None = None  # None: not known yet
    _suspected: dict[Purpose, tuple[Profile, float]] = field(default_factory=dict)

    @property
    def may_guess(self) -> bool:
        return time.monotonic() - self.guessed_at > GUESS_SECONDS

    async def refresh(self) -> None:
        """Read what is kept, when that was not done lately."""
        if time.monotonic() - self.read_at < READ_SECONDS:
            return
        self.read_at = time.monotonic()
        from knowledge.llm.models import LLMProfile

        try:
            row = await _threads.run(LLMProfile.objects.of, self.base_url, self.model)
        except DatabaseError as error:
            log.warning("what is known of the LLM endpoint can't be read: %s", error)
            return
        self.profile = row.profile() if row else Profile()
        self.is_failing = row is not None and row.failing_since is not None

    def is_sure_of(self, profile: Profile, purpose: Purpose, began: float) -> bool:
        """Whether a call that began after one was led to this profile was led to it as well.

        A server that was only busy takes the whole request again by then, and teaches nothing.
        """
        profile = replace(profile, thinking="", speaks_first=False)  # a reply shows these by itself
        suspected, since = self._suspected.get(purpose, (None, began))
        if suspected != profile:
            self._suspected[purpose] = (profile, time.monotonic())
        return suspected == profile and began > since

    def took_all(self, purpose: Purpose) -> None:
        self._suspected.pop(purpose, None)

    def learn(self, before: Profile, after: Profile) -> None:
        """Keep what one call changed; another one may have learned something else meanwhile."""
        was = asdict(before)
        found = {name: value for name, value in asdict(after).items() if value != was[name]}
        learned = replace(self.profile, **found)
        if learned == self.profile:
            return
        from knowledge.llm.models import LLMProfile

        log.info("learned of %s at %s: %s", self.model or "-", self.base_url, found)
        self.profile = learned
        write(LLMProfile.objects.learn, self.base_url, self.model, found)

    def note(self, error: LLMError | None) -> None:
        """Keep since when every call has failed; written when that changes."""
        from knowledge.llm.models import LLMProfile

        if error is None:
            if self.is_failing is not False:
                write(LLMProfile.objects.note_answer, self.base_url, self.model)
            self.is_failing = False
        elif error.kind not in _NOT_THE_ENDPOINTS:
            if not self.is_failing:
                write(LLMProfile.objects.note_failure, self.base_url, self.model, str(error))
            self.is_failing = True


_known: dict[tuple[str, str], Endpoint] = {}


async def endpoint_for(model: str) -> Endpoint:
    key = (str(settings.LLM_BASE_URL), model)
    endpoint = _known.setdefault(key, Endpoint(*key))
    await endpoint.refresh()
    return endpoint


async def speaks_first(model: str = "") -> bool:
    """Whether this model, or the configured one, has said something before it called tools."""
    return (await endpoint_for(model or settings.LLM_MODEL)).profile.speaks_first


def forget() -> None:
    """Know nothing in this process, as at its start."""
    _known.clear()


@dataclass(frozen=True, slots=True)
class Failing:
    """Every call of a model has failed `since`; `words` are what it said first."""

    model: str
    since: datetime
    words: str

    def __str__(self) -> str:
        return f"{self.model or 'the LLM'} fails every call since {self.since:%H:%M}: {self.words}"


def failing() -> list[Failing]:
    """The models in use that answer nobody, as the database knows; for health. Blocking."""
    from knowledge.llm.models import LLMProfile

    rows = LLMProfile.objects.filter(
        base_url=settings.LLM_BASE_URL,
        model__in={settings.LLM_MODEL, settings.AUDIT_LLM_MODEL},
        failing_since__isnull=False,
    )
    return [
        Failing(row.model, row.failing_since, row.last_error) for row in rows if row.failing_since
    ]


# --- writing beside the answer ----------------------------------------------------------------


def write(call: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Write soon; an answer neither waits for it nor fails with it."""
    task = asyncio.get_running_loop().create_task(_write(call, *args, **kwargs))
    _writing.add(task)
    task.add_done_callback(_writing.discard)


async def _write(call: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    try:
        await _threads.run(call, *args, **kwargs)
    except DatabaseError as error:
        log.warning("what the LLM showed can't be kept: %s", error)


async def written() -> None:
    """Until everything is in the database that this event loop has to write."""
    loop = asyncio.get_running_loop()
    await asyncio.gather(*(task for task in list(_writing) if task.get_loop() is loop))


in_database = _threads.run
close_connections = _threads.close
