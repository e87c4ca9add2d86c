"""The agent with an LLM: it calls tools until it can answer, and streams what it says.

Everything the model reads that is not ours (tool results, memories) is data between random
delimiters. When the model does not answer, the rules do, and say so; `llm_unavailable` is left for
questions that the rules can't answer either, and for an answer that broke off half-way.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from django.conf import settings

from knowledge.llm import LLMBrokenOff, LLMError, Reply, as_message, stream
from tws.answers import memories
from tws.answers.desk import Desk
from tws.answers.events import Chunk, Failed, Final, Turn
from tws.answers.language import Language
from tws.answers.memories import Recalled
from tws.answers.phrases import say
from tws.answers.rules import RuleAgent
from tws.models import Agent
from tws.tools.toolbox import Emit, Outcome, Toolbox

PROMPTS = Path(__file__).parent / "prompts"
MAX_TOKENS = 1_500
LONGEST_RESULT = 16_000  # characters of one tool result that the model gets to read
MOST_BRACKETS = 100
"""Of a call's arguments. No tool takes so many; what is nested deeply breaks who walks it."""
REMEMBERED = 5
_CITED = re.compile(r"\[(?:memory|memória|memoria) (\d{1,2})\]", re.IGNORECASE)
_LANGUAGE_NAMES: dict[Language, str] = {"pt": "Brazilian Portuguese", "en": "English"}


@cache
def prompt(name: str) -> str:
    return (PROMPTS / f"{name}.txt").read_text(encoding="utf-8")


