"""What is remembered of an answer, and the commands that ask."""

from __future__ import annotations

import json
import uuid

import pytest
from asgiref.sync import sync_to_async
from django.core.management import CommandError, call_command
from django.db import connections

from knowledge.models import Kind, Memory
from tests.factories import make_memory
from tws.answers.events import Final, ToolUse
from tws.chat.runs import history_of, store_answer
from tws.hwa import engines
from tws.models import Conversation, Message

EVIDENCE = {"tool": "count_jobs", "arguments": {}, "result": {"count": 3}, "fetched_at": "now"}


@pytest.fixture(autouse=True)
def simulated(settings, monkeypatch, hwa_engine):
    settings.LLM_BASE_URL = ""
    monkeypatch.setattr(engines, "configured_engines", lambda: [hwa_engine])


@pytest.fixture
async def its_threads_connection_is_closed(transactional_db):
    """Asynchronous tests reach the database from asgiref's thread, which keeps its connection."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.mark.usefixtures("its_threads_connection_is_closed")
@pytest.mark.django_db(transaction=True)
async def test_an_answer_from_the_plan_is_a_state_with_its_evidence(operator):
    final = Final("3 jobs.", kind="state", evidence=(EVIDENCE,))
    conversation = uuid.uuid4()

    memory_id = await store_answer(
        "tws-analyzer", "How many?", final, user=operator, conversation=conversation
    )

    memory = await Memory.objects.aget(pk=memory_id)
    assert (memory.kind, memory.trust, memory.evidence) == (Kind.STATE, "new", [EVIDENCE])
    assert (memory.user_id, memory.conversation) == (operator.pk, conversation)


@pytest.mark.usefixtures("its_threads_connection_is_closed")
@pytest.mark.django_db(transaction=True)
async def test_an_answer_that_repeats_a_memory_is_linked_not_stored(operator):
    cited = uuid.uuid4()

    memory_id = await store_answer("tws-analyzer", "What?", Final("> This.", cites=(cited,)))

    assert memory_id == cited
    assert await Memory.objects.acount() == 0


@pytest.mark.usefixtures("its_threads_connection_is_closed")
@pytest.mark.django_db(transaction=True)
async def test_an_honest_no_is_not_stored():
    assert await store_answer("tws-analyzer", "?", Final("I can't.", answered=False)) is None
    assert await Memory.objects.acount() == 0


@pytest.mark.usefixtures("its_threads_connection_is_closed")
@pytest.mark.django_db(transaction=True)
async def test_words_of_a_model_are_knowledge_that_the_auditor_sees_first():
    memory_id = await store_answer("tws-analyzer", "Why?", Final("Because.", mode="llm"))

    memory = await Memory.objects.aget(pk=memory_id)
    assert (memory.kind, memory.trust) == (Kind.KNOWLEDGE, "new")


@pytest.mark.usefixtures("its_threads_connection_is_closed")
@pytest.mark.django_db(transaction=True)
async def test_history_pairs_questions_with_their_answers(operator):
    conversation = await Conversation.objects.acreate(agent_id="tws-analyzer", user=operator)
    for number in range(3):
        run = uuid.uuid4()
        await Message.objects.acreate(
            conversation=conversation, run_id=run, role="user", text=f"q{number}"
        )
        await Message.objects.acreate(
            conversation=conversation,
            run_id=run,
            role="agent",
            text=f"a{number}",
            tools=[{"tool": "get_job", "arguments": {"job": f"J{number}"}, "ok": True}],
        )
    now = await Message.objects.acreate(conversation=conversation, role="user", text="now")

    turns = await history_of(conversation, 2, before=now.pk)

    assert [(turn.question, turn.answer) for turn in turns] == [("q1", "a1"), ("q2", "a2")]
    assert turns[1].tools == (ToolUse("get_job", {"job": "J2"}, ok=True),)


def asked(capsys, *arguments):
    call_command("ask", *arguments)
    return capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_ask_prints_one_json_object(capsys):
    reply = json.loads(asked(capsys, "tws-analyzer", "Quantos jobs?", "--json"))

    assert set(reply) == {"answer", "sources", "tools", "memory_id"}
    assert "1500" in reply["answer"]
    assert reply["tools"][0] == {
        "tool": "count_jobs", "arguments": {}, "ok": True,
        "fetched_at": reply["sources"][0]["fetched_at"],
    }  # fmt: skip
    assert set(reply["sources"][0]) == {"kind", "ref", "label", "engine", "fetched_at", "trust"}
    assert Memory.objects.get(pk=reply["memory_id"]).agent_response == reply["answer"]


@pytest.mark.django_db(transaction=True)
def test_ask_without_json_prints_the_answer_and_its_sources(capsys):
    said = asked(capsys, "tws-troubleshooter", "which jobs failed in the last 3 hours?")

    assert "in the last 3 hours" in said
    assert "[hwa] SIM (simulator) · failed_jobs" in said


@pytest.mark.django_db(transaction=True)
def test_ask_finds_an_approved_memory(capsys):
    from knowledge.store import set_trust

    memory = make_memory("What does AWSXYZ123E mean?", "The mailbox is full.")
    set_trust([memory], "trusted")
    call_command("reindex_memories")
    capsys.readouterr()

    reply = json.loads(asked(capsys, "tws-analyzer", "What does AWSXYZ123E mean?", "--json"))

    assert "The mailbox is full." in reply["answer"]
    assert reply["memory_id"] == str(memory.pk)


@pytest.mark.django_db(transaction=True)
def test_ask_says_which_agents_there_are():
    with pytest.raises(CommandError, match="tws-analyzer, tws-troubleshooter"):
        call_command("ask", "nobody", "Hello?")


@pytest.mark.django_db(transaction=True)
def test_ask_ends_with_1_when_hwa_is_down(capsys, monkeypatch, hwa_engine):
    from dataclasses import replace

    monkeypatch.setattr(
        engines,
        "configured_engines",
        lambda: [replace(hwa_engine, base_url="https://127.0.0.1:9", total_seconds=5)],
    )

    with pytest.raises(SystemExit) as ended:
        call_command("ask", "tws-analyzer", "How many jobs?", "--json")

    reply = json.loads(capsys.readouterr().out)
    assert ended.value.code == 1
    assert (reply["error"], reply["memory_id"]) == ("hwa_unavailable", None)


@pytest.mark.django_db(transaction=True)
def test_the_sample_is_loaded_once(capsys):
    call_command("load_sample", "--json")
    first = json.loads(capsys.readouterr().out)
    count = Memory.objects.count()

    call_command("load_sample", "--json")

    assert first["imported"] == 8
    assert first["asked"] >= 6
    assert first["failed"] == 0
    assert Memory.objects.filter(kind="state").exists()
    assert not Memory.objects.exclude(trust="new").exists()
    assert json.loads(capsys.readouterr().out) == {"imported": 0, "asked": 0, "failed": 0}
    assert Memory.objects.count() == count
