"""Who may not stay is shown out, from the chat and from the live page."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Collection
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from resync_site import ws_auth
from resync_site.models import ApiToken
from tests.chat_client import AGENT, Chat
from tests.fake_agent import FakeAgents
from tws.answers.events import Chunk, Final, RunStarted
from tws.chat import admission, open_sockets
from tws.chat.admission import Guest
from tws.chat.live import View
from tws.chat.running import runs
from tws.database import in_database
from tws.models import Agent, Message

pytestmark = pytest.mark.django_db(transaction=True)


async def look() -> None:
    await open_sockets.open_sockets().look()


class Viewer(Chat):
    """Looks at the live page."""

    def __init__(self, user: User) -> None:
        super().__init__(user)
        self._socket.scope["path"] = "/ws/live/"

    async def __aenter__(self) -> Viewer:
        await self._socket.send_input({"type": "websocket.connect"})
        assert (await self._socket.receive_output(5))["type"] == "websocket.accept"
        return self


async def closing(chat: Chat) -> tuple[int, str]:
    while (message := await chat._socket.receive_output(5))["type"] != "websocket.close":
        pass
    return message["code"], message["reason"]


@pytest.fixture
def nothing_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The live page's feed, with no HWA behind it."""

    class Silent:
        async def watch(self, _view: View, _by: int) -> AsyncGenerator[str]:
            await asyncio.Event().wait()
            yield ""

    monkeypatch.setattr("tws.chat.live_socket.live_feeds", Silent)


def leave_role(user: User) -> None:
    user.groups.clear()


def deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def delete(user: User) -> None:
    User.objects.filter(pk=user.pk).delete()


def switch_agent_off(user: User) -> None:
    Agent.objects.update(is_active=False)


@pytest.mark.parametrize(
    ("change", "ending"),
    [
        (leave_role, (4403, "no role")),
        (deactivate, (4401, "signed out")),
        (delete, (4401, "signed out")),
        (switch_agent_off, (4404, "no such agent")),
    ],
)
async def test_chat_ends_for_who_may_not_stay(
    operator: User,
    admin_user: User,
    agents: FakeAgents,
    change: Any,
    ending: Any,
) -> None:
    async with Chat(operator) as chat, Chat(admin_user) as other:
        await look()
        assert await chat.nothing()
        await in_database(change, operator)
        await look()

        assert await closing(chat) == ending
        if change is not switch_agent_off:
            await other.send("ping")
            assert (await other.receive())["type"] == "pong"


@pytest.mark.usefixtures("nothing_read")
@pytest.mark.parametrize("change", [leave_role, deactivate])
async def test_live_page_ends_for_who_may_not_stay(auditor_user: User, change: Any) -> None:
    async with Viewer(auditor_user) as viewer:
        await look()
        assert await viewer.nothing()
        await in_database(change, auditor_user)
        await look()

        assert (await closing(viewer))[0] in {4401, 4403}


