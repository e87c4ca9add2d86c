"""Conversations: promised when a socket opens, a row once something was asked in them.

A promised id proves whose it is, so that it can be come back to with nothing stored, at every web
process, and by nobody else.
"""

from __future__ import annotations

import secrets
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.crypto import salted_hmac

from tws.models import Agent, Conversation


def promise(user: User, agent: Agent) -> Conversation:
    """A new conversation that is no row yet."""
    return Conversation(pk=_signed(secrets.token_bytes(8), user, agent), user=user, agent=agent)


def find(user: User, agent: Agent, wanted: str) -> Conversation:
    """The conversation of that id, perhaps somebody else's, or the one promised to this user.

    Conversation.DoesNotExist when there is neither.
    """
    try:
        return Conversation.objects.get(pk=wanted, agent=agent)
    except ValidationError as error:
        raise Conversation.DoesNotExist from error
    except Conversation.DoesNotExist:
        pk = UUID(wanted)
        if _signed(pk.bytes[:8], user, agent) != pk:
            raise
        return Conversation(pk=pk, user=user, agent=agent)


def _signed(nonce: bytes, user: User, agent: Agent) -> UUID:
    """Half of it chance, half a signature of that chance; a UUID of version 4."""
    nonce = UUID(bytes=nonce + bytes(8), version=4).bytes[:8]
    signed = f"{nonce.hex()} {user.pk} {agent.pk}"
    signature = salted_hmac("tws.chat.conversations", signed, algorithm="sha256").digest()
    return UUID(bytes=nonce + signature[:8], version=4)
