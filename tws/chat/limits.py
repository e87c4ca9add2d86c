"""How often one user may ask in a minute; with REDIS_URL, counted over all web processes."""

from __future__ import annotations

import logging

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

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
    except RedisError:  # better no limit than no answers
        logger.exception("requests can't be counted")
        return True
