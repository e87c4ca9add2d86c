"""Pages that watch: what one page asks or changes, the others are told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from audits import review
from knowledge.models import Memory
from tests.chat_client import Chat
from tests.factories import make_record
from tests.fake_agent import FakeAgents, reading
from tws.chat import conversations, news
from tws.database import in_database
from tws.models import Conversation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def chat(operator: User, agents: FakeAgents) -> AsyncIterator[Chat]:
    async with Chat(operator) as chat:
        yield chat
    await news.news_feed().aclose()


async def watch(chat: Chat, *, first: bool = True) -> None:
    """Watch, and hear that it has begun; the first one also hears when the server listens."""
    await chat.send("watch", known=[])
    await frame(chat, lambda one: one["type"] == "fates")
    if first:
        await frame(chat, lambda one: one["type"] == "conversations")


async def frame(chat: Chat, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    while True:
        if wanted(found := await chat.receive(20)):
            return found


async def test_a_question_and_its_answer_are_seen_by_the_other_page_as_they_come(
    chat: Chat, operator: User, agents: FakeAgents
) -> None:
    async with Chat(operator, conversation=chat.conversation) as other:
        await watch(other)
        agents.go.clear()

        await chat.send("message", text="What failed?", client_id="c1")
        asked = await frame(other, lambda one: one["type"] == "asked")
        agents.go.set()
        final = await frame(other, lambda one: one["type"] == "message")

    assert (asked["text"], asked["client_id"]) == ("What failed?", "c1")
    assert final["run_id"] == asked["run_id"]
    assert final["message"] == "Two jobs failed."
    assert agents.asked == ["What failed?"]


async def test_what_was_asked_while_nobody_watched_is_told_and_what_is_known_is_not(
    chat: Chat, operator: User
) -> None:
    known = (await chat.ask("one?", client_id="c1"))[-1]["run_id"]
    await chat.ask("two?", client_id="c2")

    async with Chat(operator, conversation=chat.conversation) as other:
        await other.send("watch", known=[known])
        asked = await frame(other, lambda one: one["type"] == "asked")

    assert asked["text"] == "two?"


async def test_one_s_own_question_comes_once(chat: Chat, agents: FakeAgents) -> None:
    await watch(chat)

    await chat.send("message", text="What failed?", client_id="c1")
    found = [await chat.receive(20)]
    while found[-1]["type"] != "message":
        found.append(await chat.receive(20))

    numbers = [one["seq"] for one in found if "seq" in one]
    assert sorted(set(numbers)) == list(range(1, max(numbers) + 1))
    assert agents.asked == ["What failed?"]


async def test_a_change_of_the_list_is_told_to_all_pages_of_this_user_only(
    chat: Chat, operator: User, reviewer: User
) -> None:
    await chat.ask()
    conversation = await Conversation.objects.aget(pk=chat.conversation)
    async with Chat(operator) as mine, Chat(reviewer) as theirs:
        await watch(mine)
        await watch(theirs, first=False)

        await in_database(conversations.change, conversation, title="Night run")

        assert (await mine.receive(20))["type"] == "conversations"
        assert await theirs.nothing()


async def test_who_does_not_watch_is_told_nothing_of_other_pages(
    chat: Chat, operator: User
) -> None:
    async with Chat(operator, conversation=chat.conversation) as other:
        await chat.ask()

        assert await other.nothing()


async def test_news_is_heard_again_after_the_listener_lost_its_connection(
    chat: Chat, operator: User, agents: FakeAgents
) -> None:
    async with Chat(operator, conversation=chat.conversation) as other:
        await watch(other)

        await in_database(_end_listeners)
        await frame(other, lambda one: one["type"] == "conversations")  # it listens again
        await chat.ask()

        assert (await frame(other, lambda one: one["type"] == "asked"))["text"] == "What failed?"


def _end_listeners() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'resync-news' AND datname = current_database()"
        )


async def test_a_watch_that_names_no_runs_is_refused(chat: Chat) -> None:
    await chat.send("watch", known=["nonsense"])

    assert (await chat.receive())["code"] == "bad_json"


async def test_a_page_is_told_when_an_answer_of_its_conversation_is_taken_back_and_put_right(
    chat: Chat, agents: FakeAgents
) -> None:
    agents.script = reading("Two jobs failed.")
    final = (await chat.ask())[-1]
    await watch(chat)

    await in_database(_quarantine, final["memory_id"])
    told = (await frame(chat, lambda one: one["type"] == "fates"))["answers"]
    await in_database(_approve, final["memory_id"])

    assert told[final["run_id"]]["kind"] == "quarantined"
    assert (await frame(chat, lambda one: one["type"] == "fates"))["answers"] == {}


def _quarantine(memory_id: str) -> None:
    make_record("quarantined", Memory.objects.get(pk=memory_id))


def _approve(memory_id: str) -> None:
    review.decide(memory_id, "approve", User.objects.create_superuser("another"))
