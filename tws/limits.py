"""How fast one user may ask; with REDIS_URL, counted over all web processes."""

from __future__ import annotations

import logging

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60


def may_ask(user_id: int) -> bool:
    """Count one question; False when the user has asked too many in this minute."""
    key = f"questions-{user_id}"
    try:
        if cache.add(key, 1, timeout=WINDOW_SECONDS):
            return True
        return cache.incr(key) <= settings.CHAT_MESSAGES_PER_MINUTE
    except ValueError:  # the minute ended between the two calls
        return True
    except RedisError:  # better no limit than no answers
        logger.exception("questions can't be counted")
        return True
