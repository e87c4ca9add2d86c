"""One question on its way to an answer: its frames, for everybody who follows."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator

from django.contrib.auth.models import User

from tws.answers.understanding.asked import Understood
from tws.chat import run_log
from tws.chat.admission import Guest
from tws.chat.frames import Ask
from tws.chat.run_log import Frame
from tws.models import Agent, Conversation, Message


class Run:
    def __init__(
        self,
        agent: Agent,
        conversation: Conversation,
        user: User,
        ask: Ask,
        language: str,
        taken: Understood | None = None,
    ) -> None:
        self.id = uuid.uuid4()
        self.agent, self.conversation, self.user = agent, conversation, user
        self.text, self.client_id, self.language = ask.text, ask.client_id, language
        self.taken, self.answers = taken, ask.answers
        self.guest = Guest(user.pk, agent.pk)
        self.question: Message | None = None
        self.opens_conversation = False
        self.task: asyncio.Task[None] | None = None
        self.begun = self.stopping = self.settling = self.over = False
        self.said: list[str] = []  # what was streamed so far
        self._lines: list[str] = []  # the frames as they are sent; number n at n - 1
        self._moved = asyncio.Event()
        self._head = f'{{"run_id": "{self.id}", "client_id": {json.dumps(self.client_id)}, "seq": '

    def stop(self) -> None:
        """End it soon, with what was said so far; unless its end is being written already.

        A task that is cancelled before its first step takes none: then the mark is enough.
        """
        if self.settling or self.stopping:
            return
        self.stopping = True
        if self.begun and self.task is not None:
            self.task.cancel()

    def numbered(self, fields: Frame) -> Frame:
        """The frame with the number that it has when it is the next one shown."""
        return {"seq": len(self._lines) + 1, **fields}

    def show(self, fields: Frame) -> None:
        """Give the next frame to everybody who follows."""
        number = len(self._lines) + 1
        self._lines.append(f"{self._head}{number}, {json.dumps(fields)[1:]}")
        self.over = fields["type"] in run_log.ENDS
        self._wake()

    def abandon(self) -> None:
        """It never began: the question could not be stored, or was asked before."""
        self.over = True
        self._wake()

    def _wake(self) -> None:
        self._moved.set()
        self._moved.clear()

    async def follow(self, after: int) -> AsyncIterator[str]:
        """Each frame after number `after`, as text, until the run is over."""
        while True:
            while after < len(self._lines):
                after += 1
                yield self._lines[after - 1]
            if self.over:
                return
            await self._moved.wait()
