"""One upstream call per key and period, however many ask."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlightCache(Generic[T]):
    """Values kept for a time; while one is being fetched, everybody waits for that one fetch.

    Failures reach all who wait and are not kept. A caller that is cancelled does not take the
    fetch with it: the others, or the next caller, get its value.
    """

    def __init__(self, max_entries: int = 512, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_entries = max_entries
        self._clock = clock
        self._values: OrderedDict[Hashable, tuple[float, T]] = OrderedDict()
        self._flights: dict[Hashable, asyncio.Task[T]] = {}

    async def get(self, key: Hashable, seconds: float, fetch: Callable[[], Awaitable[T]]) -> T:
        """The value of `key`, fetched when there is none younger than `seconds`."""
        kept = self._values.get(key)
        if kept is not None and self._clock() < kept[0]:
            return kept[1]
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._fetch(key, seconds, fetch))
            self._flights[key] = flight
            flight.add_done_callback(_mark_seen)
        return await asyncio.shield(flight)

    async def _fetch(self, key: Hashable, seconds: float, fetch: Callable[[], Awaitable[T]]) -> T:
        try:
            value = await fetch()
            self._keep(key, self._clock() + seconds, value)
        finally:
            del self._flights[key]
        return value

    def _keep(self, key: Hashable, until: float, value: T) -> None:
        self._values[key] = (until, value)
        self._values.move_to_end(key)
        while len(self._values) > self._max_entries:
            self._values.popitem(last=False)

    async def aclose(self) -> None:
        """Forget everything and end the fetches under way."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)
        self._values.clear()


def _mark_seen(flight: asyncio.Task[T]) -> None:
    # When every waiter was cancelled nobody reads the exception; asyncio would report a bug.
    if not flight.cancelled():
        flight.exception()