async def test_the_look_is_taken_without_being_asked_for(
    operator: User,
    agents: FakeAgents,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(open_sockets, "CHECK_SECONDS", 0.05)
    async with Chat(operator) as chat:
        await in_database(deactivate, operator)

        assert (await closing(chat))[0] == 4401


async def test_the_look_goes_on_after_it_has_failed(
    operator: User,
    agents: FakeAgents,
    monkeypatch: pytest.MonkeyPatch,
    caplog: Any,
) -> None:
    monkeypatch.setattr(open_sockets, "CHECK_SECONDS", 0.05)
    real = admission.endings
    has_failed = threading.Event()  # as it is asked in a thread

    def endings(guests: Collection[Guest]) -> Any:
        if not has_failed.is_set():
            has_failed.set()
            raise RuntimeError("once")
        return real(guests)

    monkeypatch.setattr("tws.chat.background.FIRST_PAUSE_SECONDS", 0.01)
    async with Chat(operator) as chat:
        monkeypatch.setattr(admission, "endings", endings)
        await asyncio.to_thread(has_failed.wait, 60)
        await in_database(deactivate, operator)

        assert (await closing(chat))[0] == 4401
    assert "the look at who may stay has failed" in caplog.text


async def test_run_of_who_may_not_stay_is_stopped_and_a_signed_out_ones_is_not(
    operator: User,
    admin_user: User,
    agents: FakeAgents,
) -> None:
    agents.script = [RunStarted(AGENT, "rules"), Chunk("Two "), 30.0, Final("Two")]
    async with Chat(operator) as chat, Chat(admin_user) as other:
        for one in (chat, other):
            await one.send("message", text="What failed?")
            await one.until("stream")
    await in_database(leave_role, operator)

    await look()

    assert {guest.user_id for guest in runs().guests()} <= {operator.pk, admin_user.pk}
    for _ in range(100):
        if len(runs().guests()) == 1:
            break
        await asyncio.sleep(0.02)
    assert {guest.user_id for guest in runs().guests()} == {admin_user.pk}
    assert (await Message.objects.aget(role="agent")).outcome == "stopped"
    await runs().aclose()


async def test_user_has_a_number_of_sockets(
    operator: User,
    admin_user: User,
    agents: FakeAgents,
    settings: Any,
) -> None:
    settings.CHAT_SOCKETS_PER_USER = 2
    async with Chat(operator), Chat(operator):
        third = Chat(operator)
        assert (await third.open())["code"] == 4429
        async with Chat(admin_user) as other:
            assert other.info["type"] == "info"
    async with Chat(operator) as again:
        assert again.info["type"] == "info"


# --- how they signed in ---------------------------------------------------------------------------


def by_token(user: User) -> Any:
    token = ApiToken.objects.issue(user)
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    signed_in = ws_auth._signed_in(RequestFactory().get("/", **headers))
    assert signed_in is not None and signed_in[0] == user
    return signed_in[1]


def by_session(client: Client, user: User) -> Any:
    client.force_login(user)
    request = RequestFactory().get("/", HTTP_ORIGIN="http://testserver")
    request.COOKIES["sessionid"] = client.cookies["sessionid"].value
    signed_in = ws_auth._signed_in(request)
    assert signed_in is not None and signed_in[0] == user
    return signed_in[1]


@pytest.fixture(autouse=True)
def hosts(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]


def ended(*guests: Guest) -> set[int]:
    return {guests.index(guest) for guest in admission.endings(guests)}


def test_revoked_token_ends_its_sockets_and_no_others(operator: User) -> None:
    first, second = (Guest(operator.pk, AGENT, by_token(operator)) for _ in range(2))
    assert ended(first, second) == set()

    ApiToken.objects.filter(pk=first.credential.token_id).update(revoked_at="2026-01-01T00:00Z")

    assert ended(first, second) == {0}


def test_logout_ends_the_sockets_of_that_session(client: Client, operator: User) -> None:
    elsewhere = Client()
    first, second = (
        Guest(operator.pk, None, by_session(one, operator)) for one in (client, elsewhere)
    )
    assert ended(first, second) == set()

    client.logout()

    assert ended(first, second) == {0}


def test_expired_session_and_changed_password_end_sockets(client: Client, operator: User) -> None:
    guest = Guest(operator.pk, AGENT, by_session(client, operator))
    Session.objects.update(expire_date="2020-01-01T00:00Z")
    assert ended(guest) == {0}

    guest = Guest(operator.pk, AGENT, by_session(Client(), operator))
    operator.set_password("another")
    operator.save()
    assert ended(guest) == {0}


def test_many_are_looked_at_in_as_few_queries_as_one(operator: User, admin_user: User) -> None:
    guests = [
        Guest(user.pk, agent, credential)
        for user in (operator, admin_user)
        for agent in (AGENT, None)
        for credential in (by_token(user), by_session(Client(), user))
    ]

    with CaptureQueriesContext(connection) as one:
        admission.endings([Guest(operator.pk, AGENT, guests[0].credential)])
    with CaptureQueriesContext(connection) as many:
        admission.endings(guests)

    assert len(one) <= 3
    assert len(many) <= len(one) + 3  # sessions and their users, and who may look


def test_who_lost_the_role_is_told_another_thing_than_who_is_gone(operator: User) -> None:
    guests = [Guest(operator.pk, AGENT), Guest(operator.pk, None)]
    operator.groups.clear()
    assert set(admission.endings(guests).values()) == {admission.NO_ROLE}

    User.objects.update(is_active=False)

    assert set(admission.endings(guests).values()) == {admission.SIGNED_OUT}
