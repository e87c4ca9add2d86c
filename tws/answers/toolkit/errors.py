"""
Why a call gave no reading:

* NotRead
  - EngineDown   HWA does not answer, or nobody has read its plan: since when, and why
  - NotThere     no such object in the plan (any more), or no such log
  - Refused      it can't be asked so, or the user has no right: why, and what would be understood
  - NoRoom       more than an answer may rest on

The agent words them; `str()` is what an LLM is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from knowledge.claims.evidence import Reading


class NotRead(Exception):
    """A call of the toolkit that gave no reading. `engine` is whose plan was asked."""

    def __init__(self, why: str, *, engine: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.engine = engine


class EngineDown(NotRead):
    """No plan that is true now. `can_be_last_read`: there is an older one, to be asked for."""

    def __init__(
        self,
        why: str,
        *,
        engine: str = "",
        since: datetime | None = None,
        last_read_at: datetime | None = None,
    ) -> None:
        super().__init__(why, engine=engine)
        self.since = since
        self.last_read_at = last_read_at

    @property
    def can_be_last_read(self) -> bool:
        return self.last_read_at is not None


class NotThere(NotRead):
    """The plan does not hold it; `reading` is where that was seen, if it was kept."""

    def __init__(self, why: str, *, engine: str = "", reading: Reading | None = None) -> None:
        super().__init__(why, engine=engine)
        self.reading = reading


class Refused(NotRead):
    """It can't be asked so; `known`: what would be understood, `by_engine`: HWA says why."""

    def __init__(
        self, why: str, *, engine: str = "", known: Sequence[str] = (), by_engine: bool = False
    ) -> None:
        super().__init__(why, engine=engine)
        self.known = list(known)
        self.by_engine = by_engine


class NoRoom(NotRead):
    """The evidence of one answer is bounded."""
