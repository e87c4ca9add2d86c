"""The rule-based agent: takes a question apart, asks the tools, says what they returned."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.conf import settings

from tws.answers import memories
from tws.answers.desk import CannotAnswer, Desk, NoAnswer, ToolFailed
from tws.answers.events import Chunk, Failed, Final, Turn
from tws.answers.intents import Question, is_how_to, understand
from tws.answers.language import Language, choose_language
from tws.answers.memories import Fit, Recall, Recalled, fit
from tws.answers.names import Name, names_in, offered, ordinal_in
from tws.answers.phrases import say
from tws.answers.route import Route
from tws.hwa.errors import TWSBadReply
from tws.models import Agent
from tws.tools.toolbox import Emit, Outcome, Toolbox


@dataclass(slots=True)
class RuleAgent:
    """Answers one question at a time from tool results and cited memories, and nothing else."""

    agent: Agent
    toolbox: Toolbox
    emit: Emit
    recall: Recall
    _text: str = ""

    async def answer(
        self, text: str, history: Sequence[Turn] = (), *, instead_of_llm: str = ""
    ) -> None:
        """Emit the answer's Chunks and its Final, or Failed when HWA does not answer.

        `instead_of_llm` says why the LLM did not answer: then the answer says where it comes from,
        and having none is the LLM's failure.
        """
        desk = Desk(self.toolbox, self.language_of(text, history))
        self._text = text
        try:
            own, cited = await self._answer(desk, text, history)
        except CannotAnswer as no:
            if instead_of_llm:
                message = desk.say("llm_unavailable", reason=instead_of_llm)
                self.emit(Failed("llm_unavailable", message, tuple(self.toolbox.uses)))
            else:
                self._finish(desk, no.text, [], answered=False)
        except NoAnswer as no:
            self._finish(desk, no.text, [], answered=False)
        except ToolFailed as failed:
            self._fail(desk, failed)
        else:
            note = desk.say("llm_down", reason=instead_of_llm) if instead_of_llm else ""
            self._finish(desk, own, cited, note=note)

    def is_small_talk(self, text: str) -> bool:
        return _small_talk(Desk(self.toolbox, "en"), understand(text)) is not None

    def failed_for_hwa(self, language: Language) -> bool:
        """Emit Failed when HWA did not answer and nothing was read; whether that was so."""
        box = self.toolbox
        if box.unavailable is None or box.evidence:
            return False
        failed = ToolFailed(box.uses[-1].tool, Outcome(False, {}, error=str(box.unavailable)))
        self._fail(Desk(box, language), failed)
        return True

    def language_of(self, text: str, history: Sequence[Turn] = ()) -> Language:
        earlier = [turn.question for turn in history]
        return choose_language(text, earlier, self.agent.languages, settings.LANGUAGE_CODE)

    def too_slow(self, text: str) -> str:
        return say(self.language_of(text), "too_slow", seconds=f"{settings.CHAT_RUN_SECONDS:g}")

    async def _answer(
        self, desk: Desk, text: str, history: Sequence[Turn]
    ) -> tuple[str, list[Recalled]]:
        """What is said of the plan, and the memories that are quoted beside it or instead."""
        try:
            text, name = _resumed(text, history)
        except WhichOf as several:
            names = desk.names(several.names, last="or")
            raise NoAnswer(desk.say("which_of", names=names)) from None
        question = understand(text)
        if chat := _small_talk(desk, question):
            raise NoAnswer(chat)
        knowledge = is_how_to(question)
        if knowledge or _describes_a_case(question):
            least = Fit.CLOSE if knowledge else Fit.DIRECT
            if cited := await memories.fitting(self.recall, text, least, history=False):
                return "", cited
            named = any(one.certain for one in names_in(text))
            if knowledge and not (named and question.has("why", "fail", "wait", "status_word")):
                raise CannotAnswer(desk)
        try:
            said = await Route(desk, question, history, name).follow()
        except NoAnswer:
            # A name the plan does not have may be one that a memory explains.
            if cited := await memories.fitting(self.recall, text, Fit.DIRECT, history=False):
                return "", cited
            raise
        if said is not None:
            return said, []
        if cited := await memories.fitting(self.recall, text):
            return "", cited
        raise CannotAnswer(desk)

    def _finish(
        self,
        desk: Desk,
        own: str,
        cited: Sequence[Recalled],
        *,
        answered: bool = True,
        note: str = "",
    ) -> None:
        box = self.toolbox
        left_out = max((one["result"].get("leftOut", 0) for one in box.evidence), default=0)
        said = desk.say("left_out", count=left_out) if own and left_out else ""
        parts = [part for part in (note, own, said) if part]
        parts += [
            memories.quote(memory, desk.language, direct=self._asked_for(memory))
            for memory in cited
        ]
        if own and answered and self.toolbox.evidence:
            parts.append(self._source_line(desk))
        answer = "\n\n".join(parts)
        for line in answer.splitlines(keepends=True):
            self.emit(Chunk(line))
        self.emit(
            Final(
                answer=answer,
                sources=(
                    *box.sources,
                    *(memories.source(memory, desk.language) for memory in cited),
                ),
                tools=tuple(box.uses),
                kind="state" if box.evidence else "knowledge",
                evidence=tuple(box.evidence),
                cites=tuple(memory.memory_id for memory in cited),
                answered=answered,
                note=note,
            )
        )

    def _asked_for(self, memory: Recalled) -> bool:
        return fit(self._text, memory) is Fit.DIRECT

    def _source_line(self, desk: Desk) -> str:
        oldest = min(str(one["fetched_at"]) for one in self.toolbox.evidence)
        engine = self.toolbox.engine
        if self.toolbox.simulated:
            engine = desk.say("simulated", engine=engine)
        return desk.say("source", engine=engine, time=desk.moment(oldest))

    def _fail(self, desk: Desk, failed: ToolFailed) -> None:
        box = self.toolbox
        engine = box.engine or "HWA"
        if box.unavailable is not None:
            since = box.down_since
            told = desk.say("since", time=desk.moment(since)) if since else ""
            message = desk.say("unavailable", engine=engine, since=told, reason=desk.quoted(failed))
            self.emit(Failed("hwa_unavailable", message, tuple(box.uses)))
            return
        if failed.tool not in box.names:
            text = desk.say("not_allowed", tool=failed.tool)
        elif isinstance(failed.outcome.cause, TWSBadReply):
            text = desk.say("bad_reply", engine=engine, reason=desk.quoted(failed))
        else:
            text = desk.say("refused", engine=engine, reason=desk.quoted(failed))
        self._finish(desk, text, [], answered=False)


CASE_WORDS = 10


def _describes_a_case(question: Question) -> bool:
    """A long question that names nothing of the plan, counts nothing and looks back no hours."""
    return (
        len(question.folded.split()) >= CASE_WORDS
        and question.hours is None
        and not question.has("count", "list", "recent", "summary")
        and not any(name.certain for name in names_in(question.text))
    )


class WhichOf(Exception):
    """ "Yes" to more than one offered name."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def _resumed(text: str, history: Sequence[Turn]) -> tuple[str, Name | None]:
    """The question meant, when this one only answers "did you mean …?" or names another job."""
    if not history:
        return text, None
    choices = offered(history)
    question = understand(text)
    if choices and question.has("yes"):
        if len(choices) == 1 or ordinal_in(text) == 0:
            return history[-1].question, Name(choices[0])
        raise WhichOf(choices)
    names = names_in(text)
    alone = re.fullmatch(r"\W*[\w#./-]+\W*", text) is not None
    if len(names) == 1 and alone and history[-1].question:
        return history[-1].question, replace(names[0], certain=True)
    return text, None


def _small_talk(desk: Desk, question: Question) -> str | None:
    if question.has("thanks"):
        return desk.say("thanks")
    if question.has("hello") or (question.has("help") and len(question.text) < 80):
        return desk.say("help", examples=desk.say("examples"))
    verb_first = re.match(r"\W*(?:por favor |please |can you |voce pode )?", question.folded)
    rest = question.folded[verb_first.end() if verb_first else 0 :]
    if question.has("act") and not question.text.rstrip().endswith("?") and _ORDER.match(rest):
        return desk.say("read_only")
    return None


_ORDER = re.compile(
    r"(?:reexecute|rode de novo|rerun|reinicie|restart|cancele|cancel|mate|kill|libere|release"
    r"|submeta|submit|confirme|confirm|altere|mude|change|pare|stop|hold|segure|responda|reply)\b"
)
