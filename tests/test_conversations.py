"""A user's own conversations over REST: listed, found, renamed, pinned, deleted, taken away."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tws.answers.understanding.asked import Summary, Understood, understood_json
from tws.chat import conversations, run_log
from tws.models import Agent, Conversation, Message

pytestmark = pytest.mark.django_db

AGENT = "tws-analyzer"
PATH = "/api/conversations"
READ_AT = "2026-03-02T10:00:00-03:00"


def converse(user: User, question: str = "What failed?", answer: str = "**Two** jobs.") -> str:
    """A conversation, begun as the chat begins one; its id."""
    conversation = conversations.promise(user, Agent.objects.get(pk=AGENT))
    run_id = uuid.uuid4()
    run_log.store_question(conversation, run_id, question, "c1")
    source = {"kind": "hwa", "label": "Plan of PROD", "engine": "PROD", "fetched_at": READ_AT}
    row = Message(conversation=conversation, run_id=run_id, role="agent", text=answer)
    row.sources = [source]
    run_log.settle(row, [])
    return str(conversation.pk)


def listed(client: Client, query: str = "") -> list[str]:
    answer = client.get(PATH, {"query": query})
    assert answer.status_code == 200
    return [one["title"] for one in answer.json()["items"]]


def patch(client: Client, conversation: str, **wanted: object) -> int:
    body = json.dumps(wanted)
    return client.patch(f"{PATH}/{conversation}", body, "application/json").status_code


@pytest.fixture
def mine(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def test_newest_conversation_stands_first_and_pinned_ones_above(
    mine: Client, operator: User
) -> None:
    oldest = converse(operator, "one?")
    converse(operator, "two?")
    converse(operator, "three?")

    assert patch(mine, oldest, is_pinned=True) == 200

    assert listed(mine) == ["one?", "three?", "two?"]


def test_two_conversations_that_begin_alike_have_titles_that_tell_them_apart(
    mine: Client, operator: User
) -> None:
    for _ in range(3):
        converse(operator, "which jobs\n failed?")
    long = "x" * 300
    for _ in range(2):
        converse(operator, long)

    titles = listed(mine)

    assert titles[2:] == ["which jobs failed? (3)", "which jobs failed? (2)", "which jobs failed?"]
    assert len({*titles}) == 5
    assert max(len(title) for title in titles) == conversations.LONGEST_TITLE


def test_search_looks_into_titles_questions_and_answers_whatever_the_accents(
    mine: Client, operator: User
) -> None:
    converse(operator, "Quais jobs falharam?", "A estação CPU1 não está ligada.")
    converse(operator, "Which are late?", "None.")

    assert listed(mine, "FALHARAM") == ["Quais jobs falharam?"]
    assert listed(mine, "estacao cpu1") == ["Quais jobs falharam?"]
    assert listed(mine, "none.") == ["Which are late?"]
    assert listed(mine, "100%") == []


def test_a_conversation_is_renamed_and_a_blank_title_is_none(mine: Client, operator: User) -> None:
    conversation = converse(operator)

    assert patch(mine, conversation, title="  Night\n run ") == 200
    assert patch(mine, conversation, title=" \n ") == 422
    assert patch(mine, conversation) == 200

    assert listed(mine) == ["Night run"]


def test_a_deleted_conversation_is_gone_everywhere_and_can_be_had_back(
    mine: Client, operator: User
) -> None:
    conversation = converse(operator)
    address = f"/chat/{AGENT}/?conversation={conversation}"

    assert mine.delete(f"{PATH}/{conversation}").status_code == 200

    assert listed(mine) == listed(mine, "failed") == []
    assert mine.get(address).status_code == 404
    assert mine.delete(f"{PATH}/{conversation}").status_code == 404
    for _ in ("once", "and again, from another page"):
        assert mine.post(f"{PATH}/{conversation}/restore").status_code == 200
    assert listed(mine) == ["What failed?"]
    assert mine.get(address).status_code == 200


def test_rows_of_a_deleted_conversation_go_when_it_can_no_longer_be_had_back(
    mine: Client, operator: User
) -> None:
    kept, gone = converse(operator, "kept?"), converse(operator, "gone?")
    for conversation in (kept, gone):
        mine.delete(f"{PATH}/{conversation}")
    Conversation.objects.filter(pk=gone).update(
        deleted_at=timezone.now() - conversations.UNDO - timedelta(minutes=1)
    )

    run_log.purge()

    assert [str(pk) for pk in Conversation.objects.values_list("pk", flat=True)] == [kept]
    assert Message.objects.filter(conversation=gone).count() == 0


def test_asking_in_a_page_that_is_still_open_brings_a_deleted_conversation_back(
    mine: Client, operator: User
) -> None:
    conversation = converse(operator)
    mine.delete(f"{PATH}/{conversation}")

    row = Conversation.objects.get(pk=conversation)
    run_log.store_question(row, uuid.uuid4(), "and why?", "c2")

    assert listed(mine) == ["What failed?"]


def test_a_conversation_is_exported_as_markdown(mine: Client, operator: User) -> None:
    conversation = converse(operator, "What failed?\nAnd why?")

    answer = mine.get(f"{PATH}/{conversation}/export")

    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="what-failed-and-why.md"'
    text = answer.content.decode()
    assert text.startswith("# What failed? And why?\n")
    assert "> What failed?\n> And why?" in text
    assert "**Two** jobs.\n\nSources:\n\n* Plan of PROD, read 2 Mar 2026 10:00" in text


def test_a_conversation_is_exported_as_json(mine: Client, operator: User) -> None:
    conversation = converse(operator)

    answer = mine.get(f"{PATH}/{conversation}/export", {"format": "json"}).json()

    assert (answer["id"], answer["agent"]) == (conversation, AGENT)
    assert [one["role"] for one in answer["messages"]] == ["user", "agent"]
    assert answer["messages"][1]["sources"][0]["label"] == "Plan of PROD"


def test_an_export_says_how_a_question_was_understood_and_what_came_of_it(
    mine: Client, operator: User
) -> None:
    conversation = converse(operator, "What failed on Friday?")
    taken = Understood(Summary(), "en", "what failed?", ("runs", "<b>failed</b>"), ("Friday",))
    answers = Message.objects.filter(conversation=conversation, role="agent")
    answers.update(result="partial", thread=understood_json(taken))

    text = mine.get(f"{PATH}/{conversation}/export").content.decode()
    told = mine.get(f"{PATH}/{conversation}/export", {"format": "json"}).json()["messages"][1]

    assert (
        "Understood as: `runs · <b>failed</b>`  \nNot used: Friday.  \n"
        "Only a part of the question was answered.\n\n**Two** jobs."
    ) in text
    assert (told["result"], told["understood"]["unused"]) == ("partial", ["Friday"])


@pytest.mark.parametrize("path", ["", "/exchanges", "/export", "/restore"])
def test_a_conversation_of_somebody_else_does_not_exist(
    path: str, mine: Client, reviewer: User
) -> None:
    theirs = converse(reviewer, "theirs?")
    if path == "/restore":
        Conversation.objects.filter(pk=theirs).update(deleted_at=timezone.now())

    answers = {
        "": lambda: mine.delete(f"{PATH}/{theirs}"),
        "/exchanges": lambda: mine.get(f"{PATH}/{theirs}/exchanges"),
        "/export": lambda: mine.get(f"{PATH}/{theirs}/export"),
        "/restore": lambda: mine.post(f"{PATH}/{theirs}/restore"),
    }

    assert answers[path]().status_code == 404
    assert patch(mine, theirs, title="mine") == 404
    assert listed(mine) == []


def test_a_long_conversation_is_read_from_its_end_piece_by_piece(
    mine: Client, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_log, "NEWEST", 2)
    conversation = converse(operator, "1?")
    row = Conversation.objects.get(pk=conversation)
    for number in range(2, 6):
        run_log.store_question(row, uuid.uuid4(), f"{number}?", f"c{number}")

    pieces, before = [], None
    while True:
        answer = mine.get(f"{PATH}/{conversation}/exchanges", before and {"before": before}).json()
        pieces.append([one["question"] for one in answer["exchanges"]])
        before = answer["exchanges"][0]["run_id"]
        if not answer["has_earlier"]:
            break

    assert pieces == [["4?", "5?"], ["2?", "3?"], ["1?"]]
    assert "Two" in answer["exchanges"][0]["answer"]["html"]
    elsewhere = {"before": str(uuid.uuid4())}
    assert mine.get(f"{PATH}/{conversation}/exchanges", elsewhere).status_code == 404


def test_what_is_not_there_is_said_in_the_readers_language(mine: Client) -> None:
    answer = mine.delete(f"{PATH}/{uuid.uuid4()}", headers={"Accept-Language": "pt-BR"})

    assert answer.json() == {"detail": "Não há nada aqui."}


def test_conversations_are_for_who_may_chat(auditor_user: User) -> None:
    client = Client()
    assert client.get(PATH).status_code == 401
    client.force_login(auditor_user)
    assert client.get(PATH).status_code == 403
