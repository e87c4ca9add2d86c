"""Database calls of the sockets: in a few threads of their own, whose connections stay open.

Django's own async calls share one thread per process, so that one slow query would hold up every
socket, and nobody replaces that thread's connection when the database was restarted.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 4
TRUSTED_IDLE_SECONDS = 5.0
"""A connection that was idle for longer is asked whether it still works before it is used."""

_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="sockets-database")
_used = threading.local()


async def in_database(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking database code without holding up the event loop."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, lambda: _guarded(call, *args, **kwargs))


def _guarded(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    idle = time.monotonic() - getattr(_used, "at", 0.0)
    if idle > TRUSTED_IDLE_SECONDS and connection.connection and not connection.is_usable():
        connection.close()
    try:
        return call(*args, **kwargs)
    except (InterfaceError, OperationalError):
        connection.close()  # the next call opens another one
        raise
    finally:
        _used.at = time.monotonic()


def close_connections() -> None:
    """Close every thread's connection, when no call is under way."""
    together = threading.Barrier(THREADS)

    def close() -> None:
        together.wait(timeout=5)  # so that each thread gets one
        connection.close()

    for done in [_threads.submit(close) for _ in range(THREADS)]:
        done.result()
