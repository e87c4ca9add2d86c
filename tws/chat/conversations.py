"""Conversations: promised when a socket opens, a row once something was asked in them.

A promised id proves whose it is, so that it can be come back to with nothing stored, at every web
process, and by nobody else.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.crypto import salted_hmac

from tws.chat import news
from tws.models import Agent, Conversation

LONGEST_TITLE = 200
UNDO = timedelta(hours=1)
"""How long a deleted conversation can be had back; its row goes after that."""


def promise(user: User, agent: Agent) -> Conversation:
    """A new conversation that is no row yet."""
    return Conversation(pk=_signed(secrets.token_bytes(8), user, agent), user=user, agent=agent)


def find(user: User, agent: Agent, wanted: str) -> Conversation:
    """The conversation of that id, perhaps somebody else's, or the one promised to this user.

    Conversation.DoesNotExist when there is neither.
    """
    try:
        conversation = Conversation.objects.get(pk=wanted, agent=agent)
    except ValidationError as error:
        raise Conversation.DoesNotExist from error
    except Conversation.DoesNotExist:
        pk = UUID(wanted)
        if _signed(pk.bytes[:8], user, agent) != pk:
            raise
        return Conversation(pk=pk, user=user, agent=agent)
    if conversation.deleted_at:
        raise Conversation.DoesNotExist
    return conversation


def _signed(nonce: bytes, user: User, agent: Agent) -> UUID:
    """Half of it chance, half a signature of that chance; a UUID of version 4."""
    nonce = UUID(bytes=nonce + bytes(8), version=4).bytes[:8]
    signed = f"{nonce.hex()} {user.pk} {agent.pk}"
    signature = salted_hmac("tws.chat.conversations", signed, algorithm="sha256").digest()
    return UUID(bytes=nonce + signature[:8], version=4)


# --- the list of a user's conversations ---------------------------------------------------------


def title_of(question: str, user_id: int) -> str:
    """The first question, with a number when another conversation has that title."""
    words = " ".join(question.split())
    title, number = words[:LONGEST_TITLE], 1
    alike = Conversation.objects.listed(user_id).filter(
        title__startswith=title[: LONGEST_TITLE - 10]
    )
    taken = set(alike.values_list("title", flat=True))
    while title in taken:
        number += 1
        ending = f" ({number})"
        title = words[: LONGEST_TITLE - len(ending)] + ending
    return title


def change(conversation: Conversation, **fields: object) -> None:
    """Give a conversation another title, pin it or take the pin off; every page hears of it."""
    Conversation.objects.filter(pk=conversation.pk).update(**fields)
    news.tell(conversation)


def delete(conversation: Conversation) -> None:
    change(conversation, deleted_at=timezone.now())


def restore(conversation: Conversation) -> None:
    change(conversation, deleted_at=None)


def purge() -> None:
    """Forget what was deleted and can't be had back any more."""
    Conversation.objects.filter(deleted_at__lt=timezone.now() - UNDO).delete()
