"""What changed in somebody's conversations, or became of answers, told to all open pages.

Said in the transaction that changes it and heard once that is committed: a NOTIFY. Who hears looks
at the rows; the news says only whose. After a lost connection everybody is told to look.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import NamedTuple

import psycopg
from django.db import connection

from knowledge.connections import conninfo
from knowledge.store import FATES
from tws.chat.background import keep_going
from tws.database import in_database
from tws.models import Conversation
from tws.per_loop import PerLoop

CHANNEL = "resync_conversations"


class News(NamedTuple):
    list_changed: bool
    answers_moved: bool
    """Something was taken back, corrected or put right; whose readers are meant is not said."""
    conversation: str | None = None  # None: any
    user_id: int | None = None  # None: everybody


EVERYTHING = News(list_changed=True, answers_moved=True)


def tell(conversation: Conversation) -> None:
    said = json.dumps([str(conversation.pk), conversation.user_id])
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, said])


def _read(notify: psycopg.Notify) -> News:
    if notify.channel == FATES:
        return News(list_changed=False, answers_moved=True)
    conversation, user_id = json.loads(notify.payload)
    return News(True, False, conversation, user_id)


class NewsFeed:
    """One listening connection of an event loop, from the first page that watches on."""

    def __init__(self) -> None:
        self._watchers: dict[asyncio.Queue[News], int] = {}
        self._listener: asyncio.Task[None] | None = None

    async def watch(self, user_id: int) -> AsyncGenerator[News, None]:
        """EVERYTHING at once, then each news of this user. Close the generator when done."""
        heard: asyncio.Queue[News] = asyncio.Queue()
        heard.put_nowait(EVERYTHING)
        self._watchers[heard] = user_id
        if self._listener is None or self._listener.done():
            self._listener = keep_going("the listener for news of conversations", self._listen)
        try:
            while True:
                yield await heard.get()
        finally:
            del self._watchers[heard]

    async def _listen(self) -> None:
        where = await in_database(conninfo, 0, "resync-news")
        async with await psycopg.AsyncConnection.connect(where, autocommit=True) as listening:
            await listening.execute(f"LISTEN {CHANNEL}; LISTEN {FATES}")
            self._pass_on(EVERYTHING)
            async for notify in listening.notifies():
                self._pass_on(_read(notify))

    def _pass_on(self, news: News) -> None:
        for heard, user_id in self._watchers.items():
            if news.user_id in (None, user_id):
                heard.put_nowait(news)

    async def aclose(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)


news_feed = PerLoop(NewsFeed)
