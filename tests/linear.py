"""Readers of texts that anybody writes take time in proportion to the text, and no square of it."""

from __future__ import annotations

import time
from collections.abc import Callable


def assert_linear(read: Callable[[str], object], unit: str, size: int = 100_000) -> None:
    """Eight times as many `unit`s take about eight times the work; of a square, sixty-four times.

    Of work the processor's seconds are counted, so that it does not matter who else is at work.
    """
    read(unit)  # what is made once
    small, large = (_seconds(read, unit * (n // len(unit))) for n in (size // 8, size))
    assert large < 24 * small + 0.2, f"{large:.2f} s where an eighth took {small:.2f} s"


def _seconds(read: Callable[[str], object], text: str) -> float:
    started = time.process_time()
    read(text)
    return time.process_time() - started
