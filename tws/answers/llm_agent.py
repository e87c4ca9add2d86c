"""The agent with an LLM: it calls tools until it can answer, and streams words with filled slots.

What it writes is words and pointers into the readings (`knowledge.claims.slots`); what it types
itself and no reading bears out is marked in place. How it closes: `tws.answers.closing`.

Everything the model reads that is not ours (tool results, memories) is data between random
delimiters. When the model does not answer, the rules do, and say so; `llm_unavailable` is left for
questions that the rules can't answer either, and for an answer that broke off half-way.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from django.conf import settings
from django.utils import timezone

from knowledge.claims.composing import Composer
from knowledge.claims.evidence import Reading
from knowledge.claims.slots import SlotStream
from knowledge.cleaning import clean
from knowledge.hwa.statuses import Language
from knowledge.llm import LLMBrokenOff, LLMError, Reply, as_message, speaks_first, stream
from knowledge.retrieval import SearchUnavailable
from knowledge.secrets import mask_secrets
from tws.answers.beginnings import beginning
from tws.answers.closing import Note, Withheld
from tws.answers.events import Chunk, Emit, Failed, Final, Turn
from tws.answers.memories import readings_of, source_of, used
from tws.answers.named import things_named
from tws.answers.rules import RuleAgent, aside, thread_of
from tws.answers.sources import plan_sources, what_was_read
from tws.answers.toolkit import EngineDown, Refused, Toolkit
from tws.answers.understanding.asked import Order, SmallTalk, Understood
from tws.answers.understanding.plan_words import plain_names
from tws.database import in_database
from tws.models import Agent
from tws.plan.models import PlanEngine
from tws.plan.query.values import plain

logger = logging.getLogger(__name__)

PROMPTS = Path(__file__).parent / "prompts"
MAX_TOKENS = 1_500
LONGEST_RESULT = 16_000  # characters of one tool result that the model gets to read
REMEMBERED = 5
LONGEST_MEMORY = 4_000
MOST_CALLS = 12
"""Of one turn are carried out: a model that repeats itself may write hundreds."""
LONGEST_LEAD = 200
"""Characters of words that may only lead to a tool call."""
TOO_MANY_CALLS = json.dumps({"error": f"At most {MOST_CALLS} calls at once. Not carried out."})
_CITED = re.compile(r"\[(m\d{1,3})\]")
_LANGUAGE_NAMES: dict[Language, str] = {"pt": "Brazilian Portuguese", "en": "English"}


@cache
def prompt(name: str) -> str:
    return (PROMPTS / f"{name}.txt").read_text(encoding="utf-8")


class Draft:
    """An answer in the making: what the model writes is parted from its note, and its slots filled.

    With `may_lead_to_a_call` its first words are held back, up to a line's end.
    """

    def __init__(
        self,
        language: Language,
        readings: Mapping[str, Reading],
        is_name: Callable[[str], bool],
        *,
        may_lead_to_a_call: bool,
    ) -> None:
        self.composer = Composer(language, timezone.get_current_timezone_name(), readings)
        self.composer.by_a_model()
        self._slots = SlotStream(self.composer, is_name)
        self._withheld = Withheld()
        self._first = "" if may_lead_to_a_call else None

    def feed(self, text: str) -> str:
        """What can be shown now."""
        text = self._withheld.feed(text)
        if self._first is not None:
            self._first += text
            if "\n" not in self._first.lstrip() and len(self._first) < LONGEST_LEAD:
                return ""
            text, self._first = self._first.lstrip(), None
        return self._slots.feed(text)

    def end(self) -> str:
        rest = (self._first or "").lstrip() + self._withheld.end()
        self._first = None
        return self._slots.feed(rest) + self._slots.end()

    @property
    def note(self) -> Note:
        return self._withheld.note


@dataclass(slots=True)
class LLMAgent:
    agent: Agent
    toolkit: Toolkit
    emit: Emit
    fallback: RuleAgent
    _has_shown: bool = False  # in this turn
    _gap: str = ""  # after what an earlier turn has shown

    async def answer(self, question: str, history: Sequence[Turn] = ()) -> None:
        """Emit the answer's Chunks and its Final, or Failed."""
        async with beginning():
            begun = await self._begun(question, history)
        if begun is None:
            await self.fallback.answer(question, history)
            return
        understood, opening = begun
        asked = Reading("u1", "question", result={"understood": {"text": shown_text(question)}})
        try:
            draft = await self._converse(opening, asked, understood.language)
        except LLMError as error:
            await self._without_the_model(error, question, history, understood.language)
            return
        if draft is not None:
            self._finish(draft, understood, asked)
        else:
            steps = settings.CHAT_MAX_STEPS
            stopped = aside(self.toolkit, understood.language, ["llm_steps"], steps=steps)
            self._show(stopped)
            tools = tuple(self.toolkit.uses)
            took = as_the_model_took_it(understood, Note())
            self.emit(Final(stopped, "cannot", understood=took, tools=tools, mode="llm"))

    async def _begun(
        self, question: str, history: Sequence[Turn]
    ) -> tuple[Understood, list[dict[str, Any]]] | None:
        """What the question asks, and what the model reads; None for what the rules answer."""
        try:
            understood = await self.fallback.understood(question, thread_of(history))
        except EngineDown:
            return None
        if isinstance(understood.asked, (SmallTalk, Order)):
            return None
        self.toolkit.search = self._search
        try:
            recalled = await self._search(understood.standing)
        except Refused:
            recalled = []
        return understood, await self._opening(question, history, recalled, understood.language)

    async def _search(self, text: str) -> list[Reading]:
        """Memories for a text, as readings; the tool calls it too, once a log shows a cause."""
        try:
            found = await self.fallback.recall(text, REMEMBERED)
        except SearchUnavailable:
            logger.warning("memories can't be searched", exc_info=True)
            raise Refused("The memories can't be searched now.") from None
        return await readings_of(self.toolkit, found)

    # --- what the model reads -----------------------------------------------------------------

    async def _opening(
        self,
        question: str,
        history: Sequence[Turn],
        recalled: Sequence[Reading],
        language: Language,
    ) -> list[dict[str, Any]]:
        """The messages before the model's first word."""
        messages = [{"role": "system", "content": await self._house_rules(language)}]
        for turn in history:
            messages.append({"role": "user", "content": turn.question})
            messages.append({"role": "assistant", "content": turn.answer})
        if recalled:
            shown = [
                {
                    "id": memory.id,
                    **memory.result,
                    "agent_response": memory.result["agent_response"][:LONGEST_MEMORY],
                }
                for memory in recalled
            ]
            messages.append({"role": "user", "content": prompt("memories") + as_data(shown)})
        messages.append({"role": "user", "content": question})
        return messages

    async def _house_rules(self, language: Language) -> str:
        agent = self.agent
        state = self.toolkit.state
        if state is None:
            state = await in_database(PlanEngine.of, self.toolkit.engine.name)
        span = [plain(at) for at in (state.span_start_at, state.span_end_at) if at]
        return Template(prompt("agent")).safe_substitute(
            name=agent.name,
            role=agent.role or "-",
            goal=agent.goal or "-",
            instructions=agent.instructions or "-",
            language=_LANGUAGE_NAMES[language],
            now=plain(timezone.now()),
            zone=timezone.get_current_timezone_name(),
            engine=state.name,
            simulated="simulated, say so" if state.simulated else "a real one",
            span=" to ".join(span) if span else "what a query says",
        )

    # --- model and tools ----------------------------------------------------------------------

    async def _converse(
        self, messages: list[dict[str, Any]], asked: Reading, language: Language
    ) -> Draft | None:
        """Model and tools by turns; None when it ended without an answer in words."""
        for step in range(1, settings.CHAT_MAX_STEPS + 1):
            last = step == settings.CHAT_MAX_STEPS
            with_tools = not last or step == 1
            if last and step > 1:
                messages.append({"role": "user", "content": prompt("last_step")})
            readings = self._readings(asked)
            may_lead = with_tools and await speaks_first(self.agent.model)
            draft = Draft(language, readings, self._is_name, may_lead_to_a_call=may_lead)
            if self._has_shown:
                self._has_shown, self._gap = False, "\n\n"
            reply = await self._speak(messages, draft, with_tools=with_tools)
            if not reply.tool_calls:
                self._show(draft.end())
                if not draft.composer.text().strip():
                    raise LLMBrokenOff("empty")
                return draft
            if self._has_shown:  # words before a call: whole, then
                self._show(draft.end())
            messages.append(as_message(reply))
            for number, call in enumerate(reply.tool_calls):
                told = TOO_MANY_CALLS
                if number < MOST_CALLS:
                    told = as_data((await self.toolkit.call(call.name, call.arguments)).text)
                messages.append({"role": "tool", "tool_call_id": call.id, "content": told})
        return None

    def _readings(self, asked: Reading) -> dict[str, Reading]:
        """By id; the memories last, for what the plan states too is the plan's."""
        read = sorted(self.toolkit.readings, key=lambda one: one.id.startswith("m"))
        return {one.id: one for one in (asked, *read)}

    def _is_name(self, word: str) -> bool:
        return word in plain_names(self.toolkit.engine.name)

    async def _speak(
        self, messages: list[dict[str, Any]], draft: Draft, *, with_tools: bool
    ) -> Reply:
        """One reply of the model, streamed on as it comes."""
        whole = Reply("")
        async for delta in stream(
            messages,
            max_tokens=MAX_TOKENS,
            model=self.agent.model or None,
            tools=self.toolkit.schemas() if with_tools else (),
        ):
            if delta.text:
                self._show(draft.feed(delta.text))
            if delta.reply is not None:
                whole = delta.reply
        return whole

    def _show(self, text: str) -> None:
        if text:
            self._has_shown = True
            self.emit(Chunk(self._gap + text))
            self._gap = ""

    # --- the end ------------------------------------------------------------------------------

    def _finish(self, draft: Draft, understood: Understood, asked: Reading) -> None:
        composer, note = draft.composer, draft.note
        answer, text = composer.answer(), composer.text()
        cited = {*answer.asked, *_CITED.findall(text)}
        quoted = [one for one in self.toolkit.readings if one.id[0] == "m" and one.id in cited]
        found = [one for one in self.toolkit.readings if one.id[0] == "m" and one not in quoted]
        read = [one for one in self.toolkit.readings if one.id[0] != "m"]
        question = [asked] if asked.id in answer.asked else []
        named = things_named(answer, composer.readings)
        beside = self._beside(note, composer, is_from_nowhere=not read and not quoted)
        self._show(beside)
        self.emit(
            Final(
                answer=text + beside,
                outcome=note.outcome,
                segments=answer,
                understood=replace(
                    as_the_model_took_it(understood, note),
                    shown=named,
                ),
                sources=(*plan_sources(self.toolkit, answer, named), *map(source_of, quoted)),
                tools=tuple(self.toolkit.uses),
                kind="state" if read else "knowledge",
                evidence=tuple(one.as_json() for one in (*question, *read, *quoted)),
                used=used(found, "recalled") | used(quoted, "quoted"),
                engine=self.toolkit.engine.name if read else "",
                mode="llm",
                beside=beside,
            )
        )

    def _beside(self, note: Note, composer: Composer, *, is_from_nowhere: bool) -> str:
        """What the note tells the reader, in our words, below the answer."""
        language, readings = composer.language, composer.readings
        said = []
        if note.missing:
            missing = Composer(language, composer.zone, readings)
            missing.say("llm_missing")
            slots = SlotStream(missing, self._is_name)
            slots.feed("; ".join(note.missing))
            slots.end()
            said.append(missing.text())
        for key, ids in (("contradicts", note.contradicts), ("suspicious", note.suspicious)):
            if names := [
                _label(readings[one], language) for one in dict.fromkeys(ids) if one in readings
            ]:
                said.append(aside(self.toolkit, language, [f"llm_{key}"], names=names))
        if is_from_nowhere:
            said.append(aside(self.toolkit, language, ["model_only"]))
        return "".join(f"\n\n{one}" for one in said)

    async def _without_the_model(
        self, error: LLMError, question: str, history: Sequence[Turn], language: Language
    ) -> None:
        if self._has_shown or isinstance(error, LLMBrokenOff):
            message = why(self.toolkit, language, error, "llm_broke_off")
            self.emit(Failed("llm_unavailable", message, tuple(self.toolkit.uses)))
            return
        reason = why(self.toolkit, language, error, "llm_down")
        await self.fallback.answer(question, history, instead_of_llm=reason)


def as_the_model_took_it(understood: Understood, note: Note) -> Understood:
    """The question by the note; what a follow-up goes on from is still as the rules took it."""
    if not note.question:
        return replace(
            understood, parts=understood.parts or (shown_text(understood.standing),), unused=()
        )
    parts = tuple(shown_text(one) for one in (note.question, *note.assumed))
    return replace(understood, standing=parts[0], parts=parts, unused=())


def shown_text(text: str) -> str:
    """As it may be stored and composed from."""
    return mask_secrets(clean(text))


def _label(reading: Reading, language: Language) -> str:
    """What a person knows a reading by."""
    known = reading.result
    name = str(known.get("user_query") or known.get("job") or what_was_read(reading, language, {}))
    return shown_text(name).rstrip(" ?!.")


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
