"""The runs of this process: each answers one question, whether anybody listens or not.

A run belongs to the process that took the question. Its frames are in memory while it goes on, and
follow in groups to the database, which is where every other process, and a later one, finds them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any
from weakref import WeakValueDictionary

from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.utils import translation
from django.utils.translation import gettext as _

from knowledge.cleaning import clean_json
from tws.answers.agents import agent_manager
from tws.answers.events import Chunk, Failed, Final, frame
from tws.chat import run_log
from tws.chat.frames import Ask, Refused
from tws.chat.limits import may_ask
from tws.chat.markdown import to_html
from tws.chat.masking import StreamMask, shown
from tws.chat.run_log import Frame
from tws.chat.runs import history_of, store_answer
from tws.database import in_database
from tws.models import Agent, Conversation, Message

logger = logging.getLogger(__name__)

SAVE_SECONDS = 0.25
POLL_SECONDS = 0.3
PURGE_SECONDS = 3600.0


class Run:
    """One question on its way to an answer."""

    def __init__(
        self, agent: Agent, conversation: Conversation, user: User, ask: Ask, language: str
    ) -> None:
        self.id = uuid.uuid4()
        self.agent, self.conversation, self.user = agent, conversation, user
        self.text, self.client_id, self.language = ask.text, ask.client_id, language
        self.question: Message | None = None
        self.task: asyncio.Task[None] | None = None
        self.started = self.stopping = self.settling = self.over = False
        self.said: list[str] = []  # what was streamed so far
        self._lines: list[str] = []  # the frames as they are sent; number n at n - 1
        self._moved = asyncio.Event()
        self._head = f'{{"run_id": "{self.id}", "client_id": {json.dumps(self.client_id)}, "seq": '

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


_live: dict[uuid.UUID, Run] = {}
_unsaved: dict[uuid.UUID, list[Frame]] = {}
_turns: WeakValueDictionary[uuid.UUID, asyncio.Lock] = WeakValueDictionary()
_writer: asyncio.Task[None] | None = None
_saving = asyncio.Lock()
"""Held while frames are on their way to the database."""
_purged_at = float("-inf")


def is_live(run_id: uuid.UUID) -> bool:
    return run_id in _live


# --- asking, stopping, following ----------------------------------------------------------------


async def ask(
    agent: Agent, conversation: Conversation, user: User, question: Ask, language: str
) -> uuid.UUID:
    """Start a run, or find the one that this `client_id` has started; its id.

    Refused when too many wait in this conversation, or the user asks too fast.
    """
    if not await in_database(may_ask, user.pk):
        message = _("Too many questions in one minute. Wait a little.")
        raise Refused("rate_limited", message, question.client_id)
    if question.client_id and (known := _live_run(conversation, question.client_id)):
        return known.id
    _check_waiting(conversation, question)
    run = Run(agent, conversation, user, question, language)
    _live[run.id] = run  # its place among the waiting is taken before anything is awaited
    try:
        run.question = await in_database(
            run_log.store_question, conversation, run.id, run.text, run.client_id
        )
    finally:
        if run.question is None:
            del _live[run.id]
            run.abandon()
    if run.question is None:
        first = await in_database(run_log.question_of, run.client_id, conversation)
        return first.run_id
    run.task = asyncio.create_task(_carry_out(run), name=f"run {run.id}")
    _start_writer()
    return run.id


def _live_run(conversation: Conversation, client_id: str) -> Run | None:
    for run in _live.values():
        if run.client_id == client_id and run.conversation.pk == conversation.pk:
            return run
    return None


def _check_waiting(conversation: Conversation, question: Ask) -> None:
    in_line = sum(1 for run in _live.values() if run.conversation.pk == conversation.pk)
    if in_line > settings.CHAT_MAX_WAITING:
        message = _("Too many questions are waiting. Let one be answered first.")
        raise Refused("busy", message, question.client_id)


async def stop(conversation: Conversation) -> None:
    """Stop what is being answered in a conversation. Nothing is: nothing happens."""
    for run in _live.values():
        if run.conversation.pk == conversation.pk and not run.over:
            _stop(run)
            return
    if settings.REDIS_URL:  # its run may be another process's, which looks for this
        await in_database(run_log.ask_to_stop, conversation)


def _stop(run: Run) -> None:
    if run.settling or run.stopping or run.task is None:
        return  # its answer is being stored: too late
    run.stopping = True
    run.task.cancel()


async def follow(run_id: uuid.UUID, after: int, user: User) -> AsyncIterator[str]:
    """Each frame of a run after number `after`, past ones first, until the run is over.

    Refused when it isn't the user's, or nobody has its frames any more.
    """
    run = _live.get(run_id)
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


async def _follow_rows(question: Message, after: int) -> AsyncIterator[str]:
    head = {"run_id": str(question.run_id), "client_id": question.client_id}
    while True:
        is_over = not await _goes_on(question)
        frames = await in_database(run_log.read, question.run_id, after)
        for one in frames:
            yield json.dumps(head | one)
            after = one["seq"]
        if is_over:
            if after == 0:
                message = _("The steps of this answer are no longer kept. Reload the page.")
                raise Refused("not_found", message, question.client_id)
            return
        await asyncio.sleep(POLL_SECONDS)


async def _goes_on(question: Message) -> bool:
    """Whether its run goes on, here or elsewhere. One that was cut off is ended first."""
    if not await in_database(run_log.unanswered().filter(pk=question.pk).exists):
        return False
    if not run_log.was_cut_off(question, is_live):
        return True
    await in_database(run_log.end_interrupted, question)
    return False


# --- answering ----------------------------------------------------------------------------------


def _turn(conversation: Conversation) -> asyncio.Lock:
    """The questions of a conversation are answered one by one, in order."""
    lock = _turns.get(conversation.pk)
    if lock is None:
        lock = _turns[conversation.pk] = asyncio.Lock()
    return lock


async def _carry_out(run: Run) -> None:
    try:
        async with _turn(run.conversation):
            with translation.override(run.language):
                await _answer(run)
    except asyncio.CancelledError:
        if not run.stopping:
            raise  # the process ends; who looks next finds the run cut off
        await _end(run, {"type": "stopped"}, Message.Outcome.STOPPED)
    except DatabaseError:
        logger.exception("run %s can't be stored", run.id)
        await _fail(run)
    except Exception:  # whatever an agent does wrong ends its own run, and is told
        logger.exception("run %s failed", run.id)
        await _fail(run)
    finally:
        _live.pop(run.id, None)
        if not run.over:
            run.abandon()


async def _answer(run: Run) -> None:
    assert run.question is not None  # noqa: S101 (a run is carried out once its question is stored)
    history = await history_of(run.conversation, before=run.question.pk)
    mask = StreamMask()
    events = agent_manager().answer(run.agent, run.text, history=history)
    async with contextlib.aclosing(events):
        async for event in events:
            if isinstance(event, Chunk):
                _say(run, mask.feed(event.text))
                continue
            _say(run, mask.rest())
            if isinstance(event, Final | Failed):
                await _settle(run, event)
                return
            _tell(run, clean_json(frame(event)))
    raise RuntimeError("the agent ended without an answer and without a reason")


def _say(run: Run, text: str) -> None:
    if text:
        run.said.append(text)
        _tell(run, {"type": "stream", "message": text})


def _tell(run: Run, fields: Frame) -> None:
    """Show a frame now, and keep it with the next group."""
    _unsaved.setdefault(run.id, []).append(run.numbered(fields))
    run.show(fields)


async def _settle(run: Run, event: Final | Failed) -> None:
    run.settling = True
    fields = clean_json(frame(event))
    if isinstance(event, Failed):
        fields["message"] = shown(event.message)
        text = "".join(run.said) or fields["message"]
        tools = [use.as_dict() for use in event.tools]
        await _end(run, fields, Message.Outcome.ERROR, text=text, tools=tools)
        return
    memory_id = await store_answer(
        run.agent.slug, run.text, event, user=run.user, conversation=run.conversation.pk
    )
    fields["message"] = text = shown(event.answer)
    fields["html"] = await asyncio.to_thread(to_html, text)
    fields["memory_id"] = str(memory_id) if memory_id else None
    for source in fields["sources"]:
        source["label"] = shown(source["label"])
    await _end(
        run,
        fields,
        Message.Outcome.DONE,
        text=text,
        sources=fields["sources"],
        tools=fields["tools"],
        memory_id=memory_id,
    )


async def _end(run: Run, last: Frame, outcome: str, **answer: Any) -> None:
    """Write the end of a run, then show it: who has seen it finds it again."""
    answer.setdefault("text", "".join(run.said))
    row = Message(
        conversation=run.conversation,
        run_id=run.id,
        role=Message.Role.AGENT,
        outcome=outcome,
        **clean_json(answer),
    )
    async with _saving:
        frames = _unsaved.pop(run.id, [])
    settled = await in_database(run_log.settle, row, [*frames, run.numbered(last)])
    run.show(last if settled else _internal())


async def _fail(run: Run) -> None:
    """End a run that went wrong; when not even that can be stored, say it at least."""
    with translation.override(run.language):
        last = _internal()
    try:
        await _end(run, last, Message.Outcome.ERROR)
    except DatabaseError:
        logger.exception("the end of run %s can't be stored", run.id)
        run.show(last)


def _internal() -> Frame:
    message = _("Something went wrong here. The administrator finds the reason in the log.")
    return {"type": "error", "code": "internal", "message": message}


# --- the writer ---------------------------------------------------------------------------------


def _start_writer() -> None:
    global _writer, _saving
    if _writer is None or _writer.done():
        _saving = asyncio.Lock()
        _writer = asyncio.create_task(_write_frames(), name="writer of run frames")


async def _write_frames() -> None:
    """Write the frames of all runs, in one group per quarter of a second, while there are any."""
    while _live or _unsaved:
        await asyncio.sleep(SAVE_SECONDS)
        try:
            await _write_group()
            await _stop_where_asked()
            await _purge_sometimes()
        except DatabaseError:
            logger.exception("frames of runs can't be stored; trying again")


async def _write_group() -> None:
    async with _saving:
        group = dict(_unsaved)
        _unsaved.clear()
        if not group:
            return
        try:
            await in_database(run_log.save, group)
        except DatabaseError:
            for run_id, frames in group.items():
                _unsaved[run_id] = frames + _unsaved.get(run_id, [])
            raise


async def _stop_where_asked() -> None:
    """Stop the runs that another web process was asked to stop."""
    if settings.REDIS_URL:
        for run_id in await in_database(run_log.asked_to_stop, list(_live)):
            if run := _live.get(run_id):
                _stop(run)


async def _purge_sometimes() -> None:
    global _purged_at
    if time.monotonic() - _purged_at > PURGE_SECONDS:
        _purged_at = time.monotonic()
        await in_database(run_log.purge)


async def end_all() -> None:
    """The process ends. Who looks next finds the runs cut off, with what they had said."""
    tasks = [run.task for run in _live.values() if run.task is not None]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await _write_group()
