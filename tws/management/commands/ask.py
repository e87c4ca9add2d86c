"""One question at the terminal, answered as the chat answers it."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from contextlib import aclosing
from typing import Any

from asgiref.sync import async_to_sync
from django.core.management.base import BaseCommand, CommandError

from tws.answers.agents import AgentManager, close_shared
from tws.answers.events import Chunk, Event, Failed, Final, ToolCall
from tws.chat.runs import store_answer
from tws.models import Agent


class Command(BaseCommand):
    help = (
        "Ask an agent one question. The answer is stored as a memory, as in the chat. "
        "Exit status 1: HWA or the LLM did not answer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("agent", help="the agent's id, for example tws-analyzer")
        parser.add_argument("question", help="in Portuguese or English, in quotes")
        parser.add_argument(
            "--json", action="store_true", help="print {answer, sources, tools, memory_id}"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["question"].strip():
            raise CommandError("The question is empty.")
        agent = self._agent(options["agent"])
        quiet = options["json"]
        reply = async_to_sync(self._ask)(agent, options["question"], quiet=quiet)
        if quiet:
            self.stdout.write(json.dumps(reply, ensure_ascii=False))
        if "error" in reply:
            sys.exit(1)

    def _agent(self, slug: str) -> Agent:
        try:
            return Agent.objects.get(slug=slug, is_active=True)
        except Agent.DoesNotExist:
            known = ", ".join(Agent.objects.filter(is_active=True).values_list("slug", flat=True))
            raise CommandError(f"There is no active agent {slug!r}. There are: {known}.") from None

    async def _ask(self, agent: Agent, question: str, *, quiet: bool) -> dict[str, Any]:
        try:
            async with (
                AgentManager() as manager,
                aclosing(manager.answer(agent, question)) as events,
            ):
                async for event in events:
                    if not quiet:
                        self._show(event)
                    if isinstance(event, (Final, Failed)):
                        return await _reply(agent, question, event)
        finally:
            await close_shared()
        raise CommandError("The run ended without an answer.")

    def _show(self, event: Event) -> None:
        match event:
            case ToolCall():
                said = ", ".join(f"{name}={value}" for name, value in event.arguments.items())
                self.stderr.write(f"… {event.tool}({said})")
            case Chunk():
                self.stdout.write(event.text, ending="")
                self.stdout.flush()
            case Failed():
                self.stderr.write(event.message)
            case Final():
                self.stdout.write("")
                for source in event.sources:
                    self.stdout.write(f"[{source.kind}] {source.label} {source.fetched_at or ''}")


async def _reply(agent: Agent, question: str, end: Final | Failed) -> dict[str, Any]:
    tools = [use.as_dict() for use in end.tools]
    if isinstance(end, Failed):
        return {
            "answer": end.message,
            "sources": [],
            "tools": tools,
            "memory_id": None,
            "error": end.code,
        }
    memory_id = await store_answer(agent.slug, question, end)
    return {
        "answer": end.answer,
        "sources": [source.as_dict() for source in end.sources],
        "tools": tools,
        "memory_id": str(memory_id) if memory_id else None,
    }
