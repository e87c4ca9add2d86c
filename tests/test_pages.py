"""The operators' pages: who sees what, and what is in them before a script runs."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from knowledge.feedback import give_feedback
from tests.factories import make_memory
from tws.models import Agent, Conversation, Message

pytestmark = pytest.mark.django_db

AGENT = "tws-analyzer"
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"


def client_of(user: User, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def data_of(html: str) -> dict[str, Any]:
    """What the page's script is given."""
    found = re.search(r'<script id="page" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def converse(user: User, question: str = "What failed?", answer: str = "**Two** jobs.") -> Message:
    """A conversation with one answered question; the answer."""
    memory = make_memory(user_query=question, agent_response=answer)
    conversation = Conversation.objects.create(agent_id=AGENT, user=user, title=question)
    run = uuid.uuid4()
    common = {"conversation": conversation, "run_id": run}
    Message.objects.create(role="user", text=question, client_id="c1", **common)
    source = {"kind": "memory", "ref": str(memory.pk), "label": "A memory", "trust": "trusted"}
    return Message.objects.create(
        role="agent", text=answer, memory_id=memory.pk, sources=[source], **common
    )


# --- who ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/chat/", f"/chat/{AGENT}/"])
def test_pages_ask_to_sign_in(path: str) -> None:
    response = Client().get(path)

    assert response.status_code == 302
    assert response["Location"] == f"/login/?next={path}"


def test_signing_in_and_out(operator: User) -> None:
    client = Client()

    wrong = client.post("/login/", {"username": "operator", "password": "no"})
    right = client.post("/login/", {"username": "operator", "password": "x"})

    assert 'role="alert"' in wrong.content.decode()
    assert right["Location"] == "/"
    assert client.get("/").status_code == 200
    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/").status_code == 302


def test_sign_in_leads_nowhere_else(operator: User) -> None:
    fields = {"username": "operator", "password": "x", "next": "https://evil.example/"}

    assert Client().post("/login/", fields)["Location"] == "/"


def test_operators_have_no_console_link_and_reviewers_have_one(
    operator: User, reviewer: User
) -> None:
    link = f'href="{reverse("admin:index")}"'

    assert link not in client_of(operator).get("/").content.decode()
    assert link in client_of(reviewer).get("/").content.decode()


def test_auditors_see_the_plan_but_no_chat(auditor_user: User) -> None:
    client = client_of(auditor_user)

    page = client.get("/")

    assert page.status_code == 200
    assert 'href="/chat/"' not in page.content.decode()
    assert data_of(page.content.decode())["ask"] is None
    assert client.get("/chat/").status_code == 403


# --- the chat page ------------------------------------------------------------------------------


def test_chat_goes_to_the_agent_last_talked_to(operator: User) -> None:
    client = client_of(operator)
    first = client.get("/chat/?question=Why%3F%26x")
    converse(operator)
    Conversation.objects.update(agent_id="tws-troubleshooter")

    assert first["Location"] == f"/chat/{AGENT}/?question=Why%3F%26x"
    assert client.get("/chat/")["Location"] == "/chat/tws-troubleshooter/"


def test_unknown_and_inactive_agents_are_404(operator: User) -> None:
    Agent.objects.filter(pk=AGENT).update(is_active=False)
    client = client_of(operator)

    assert client.get("/chat/nobody/").status_code == 404
    assert client.get(f"/chat/{AGENT}/").status_code == 404


def test_history_is_given_to_the_page(operator: User) -> None:
    answer = converse(operator)
    conversation = answer.conversation_id

    html = client_of(operator).get(f"/chat/{AGENT}/?conversation={conversation}").content.decode()

    exchange = data_of(html)["exchanges"][0]
    assert exchange["question"] == "What failed?"
    assert exchange["answer"]["html"].strip() == "<p><strong>Two</strong> jobs.</p>"
    assert exchange["answer"]["sources"][0]["trust"] == "trusted"
    assert f"?conversation={conversation}" in html


@pytest.mark.parametrize("wanted", ["nonsense", str(uuid.UUID(int=7))])
def test_unknown_conversation_is_404(operator: User, wanted: str) -> None:
    assert client_of(operator).get(f"/chat/{AGENT}/?conversation={wanted}").status_code == 404


def test_conversation_of_somebody_else_is_404(operator: User, reviewer: User) -> None:
    theirs = converse(reviewer).conversation_id

    page = client_of(operator).get(f"/chat/{AGENT}/?conversation={theirs}")

    assert page.status_code == 404
    assert str(theirs) not in client_of(operator).get(f"/chat/{AGENT}/").content.decode()


def test_hostile_texts_are_inert_in_the_page(operator: User) -> None:
    answer = converse(operator, question=HOSTILE, answer=HOSTILE)
    Agent.objects.filter(pk=AGENT).update(name=HOSTILE, role=HOSTILE)
    address = f"/chat/{AGENT}/?conversation={answer.conversation_id}&question={HOSTILE}"

    html = client_of(operator).get(address).content.decode()

    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert data_of(html)["exchanges"][0]["question"] == HOSTILE


def test_run_that_a_restart_cut_off_is_an_error(operator: User) -> None:
    answer = converse(operator)
    answer.delete()
    Message.objects.update(outcome="running")

    page = client_of(operator).get(f"/chat/{AGENT}/?conversation={answer.conversation_id}")

    answer = data_of(page.content.decode())["exchanges"][0]["answer"]
    assert (answer["outcome"], answer["trouble"]) == ("error", "interrupted")


def test_rating_given_earlier_is_shown(operator: User) -> None:
    answer = converse(operator)
    give_feedback(answer.memory_id, 1, "wrong", operator)

    page = client_of(operator).get(f"/chat/{AGENT}/?conversation={answer.conversation_id}")

    assert data_of(page.content.decode())["exchanges"][0]["answer"]["rating"] == 1


# --- every page ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", f"/chat/{AGENT}/", "/login/"])
def test_pages_hold_no_inline_script_and_nothing_from_elsewhere(operator: User, path: str) -> None:
    client = Client() if path == "/login/" else client_of(operator)

    response = client.get(path)

    html = response.content.decode()
    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*(src=|application/json))", html)
    assert not re.search(r'\son\w+="', html)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', html)


def test_page_says_what_it_does_before_there_is_anything(operator: User) -> None:
    plan, chat = (
        client_of(operator).get(path).content.decode() for path in ("/", f"/chat/{AGENT}/")
    )

    assert 'id="loading">Reading the plan…' in plan
    assert 'data-state="connecting">Connecting…' in plan
    assert 'data-state="connecting">Connecting…' in chat


def test_page_says_its_language_and_time_zone(operator: User) -> None:
    client = client_of(operator, "pt-br")

    html = client.get("/").content.decode()
    client.post("/language/setlang/", {"language": "en", "next": "/"})

    assert '<html lang="pt-br" data-time-zone="America/Sao_Paulo">' in html
    assert '<html lang="en"' in client.get("/").content.decode()


def test_page_that_does_not_exist_is_404(operator: User) -> None:
    response = client_of(operator).get("/nowhere/")

    assert response.status_code == 404
    assert "Nothing here" in response.content.decode()