@dataclass(slots=True)
class LLMAgent:
    agent: Agent
    toolbox: Toolbox
    emit: Emit
    fallback: RuleAgent
    _said: list[str] = field(default_factory=list)

    async def answer(self, question: str, history: Sequence[Turn] = ()) -> None:
        """Emit the answer's Chunks and its Final, or Failed."""
        language = self.fallback.language_of(question, history)
        if self.fallback.is_small_talk(question):
            await self.fallback.answer(question, history)
            return
        recalled = list(await self.fallback.recall(question, REMEMBERED))
        try:
            whole = await self._converse(self._opening(question, history, recalled, language))
        except LLMError as error:
            await self._without_the_model(error, question, history, language)
            return
        if whole:
            self._finish(recalled, language)
        elif not self.fallback.failed_for_hwa(language):
            text = say(language, "llm_steps", steps=settings.CHAT_MAX_STEPS)
            self.emit(Chunk(text))
            self.emit(self._final(text, (), language, answered=False))

    def _opening(
        self,
        question: str,
        history: Sequence[Turn],
        recalled: Sequence[Recalled],
        language: Language,
    ) -> list[dict[str, Any]]:
        """The messages before the model's first word."""
        messages = [{"role": "system", "content": self._house_rules(language)}]
        for turn in history:
            messages.append({"role": "user", "content": turn.question})
            messages.append({"role": "assistant", "content": turn.answer})
        if recalled:
            shown = [
                {
                    "number": number,
                    "trust": memory.trust,
                    "kind": memory.kind,
                    "date": memory.created_at.isoformat(timespec="minutes"),
                    "question": memory.user_query,
                    "answer": memory.agent_response[:4_000],
                }
                for number, memory in enumerate(recalled, 1)
            ]
            messages.append({"role": "user", "content": prompt("memories") + as_data(shown)})
        messages.append({"role": "user", "content": question})
        return messages

    def _house_rules(self, language: Language) -> str:
        agent = self.agent
        return Template(prompt("agent")).safe_substitute(
            name=agent.name,
            role=agent.role or "-",
            goal=agent.goal or "-",
            instructions=agent.instructions or "-",
            language=_LANGUAGE_NAMES[language],
        )

    async def _converse(self, messages: list[dict[str, Any]]) -> bool:
        """Model and tools by turns; False when it ended without an answer in words."""
        for step in range(1, settings.CHAT_MAX_STEPS + 1):
            last = step == settings.CHAT_MAX_STEPS
            if last and step > 1:
                messages.append({"role": "user", "content": prompt("last_step")})
            reply = await self._speak(messages, with_tools=not last or step == 1)
            if not reply.tool_calls:
                return True
            messages.append(as_message(reply))
            for call in reply.tool_calls:
                outcome = await self._call(call.name, call.arguments)
                messages.append(
                    {"role": "tool", "tool_call_id": call.id, "content": self._told(outcome)}
                )
            if self.toolbox.unavailable is not None and not self.toolbox.evidence:
                return False  # nothing was read: what the model would say now is made up
        return False

    async def _speak(self, messages: list[dict[str, Any]], *, with_tools: bool) -> Reply:
        """One reply of the model, streamed on as it comes."""
        if self._said and not self._said[-1].endswith("\n"):
            self._say("\n\n")
        whole, before = Reply(""), len(self._said)
        async for delta in stream(
            messages,
            max_tokens=MAX_TOKENS,
            model=self.agent.model or None,
            tools=self.toolbox.schemas() if with_tools else (),
        ):
            if delta.text:
                self._say(delta.text)
            if delta.reply is not None:
                whole = delta.reply
        self._said[before:] = filter(None, [whole.text])
        return whole

    def _say(self, text: str) -> None:
        self._said.append(text)
        self.emit(Chunk(text))

    async def _call(self, name: str, arguments: str) -> Outcome:
        try:
            parsed = json.loads(arguments or "{}", parse_constant=_no_number)
            json.dumps(parsed, ensure_ascii=False).encode()  # no halves of characters
        except (ValueError, RecursionError):
            parsed = None
        is_nested = arguments.count("[") + arguments.count("{") > MOST_BRACKETS
        if not isinstance(parsed, dict) or is_nested:
            return Outcome(False, {}, error="the arguments are not a JSON object")
        return await self.toolbox.call(name, parsed)

    def _told(self, outcome: Outcome) -> str:
        """A tool's outcome as the model reads it; errors too, so that it can do better."""
        if not outcome.ok:
            return as_data({"error": outcome.error})
        return as_data(
            {
                "engine": self.toolbox.engine,
                "simulated": self.toolbox.simulated,
                "fetched_at": self.toolbox.uses[-1].fetched_at,
                "result": outcome.result,
            }
        )

    def _finish(self, recalled: Sequence[Recalled], language: Language) -> None:
        answer = "".join(self._said)
        numbers = {int(number) for number in _CITED.findall(answer)}
        cited = [memory for at, memory in enumerate(recalled, 1) if at in numbers]
        if not self.toolbox.evidence and not cited:
            note = "\n\n" + say(language, "model_only")
            self._say(note)
            answer += note
        self.emit(self._final(answer, cited, language))

    def _final(
        self,
        answer: str,
        cited: Sequence[Recalled],
        language: Language,
        *,
        answered: bool = True,
    ) -> Final:
        box = self.toolbox
        return Final(
            answer=answer,
            sources=(*box.sources, *(memories.source(memory, language) for memory in cited)),
            tools=tuple(box.uses),
            kind="state" if box.evidence else "knowledge",
            evidence=tuple(box.evidence),
            cites=tuple(memory.memory_id for memory in cited),
            answered=answered,
            mode="llm",
        )

    async def _without_the_model(
        self, error: LLMError, question: str, history: Sequence[Turn], language: Language
    ) -> None:
        reason = why(Desk(self.toolbox, language), error)
        if self._said or isinstance(error, LLMBrokenOff):
            message = say(language, "llm_broke_off", reason=reason)
            self.emit(Failed("llm_unavailable", message, tuple(self.toolbox.uses)))
            return
        await self.fallback.answer(question, history, instead_of_llm=reason)


def why(desk: Desk, error: LLMError) -> str:
    """Why there is no answer of the model, in plain words and the endpoint's own."""
    if isinstance(error, LLMBrokenOff):
        return desk.say(f"llm_broke_{error.how}", words=desk.quoted(error.words))
    until = ""
    if error.until:
        until = desk.say("llm_until", time=desk.moment(error.until.isoformat()))
    return desk.say(f"llm_why_{error.kind}", words=desk.quoted(error), until=until)


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def as_data(value: Any) -> str:
    """JSON between delimiters that the data cannot know."""
    token = secrets.token_hex(8)
    text = json.dumps(value, ensure_ascii=False)
    if len(text) > LONGEST_RESULT:
        text = text[:LONGEST_RESULT] + " … (cut: ask for less)"
    return f"<<<DATA {token}\n{text}\nDATA {token}>>>"
