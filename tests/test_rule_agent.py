"""The rule-based agent: what it understands, what it quotes, what it refuses to say."""

from __future__ import annotations

import re
import time
import uuid
from contextlib import aclosing
from datetime import UTC, datetime

import httpx
import pytest

from tws.answers.agents import AgentManager
from tws.answers.events import Failed, Final, ToolUse, Turn
from tws.answers.intents import hours_in, understand
from tws.answers.language import choose_language, language_of
from tws.answers.memories import Recalled
from tws.answers.names import Name, names_in, names_in_play, ordinal_in
from tws.hwa import engines
from tws.hwa.client import TWSClient
from tws.models import Agent
from tws.simulator.states import State


@pytest.fixture(autouse=True)
def rules_only(settings, monkeypatch, hwa_engine):
    settings.LLM_BASE_URL = ""
    monkeypatch.setattr(engines, "configured_engines", lambda: [hwa_engine])


def memory(query, response, *, trust="trusted", kind="knowledge", score=0.8):
    return Recalled(
        memory_id=uuid.uuid4(),
        score=score,
        trust=trust,
        kind=kind,
        user_query=query,
        agent_response=response,
        created_at=datetime(2026, 11, 3, 12, tzinfo=UTC),
    )


async def ask(question, *, memories=(), history=(), connect=TWSClient, **agent):
    async def recall(question, limit):
        return memories

    row = Agent(slug="tws-analyzer", name="Analyzer", **agent)
    async with (
        AgentManager(connect, recall) as manager,
        aclosing(manager.answer(row, question, history=history)) as events,
    ):
        return [event async for event in events][-1]


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("por que o job payroll_calc falhou?", ["payroll_calc"]),
        ("why did FTA_SP01#FOLHA_DIARIA.PAYROLL_CALC fail?", ["PAYROLL_CALC"]),
        ("status of 'updatestats' please", ["updatestats"]),
        ("status do job updatestats", ["updatestats"]),
        ("quais estações estão com problema?", []),
        ("which jobs are in ABEND?", []),
        ("jobs ETL_*", ["ETL_*"]),
        ("como está o stream FOLHA_DIARIA", ["FOLHA_DIARIA"]),
    ],
)
def test_names_are_found_in_questions(question, names):
    assert [name.text for name in names_in(question) if name.certain] == names


def test_a_full_name_tells_the_stream():
    assert names_in("WS#FOLHA.CALC_1")[0] == Name("CALC_1", "FOLHA", "job")


NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "hours"),
    [
        ("nas ultimas 3 horas", 3),
        ("in the last two hours", 2),
        ("na ultima hora", 1),
        ("nos ultimos 30 minutos", 0.5),
        ("in the last 2 days", 48),
        ("hoje", 15.5),
        ("desde as 9h", 6.5),
        ("since 9:30", 6),
        ("since 2pm", 1.5),
        ("nas ultimas 500 horas", 72),
        ("quais jobs falharam", None),
    ],
)
def test_how_far_back_a_question_looks(words, hours):
    assert hours_in(words, NOW) == hours


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Quais jobs falharam nas últimas 3 horas?", "pt"),
        ("quais jobs falharam nas ultimas 3 horas", "pt"),
        ("why did JOB_DE_HORAS fail?", "en"),
        ("e o log dele?", "pt"),
        ("and its log?", "en"),
        ("PAYROLL_CALC", None),
    ],
)
def test_the_language_of_a_question(text, language):
    assert language_of(text) == language


def test_a_question_of_no_language_is_answered_in_the_conversations():
    assert choose_language("X_1?", ["por que falhou?"], [], "en") == "pt"
    assert choose_language("X_1?", [], ["pt-br"], "en") == "pt"
    assert choose_language("por que falhou?", [], ["en"], "pt-br") == "en"


def test_accents_make_no_difference():
    assert understand("Há atraso? prazo?").signs == understand("ha atraso? prazo?").signs


def test_the_conversation_is_about_what_was_asked_or_listed():
    one = Turn("?", "…", (ToolUse("get_job", {"job": "A_1"}, ok=True),))
    many = Turn("?", "2 jobs:\n- B_1 (S): ABEND\n- B_2 (S): ABEND")

    assert names_in_play([many, one]) == ["A_1"]
    assert names_in_play([one, many]) == ["B_1", "B_2"]
    assert ordinal_in("e o log do segundo?") == 1
    assert ordinal_in("falhas nas últimas 3 horas") is None


async def test_an_approved_memory_is_quoted_as_such():
    known = memory("What does AWSBEH021E mean?", "The user is not authorised for the action.")

    end = await ask("What does AWSBEH021E mean?", memories=[known])

    assert isinstance(end, Final)
    assert "approved by a person" in end.answer
    assert "> The user is not authorised for the action." in end.answer
    assert "closest" not in end.answer
    assert end.cites == (known.memory_id,)
    assert end.kind == "knowledge"
    assert [(one.kind, one.ref, one.trust) for one in end.sources] == [
        ("memory", str(known.memory_id), "trusted")
    ]


