"""How answers begin that a model will stream: few at a time, so that those under way stream on.

To understand a question, to find memories and to write the model's first message is milliseconds
of work for the one interpreter that passes on the tokens of all other answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tws.per_loop import PerLoop

AT_ONCE = 2
PATIENCE_SECONDS = 0.1
"""Who takes longer waits for somebody else (HWA, an embedder elsewhere) and holds nobody up."""

_places = PerLoop(lambda: asyncio.Semaphore(AT_ONCE))


@asynccontextmanager
async def beginning() -> AsyncIterator[None]:
    """In the order in which they came; for the work before the model's first word."""
    places = _places()
    await places.acquire()
    held = True

    def give_up() -> None:
        nonlocal held
        if held:
            held = False
            places.release()

    patience = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, give_up)
    try:
        yield
    finally:
        patience.cancel()
        give_up()
