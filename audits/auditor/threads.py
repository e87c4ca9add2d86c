"""A thread for blocking database work, with a connection that outlives a restart of the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import Error, connections

from knowledge.threads import take_turns_sooner

P = ParamSpec("P")
T = TypeVar("T")


class DatabaseThread:
    """Runs one function after the other. After a failure the next one gets a new connection."""

    def __init__(self, name: str) -> None:
        take_turns_sooner()
        self._executor = ThreadPoolExecutor(1, name)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        def call() -> T:
            return self._call(function, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    async def close(self) -> None:
        await self.run(connections.close_all)
        self._executor.shutdown()

    def _call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except Error:
            connections.close_all()  # this thread's
            raise
