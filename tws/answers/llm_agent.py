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
from django.utils import timezone

from knowledge.claims.evidence import Reading
from knowledge.hwa.statuses import Language
from knowledge.llm import LLMBrokenOff, LLMError, Reply, as_message, stream
from tws.answers.events import Chunk, Emit, Failed, Final, Turn
from tws.answers.memories import reading_of, source_of, used
from tws.answers.rules import RuleAgent, aside, thread_of
from tws.answers.toolkit import EngineDown, Toolkit
from tws.answers.understanding.asked import SmallTalk, Understood
from tws.models import Agent

PROMPTS = Path(__file__).parent / "prompts"
MAX_TOKENS = 1_500
LONGEST_RESULT = 16_000  # characters of one tool result that the model gets to read
REMEMBERED = 5
_CITED = re.compile(r"\[(?:memory|memória|memoria) (\d{1,2})\]", re.IGNORECASE)
_LANGUAGE_NAMES: dict[Language, str] = {"pt": "Brazilian Portuguese", "en": "English"}


@cache
def prompt(name: str) -> str:
    return (PROMPTS / f"{name}.txt").read_text(encoding="utf-8")


@dataclass(slots=True)
class LLMAgent:
    agent: Agent
    toolkit: Toolkit
    emit: Emit
    fallback: RuleAgent
    _said: list[str] = field(default_factory=list)

    async def answer(self, question: str, history: Sequence[Turn] = ()) -> None:
        """Emit the answer's Chunks and its Final, or Failed."""
        try:
            understood = await self.fallback.understood(question, thread_of(history))
        except EngineDown:
            await self.fallback.answer(question, history)
            return
        if isinstance(understood.asked, SmallTalk):
            await self.fallback.answer(question, history)
            return
        language = understood.language
        found = await self.fallback.recall(understood.standing, REMEMBERED)
        recalled = [await reading_of(self.toolkit, memory) for memory in found]
        try:
            whole = await self._converse(self._opening(question, history, recalled, language))
        except LLMError as error:
            await self._without_the_model(error, question, history, language)
            return
        if whole:
            self._finish(understood, recalled)
        else:
            steps = settings.CHAT_MAX_STEPS
            self._say(aside(self.toolkit, language, ["llm_steps"], steps=steps))
            self.emit(Final("".join(self._said), outcome="cannot", mode="llm"))

    def _opening(
        self,
        question: str,
        history: Sequence[Turn],
        recalled: Sequence[Reading],
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
                    "trust": memory.result["trust"],
                    "kind": memory.result["kind"],
                    "date": memory.result["created_at"],
                    "question": memory.result["user_query"],
                    "answer": memory.result["agent_response"][:4_000],
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
                told = as_data((await self.toolkit.call(call.name, call.arguments)).text)
                messages.append({"role": "tool", "tool_call_id": call.id, "content": told})
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
            tools=self.toolkit.schemas() if with_tools else (),
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

    def _finish(self, understood: Understood, recalled: Sequence[Reading]) -> None:
        answer = "".join(self._said)
        numbers = {int(number) for number in _CITED.findall(answer)}
        cited = [memory for at, memory in enumerate(recalled, 1) if at in numbers]
        read = [one for one in self.toolkit.readings if not one.id.startswith("m")]
        if not read and not cited:
            note = "\n\n" + aside(self.toolkit, understood.language, ["model_only"])
            self._say(note)
            answer += note
        self.emit(
            Final(
                answer=answer,
                understood=understood,
                sources=(*self.toolkit.sources, *map(source_of, cited)),
                tools=tuple(self.toolkit.uses),
                kind="state" if read else "knowledge",
                evidence=tuple(one.as_json() for one in (*read, *cited)),
                used=used(recalled, "recalled") | used(cited, "quoted"),
                engine=self.toolkit.engine.name if read else "",
                mode="llm",
            )
        )

    async def _without_the_model(
        self, error: LLMError, question: str, history: Sequence[Turn], language: Language
    ) -> None:
        if self._said or isinstance(error, LLMBrokenOff):
            message = why(self.toolkit, language, error, "llm_broke_off")
            self.emit(Failed("llm_unavailable", message, tuple(self.toolkit.uses)))
            return
        reason = why(self.toolkit, language, error, "llm_down")
        await self.fallback.answer(question, history, instead_of_llm=reason)


def why(toolkit: Toolkit, language: Language, error: LLMError, head: str) -> str:
    """Why there is no answer of the model, in plain words and the endpoint's own."""
    if isinstance(error, LLMBrokenOff):
        return aside(toolkit, language, [head, f"llm_broke_{error.how}"], words=error.words)
    keys = [head, f"llm_why_{error.kind}"]
    if error.until is None:
        return aside(toolkit, language, keys, words=str(error))
    until = timezone.localtime(error.until).isoformat(timespec="seconds")
    return aside(toolkit, language, [*keys, "llm_until"], words=str(error), until=until)


def as_data(value: Any) -> str:
    """JSON between delimiters that the data cannot know."""
    token = secrets.token_hex(8)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) > LONGEST_RESULT:
        text = text[:LONGEST_RESULT] + " … (cut: ask for less)"
    return f"<<<DATA {token}\n{text}\nDATA {token}>>>"
