"""What the client hands out: a value, who said it and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from tws.hwa.tolerance import NOTHING_ODD, Odd

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What HWA said, who said it and when: `value` is never shown without the other two.

    `odd` tells what of it was not understood and left out; `host` which of the engine's addresses
    answered ("" when it was asked nothing, as for a page put together from others).
    """

    value: T
    fetched_at: datetime  # aware, UTC: when the engine had answered
    engine: str
    odd: Odd = NOTHING_ODD
    host: str = ""

    @property
    def age_seconds(self) -> float:
        return max(0.0, (datetime.now(UTC) - self.fetched_at).total_seconds())


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A list as far as it was read.

    `total` is the engine's count, None when it gave none or counted what was not asked for.
    `complete` is False when the engine has more than `items`: the caller's limit or our cap was
    reached, or an object could not be understood.
    """

    items: list[T]
    total: int | None
    complete: bool


@dataclass(frozen=True, slots=True)
class LogPart:
    """Lines of a job log, the first of them number `first_line` (counted from 1).

    `at_end` is False when the log goes on after these lines. `cut` is True when the lines asked for
    were too long together: the rest of the range was left out, or a single line was shortened.
    """

    lines: list[str]
    first_line: int
    at_end: bool
    cut: bool = False

    @property
    def last_line(self) -> int:
        return self.first_line + len(self.lines) - 1
