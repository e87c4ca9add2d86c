"""What the client hands out: a value, who said it and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from tws.hwa.tolerance import NOTHING_ODD, Odd

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What HWA said, who said it and when: `value` is never shown without the other two.

    `odd` tells what of it was not understood and left out.
    """

    value: T
    fetched_at: datetime  # aware, UTC: when the engine had answered
    engine: str
    odd: Odd = NOTHING_ODD


@dataclass(frozen=True, slots=True)
class Part:
    """A page of a list, objects as HWA wrote them; `more`: the engine has others behind them."""

    objects: list[Any]
    total: int | None
    more: bool
    asked_at: datetime


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
