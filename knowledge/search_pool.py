"""The connections of asynchronous searches: a pool for each event loop."""

from __future__ import annotations

import asyncio
import atexit
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from knowledge.connections import SEARCH_DEEPER, conninfo, database_name

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

SEARCH_SECONDS = 5
CONNECTIONS = 4
"""Eight answer no more, since PostgreSQL has the most to do; but more replies come at one moment,
and hold up the event loop together."""
# Planned once a connection: planning took as long as half of the search. What a generic plan would
# lose behind a filter, the iterative scan finds.
GENERIC = {"plan_cache_mode": "force_generic_plan"}


@dataclass(slots=True)
class _LoopPool:
    """The connections of one event loop to one database."""

    database: str
    pool: AsyncConnectionPool[Any]
    links: list[AsyncConnection[Any]]


_pools: dict[asyncio.AbstractEventLoop, _LoopPool] = {}
_places: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
    weakref.WeakKeyDictionary()
)
_opening: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = (
    weakref.WeakKeyDictionary()
)


def places() -> asyncio.Semaphore:
    """Searches of the running loop at once: as many as there are connections."""
    return _places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(CONNECTIONS))


async def search_pool() -> AsyncConnectionPool[Any]:
    """The pool of the running loop, opened at first use."""
    loop = asyncio.get_running_loop()
    if (known := _pools.get(loop)) is not None and known.database == database_name():
        return known.pool
    async with _opening.setdefault(loop, asyncio.Lock()):
        if (known := _pools.get(loop)) is None or known.database != database_name():
            known = _pools[loop] = await _opened()
    return known.pool


async def _opened() -> _LoopPool:
    forget_dead_loops()
    address = await asyncio.to_thread(_address)
    from psycopg_pool import AsyncConnectionPool

    links: list[AsyncConnection[Any]] = []

    async def prepare(link: AsyncConnection[Any]) -> None:
        links[:] = [known for known in links if not known.closed] + [link]
        await link.execute(SEARCH_DEEPER)

    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
        address,
        min_size=0,
        max_size=CONNECTIONS,
        timeout=SEARCH_SECONDS,
        kwargs={"autocommit": True},
        configure=prepare,
        name="search",
        open=False,
    )
    await pool.open()
    return _LoopPool(database_name(), pool, links)


def _address() -> str:
    """What takes a while at first use: an import, and the embedded server's start."""
    import psycopg_pool  # noqa: F401

    return conninfo(SEARCH_SECONDS, "resync search", GENERIC)


async def aclose() -> None:
    """Close the running loop's connections."""
    if known := _pools.pop(asyncio.get_running_loop(), None):
        await known.pool.close()


def forget_dead_loops() -> None:
    """Close what loops that ended without `aclose` left open: nobody is left to await it."""
    for loop in [loop for loop in _pools if loop.is_closed()]:
        for link in _pools.pop(loop).links:
            link.pgconn.finish()


atexit.register(forget_dead_loops)
