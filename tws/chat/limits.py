"""How often one user may ask, over all web processes with REDIS_URL; how much a socket may send."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60


def may_ask(user_id: int) -> bool:
    """Count one question; False when the user has asked too many in this minute."""
    return within(f"questions-{user_id}", settings.CHAT_MESSAGES_PER_MINUTE)


def within(key: str, most: int, count: int = 1) -> bool:
    """Count `count` more of `key`; False when they are more than `most` in this minute."""
    try:
        if cache.add(key, count, timeout=WINDOW_SECONDS):
            return most >= count
        return cache.incr(key, count) <= most
    except ValueError:  # the minute ended between the two calls
        return True
    except _outages():  # better no limit than no answers
        logger.exception("requests can't be counted")
        return True


def _outages() -> tuple[type[Exception], ...]:
    """What a cache that does not answer raises: only Redis can be away, and raising loaded it."""
    redis = sys.modules.get("redis.exceptions")
    return (redis.RedisError,) if redis else ()


class FrameAllowance:
    """What one socket may send: a minute's frames at once, and so many in each minute.

    A frame counts once, and once more for each 10,000 characters.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left = float(settings.CHAT_FRAMES_PER_MINUTE)
        self._at = clock()

    def allows(self, length: int) -> bool:
        """Count a frame; False, and not counted, when it is one too many."""
        most, now = settings.CHAT_FRAMES_PER_MINUTE, self._clock()
        self._left = min(most, self._left + (now - self._at) * most / 60)
        self._at = now
        cost = min(1 + length // 10_000, most)  # the longest one must not wait for ever
        if cost > self._left:
            return False
        self._left -= cost
        return True
