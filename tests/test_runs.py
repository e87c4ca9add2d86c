"""What is remembered of an answer, and the commands that ask."""

from __future__ import annotations

import io
import json
import signal
import socket
import uuid

import pytest
from asgiref.sync import sync_to_async
from django.core.management import CommandError, call_command
from django.db import connections

from knowledge.claims.answer import Answer, Break, Phrase, Quote, Words
from knowledge.claims.wording import WORDING
from knowledge.models import Kind, Memory, MemoryUse
from tests.factories import make_memory
from tests.programs import start
from tws.answers.events import Final, Source, ToolUse
from tws.answers.understanding.asked import Summary, Understood
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
@pytest.mark.parametrize("mode", ["rules", "llm"])
async def test_of_an_answer_that_only_quotes_the_lineage_is_kept(mode, operator):
    quoted = await sync_to_async(make_memory)()
    run_id = uuid.uuid4()
    head = Phrase("memory.trusted", {}, "")
    segments = (Words("\n"), head, Quote("m1", "abc"), Break("paragraph"))
    answer = Answer("en", "UTC", WORDING, segments, {})
    final = Final("> This.", segments=answer, used={(quoted.pk, 1): "quoted"}, mode=mode)

    memory_id = await store_answer("tws-analyzer", "What?", final, user=operator, run_id=run_id)

    assert memory_id is None
    use = await MemoryUse.objects.aget()
    assert (use.memory_id, use.how, use.run_id) == (quoted.pk, "quoted", run_id)
    assert use.reader_id == operator.pk


@pytest.mark.usefixtures("its_threads_connection_is_closed")
@pytest.mark.django_db(transaction=True)
async def test_a_follow_up_is_remembered_as_the_question_that_it_meant():
    understood = Understood(Summary(), "pt", "quais jobs estão em hold?")
    sources = (Source("hwa", "q1", "Plano de PRD: jobs"), Source("memory", "m", "Segredo?"))
    final = Final(
        "3 jobs.", kind="state", evidence=(EVIDENCE,), understood=understood, sources=sources
    )

    memory_id = await store_answer("tws-analyzer", "e em hold?", final)

    memory = await Memory.objects.aget(pk=memory_id)
    assert memory.user_query == "quais jobs estão em hold?"
    assert memory.asked_as == "e em hold?"
    assert memory.understood == {
        "text": understood.text,
        "unused": [],
        "outcome": "answered",
        "read": ["Plano de PRD: jobs"],
    }


@pytest.mark.usefixtures("its_threads_connection_is_closed")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("outcome", ["cannot", "ask", "refused"])
async def test_an_honest_no_a_question_back_and_a_refusal_are_not_stored(outcome):
    final = Final("I can't.", outcome=outcome, evidence=(EVIDENCE,))

    assert await store_answer("tws-analyzer", "?", final) is None
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
def test_options_of_ask_may_stand_between_agent_and_question(capsys):
    reply = json.loads(asked(capsys, "tws-analyzer", "--json", "Quantos jobs?"))

    assert "**500** jobs" in reply["answer"]


@pytest.mark.django_db(transaction=True)
def test_ask_prints_one_json_object(capsys):
    reply = json.loads(asked(capsys, "tws-analyzer", "Quantos jobs?", "--json"))

    assert set(reply) == {
        "answer", "understood", "outcome", "claims", "suggestions", "sources", "tools", "memory_id",
    }  # fmt: skip
    assert "**500** jobs" in reply["answer"]
    assert reply["outcome"] == "answered"
    assert set(reply["understood"]) == {"text", "parts", "unused", "removable"}
    assert reply["claims"][0]["value"] == 500
    assert reply["tools"][0] == {
        "tool": "plan_query", "arguments": {"entity": "jobs", "limit": 0}, "ok": True,
        "fetched_at": reply["sources"][0]["fetched_at"],
    }  # fmt: skip
    assert set(reply["sources"][0]) == {
        "kind", "ref", "label", "engine", "fetched_at", "trust", "what", "tool", "version",
    }  # fmt: skip
    memory = Memory.objects.get(pk=reply["memory_id"])
    assert memory.agent_response == reply["answer"]
    assert memory.claims == reply["claims"]
    assert memory.engine == "SIM"


@pytest.mark.django_db(transaction=True)
def test_ask_without_json_prints_the_answer_and_its_sources(capsys):
    said = asked(capsys, "tws-troubleshooter", "which jobs failed in the last 3 hours?")

    assert "[understood] runs · ended in error" in said
    assert "[hwa] Plan of SIM (simulator): runs · ended in error" in said


@pytest.mark.django_db(transaction=True)
def test_a_conversation_at_the_terminal_goes_on_from_what_was_asked(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("só os críticos\n"))

    said = asked(capsys, "tws-analyzer", "quais jobs estão em HOLD?", "--chat", "--json")

    first, second = map(json.loads, said.splitlines())
    assert "críticos" in second["understood"]["text"]
    assert first["understood"]["text"] in second["understood"]["text"]


@pytest.mark.django_db(transaction=True)
def test_ask_finds_an_approved_memory(capsys):
    from knowledge.store import set_trust

    memory = make_memory("What does AWSXYZ123E mean?", "The mailbox is full.")
    set_trust([memory], "trusted")
    call_command("reindex_memories")
    capsys.readouterr()

    reply = json.loads(asked(capsys, "tws-analyzer", "What does AWSXYZ123E mean?", "--json"))

    assert "The mailbox is full." in reply["answer"]
    assert reply["sources"][0]["ref"] == str(memory.pk)
    assert reply["memory_id"] is None


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


@pytest.mark.django_db(transaction=True)
def test_ctrl_c_ends_a_sample_that_waits_for_the_llm(hwa_engine):
    engine = {"TWS_BASE_URL": hwa_engine.base_url, "TWS_USER": "wauser", "TWS_PASSWORD": "wauser"}
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        start(
            "manage.py", "load_sample", **engine, LLM_MODEL="tiny", LLM_TIMEOUT_SECONDS="600",
            LLM_BASE_URL=f"http://127.0.0.1:{silent.getsockname()[1]}/v1",
        ) as loading,
    ):  # fmt: skip
        silent.settimeout(60)
        with silent.accept()[0]:
            loading.send_signal(signal.SIGINT)
            assert loading.wait(30) != 0
