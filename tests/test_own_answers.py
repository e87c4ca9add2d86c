"""What the product itself says of many simulated plans must not be flagged by its own auditor."""

from __future__ import annotations

import httpx
import pytest

from tests.test_questions import FLAGGED, ask, highest_suspicion, no_memories, rules_only  # noqa: F401
from tws.answers.agents import AgentManager
from tws.hwa.client import TWSClient
from tws.simulator.app import Simulator
from tws.simulator.catalogue import Catalogue
from tws.simulator.plan import Clock, Plan

QUESTIONS = [
    "jobs com erro nos últimos 30 minutos",
    "Quais jobs falharam nas últimas 3 horas?",
    "which jobs failed in the last hour?",
    "Quais jobs falharam nas últimas 12 horas?",
    "como está o plano?",
    "how is the plan?",
    "o que está atrasado?",
    "which streams are stuck?",
    "quais estações têm problema?",
    "quantos jobs em cada status?",
]


@pytest.mark.parametrize("seed", [3, 12, 24, 25, 31, 48])
async def test_no_answer_of_ours_is_flagged(seed: int) -> None:
    plan = Plan(Catalogue(600, seed=seed), Clock())
    transport = httpx.ASGITransport(app=Simulator(plan, host="sim.test", user="u", password="p"))
    manager = AgentManager(
        lambda engine: TWSClient(engine, transport=transport, attempts=1), no_memories
    )

    for question in QUESTIONS:
        end = await ask(manager, question, [])

        assert await highest_suspicion(question, end) < FLAGGED, (question, end.answer)
