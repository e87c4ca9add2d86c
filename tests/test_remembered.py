"""What one's own questions have left behind, and what one may ask of the reviewers about it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audits import reports, review
from audits.models import AuditRecord
from audits.states import Status
from knowledge.claims.phrases import PHRASES
from knowledge.models import Feedback, Memory, Trust
from tests.chat_client import Chat
from tests.factories import make_memory, make_record
from tws.answers.saying.knowledge import OWN_SHOWN
from tws.answers.understanding.asked import SmallTalk
from tws.answers.understanding.understanding import understand
from tws.chat.showing.display import page_parts
from tws.chat.views import PER_PAGE
from tws.database import in_database
from tws.models import Message

pytestmark = pytest.mark.django_db


def client_of(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def shown(user: User, page: int = 1) -> str:
    html = client_of(user).get(f"/memories/?page={page}").content.decode()
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def ask(user: User, memory: Memory, reason: str = "forget", comment: str = "It is private.") -> int:
    fields = {"memory": memory.pk, "reason": reason, "comment": comment}
    return client_of(user).post("/memories/", fields).status_code


def test_one_sees_ones_own_memories_with_who_decided_and_why(
    operator: User, reviewer: User
) -> None:
    mine = make_memory("Is it mine?", "Yes.", user=operator)
    make_record(Status.PENDING, mine)
    review.decide(mine.pk, "reject", reviewer, note="No longer so.")
    make_memory("Is it another's?", "No.", user=reviewer)
    make_memory("Is it nobody's?", "No.")

    said = shown(operator)

    assert "Is it mine?" in said
    assert "Rejected It is shown to nobody. Decided by reviewer" in said
    assert "No longer so." in said
    assert "another's" not in said
    assert "nobody's?" not in said


def test_how_the_auditor_judged_is_said_in_the_readers_language(operator: User) -> None:
    for status, judge in ((Status.CLEARED, "claims"), (Status.UNVERIFIED, "auditor")):
        memory = make_memory(f"por que o {judge} falhou?", "Sim.", user=operator, asked_as="e ele?")
        make_record(status, memory, judge=judge, ia_audit_reason="claims: 3 parts.")

    said = shown(operator)

    assert "Each value in it is what was read." in said
    assert "Nothing speaks against it" in said
    assert "claims:" not in said
    assert "por que o claims falhou?" in said  # as it was meant, standing alone


def test_memories_are_paged_at_a_bounded_price(operator: User) -> None:
    for n in range(PER_PAGE + 1):
        make_record(Status.CLEARED, make_memory(f"Question {n}?", "Yes.", user=operator))
    client = client_of(operator)

    with CaptureQueriesContext(connection) as seen:
        client.get("/memories/")

    assert len(seen) < 12
    assert "Question 0?" not in shown(operator)
    assert "Question 0?" in shown(operator, page=2)


@pytest.mark.parametrize(
    ("decision", "outcome"),
    [
        ({"action": "reject"}, "taken the memory out of use"),
        ({"action": "approve", "corrected_response": "Other."}, "corrected the memory"),
        ({"action": "approve"}, "kept it as it is"),
    ],
)
def test_request_reaches_the_reviewers_and_its_outcome_comes_back(
    operator: User, reviewer: User, decision: dict[str, str], outcome: str
) -> None:
    memory = make_memory("Is it mine?", "Yes.", user=operator)
    make_record(Status.CLEARED, memory)

    assert ask(operator, memory) == 302
    sent = shown(operator)
    reports.take()

    record = AuditRecord.objects.get(memory=memory)
    assert record.status == Status.PENDING
    assert "Asks to be forgotten: It is private." in record.ia_audit_reason
    assert "on its way to the reviewers" in sent
    assert "waits for a reviewer" in shown(operator)
    review.decide(memory.pk, by=reviewer, **decision)
    assert outcome in shown(operator)


def test_decision_before_a_request_is_no_answer_to_it(operator: User, reviewer: User) -> None:
    memory = make_memory("Is it mine?", "Yes.", user=operator)
    make_record(Status.PENDING, memory)
    review.decide(memory.pk, "approve", reviewer)

    ask(operator, memory)

    assert "on its way to the reviewers" in shown(operator)


def test_request_that_was_dismissed_says_so_and_may_be_made_again(
    operator: User, reviewer: User
) -> None:
    memory = make_memory("Is it mine?", "Yes.", user=operator)
    make_record(Status.CLEARED, memory)
    ask(operator, memory)
    reports.take()

    reports.dismiss([operator], reviewer)

    assert "has dismissed it" in shown(operator)
    assert "Ask to correct or forget it" in shown(operator)


def test_memory_of_somebody_else_can_not_be_asked_about(operator: User, reviewer: User) -> None:
    memory = make_memory("Is it another's?", "Yes.", user=reviewer)

    assert ask(operator, memory) == 404
    assert ask(operator, make_memory("Mine?", user=operator), reason="wrong") == 400
    assert not Feedback.objects.exists()


def test_too_many_requests_are_refused_and_said(operator: User, settings) -> None:
    settings.REPORTS_PER_HOUR = 0

    assert ask(operator, make_memory(user=operator)) == 429


def test_who_has_no_chat_has_no_such_page(auditor_user: User) -> None:
    assert client_of(auditor_user).get("/memories/").status_code == 403
    assert Client().get("/memories/").status_code == 302


@pytest.mark.parametrize(
    "question",
    [
        "o que você lembra?", "o que você sabe sobre mim?", "O que vc lembra das minhas conversas?",
        "what do you remember?", "What do you know about my conversations?",
    ],
)  # fmt: skip
def test_chat_says_where_it_stands(question: str) -> None:
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    asked = partial(understand, now=now, zone=ZoneInfo("UTC"), engine="SIM")

    understood = asked(question)

    assert understood.asked == SmallTalk("remember")
    page = "O que você lembra?" if understood.language == "pt" else "What do you remember?"
    assert page in str(PHRASES["remember"][understood.language].parts[0])
    assert asked("what do you know?").asked == SmallTalk("help")


@pytest.mark.django_db(transaction=True)
async def test_chat_lists_ones_own_newest_with_their_states(operator: User, reviewer: User) -> None:
    def make() -> None:
        make_memory("Is it another's?", "No.", user=reviewer)
        for number, trust in enumerate(Trust.values):
            memory = make_memory(f"Number {number}?", "SECRET ANSWER", user=operator)
            Memory.objects.filter(pk=memory.pk).update(trust=trust)

    await in_database(make)

    async with Chat(operator) as chat:
        *_, final = await chat.ask("what do you remember?")

    lines = [line for line in final["message"].splitlines() if line.startswith("- ")]
    assert "left behind 7 memories" in final["message"]
    assert len(lines) == OWN_SHOWN
    assert re.search(r"Number 6\?.*: rejected, shown to nobody", lines[0])
    assert re.search(r"Number 2\?.*: not verified, shown to nobody", lines[-1])
    assert "another's" not in final["message"]
    assert "SECRET ANSWER" not in final["message"]
    assert (final["page"], final["memory_id"]) == ("/memories/", None)
    kept = await Message.objects.aget(role=Message.Role.AGENT)
    assert page_parts(kept.text, kept.display)["page"] == "/memories/"


@pytest.mark.django_db(transaction=True)
async def test_chat_says_that_nothing_is_remembered_yet(operator: User) -> None:
    async with Chat(operator) as chat:
        *_, final = await chat.ask("o que você sabe sobre mim?")

    assert "Ainda nada" in final["message"]


@pytest.mark.parametrize("trust", Trust.values)
def test_each_state_of_a_memory_has_its_words(trust: str) -> None:
    assert f"own.{trust}" in PHRASES


def test_hostile_texts_are_inert(operator: User) -> None:
    make_memory("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", user=operator)

    html = client_of(operator).get("/memories/").content.decode()

    assert "<script>alert" not in html
    assert "<img src=x" not in html
