"""The runs of this process: each answers one question, whether anybody listens or not.

A run belongs to the process that took the question. Its frames are in memory while it goes on, and
follow in groups to the database, which is where every other process, and a later one, finds them.
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import AsyncIterator, Collection
from weakref import WeakValueDictionary

from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.utils.translation import gettext as _

from tws.answers.understanding.asked import Understood
from tws.chat import run_log
from tws.chat.admission import Guest
from tws.chat.answering import Answering
from tws.chat.background import keep_going
from tws.chat.frame_writer import FrameWriter
from tws.chat.frames import Ask, Refused
from tws.chat.limits import may_ask
from tws.chat.live_runs import is_live, live_runs
from tws.chat.run import Run
from tws.chat.run_log import Frame
from tws.database import in_database, in_turn
from tws.models import Agent, Conversation, Message
from tws.per_loop import PerLoop

logger = logging.getLogger(__name__)

SAVE_SECONDS = 0.25
POLL_SECONDS = 0.3
PURGE_SECONDS = 3600.0


class Runs:
    """The runs of one event loop."""

    def __init__(self) -> None:
        self._live = live_runs()
        self._turns: WeakValueDictionary[uuid.UUID, asyncio.Lock] = WeakValueDictionary()
        self._writer = FrameWriter()
        self._writing: asyncio.Task[None] | None = None
        self._purging: asyncio.Task[None] | None = None

    def guests(self) -> set[Guest]:
        """Whose questions are being answered, by whom."""
        return {run.guest for run in self._live.values()}

    # --- asking, stopping, following

    async def ask(
        self,
        agent: Agent,
        conversation: Conversation,
        user: User,
        question: Ask,
        language: str,
        taken: Understood | None = None,
    ) -> uuid.UUID:
        """Start a run, or find the one that this `client_id` has started; its id.

        `taken` is what it asks, when that is known without reading its text.
        Refused when too many wait in this conversation, or the user asks too fast.
        """
        if not await in_database(may_ask, user.pk):
            message = _("Too many questions in one minute. Wait a little.")
            raise Refused("rate_limited", message, question.client_id)
        if question.client_id and (known := self._run_of(conversation, question.client_id)):
            return known.id
        self._check_waiting(conversation, question)
        run = Run(agent, conversation, user, question, language, taken)
        self._live[run.id] = run  # its place among the waiting is taken before anything is awaited
        try:
            stored = await in_turn(
                run_log.store_question, conversation, run.id, run.text, run.client_id
            )
            if stored is not None:
                run.question, run.opens_conversation = stored
        finally:
            if run.question is None:
                del self._live[run.id]
                run.abandon()
        if run.question is None:
            first = await in_database(run_log.question_of, run.client_id, conversation)
            return first.run_id
        answering = Answering(run, self._writer).carry_out(self._turn(conversation))
        run.task = asyncio.create_task(answering, name=f"run {run.id}")
        run.task.add_done_callback(lambda _done: self._over(run))
        self._keep_writing()
        return run.id

    def _over(self, run: Run) -> None:
        self._live.pop(run.id, None)
        if not run.over:
            run.abandon()

    def _turn(self, conversation: Conversation) -> asyncio.Lock:
        """The questions of a conversation are answered one by one, in order."""
        lock = self._turns.get(conversation.pk)
        if lock is None:
            lock = self._turns[conversation.pk] = asyncio.Lock()
        return lock

    def _run_of(self, conversation: Conversation, client_id: str) -> Run | None:
        for run in self._live.values():
            if run.client_id == client_id and run.conversation.pk == conversation.pk:
                return run
        return None

    def _check_waiting(self, conversation: Conversation, question: Ask) -> None:
        in_line = sum(1 for run in self._live.values() if run.conversation.pk == conversation.pk)
        if in_line > settings.CHAT_MAX_WAITING:
            message = _("Too many questions are waiting. Let one be answered first.")
            raise Refused("busy", message, question.client_id)

    async def stop(self, conversation: Conversation) -> None:
        """Stop what is being answered in a conversation. Nothing is: nothing happens."""
        for run in self._live.values():
            if run.conversation.pk == conversation.pk and not run.over:
                run.stop()
                return
        if settings.REDIS_URL:  # its run may be another process's, which looks for this
            await in_database(run_log.ask_to_stop, conversation)

    def stop_of(self, guests: Collection[Guest]) -> None:
        """Stop what is being answered for somebody who may not be answered any more."""
        for run in self._live.values():
            if run.guest in guests:
                run.stop()

    async def follow(self, run_id: uuid.UUID, after: int, user: User) -> AsyncIterator[str]:
        """Each frame of a run after number `after`, past ones first, until the run is over.

        Refused when it isn't the user's, or nobody has its frames any more.
        """
        run = self._live.get(run_id)
        if run is not None and run.user.pk == user.pk:
            async for line in run.follow(after):
                yield line
            return
        question = await in_database(run_log.find_question, run_id)
        if question is None:
            raise Refused("not_found", _("There is no such answer."))
        if question.conversation.user_id != user.pk:
            raise Refused("forbidden", _("This answer is somebody else's."))
        async for line in _follow_rows(question, after):
            yield line

    # --- in the background

    def _keep_writing(self) -> None:
        if self._writing is None or self._writing.done():
            self._writing = keep_going("the writer of run frames", self._write_on)
        if self._purging is None or self._purging.done():
            self._purging = keep_going("the purge of run frames", self._purge_on)

    async def _write_on(self) -> None:
        """Write the frames of all runs, a group per quarter of a second, while there are any."""
        while self._live or self._writer:
            await asyncio.sleep(SAVE_SECONDS)
            await self._writer.write()
            await self._stop_where_asked()

    async def _stop_where_asked(self) -> None:
        """Stop the runs that another web process was asked to stop."""
        if settings.REDIS_URL:
            for run_id in await in_database(run_log.asked_to_stop, list(self._live)):
                if run := self._live.get(run_id):
                    run.stop()

    async def _purge_on(self) -> None:
        while True:
            await in_database(run_log.purge)
            await asyncio.sleep(PURGE_SECONDS)

    async def aclose(self) -> None:
        """The process ends. Who looks next finds the runs cut off, with what they had said."""
        tasks = [run.task for run in self._live.values() if run.task is not None]
        tasks += [task for task in (self._writing, self._purging) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await self._writer.write()
        except DatabaseError:
            logger.exception("the last frames of runs can't be stored")


runs = PerLoop(Runs)


async def _follow_rows(question: Message, after: int) -> AsyncIterator[str]:
    head = {"run_id": str(question.run_id), "client_id": question.client_id}
    seen = after
    while True:
        is_over = not await _goes_on(question)
        frames = await in_database(run_log.read, question.run_id, after)
        for one in frames:
            yield json.dumps(head | one)
            after = one["seq"]
        if is_over:
            if after == seen and (end := await _end_of(question))["type"] == "error":
                # Its process died before it had stored all that it showed: the end that is kept
                # has a number that the client has passed.
                yield json.dumps(head | end | {"seq": seen + 1})
            return
        await asyncio.sleep(POLL_SECONDS)


async def _end_of(question: Message) -> Frame:
    if end := await in_database(run_log.last_frame, question.run_id):
        return end
    message = _("The steps of this answer are no longer kept. Reload the page.")
    raise Refused("not_found", message, question.client_id)


async def _goes_on(question: Message) -> bool:
    """Whether its run goes on, here or elsewhere. One that was cut off is ended first."""
    if not await in_database(run_log.unanswered().filter(pk=question.pk).exists):
        return False
    if not run_log.was_cut_off(question, is_live):
        return True
    await in_database(run_log.end_interrupted, question)
    return False
