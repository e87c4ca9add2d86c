"""A small sample history for development: real questions, answered from the configured engine."""

from __future__ import annotations

import asyncio
import json
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from django.db import connections

from knowledge.models import Memory, Source
from knowledge.store import Draft, remember
from tws.answers.agents import AgentManager, close_shared
from tws.answers.events import Failed, Final, Turn
from tws.chat.runs import store_answer
from tws.models import Agent

KNOWLEDGE = Path(__file__).resolve().parents[2] / "sample" / "knowledge.jsonl"
CONVERSATIONS = (
    (
        "tws-analyzer",
        ("Como está o plano?", "Quais jobs falharam nas últimas 3 horas?", "O que está atrasado?"),
    ),
    ("tws-analyzer", ("Which workstations have a problem?", "Which job streams are stuck?")),
    ("tws-troubleshooter", ("Which jobs failed in the last 12 hours?", "Why did the first fail?")),
)
"""The questions of each conversation; a later one may refer to the answer before it."""


class Command(BaseCommand):
    help = (
        "Make a sample history once: a few questions asked through the agents against the "
        "configured engine, and questions about HWA that the auditor has not seen yet. "
        "Run again, it adds nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print {imported, asked, failed}")

    def handle(self, *args: Any, **options: Any) -> None:
        imported = sum(remember(draft)[1] for draft in _knowledge())
        if settings.LLM_BASE_URL and not options["json"]:
            self.stdout.write("sample: asking the agents, whose LLM may take its time …")
        with asyncio.Runner() as runner:  # Ctrl-C cancels what it runs
            asked, failed = runner.run(_converse())
        counts = {"imported": imported, "asked": asked, "failed": failed}
        if options["json"]:
            self.stdout.write(json.dumps(counts))
        else:
            self.stdout.write(
                f"sample: {imported} questions about HWA, {asked} answers from the plan"
                + (f"; {failed} questions had no answer: HWA does not answer" if failed else "")
            )


def _knowledge() -> Iterator[Draft]:
    """Those not imported by an earlier run."""
    lines = KNOWLEDGE.read_text(encoding="utf-8").splitlines()
    ids = [f"sample-{number}" for number in range(1, len(lines) + 1)]
    known = set(
        Memory.objects.filter(source=Source.IMPORT, external_id__in=ids).values_list(
            "external_id", flat=True
        )
    )
    for external_id, line in zip(ids, lines, strict=True):
        if external_id not in known:
            yield Draft(
                agent="tws-analyzer",
                source=Source.IMPORT,
                external_id=external_id,
                **json.loads(line),
            )


async def _converse() -> tuple[int, int]:
    """Ask what was not asked before; how many were answered, and how many could not be."""
    asked = failed = 0
    asker = await User.objects.filter(username="operator").afirst()
    try:
        async with AgentManager() as manager:
            for slug, questions in CONVERSATIONS:
                agent = await Agent.objects.filter(slug=slug).afirst()
                if agent is None or await _was_asked(slug, questions[0]):
                    continue
                ends = await _ask_all(manager, agent, questions, asker)
                asked += sum(isinstance(end, Final) for end in ends)
                failed += sum(isinstance(end, Failed) for end in ends)
    finally:
        await close_shared()
        await sync_to_async(connections.close_all)()  # its thread's
    return asked, failed


async def _was_asked(agent: str, question: str) -> bool:
    return await sync_to_async(
        Memory.objects.filter(agent=agent, source=Source.CHAT, user_query=question).exists
    )()


async def _ask_all(
    manager: AgentManager, agent: Agent, questions: tuple[str, ...], asker: User | None
) -> list[Final | Failed]:
    history: list[Turn] = []
    ends: list[Final | Failed] = []
    for question in questions:
        async with aclosing(manager.answer(agent, question, history=history)) as events:
            async for event in events:
                if isinstance(event, (Final, Failed)):
                    ends.append(event)
        end = ends[-1]
        if isinstance(end, Failed):
            break  # the next one would only wait for the same engine
        await store_answer(agent.slug, question, end, user=asker)
        history.append(Turn(question, end.answer, end.tools))
    return ends
