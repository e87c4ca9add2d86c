"""Who may stay: asked at each question, and of all open sockets and runs every few seconds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

from django.contrib.auth.models import User
from django.db.models import Q

from tws.models import Agent


class Ending(NamedTuple):
    """Why a socket is closed: the code and the reason of the closing frame."""

    code: int
    reason: str


SIGNED_OUT = Ending(4401, "signed out")
NO_ROLE = Ending(4403, "no role")
NO_AGENT = Ending(4404, "no such agent")
TOO_MANY = Ending(4429, "too many sockets")
FRAME_TOO_BIG = Ending(1009, "frame too big")


_HAS_ROLE = (
    Q(is_superuser=True) | Q(user_permissions__isnull=False) | Q(groups__permissions__isnull=False)
)
"""Somebody has given this user anything to do here."""


class Credential(Protocol):
    """How somebody has signed in: a session, a token."""

    def __hash__(self) -> int: ...

    @classmethod
    def valid_among(cls, some: Collection[Self]) -> Collection[Self]:
        """Those that still let their holder in, in as few queries for many as for one."""


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody at a socket, or whose question is being answered."""

    user_id: int
    agent: str | None = None  # None: looks at the live page
    credential: Credential | None = None  # None: a run, which a sign-out does not end


def endings(guests: Collection[Guest]) -> dict[Guest, Ending]:
    """Those who may not stay, and why. As many queries for a thousand guests as for one."""
    users = {guest.user_id for guest in guests}
    present = User.objects.filter(pk__in=users, is_active=True)
    looking = set(present.filter(_HAS_ROLE).values_list("pk"))
    chatting = set(
        User.objects.with_perm("tws.use_chat", backend="django.contrib.auth.backends.ModelBackend")
        .filter(pk__in=users)
        .values_list("pk")
    )
    here = set(present.values_list("pk"))
    agents = set(Agent.objects.filter(is_active=True).values_list("pk"))
    valid = _valid(guests)

    def ending(guest: Guest) -> Ending | None:
        user = (guest.user_id,)
        if user not in here or (guest.credential is not None and guest.credential not in valid):
            return SIGNED_OUT
        if user not in (looking if guest.agent is None else chatting):
            return NO_ROLE
        return NO_AGENT if guest.agent is not None and (guest.agent,) not in agents else None

    return {guest: why for guest in guests if (why := ending(guest))}


def _valid(guests: Collection[Guest]) -> set[Credential]:
    by_kind: dict[type[Credential], set[Credential]] = {}
    for guest in guests:
        if guest.credential is not None:
            by_kind.setdefault(type(guest.credential), set()).add(guest.credential)
    return {one for kind, some in by_kind.items() for one in kind.valid_among(some)}
