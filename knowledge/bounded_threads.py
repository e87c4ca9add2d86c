"""The threads in which the knowledge blocks: few, and with few calls waiting for them.

Those of `knowledge.threads` hold a connection each, for calls that are all short and never refused.
These hold none between calls, which may take minutes (an embedder, mem0), are refused when too many
wait, and are finished when nobody waits for them any more.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.db import close_old_connections

P = ParamSpec("P")
T = TypeVar("T")


class KnowledgeBusy(Exception):
    """More calls are waiting than `MEM0_QUEUE` allows; nothing was begun. Worth trying again."""


class BoundedThreads:
    """Threads that any event loop of the process may use, made at their first call."""

    def __init__(
        self,
        threads: int | None = None,
        waiting: int | None = None,
        timeout_seconds: float | None = None,
    ) -> None:
        self.threads = threads or settings.MEM0_THREADS
        self.timeout_seconds = timeout_seconds or settings.MEM0_TIMEOUT_SECONDS
        self._room = threading.BoundedSemaphore(
            self.threads + (settings.MEM0_QUEUE if waiting is None else waiting)
        )
        self._executor: ThreadPoolExecutor | None = None
        self._making = threading.Lock()

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking function in our threads, and finish it even if the caller is cancelled.

        KnowledgeBusy when too many are waiting already.
        """
        if not self._room.acquire(blocking=False):
            raise KnowledgeBusy(f"{settings.MEM0_QUEUE} calls are waiting for the memory store.")
        call = functools.partial(self._call, function, *args, **kwargs)
        try:
            future = self._pool().submit(call)
        except BaseException:
            self._room.release()
            raise
        async with asyncio.timeout(self.timeout_seconds):
            return await asyncio.shield(asyncio.wrap_future(future))

    def _call(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        try:
            return function(*args, **kwargs)
        finally:
            close_old_connections()
            self._room.release()

    def _pool(self) -> ThreadPoolExecutor:
        with self._making:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self.threads, "knowledge")
            return self._executor

    async def aclose(self) -> None:
        """Finish what has begun and let the threads go; a later call makes them again."""
        with self._making:
            executor, self._executor = self._executor, None
        if executor is not None:
            await asyncio.to_thread(executor.shutdown)


@functools.cache
def knowledge_threads() -> BoundedThreads:
    """Those of this process, for the memory store and for mem0's own embedders."""
    return BoundedThreads()
