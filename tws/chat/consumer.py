"""The chat's socket, `/ws/chat/<agent_id>/?conversation=<uuid>`. One JSON object per frame.

From the client: `message` (or any text that does not begin with `{`), `stop`, `resume`,
`watch`, `feedback`, `unrate`, `ping`. To the client: `info` first, with the `conversation_id`;
then, per run and numbered from 1, `run_started`, `tool_call`, `tool_result`, `stream` and one of
`message`, `stopped`, `error`; outside runs `error` and `pong`, and to who watches `asked`,
`conversations` and `fates`. See docs/chat.md.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing, suppress
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from django.contrib.auth.models import User
from django.db import DatabaseError
from django.utils.translation import gettext as _

from knowledge.feedback import TooManyReports, give_feedback, withdraw_feedback
from knowledge.models import Memory
from tws.answers.understanding.asked import Understood
from tws.answers.understanding.narrowing import NoSuchCondition
from tws.chat import admission, conversations, fates, frames, run_log
from tws.chat.admission import Ending, Guest
from tws.chat.background import keep_going
from tws.chat.frames import Refused
from tws.chat.live_runs import is_live
from tws.chat.news import news_feed
from tws.chat.running import runs
from tws.chat.runs import run_less_part
from tws.chat.socket import LimitedSocket, internal
from tws.database import in_database
from tws.models import Agent, Conversation

logger = logging.getLogger(__name__)


class ChatConsumer(LimitedSocket):
    @property
    def agent(self) -> str:
        return str(self.scope["url_route"]["kwargs"]["agent_id"])

    # --- opening and closing

    async def opened(self) -> None:
        self._following: dict[UUID, asyncio.Task[None]] = {}
        self._watching: asyncio.Task[None] | None = None
        self._known: set[UUID] = set()  # the runs that this client has heard of
        self._fates: dict[str, Any] | None = None  # as this client was told last
        self._conversation: Conversation | None = None
        self._refusal = Refused("not_found", "")
        try:
            self._conversation = await in_database(
                _open_conversation, self.user, self.guest, self._wanted()
            )
        except Agent.DoesNotExist:
            await self.end(admission.NO_AGENT)
        except Refused as refusal:
            self._refusal = refusal
            await self.tell(refusal.frame())
        except DatabaseError as error:
            logger.exception("a chat can't be opened")
            self._refusal = internal(error)
            await self.tell(self._refusal.frame())
        else:
            conversation_id = str(self._conversation.pk)
            info = {"type": "info", "conversation_id": conversation_id, "agent_id": self.agent}
            await self.tell(info)

    def _wanted(self) -> str:
        query = parse_qs(self.scope["query_string"].decode("ascii", "replace"))
        return query.get("conversation", [""])[0]

    async def closed(self) -> None:
        """Runs go on: whoever comes back resumes them."""
        for task in self._following.values():
            task.cancel()
        if self._watching:
            self._watching.cancel()

    # --- what the client sends

    async def obey(self, text: str | None) -> None:
        if text is None:
            raise Refused("bad_frame", _("Binary frames are not understood."))
        match frames.parse(text):
            case frames.Ping():
                await self.tell({"type": "pong"})
            case frames.Ask() as question:
                await self._ask(question)
            case frames.Stop():
                conversation, _agent = await self._admitted()
                await runs().stop(conversation)
            case frames.Resume() as wanted:
                await self._admitted()
                self._follow(wanted.run_id, wanted.last_seq)
            case frames.Watch() as wanted:
                conversation, _agent = await self._admitted()
                self._watch(conversation, wanted.known)
            case frames.Feedback() as given:
                await self._admitted()
                await self._rate(given)
            case frames.Unrate() as given:
                await self._admitted()
                await self._unrate(given)

    async def _admitted(self, client_id: str = "") -> tuple[Conversation, Agent]:
        """The conversation, when there is one and the user may still chat; and its agent."""
        if self._conversation is None:
            raise Refused(self._refusal.code, self._refusal.message, client_id)
        agent = await admission.admit(self.guest)
        if not isinstance(agent, Agent):
            raise _refused(agent, client_id)
        return self._conversation, agent

    async def _ask(self, question: frames.Ask) -> None:
        conversation, agent = await self._admitted(question.client_id)
        language = self._of_scope("language")
        taken = await _taken(conversation, question)
        try:
            run_id = await runs().ask(agent, conversation, self.user, question, language, taken)
        except DatabaseError as error:
            logger.exception("a question can't be stored")
            raise internal(error, question.client_id) from error
        self._known.add(run_id)
        if run_id not in self._following:
            self._follow(run_id, 0)

    async def _rate(self, given: frames.Feedback) -> None:
        try:
            await in_database(
                give_feedback, given.memory_id, given.rating, given.comment, self.user, given.reason
            )
        except Memory.DoesNotExist:
            raise Refused("not_found", _("There is no such memory.")) from None
        except TooManyReports as refusal:
            raise Refused("rate_limited", str(refusal)) from None

    async def _unrate(self, given: frames.Unrate) -> None:
        try:
            await in_database(withdraw_feedback, given.memory_id, self.user)
        except Memory.DoesNotExist:
            raise Refused("not_found", _("There is no such memory.")) from None

    # --- what the client is sent

    def _follow(self, run_id: UUID, after: int) -> None:
        if old := self._following.pop(run_id, None):
            old.cancel()
        task = asyncio.create_task(self._pass_on(run_id, after))
        self._following[run_id] = task
        task.add_done_callback(lambda done: self._forget(run_id, done))

    def _forget(self, run_id: UUID, task: asyncio.Task[None]) -> None:
        if self._following.get(run_id) is task:
            del self._following[run_id]

    async def _pass_on(self, run_id: UUID, after: int) -> None:
        try:
            async for line in runs().follow(run_id, after, self.user):
                await self.show(line)
        except Refused as refusal:
            await self.tell({**refusal.frame(), "run_id": str(run_id)})
        except OSError:
            pass  # the client has gone
        except Exception as error:  # nobody waits for this task: what it dies of is said here
            logger.exception("run %s can't be followed", run_id)
            await self.tell({**internal(error).frame(), "run_id": str(run_id)})

    # --- what other pages do

    def _watch(self, conversation: Conversation, known: list[UUID]) -> None:
        self._known.update(known)
        if self._watching is None:
            self._watching = keep_going("a page's watch", lambda: self._watch_on(conversation))

    async def _watch_on(self, conversation: Conversation) -> None:
        with suppress(OSError):  # the client has gone
            async with aclosing(news_feed().watch(self.user.pk)) as news:
                async for one in news:
                    if one.list_changed:
                        if one.conversation in (None, str(conversation.pk)):
                            await self._tell_questions(conversation)
                        await self.tell({"type": "conversations"})
                    if one.answers_moved:
                        await self._tell_fates(conversation)

    async def _tell_questions(self, conversation: Conversation) -> None:
        """What was asked in this conversation elsewhere, each with its answer as it comes."""
        for question in await in_database(run_log.unknown, conversation, self._known):
            if question.run_id in self._known:
                continue  # asked here while we looked
            self._known.add(question.run_id)
            asked = {"run_id": str(question.run_id), "client_id": question.client_id}
            await self.tell({"type": "asked", **asked, "text": question.text})
            self._follow(question.run_id, 0)

    async def _tell_fates(self, conversation: Conversation) -> None:
        """All that was taken back in this conversation, when that has changed."""
        told = await fates.together().ask((conversation.pk, self._of_scope("language")))
        if told != self._fates:
            self._fates = told
            await self.tell({"type": "fates", "answers": told})


def _open_conversation(user: User, guest: Guest, wanted: str) -> Conversation:
    """The user's conversation with an agent: the wanted one, or the promise of a new one.

    Agent.DoesNotExist when there is no such agent, Refused when there is no such conversation.
    """
    agent = Agent.objects.get(pk=guest.agent, is_active=True)
    if ending := admission.endings({guest}).get(guest):
        raise _refused(ending)
    if not wanted:
        return conversations.promise(user, agent)
    try:
        conversation = conversations.find(user, agent, wanted)
    except Conversation.DoesNotExist:
        raise Refused("not_found", _("There is no such conversation.")) from None
    if conversation.user_id != user.pk:
        raise Refused("forbidden", _("This conversation is somebody else's."))
    run_log.end_cut_off(conversation, is_live)
    return conversation


async def _taken(conversation: Conversation, question: frames.Ask) -> Understood | None:
    """What is asked, when that is an earlier question less one of its conditions."""
    if question.without is None:
        return None
    try:
        return await in_database(run_less_part, conversation, **question.without.model_dump())
    except NoSuchCondition as error:
        message = _("This condition can't be left out any more. Ask in your own words.")
        raise Refused("not_found", message, question.client_id) from error


def _refused(ending: Ending, client_id: str = "") -> Refused:
    """What is said to who may not stay; the socket is closed at the next look."""
    match ending:
        case admission.NO_ROLE:
            return Refused("forbidden", _("Your role does not include the chat."), client_id)
        case admission.NO_AGENT:
            return Refused("not_found", _("This agent is switched off."), client_id)
        case _signed_out:
            return Refused("forbidden", _("You are signed out."), client_id)
