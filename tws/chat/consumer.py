"""The chat's socket, `/ws/chat/<agent_id>/?conversation=<uuid>`. One JSON object per frame.

From the client: `message` (or any text that does not begin with `{`), `stop`, `resume`,
`feedback`, `ping`. To the client: `info` first, with the `conversation_id`; then, per run and
numbered from 1, `run_started`, `tool_call`, `tool_result`, `stream` and one of `message`,
`stopped`, `error`; outside runs `error` and `pong`. Whatever a client sends, the socket stays open.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.utils import translation
from django.utils.translation import gettext as _

from knowledge.feedback import TooManyReports, give_feedback
from knowledge.models import Memory
from tws.chat import frames, run_log, running
from tws.chat.frames import Refused
from tws.database import in_database
from tws.models import Agent, Conversation

logger = logging.getLogger(__name__)

UNKNOWN_AGENT = 4404


class ChatConsumer(AsyncWebsocketConsumer):
    async def dispatch(self, message: dict[str, Any]) -> None:
        """As Channels does it, without closing old connections: `in_database` minds its own."""
        with translation.override(_of(self.scope, "language")):
            match message["type"]:
                case "websocket.receive":
                    await self.receive(message.get("text"), message.get("bytes"))
                case "websocket.connect":
                    await self.connect()
                case "websocket.disconnect":
                    await self.disconnect(message.get("code"))
                    raise StopConsumer()

    # --- opening and closing

    async def connect(self) -> None:
        self._user: User = _of(self.scope, "user")
        self._following: dict[UUID, asyncio.Task[None]] = {}
        self._conversation: Conversation | None = None
        self._refusal = Refused("not_found", "")
        await self.accept()
        try:
            await self._enter()
        except Agent.DoesNotExist:
            await self.close(UNKNOWN_AGENT)
        except Refused as refusal:
            self._refusal = refusal
            await self._tell(refusal.frame())
        except DatabaseError:
            logger.exception("a chat can't be opened")
            self._refusal = _internal()
            await self._tell(self._refusal.frame())

    async def _enter(self) -> None:
        query = parse_qs(self.scope["query_string"].decode("ascii", "replace"))
        wanted = query.get("conversation", [""])[0]
        slug = self.scope["url_route"]["kwargs"]["agent_id"]
        self._conversation = await in_database(_open_conversation, self._user, slug, wanted)
        await self._tell(
            {"type": "info", "conversation_id": str(self._conversation.pk), "agent_id": slug}
        )

    async def disconnect(self, code: int | None) -> None:
        """Runs go on: whoever comes back resumes them."""
        for task in self._following.values():
            task.cancel()

    # --- what the client sends

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            if text_data is None:
                raise Refused("bad_frame", _("Binary frames are not understood."))
            await self._obey(frames.parse(text_data))
        except Refused as refusal:
            await self._tell(refusal.frame())
        except DatabaseError:
            logger.exception("a chat frame can't be obeyed")
            await self._tell(_internal().frame())

    async def _obey(self, frame: frames.Frame) -> None:
        match frame:
            case frames.Ping():
                await self._tell({"type": "pong"})
            case frames.Ask():
                await self._ask(frame)
            case frames.Stop():
                await running.stop(await self._admitted())
            case frames.Resume():
                await self._admitted()
                self._follow(frame.run_id, frame.last_seq)
            case frames.Feedback():
                await self._admitted()
                await self._rate(frame)

    async def _admitted(self) -> Conversation:
        """The conversation, when there is one and the user may still chat."""
        if self._conversation is None:
            raise self._refusal
        await in_database(_check_user, self._user.pk)
        return self._conversation

    async def _ask(self, question: frames.Ask) -> None:
        if len(question.text) > settings.CHAT_MAX_CHARACTERS:
            message = _("A question has at most %d characters.") % settings.CHAT_MAX_CHARACTERS
            raise Refused("too_long", message, question.client_id)
        if not question.text.strip():
            raise Refused("bad_json", _("The question is empty."), question.client_id)
        try:
            conversation = await self._admitted()
        except Refused as refusal:
            raise Refused(refusal.code, refusal.message, question.client_id) from refusal
        agent = await in_database(Agent.objects.get, pk=conversation.agent_id)
        language = _of(self.scope, "language")
        run_id = await running.ask(agent, conversation, self._user, question, language)
        if run_id not in self._following:
            self._follow(run_id, 0)

    async def _rate(self, given: frames.Feedback) -> None:
        try:
            await in_database(
                give_feedback, given.memory_id, given.rating, given.comment, self._user
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
            async for line in running.follow(run_id, after, self._user):
                await self.send(text_data=line)
        except Refused as refusal:
            await self._tell({**refusal.frame(), "run_id": str(run_id)})
        except DatabaseError:
            logger.exception("run %s can't be followed", run_id)
            await self._tell({**_internal().frame(), "run_id": str(run_id)})

    async def _tell(self, frame: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(frame))


def _of(scope: Any, name: str) -> Any:
    """What `SocketAuth` has put in the scope."""
    return scope[name]


def _internal() -> Refused:
    return Refused("internal", _("The database does not answer. Try again in a moment."))


def _open_conversation(user: User, slug: str, wanted: str) -> Conversation:
    """The user's conversation with an agent: the wanted one, or a new one.

    Agent.DoesNotExist when there is no such agent, Refused when there is no such conversation.
    """
    agent = Agent.objects.get(pk=slug, is_active=True)
    if not user.has_perm("tws.use_chat"):
        raise _role_refused()
    if not wanted:
        return Conversation.objects.create(agent=agent, user=user)
    try:
        conversation = Conversation.objects.get(pk=wanted, agent=agent)
    except (Conversation.DoesNotExist, ValidationError):
        raise Refused("not_found", _("There is no such conversation.")) from None
    if conversation.user_id != user.pk:
        raise Refused("forbidden", _("This conversation is somebody else's."))
    run_log.end_cut_off(conversation, running.is_live)
    return conversation


def _check_user(pk: int) -> None:
    """Roles change while sockets stay open."""
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None or not user.has_perm("tws.use_chat"):
        raise _role_refused()


def _role_refused() -> Refused:
    return Refused("forbidden", _("Your role does not include the chat."))
