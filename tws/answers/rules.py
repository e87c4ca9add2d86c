"""The agent by rules: it understands a question, reads what that takes, and says it."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from textwrap import shorten
from typing import Any, get_args
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language

from knowledge.claims.inert import one_line
from knowledge.claims.phrases import PHRASES
from knowledge.folding import fold
from knowledge.fusion import CERTAIN, POSSIBLE
from knowledge.hwa.statuses import Language
from knowledge.language import language_of
from knowledge.retrieval import SearchUnavailable
from knowledge.secrets import mask_secrets
from tws.answers.events import Chunk, Emit, Event, Failed, Final, Turn
from tws.answers.memories import OwnMemories, Recall, Recalled, source_of, used
from tws.answers.saying import beside, knowledge, objects, queries, talk
from tws.answers.saying.speech import Speech
from tws.answers.sources import plan_sources
from tws.answers.toolkit import EngineDown, NotRead, Toolkit
from tws.answers.understanding.about import objects_of
from tws.answers.understanding.asked import (
    About,
    Ask,
    AskBack,
    Asked,
    Before,
    CannotKnow,
    CompareDays,
    CompareRuns,
    Define,
    Engine,
    Impact,
    Knowledge,
    LogOf,
    More,
    NotFound,
    NotUnderstood,
    Order,
    SmallTalk,
    Summary,
    Thing,
    Understood,
)
from tws.answers.understanding.choosing import chosen
from tws.answers.understanding.drafts import condition
from tws.answers.understanding.understanding import understand
from tws.database import in_turn
from tws.models import Agent
from tws.plan.models import PlanEngine

logger = logging.getLogger(__name__)

_WITHOUT_THE_PLAN = (SmallTalk, CannotKnow, Define)
_NO_THREAD = (SmallTalk, CannotKnow, Define, Order, Knowledge, AskBack)
"""What leaves the thread of a conversation as it was, unless it named an object."""


@dataclass(slots=True)
class RuleAgent:
    """Answers one question at a time from what it read and from quoted memories, nothing else."""

    agent: Agent
    toolkit: Toolkit
    emit: Emit
    recall: Recall
    own: OwnMemories | None = None
    """None where nobody has signed in."""

    async def answer(
        self,
        text: str,
        history: Sequence[Turn] = (),
        *,
        taken: Understood | None = None,
        instead_of_llm: str = "",
    ) -> None:
        """Emit the answer's Chunks and its Final, or Failed when HWA does not answer.

        `taken` is the question when it is known already, and nothing of the text is read.
        `instead_of_llm` says why the LLM did not answer: then the answer begins with it, and having
        none is the LLM's failure.
        """
        if history and (earlier := history[-1].understood) and (full := chosen(text, earlier)):
            text, history = full, history[:-1]
        last = thread_of(history)
        text, self.toolkit.as_last_read = _asked_of_now(text)
        known, state = (taken, None) if taken else await self._taken(text, last)
        speech = Speech(self.toolkit, self.emit, self._spoken(known.language))
        try:
            if state is None:
                understood = known
                await self.toolkit.plan()
            else:
                understood = await self._with_the_plan(known, state, text, last)
        except EngineDown as down:
            self._fail(down, text, speech.language)
            return
        note = ""
        if instead_of_llm:
            by_rules = aside(self.toolkit, speech.language, ["llm_by_rules"])
            note = f"{instead_of_llm} {by_rules}\n\n"
            self.emit(Chunk(note))
        try:
            await self._say(speech, understood)
        except EngineDown as down:
            self._fail(down, text, speech.language)
            return
        except NotRead as error:
            talk.not_read(speech, error)
        self._finish(speech, _to_go_on(understood, speech, last), note)

    async def understood(self, text: str, last: Turn | None) -> Understood:
        """What the question asks. EngineDown when that takes a plan that can't be read."""
        return await self._with_the_plan(*await self._taken(text, last), text, last)

    async def _taken(self, text: str, last: Turn | None) -> tuple[Understood, PlanEngine]:
        """What the question asks, by the names that are in the database, and how old those are."""

        def take() -> tuple[Understood, PlanEngine]:
            state = PlanEngine.of(self.toolkit.engine.name)
            understood = understand(
                text,
                now=timezone.now(),
                zone=ZoneInfo(timezone.get_current_timezone_name()),
                engine=self.toolkit.engine.name,
                last=last.understood if last else None,
                page_language=self.language,
                read_at=state.fetched_at,
            )
            return understood, state

        return await in_turn(take)

    async def _with_the_plan(
        self, taken: Understood, known: PlanEngine, text: str, last: Turn | None
    ) -> Understood:
        """The same, with a plan to answer from; taken anew where it was read only now."""
        if isinstance(taken.asked, _WITHOUT_THE_PLAN):
            return taken
        try:
            state = await self.toolkit.plan(known)
        except EngineDown:
            if isinstance(taken.asked, (Knowledge, Order)):
                return taken
            raise
        if state.fetched_at != known.fetched_at:
            taken, _ = await self._taken(text, last)
        return taken

    @property
    def language(self) -> Language:
        """The page's."""
        return self._spoken(
            "pt" if (get_language() or settings.LANGUAGE_CODE)[:2] == "pt" else "en"
        )

    def _spoken(self, language: Language) -> Language:
        """The language, when the agent speaks it; else the one it speaks."""
        codes = [code[:2] for code in self.agent.languages if code[:2] in get_args(Language)]
        if not codes or language in codes:
            return language
        return "pt" if codes[0] == "pt" else "en"

    # --- what fits what is asked --------------------------------------------------------------

    async def _say(self, speech: Speech, understood: Understood) -> None:
        asked = understood.asked
        standing = understood.standing
        match asked:
            case SmallTalk(topic="remember") if self.own:
                await knowledge.say_own(speech, self.own)
            case SmallTalk():
                talk.small_talk(speech, asked)
            case CannotKnow():
                talk.cannot_know(speech, asked)
            case AskBack():
                talk.ask_back(speech, asked)
            case Order():
                await knowledge.say_order(speech, asked)
            case Define():
                await self._define(speech, asked, standing)
            case Knowledge():
                await self._from_memory(speech, standing, "cannot.knowledge")
            case NotUnderstood():
                if not await knowledge.say_memory(speech, self.recall, standing, CERTAIN):
                    talk.not_understood(speech, asked)
            case NotFound():
                if not await self._explains(speech, standing, asked.name):
                    await talk.not_found(speech, asked)
            case _plan:
                await self._say_of_the_plan(speech, understood)

    async def _say_of_the_plan(self, speech: Speech, understood: Understood) -> None:
        known = asyncio.create_task(self._known(understood.standing))
        try:
            await self._say_asked(speech, understood.asked)
            if understood.also:
                first, speech.shown[:] = speech.shown[:], []
                speech.paragraph()
                await self._say_asked(speech, understood.also)
                speech.shown[:] = speech.shown or first
            if memory := await known:
                speech.paragraph()
                await knowledge.quote_beside(speech, memory)
        finally:
            known.cancel()

    async def _say_asked(self, speech: Speech, asked: Asked) -> None:
        match asked:
            case Ask():
                await queries.ask(speech, asked)
                if asked.then and (found := next(iter(speech.shown), None)):
                    await self._go_on(speech, asked, found)
            case More():
                await queries.more(speech, asked.last)
            case About():
                await objects.about(speech, asked, self.recall)
            case LogOf():
                await beside.log(speech, asked)
            case Impact():
                await beside.impact(speech, asked)
            case Before():
                await beside.before(speech, asked)
            case CompareRuns():
                await beside.compare_runs(speech, asked)
            case CompareDays():
                await beside.compare_days(speech, asked)
            case Summary():
                await beside.summary(speech)
            case Engine():
                await beside.engine(speech)

    async def _go_on(self, speech: Speech, asked: Ask, found: Thing) -> None:
        if asked.then == "log":
            await beside.log(speech, LogOf(found))
        else:
            failed = condition("group", "=", "failed") in asked.query.where
            of_it = About(found, "why_failed" if failed else "why")
            await objects.about(speech, of_it, self.recall)
        speech.shown[:] = [found]

    async def _known(self, question: str) -> Recalled | None:
        """An approved answer to this very question, which then stands below the plan's."""
        try:
            found = await self.recall(question, knowledge.SEARCHED)
        except SearchUnavailable:
            logger.warning("memories can't be searched", exc_info=True)
            return None
        asked = fold(question).strip(" ?!.")
        same = (one for one in found if fold(one.user_query).strip(" ?!.") == asked)
        return next((one for one in same if one.trust == "trusted" and not one.is_history), None)

    async def _define(self, speech: Speech, asked: Define, question: str) -> None:
        """What one return code means a memory may know; what such codes are, the vocabulary."""
        one = knowledge.names_a_return_code(question)
        if one and await knowledge.say_memory(speech, self.recall, question, CERTAIN):
            return
        if not knowledge.say_definitions(speech, asked):
            await self._from_memory(speech, question, "cannot.term")
        elif one:
            speech.outcome = "partial"

    async def _from_memory(
        self, speech: Speech, question: str, otherwise: str, least: float = POSSIBLE
    ) -> None:
        if not await knowledge.say_memory(speech, self.recall, question, least):
            talk.cannot(speech, otherwise)

    async def _explains(self, speech: Speech, question: str, name: str) -> bool:
        """Whether a memory explains a name that the plan does not have."""
        found = await self.recall(question, knowledge.SEARCHED)
        naming = [one for one in found if fold(name) in fold(one.user_query + one.agent_response)]
        best = knowledge.best_of(naming, question, CERTAIN)
        if best is not None:
            await knowledge.quote(speech, best)
        return best is not None

    # --- the end ------------------------------------------------------------------------------

    def _finish(self, speech: Speech, understood: Understood, note: str) -> None:
        if note and speech.outcome not in {"answered", "partial"}:
            self.emit(Failed("llm_unavailable", f"{note}{speech.text}", tuple(self.toolkit.uses)))
            return
        if speech.outcome == "answered" and understood.unused:
            speech.outcome = "partial"
        evidence = speech.evidence
        read = any(one["id"][0] in "ql" for one in evidence)
        quoted = [one for one in speech.quoted if one.result["memory_id"]]
        answer = speech.composer.answer()
        things = (*objects_of(understood.asked), *speech.shown)
        self.emit(
            Final(
                answer=note + speech.text,
                outcome=speech.outcome,
                segments=answer,
                understood=understood,
                suggestions=tuple(speech.suggestions),
                sources=(*plan_sources(self.toolkit, answer, things), *map(source_of, quoted)),
                tools=tuple(self.toolkit.uses),
                kind="state" if read else "knowledge",
                evidence=tuple(evidence),
                used=used(quoted, "quoted"),
                engine=self.toolkit.engine.name if read else "",
                note=note,
            )
        )

    def _fail(self, down: EngineDown, text: str, language: Language) -> None:
        speech = Speech(self.toolkit, _silent, language)
        talk.down(speech, down)
        message = speech.text
        if down.since is not None:  # the engine's own words, or the network's
            said = one_line(mask_secrets(down.why), end=" ")
            message = f"{message} ({shorten(said, talk.ENGINE_SAID, placeholder=' …')})"
        again = (f"{text} ({_AS_LAST_READ[language]})",) if down.last_read_at else ()
        self.emit(Failed("hwa_unavailable", message, tuple(self.toolkit.uses), again))

    def too_slow(self, question: str) -> str:
        language = self._spoken(language_of(question) or self.language)
        return aside(self.toolkit, language, ["too_slow"])


