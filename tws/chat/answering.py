"""A run carried out: what its agent says becomes frames, an answer, and a memory."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.utils import translation
from django.utils.translation import gettext as _

from knowledge.cleaning import clean_json
from tws.answers.agents import agent_manager
from tws.answers.events import Chunk, Failed, Final, Turn, frame
from tws.chat import run_log
from tws.chat.fixes import explained_failure
from tws.chat.frame_writer import FrameWriter
from tws.chat.masking import StreamMask, shown
from tws.chat.remembered import newest_of
from tws.chat.run import Run
from tws.chat.run_log import Frame
from tws.chat.runs import history_of, store_answer, thread_of
from tws.chat.showing.display import display_of, page_parts
from tws.chat.trouble import answer_not_kept, trouble_of
from tws.database import in_turn
from tws.models import Message

logger = logging.getLogger(__name__)


class Answering:
    """One run, from its turn to its end."""

    def __init__(self, run: Run, writer: FrameWriter) -> None:
        self._run = run
        self._writer = writer
        self._mask = StreamMask()
        self._room: int = settings.CHAT_MAX_ANSWER_CHARACTERS

    async def carry_out(self, turn: asyncio.Lock) -> None:
        """Wait for its turn, answer, and end the run whatever happens."""
        run = self._run
        run.begun = True
        try:
            if run.stopping:
                raise asyncio.CancelledError
            async with turn:
                with translation.override(run.language):
                    await self._answer()
        except asyncio.CancelledError:
            if not run.stopping:
                raise  # the process ends; who looks next finds the run cut off
            await self._end_or_say({"type": "stopped"}, Message.Outcome.STOPPED)
        except DatabaseError as error:
            logger.exception("run %s can't be stored", run.id)
            await self._fail(_not_kept, error)
        except Exception as error:  # whatever an agent does wrong ends its own run, and is told
            logger.exception("run %s failed", run.id)
            await self._fail(_went_wrong, error)

    async def _answer(self) -> None:
        run = self._run
        assert run.question is not None  # noqa: S101 (carried out once its question is stored)
        history: list[Turn] = []
        if not run.opens_conversation:
            history = await history_of(run.conversation, before=run.question.pk, up_to=run.answers)
        events = agent_manager().answer(
            run.agent, run.text, history=history, taken=run.taken, own=newest_of(run.user)
        )
        async with contextlib.aclosing(events):
            async for event in events:
                if isinstance(event, Chunk):
                    self._stream(event.text)
                    continue
                self._say(self._mask.rest())
                if isinstance(event, Final | Failed):
                    await self._settle(event)
                    return
                self._tell(clean_json(frame(event)))
        raise RuntimeError("the agent ended without an answer and without a reason")

    def _stream(self, text: str) -> None:
        """Show the next piece, up to the longest answer; what follows is not even looked at."""
        if self._room <= 0:
            return
        self._say(self._mask.feed(text[: self._room]))
        self._room -= len(text)
        if self._room < 0:
            self._say(self._mask.rest() + _cut_note())

    def _say(self, text: str) -> None:
        if text:
            self._run.said.append(text)
            self._tell({"type": "stream", "message": text})

    def _tell(self, fields: Frame) -> None:
        """Show a frame now, and keep it with the next group."""
        numbered = self._run.numbered(fields)
        self._run.show(fields)  # raises when it can't be written, and is not kept then
        self._writer.add(self._run.id, numbered)

    async def _settle(self, event: Final | Failed) -> None:
        run = self._run
        run.settling = True
        if isinstance(event, Failed):
            fields = clean_json(frame(event))
            fields["message"] = shown(event.message)
            text = "".join(run.said) or fields["message"]
            tools = [use.as_dict() for use in event.tools]
            asked_instead = fields["suggestions"]
            await self._end(
                fields, Message.Outcome.ERROR, text=text, tools=tools, suggestions=asked_instead
            )
            return
        event = _within_length(event)
        memory_id = await store_answer(
            run.agent.slug,
            run.text,
            event,
            user=run.user,
            conversation=run.conversation.pk,
            run_id=run.id,
        )
        fields = clean_json(frame(event))
        text, display, parts = await in_turn(_to_read, event)
        fields |= {"message": text, **parts}
        fields["memory_id"] = str(memory_id) if memory_id else None
        fields["failure"] = clean_json(explained_failure(event.evidence))
        for source in fields["sources"]:
            source |= {key: shown(source[key]) for key in ("label", "what")}
        await self._end(
            fields,
            Message.Outcome.DONE,
            text=text,
            sources=fields["sources"],
            tools=fields["tools"],
            memory_id=memory_id,
            result=event.outcome,
            suggestions=fields["suggestions"],
            thread=thread_of(event),
            display=display,
            failure=fields["failure"],
        )

    async def _end(self, last: Frame, outcome: str, **answer: Any) -> None:
        """Write the end of a run, then show it: who has seen it finds it again."""
        run = self._run
        answer.setdefault("text", "".join(run.said))
        if last["type"] == "error":
            answer["trouble"] = last.get("reason") or last["code"]
        row = Message(
            conversation=run.conversation,
            run_id=run.id,
            role=Message.Role.AGENT,
            outcome=outcome,
            **clean_json(answer),
        )
        async with self._writer.last_of(run.id) as frames:
            settled = await in_turn(run_log.settle, row, [*frames, run.numbered(last)])
        run.show(last if settled else _went_wrong(None))

    async def _fail(self, say: Any, error: Exception) -> None:
        with translation.override(self._run.language):
            last = say(error)
        await self._end_or_say(last, Message.Outcome.ERROR)

    async def _end_or_say(self, last: Frame, outcome: str) -> None:
        """End a run; when its end can't be stored, show that at least."""
        try:
            await self._end(last, outcome)
        except DatabaseError as error:
            logger.exception("the end of run %s can't be stored", self._run.id)
            with translation.override(self._run.language):
                self._run.show(_not_kept(error) if last["type"] == "error" else last)


def _to_read(final: Final) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The answer as a person may see it, what is kept to show it again, and its parts."""
    text, display = shown(final.answer), clean_json(display_of(final))
    return text, display, page_parts(text, display)


def _within_length(final: Final) -> Final:
    """A longer answer is cut, and no memory: who reads it later must not take it for whole."""
    longest = settings.CHAT_MAX_ANSWER_CHARACTERS
    if len(final.answer) <= longest:
        return final
    return replace(final, answer=final.answer[:longest] + _cut_note(), outcome="cannot")


def _cut_note() -> str:
    longest = settings.CHAT_MAX_ANSWER_CHARACTERS
    return "\n\n" + _("[This answer was longer than %d characters and is cut here.]") % longest


def _went_wrong(_error: Exception | None) -> Frame:
    message = _("Something went wrong here. The administrator finds the reason in the log.")
    return {"type": "error", "code": "internal", "message": message}


def _not_kept(error: Exception) -> Frame:
    """What the user is told of a database that took nothing."""
    trouble = trouble_of(error)
    said = {"code": "internal", "reason": trouble, "message": answer_not_kept(trouble)}
    return {"type": "error", **said}
