"""One fetch per key and period, however many ask."""

from __future__ import annotations

import asyncio

import pytest

from tws.hwa.cache import SingleFlightCache


class Counted:
    def __init__(self, seconds: float = 0.0) -> None:
        self.calls = 0
        self._seconds = seconds

    async def __call__(self) -> int:
        self.calls += 1
        await asyncio.sleep(self._seconds)
        return self.calls


async def test_fifty_at_once_share_one_fetch():
    cache, fetch = SingleFlightCache(), Counted(0.02)

    values = await asyncio.gather(*(cache.get("k", 10, fetch) for _ in range(50)))

    assert (set(values), fetch.calls) == ({1}, 1)


async def test_fetches_are_keys_times_periods():
    now = [0.0]
    cache = SingleFlightCache(clock=lambda: now[0])
    fetches = {key: Counted() for key in "abc"}

    for _ in range(4):
        for _ in range(25):
            await asyncio.gather(*(cache.get(key, 10, one) for key, one in fetches.items()))
        now[0] += 10

    assert [one.calls for one in fetches.values()] == [4, 4, 4]


async def test_a_failure_reaches_all_who_wait_and_is_not_kept():
    cache = SingleFlightCache()

    async def fail() -> int:
        await asyncio.sleep(0.01)
        raise OSError("down")

    results = await asyncio.gather(
        *(cache.get("k", 10, fail) for _ in range(3)), return_exceptions=True
    )

    assert [str(one) for one in results] == ["down"] * 3
    assert await cache.get("k", 10, Counted()) == 1


async def test_a_cancelled_caller_does_not_take_the_others_with_it():
    cache, fetch = SingleFlightCache(), Counted(0.05)
    first = asyncio.create_task(cache.get("k", 10, fetch))
    second = asyncio.create_task(cache.get("k", 10, fetch))
    await asyncio.sleep(0.01)

    first.cancel()

    assert await second == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_the_oldest_entries_make_room():
    cache, fetch = SingleFlightCache(max_entries=2), Counted()
    for key in "abc":
        await cache.get(key, 10, fetch)

    await cache.get("a", 10, fetch)

    assert fetch.calls == 4