def thread_of(history: Sequence[Turn]) -> Turn | None:
    """The turn that a follow-up is about: the last that asked something of the plan.

    What an LLM has answered with objects of the plan did, whatever the rules made of the question.
    """
    for turn in reversed(history):
        told = turn.understood
        if told and isinstance(told.asked, AskBack):
            continue  # what it offers was no answer
        if told and isinstance(told.asked, NotUnderstood) and not told.shown:
            if objects_of(told.asked.meant):
                return turn
            continue
        if told and (
            told.shown or objects_of(told.asked) or not isinstance(told.asked, _NO_THREAD)
        ):
            return turn
    return None


_AS_LAST_READ: dict[Language, str] = {"pt": "como lido por último", "en": "as last read"}
_LAST_READ = re.compile(r"[,;(]?\s*\b(?:como lido por ultimo|as last read)\b\)?")


def _asked_of_now(text: str) -> tuple[str, bool]:
    """The question, and whether it asks for the plan as it was when HWA last answered."""
    found = _LAST_READ.search(fold(text))
    return (text[: found.start()] + text[found.end() :], True) if found else (text, False)


def _to_go_on(understood: Understood, speech: Speech, last: Turn | None) -> Understood:
    """As the next question finds it: with what was listed, and where the list goes on.

    Who asks about one of a list may ask about the second one next.
    """
    asked = understood.also or understood.asked
    asked = asked.last if isinstance(asked, More) else asked
    if isinstance(asked, Ask):
        asked = replace(asked, query=asked.query.model_copy(update={"after": speech.next}))
    shown = tuple(speech.shown)
    listed = last.understood.shown if last and last.understood else ()
    one = [thing.id for thing in objects_of(understood.asked)]
    if len(one) == 1 and {thing.id for thing in shown} <= set(one) <= {x.id for x in listed}:
        shown = listed
    return replace(understood, asked=asked, also=None, shown=shown)


def aside(toolkit: Toolkit, language: Language, keys: Sequence[str], **values: Any) -> str:
    """Sentences that are no part of an answer: why there is none, or where it comes from."""
    speech = Speech(toolkit, _silent, language)
    speech.note(**values)
    for key in keys:
        shown = PHRASES[key][language].shown
        speech.say(key, **{name: f"u1.understood.{name}" for name in shown})
    return speech.text


def _silent(_event: Event) -> None: ...
