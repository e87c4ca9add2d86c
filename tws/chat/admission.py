"""Who may stay: asked at each question, and of all open sockets and runs every few seconds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from tws.database import Together
from tws.models import Agent
from tws.per_loop import PerLoop


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
    agents: set[str] = set()
    admitted: dict[bool, set[int]] = {False: set(), True: set()}  # who may look, who may chat
    if any(guest.agent is not None for guest in guests):
        agents = set(Agent.objects.filter(is_active=True).values_list("pk", flat=True))
        admitted[True] = _active(users, _who_may_chat())
    if any(guest.agent is None for guest in guests):
        admitted[False] = _active(users, User.objects.filter(_HAS_ROLE))
    valid = _valid(guests)
    # Hardly ever anybody: they are asked for only then, as a question waits for this.
    without = {g.user_id for g in guests if g.user_id not in admitted[g.agent is not None]}
    present = _active(without, User.objects.all()) if without else set()

    def ending(guest: Guest) -> Ending | None:
        if guest.credential is not None and guest.credential not in valid:
            return SIGNED_OUT
        if guest.user_id not in admitted[guest.agent is not None]:
            return NO_ROLE if guest.user_id in present else SIGNED_OUT
        return NO_AGENT if guest.agent is not None and guest.agent not in agents else None

    return {guest: why for guest in guests if (why := ending(guest))}


def admitted(guests: Collection[Guest]) -> dict[Guest, Agent | Ending]:
    """Of each guest of an agent that agent as it is now, or why the guest may not ask it."""
    ended = endings(guests)
    agents = Agent.objects.in_bulk({guest.agent for guest in guests if guest not in ended})
    found: dict[Guest, Agent | Ending] = {}
    for guest in guests:
        found[guest] = ended[guest] if guest in ended else agents.get(guest.agent, NO_AGENT)
    return found


_admitted = PerLoop(lambda: Together(admitted))


async def admit(guest: Guest) -> Agent | Ending:
    """The same for one; many who ask at once are looked at together."""
    return await _admitted().ask(guest)


def _who_may_chat() -> QuerySet[User]:
    return User.objects.with_perm(
        "tws.use_chat", backend="django.contrib.auth.backends.ModelBackend"
    )


def _active(ids: Collection[int], among: QuerySet[User]) -> set[int]:
    return set(among.filter(pk__in=ids, is_active=True).values_list("pk", flat=True))


def _valid(guests: Collection[Guest]) -> set[Credential]:
    by_kind: dict[type[Credential], set[Credential]] = {}
    for guest in guests:
        if guest.credential is not None:
            by_kind.setdefault(type(guest.credential), set()).add(guest.credential)
    return {one for kind, some in by_kind.items() for one in kind.valid_among(some)}
