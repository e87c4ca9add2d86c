"""The live page's socket, `/ws/live/?engine=&stream=&area=`: a snapshot of that part of the plan
per frame (`tws.chat.live`)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from tws.chat import admission
from tws.chat.live import TooManyViews, View, live_feeds
from tws.chat.socket import LimitedSocket


class LiveConsumer(LimitedSocket):
    """Whatever a viewer sends is counted and passed over: it only looks."""

    async def opened(self) -> None:
        self._task = asyncio.create_task(self._pass_on())

    async def closed(self) -> None:
        self._task.cancel()

    async def _pass_on(self) -> None:
        query = self._of_scope("query_string").decode(errors="replace")
        view = View.asked(query, self._of_scope("language"))
        snapshots: Any = live_feeds().watch(view, self.user.pk)
        try:
            async with contextlib.aclosing(snapshots):
                async for snapshot in snapshots:
                    await self.show(snapshot)
        except TooManyViews:
            await self.end(admission.TOO_MANY)
        except OSError:  # the client has gone
            return