async def test_an_audited_memory_is_marked_as_not_reviewed():
    known = memory("Para que serve o fence?", "Segura jobs de prioridade baixa.", trust="cleared")

    end = await ask("para que serve o fence?", memories=[known])

    assert "auditada, não revisada" in end.answer


async def test_a_state_comes_back_only_as_dated_history():
    old = memory("E o fechamento mensal?", "O fechamento tem 3 jobs atrasados.", kind="state")

    end = await ask("e o fechamento mensal?", memories=[old])

    assert "Histórico, não o presente" in end.answer
    assert "2026-11-03" in end.answer


@pytest.mark.parametrize(
    "found",
    [
        memory("What does AWSBEH022E mean?", "Something else."),
        memory("How do I bake a cake?", "With flour."),
    ],
)
async def test_a_memory_that_does_not_fit_is_not_quoted(found):
    end = await ask("What does AWSBEH021E mean?", memories=[found])

    assert not end.answered
    assert end.cites == ()


async def test_a_memory_that_is_only_close_is_shown_as_such():
    near = memory("How do I restart the console server?", "With startAppServer.", score=0.27)

    end = await ask("How do I restart the console of the backup master?", memories=[near])

    assert "I have no answer to exactly that. The closest memory:" in end.answer
    assert end.cites == (near.memory_id,)


async def test_hidden_characters_of_a_memory_are_shown():
    known = memory("What does the fence do?", "It holds\u202e jobs.")

    end = await ask("What does the fence do?", memories=[known])

    assert "⟨U+202E⟩" in end.answer


def failed_in_simulator(plan, hours):
    """Names and the last run of jobs in error whose run ended in the last hours."""
    since = time.time() - hours * 3600
    return {
        half.job(at).name: plan.runs(half, at)[-1]
        for half, at in (plan.locate(row) for row in range(len(plan)))
        if plan.state(half, at) in (State.ABENDED, State.FAILED)
        and plan.runs(half, at)[-1].end >= since
    }


async def test_which_jobs_failed_names_those_of_the_simulator(simulator):
    plan = simulator.simulator.plan
    plan.refresh()
    expected = set(failed_in_simulator(plan, 12))

    end = await ask("Quais jobs falharam nas últimas 12 horas?")

    still_in_error = end.answer.split("Também falharam")[0]
    assert set(re.findall(r"^- (\S+) ", still_in_error, re.MULTILINE)) == expected
    assert f"{len(expected)} jobs falharam" in end.answer


async def test_why_a_job_failed_gives_the_simulators_cause(simulator):
    plan = simulator.simulator.plan
    plan.refresh()

    for name, run in list(failed_in_simulator(plan, 24).items())[:12]:
        end = await ask(f"why did {name} fail?")

        assert run.cause.lines[-1].split("{")[0] in end.answer
        if run.return_code is not None:
            assert f"return code {run.return_code}" in end.answer


async def test_an_answer_says_engine_age_and_simulator():
    end = await ask("how many jobs?")

    assert "Read from SIM (simulator) at " in end.answer
    assert all(source.engine == "SIM" for source in end.sources)


async def test_when_hwa_is_down_it_says_since_when():
    def nobody(request):
        raise httpx.ConnectError("refused", request=request)

    end = await ask(
        "quantos jobs?",
        connect=lambda engine: TWSClient(engine, transport=httpx.MockTransport(nobody), attempts=1),
    )

    assert isinstance(end, Failed)
    assert end.code == "hwa_unavailable"
    assert "desde pelo menos" in end.message


async def test_memories_are_quoted_even_when_hwa_is_down():
    def nobody(request):
        raise httpx.ConnectError("refused", request=request)

    end = await ask(
        "what does the fence do?",
        memories=[memory("What does the fence do?", "It holds jobs.")],
        connect=lambda engine: TWSClient(engine, transport=httpx.MockTransport(nobody), attempts=1),
    )

    assert isinstance(end, Final)
    assert end.answered


async def test_a_tool_the_agent_may_not_use_is_named():
    end = await ask("how many jobs?", tools=["get_job"])

    assert not end.answered
    assert "count_jobs" in end.answer


async def test_refused_credentials_are_said():
    def refuse(request):
        return httpx.Response(401, json={"messages": ["AWSUI0401E not authorised"]})

    end = await ask(
        "how many jobs?",
        connect=lambda engine: TWSClient(engine, transport=httpx.MockTransport(refuse)),
    )

    assert not end.answered
    assert "401" in end.answer


async def test_an_agent_of_one_language_answers_in_it():
    end = await ask("quantos jobs?", languages=["en"])

    assert "The plan holds" in end.answer
