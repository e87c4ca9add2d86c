"""Duties on clocks of their own: a thread, a database connection, and what is due on it when.

Whatever the event loop and the backlog do meanwhile, a duty comes when its time has come. One
that fails says so, and is tried again at its next turn.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg
from django.db import Error, connections

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Duty:
    """Something to do again and again. `trouble` is what its last turn failed with, or ""."""

    name: str
    every_seconds: float
    work: Callable[[], object]
    trouble: str = ""
    due_at: float = 0.0

    def take_turn(self) -> None:
        self.due_at = time.monotonic() + self.every_seconds
        try:
            self.work()
        except (Error, psycopg.Error) as error:
            self._failed(error)
            log.warning("%s: the database is away: %s", self.name, self.trouble)
            connections.close_all()  # the next turn opens another
        except Exception as error:  # the boundary of a thread that must not die in silence
            self._failed(error)
            log.exception("%s failed", self.name)
        else:
            self.trouble = ""

    def _failed(self, error: Exception) -> None:
        self.trouble = (str(error) or repr(error)).strip()


class Clock:
    """Does its duties one after the other, each when it is due, from `start` to `stop`.

    `patience`: for how many seconds `stop` waits for a duty that is being done; None: till its end.
    What is left then ends with the process.
    """

    def __init__(self, name: str, duties: Sequence[Duty], patience: float | None = None) -> None:
        self.duties, self.patience = duties, patience
        self._woken, self._over = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """All duties are due now."""
        for duty in self.duties:
            duty.due_at = 0.0
        self._woken.set()

    def stop(self) -> None:
        """After the duty that is being done, if any. Waits for it, as long as its patience is."""
        self._over = True
        self._woken.set()
        self._thread.join(self.patience)

    def _run(self) -> None:
        try:
            while not self._over:
                self._woken.clear()
                for duty in self.duties:
                    if not self._over and time.monotonic() >= duty.due_at:
                        duty.take_turn()
                next_at = min(duty.due_at for duty in self.duties)
                self._woken.wait(max(0.0, next_at - time.monotonic()))
        finally:
            connections.close_all()
