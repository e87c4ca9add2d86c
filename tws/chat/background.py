"""Work in the background that does not die in silence."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0


def keep_going(name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
    """A task that does `work` until it returns. What it dies of is logged, and it begins again."""

    async def go() -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                await work()
                return
            except Exception:  # whatever it is, the others depend on this work
                logger.exception("%s has failed; it begins again in %s s", name, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    return asyncio.create_task(go(), name=name)
