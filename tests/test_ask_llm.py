"""`ask` with an LLM: what becomes a memory, and what does not."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from knowledge.models import Memory
from tests.fake_llm import fake_llm, refuse
from tests.test_llm_agent import BROKEN, COUNTED, THOUGHTS
from tws.hwa import engines

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ask(settings, monkeypatch, hwa_engine, capsys):
    """Ask the analyzer; the exit code and its JSON."""
    settings.LLM_MODEL = "tiny"
    settings.LLM_MAX_RETRIES = 0
    monkeypatch.setattr(engines, "configured_engines", lambda: [hwa_engine])

    def run(*answers):
        turns = iter(answers)
        code = 0
        with fake_llm(lambda body: next(turns, answers[-1])) as server:
            settings.LLM_BASE_URL = server.url
            try:
                call_command("ask", "tws-analyzer", "How many jobs are there?", "--json")
            except SystemExit as ended:
                code = ended.code
        return code, json.loads(capsys.readouterr().out)

    return run


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_nothing_of_an_answer_that_is_not_whole_becomes_a_memory(answer, ask):
    code, reply = ask(answer)

    assert code == 1
    assert reply["error"] == "llm_unavailable"
    assert not Memory.objects.exists()


def test_why_the_rules_answered_is_said_and_not_remembered(ask):
    code, reply = ask(refuse(401, "no such key here"))

    assert code == 0
    assert "no such key here" in reply["answer"]
    remembered = Memory.objects.get().agent_response
    assert remembered in reply["answer"]
    assert remembered.startswith("**500** jobs")
    assert "no such key" not in remembered


def test_a_whole_answer_becomes_one_without_its_thoughts(ask):
    code, reply = ask(COUNTED, THOUGHTS["tags"])

    assert (code, reply["answer"]) == (0, "500 jobs.")
    assert Memory.objects.get().agent_response == "500 jobs."
