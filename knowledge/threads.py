"""Database calls of asynchronous code: in a few threads of their own, whose connections stay open.

Django's own async calls share one thread per process, so that one slow query would hold up
everything, and nobody replaces that thread's connection when the database was restarted.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import connection

from knowledge.connections import DATABASE_AWAY

P = ParamSpec("P")
T = TypeVar("T")

TRUSTED_IDLE_SECONDS = 5.0
"""A connection that was idle for longer is asked whether it still works before it is used; and
one whose thread has not been at work since another's was lost."""


def take_turns_sooner() -> None:
    """Beside busy database threads this process's event loop gets its turn after 0.2 ms each,
    not after 5."""
    sys.setswitchinterval(0.0002)


class DatabaseThreads:
    _lost_at = 0.0  # of the process: an outage that one thread met ended every thread's connection

    def __init__(self, threads: int, name: str) -> None:
        self._count = threads
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._used = threading.local()

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run blocking database code without holding up the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._threads, lambda: self._guarded(call, *args, **kwargs)
        )

    def _guarded(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        trusted_from = max(self._lost_at, time.monotonic() - TRUSTED_IDLE_SECONDS)
        idle_for_long = getattr(self._used, "at", 0.0) <= trusted_from
        if idle_for_long and connection.connection and not connection.is_usable():
            connection.close()
        try:
            return call(*args, **kwargs)
        except DATABASE_AWAY:
            self.distrust()
            connection.close()  # the next call opens another one
            raise
        finally:
            self._used.at = time.monotonic()

    @staticmethod
    def distrust() -> None:
        """Have every thread ask whether its connection still works before it uses it again."""
        DatabaseThreads._lost_at = time.monotonic()

    def close(self) -> None:
        """Close every thread's connection, when no call is under way."""
        together = threading.Barrier(self._count)

        def close() -> None:
            together.wait(timeout=5)  # so that each thread gets one
            connection.close()

        for done in [self._threads.submit(close) for _ in range(self._count)]:
            done.result()
