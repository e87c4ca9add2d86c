"""Readers of texts that anybody writes take time in proportion to the text, and no square of it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import pytest


def assert_linear(read: Callable[[str], object], unit: str, size: int = 100_000) -> None:
    """Eight times as many `unit`s take about eight times the work; of a square, sixty-four times.

    Of work this thread's processor time is counted, so that it does not matter who else is at
    work; whatever else falls into one measurement does not fall into three.
    """
    read(unit)  # what is made once
    for _ in range(3):
        small, large = (_seconds(read, unit * (n // len(unit))) for n in (size // 8, size))
        if large < 24 * small + 0.2:
            return
    pytest.fail(f"{large:.2f} s where an eighth took {small:.2f} s")


def _seconds(read: Callable[[str], object], text: str) -> float:
    gc.disable()  # a collection takes as long as all that the tests before have left
    try:
        started = time.thread_time()
        read(text)
        return time.thread_time() - started
    finally:
        gc.enable()
