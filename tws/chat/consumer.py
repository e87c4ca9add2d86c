"""The chat's socket, `/ws/chat/<agent_id>/?conversation=<uuid>`. One JSON object per frame.

From the client: `message` (or any text that does not begin with `{`), `stop`, `resume`,
`feedback`, `ping`. To the client: `info` first, with the `conversation_id`; then, per run and
numbered from 1, `run_started`, `tool_call`, `tool_result`, `stream` and one of `message`,
`stopped`, `error`; outside runs `error` and `pong`. See docs/chat.md.
"""

from __future__ import annotations

import asyncio
import logging
from urllib.parse import parse_qs
from uuid import UUID

from django.contrib.auth.models import User
from django.db import DatabaseError
from django.utils.translation import gettext as _

from knowledge.feedback import TooManyReports, give_feedback
from knowledge.models import Memory
from tws.answers.understanding.asked import Understood
from tws.answers.understanding.narrowing import NoSuchCondition
from tws.chat import admission, conversations, frames, run_log
from tws.chat.admission import Ending, Guest
from tws.chat.frames import Refused
from tws.chat.live_runs import is_live
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
        except DatabaseError:
            logger.exception("a chat can't be opened")
            self._refusal = internal()
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
            case frames.Feedback() as given:
                await self._admitted()
                await self._rate(given)

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
        run_id = await runs().ask(agent, conversation, self.user, question, language, taken)
        if run_id not in self._following:
            self._follow(run_id, 0)

    async def _rate(self, given: frames.Feedback) -> None:
        try:
            await in_database(
                give_feedback, given.memory_id, given.rating, given.comment, self.user
            )
        except Memory.DoesNotExist:
            raise Refused("not_found", _("There is no such memory.")) from None
        except TooManyReports as refusal:
            raise Refused("rate_limited", str(refusal)) from None

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
        except Exception:  # nobody waits for this task: what it dies of is said here
            logger.exception("run %s can't be followed", run_id)
            await self.tell({**internal().frame(), "run_id": str(run_id)})


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
