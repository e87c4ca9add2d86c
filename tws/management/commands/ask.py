"""A question at the terminal, or a conversation, answered as the chat answers it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Coroutine, Iterator
from contextlib import aclosing
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from django.utils.translation import gettext as _

from knowledge.visible import visible
from tws.answers.agents import AgentManager, close_shared
from tws.answers.events import Chunk, Event, Failed, Final, ToolCall, Turn, said_of
from tws.chat.page_strings import outcomes
from tws.chat.runs import TURNS, store_answer
from tws.models import Agent

INTERRUPTED = 130
"""The exit status that shells give a program that Ctrl-C has ended."""


_TABLE = re.compile(r"^\|.*\|\n\|(?: --- \|)+(?:\n\|.*\|)*$", re.MULTILINE)
Told = tuple[Final | Failed, dict[str, Any]]
"""How an answer ended, and the reply in JSON."""
Asking = Coroutine[Any, Any, Told]


class Command(BaseCommand):
    help = (
        "Ask an agent one question, or with --chat one after the other. Answers are stored as "
        "memories, as in the chat. Exit status 0 also for an honest no, 1 when HWA or the LLM did "
        "not answer (in a conversation: at least once), 130 when it was interrupted. At a terminal "
        "Ctrl-C stops the answer under way and a conversation goes on, unless another follows it; "
        "Ctrl-D ends it."
    )

    keeps_on = False
    """Somebody sits at a terminal, whose conversation one Ctrl-C does not end."""
    in_line = False
    """What was written last has not ended its line."""
    stopped = leaves = False
    """What Ctrl-C has come to since the last line: the answer was stopped; one leaves."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        # Options may stand between the agent and the question, too.
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign]
        parser.add_argument("agent", help="the agent's id, for example tws-analyzer")
        parser.add_argument(
            "question",
            nargs="?",
            default="",
            help="in Portuguese or English, in quotes; with --chat it may be left out",
        )
        parser.add_argument(
            "--chat",
            action="store_true",
            help="go on with further questions, one a line, until the input ends; /sources says "
            "what the last answer rests on, /quit ends",
        )
        parser.add_argument(
            "--json",
            action="store_true",
            help="print {answer, understood, outcome, claims, suggestions, sources, tools, "
            "memory_id}, one object a line",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        agent = self._agent(options["agent"])  # first: who names none has the question there
        if not options["question"].strip() and not options["chat"]:
            raise CommandError("The question is empty.")
        self.keeps_on = options["chat"] and sys.stdin.isatty()
        try:
            with asyncio.Runner() as runner:  # Ctrl-C cancels what it runs
                answered = self._converse(runner, agent, self._questions(options), options["json"])
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        if not answered:
            sys.exit(1)

    def _agent(self, slug: str) -> Agent:
        try:
            return Agent.objects.get(slug=slug, is_active=True)
        except Agent.DoesNotExist:
            known = ", ".join(Agent.objects.filter(is_active=True).values_list("slug", flat=True))
            raise CommandError(f"There is no active agent {slug!r}. There are: {known}.") from None

    def _questions(self, options: dict[str, Any]) -> Iterator[str]:
        if options["question"].strip():
            yield options["question"]
        while options["chat"]:
            try:
                line = self._line()
            except KeyboardInterrupt:
                if not self.keeps_on or (self.stopped and not _typed()):
                    raise
                self.stopped = False
                self.stderr.write("")  # the line is dropped
                continue
            if not line or line.strip() == "/quit":
                return
            if line.strip():
                yield line.strip()

    def _line(self) -> str:
        """The next line with its end, at a terminal one that can be edited; "" after the last."""
        if not self.keeps_on:
            return sys.stdin.readline()
        if not sys.stdout.isatty():
            self.stderr.write("> ", ending="")
            self.stderr.flush()
            return sys.stdin.readline()
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401 (with it `input` knows arrow keys and earlier lines)
        try:
            return f"{input('> ')}\n"
        except EOFError:
            self.stdout.write("")
            return ""

    def _converse(
        self, runner: asyncio.Runner, agent: Agent, questions: Iterator[str], as_json: bool
    ) -> bool:
        """Answer each question; whether all were that nobody stopped."""
        manager = AgentManager()
        history: list[Turn] = []
        reply: dict[str, Any] = {"sources": [], "tools": []}
        answered = True
        try:
            for question in questions:
                if question == "/sources":
                    self._show_sources(reply, as_json)
                    continue
                asking = self._ask(manager, agent, question, history, quiet=as_json)
                if (told := self._unless_stopped(runner.get_loop(), asking)) is None:
                    self.stderr.write("\nStopped.", style_func=str)
                    continue
                end, reply = told
                if as_json:
                    self.stdout.write(json.dumps(reply, ensure_ascii=False))
                if isinstance(end, Final):
                    turn = Turn(question, end.answer, end.tools, end.understood)
                    history = [*history, turn][-TURNS:]
                answered = answered and isinstance(end, Final)
        finally:
            runner.run(_close(manager))
        return answered

    def _unless_stopped(self, loop: asyncio.AbstractEventLoop, asking: Asking) -> Told | None:
        """What comes of it; None when Ctrl-C has stopped it, KeyboardInterrupt when one leaves.

        The loop is told of Ctrl-C between two steps, so that the second one, too, tears nothing.
        """
        self.stopped = self.leaves = False
        task = loop.create_task(asking)
        loop.add_signal_handler(signal.SIGINT, self._interrupt, task)
        try:
            return loop.run_until_complete(task)
        except asyncio.CancelledError:
            if self.leaves:
                raise KeyboardInterrupt from None
            return None
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    def _interrupt(self, task: asyncio.Task[Any]) -> None:
        self.leaves = self.stopped or not self.keeps_on
        self.stopped = True
        task.cancel()

    async def _ask(
        self,
        manager: AgentManager,
        agent: Agent,
        question: str,
        history: list[Turn],
        *,
        quiet: bool,
    ) -> Told:
        async with aclosing(manager.answer(agent, question, history=history)) as events:
            async for event in events:
                if not quiet:
                    self._show(event)
                if isinstance(event, (Final, Failed)):
                    return event, await _reply(agent, question, event)
        raise CommandError("The run ended without an answer.")

    def _show(self, event: Event) -> None:
        match event:
            case ToolCall():
                said = ", ".join(f"{name}={value}" for name, value in event.arguments.items())
                before = "\n" if self.in_line else ""
                self.stderr.write(visible(f"{before}… {event.tool}({said})"), style_func=str)
                self.in_line = False
            case Chunk():
                self.stdout.write(_aligned(visible(event.text)), ending="")
                self.stdout.flush()
                self.in_line = not event.text.endswith("\n")
            case Failed():
                self.stderr.write(visible(event.message))
            case Final():
                self._show_end(event)

    def _show_sources(self, reply: dict[str, Any], as_json: bool) -> None:
        """What the last answer rests on: each source with its time or trust, then each call."""
        told = {name: reply[name] for name in ("sources", "tools")}
        if as_json:
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        if not any(told.values()):
            self.stdout.write("There is no answer yet that rests on anything read.")
        for source in told["sources"]:
            facts = (source["engine"], source["fetched_at"], source["trust"], source["ref"])
            said = ", ".join(map(str, filter(None, facts)))
            self.stdout.write(f"[{source['kind']}] {visible(source['label'])} ({said})")
        for use in told["tools"]:
            arguments = json.dumps(use["arguments"], ensure_ascii=False)
            outcome = use["fetched_at"] if use["ok"] else "failed"
            self.stdout.write(visible(f"[call] {use['tool']} {arguments} {outcome}"))

    def _show_end(self, final: Final) -> None:
        """How it was understood, what came of it, and where it comes from, in its language."""
        self.stdout.write("")
        self.in_line = False
        taken = final.understood
        with translation.override("pt-br" if taken and taken.language == "pt" else "en"):
            said, back, next_ = outcomes(), _("Did you mean"), _("You may ask")
        if final.understood and final.understood.parts:
            self.stdout.write(f"[understood] {visible(final.understood.text)}")
        if final.understood and final.understood.unused:
            self.stdout.write(f"[not used] {visible(', '.join(final.understood.unused))}")
        if final.outcome in said:
            self.stdout.write(f"[{final.outcome}] {said[final.outcome]}")
        for source in final.sources:
            self.stdout.write(visible(f"[{source.kind}] {source.label} {source.fetched_at or ''}"))
        for suggestion in final.suggestions:
            offered = back if final.outcome == "ask" else next_
            self.stdout.write(f"[{offered.lower()}] {visible(suggestion)}")


def _aligned(text: str) -> str:
    """With the cells of its tables padded: what stays Markdown can be read as it stands."""
    return _TABLE.sub(lambda found: _padded(found[0]), text)


def _padded(table: str) -> str:
    rows = [line[2:-2].split(" | ") for line in table.split("\n")]
    if len({len(row) for row in rows}) > 1:  # none of ours
        return table
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        " | ".join(
            cell.ljust(width, "-" if cell == "---" else " ")
            for cell, width in zip(row, widths, strict=True)
        )
        for row in rows
    )
    return "\n".join(f"| {line} |" for line in lines)


def _typed() -> str:
    """What stands in the line that Ctrl-C has interrupted, where it can be known."""
    editor = sys.modules.get("readline")
    return editor.get_line_buffer() if editor else ""


async def _close(manager: AgentManager) -> None:
    await manager.aclose()
    await close_shared()


async def _reply(agent: Agent, question: str, end: Final | Failed) -> dict[str, Any]:
    tools = [use.as_dict() for use in end.tools]
    if isinstance(end, Failed):
        return {
            "answer": end.message,
            "understood": None,
            "outcome": "error",
            "claims": [],
            "suggestions": list(end.suggestions),
            "sources": [],
            "tools": tools,
            "memory_id": None,
            "error": end.code,
        }
    memory_id = await store_answer(agent.slug, question, end)
    return {
        "answer": end.answer,
        **said_of(end),
        "sources": [source.as_dict() for source in end.sources],
        "tools": tools,
        "memory_id": str(memory_id) if memory_id else None,
    }
