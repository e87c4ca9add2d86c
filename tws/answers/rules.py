"""The rule-based agent: takes a question apart, asks the tools, says what they returned."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from django.conf import settings

from knowledge.text import fold
from tws.answers import about_jobs, about_plan, memories
from tws.answers.desk import CannotAnswer, Desk, NoAnswer, ToolFailed
from tws.answers.intents import Question, is_how_to, understand
from tws.answers.language import Language, choose_language
from tws.answers.memories import Fit, Recall, Recalled, fit
from tws.answers.names import Name, names_in, names_in_play, offered, ordinal_in
from tws.answers.phrases import say
from tws.errors import TWSBadReply
from tws.events import Chunk, Failed, Final, Turn
from tws.models import Agent
from tws.tools.reading import OPEN
from tws.tools.toolbox import Emit, Outcome, Toolbox

DEFAULT_HOURS = 24.0


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
                message = desk.say("llm_unavailable", reason=desk.quoted(instead_of_llm))
                self.emit(Failed("llm_unavailable", message, tuple(self.toolbox.uses)))
            else:
                self._finish(desk, no.text, [], answered=False)
        except NoAnswer as no:
            self._finish(desk, no.text, [], answered=False)
        except ToolFailed as failed:
            self._fail(desk, failed)
        else:
            self._finish(desk, own, cited, note=desk.say("llm_down") if instead_of_llm else "")

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
        parts = [part for part in (note, own) if part]
        parts += [
            memories.quote(memory, desk.language, direct=self._asked_for(memory))
            for memory in cited
        ]
        if own and answered and self.toolbox.evidence:
            parts.append(self._source_line(desk))
        answer = "\n\n".join(parts)
        for line in answer.splitlines(keepends=True):
            self.emit(Chunk(line))
        box = self.toolbox
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


class NotAName(Exception):
    """A word that might have been a name, and is none in the plan."""


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


_ASKS_WHAT = re.compile(r"\bjobs?\b|^\W*(?:what|o que|que|algo|anything|alguma? coisa)\b")
_HOLDING = r"segur\w+|bloque\w+|imped\w+|prend\w+|block\w*|hold\w*(?: up| back)?"
_WAITING_FOR = r"esper\w+|aguard\w+|wait\w* (?:for|on)"


@dataclass(slots=True)
class Route:
    """From a question's signs to the answer that fits; None when none does."""

    desk: Desk
    question: Question
    history: Sequence[Turn]
    given: Name | None = None

    async def follow(self) -> str | None:
        names = [self.given] if self.given else names_in(self.question.text)
        if names and names[0].certain:
            return await self._about(names[0])
        if self._points_back():
            return await self._about(self._pointed_at())
        if names and not self._is_about_the_plan():
            try:
                return await self._about(names[0])
            except NotAName:
                pass  # a word of the question after all
        return await self._about_the_plan()

    # Which one

    def _is_about_the_plan(self) -> bool:
        """Whether the question makes sense without a name: then a stray word is not one."""
        asks = self.question
        return asks.has(
            "count",
            "list",
            "summary",
            "late",
            "critical",
            "deadline",
            "prompts",
            "engine",
            "recent",
        ) or (asks.has("streams", "stations", "resources") and not asks.has("why", "log"))

    def _points_back(self) -> bool:
        """`and its log?`, `why?`: about what was spoken of before."""
        asks = self.question
        if not self.history:
            return False
        if asks.has("just_why", "log"):
            return True
        if ordinal_in(asks.text) is not None:
            return True
        pronoun = re.search(
            r"\b(dele|dela|del[ea]s|desse|dessa|deste|desta|ele|ela|isso|esse job|it|its|this|that"
            r"|that job|this job|the job|o job|them|do (?:primeiro|segundo|terceiro|ultimo))\b",
            asks.folded,
        )
        of_one = asks.has("why", "successors", "predecessors", "runs", "status_word", "wait")
        if self._is_about_the_plan() and not asks.has("why", "successors", "predecessors", "runs"):
            return False
        return pronoun is not None and (of_one or len(asks.folded.split()) < 8)

    def _pointed_at(self) -> Name:
        names = names_in_play(self.history)
        if not names:
            raise NoAnswer(self.desk.say("which_name"))
        nth = ordinal_in(self.question.text)
        if nth is not None and -1 <= nth < len(names):
            return Name(names[nth])
        if len(names) > 1:
            raise NoAnswer(self.desk.say("which_of", names=self.desk.names(names[:8], last="or")))
        return Name(names[0])

    # About one thing

    async def _about(self, name: Name) -> str | None:
        asks, desk = self.question, self.desk
        if re.search(r"[*%]", name.text):
            return await about_jobs.listed(desk, self._list_statuses(), name=name.text)
        if name.kind == "workstation":
            return await self._on_workstation(name)
        if name.kind == "stream":
            return await self._in_stream(name)
        if name.kind == "resource":
            return await about_plan.resources(desk, name.text)
        about_one = ("log", "successors", "predecessors", "runs", "why")
        waits_for_it = self._stands_after(_WAITING_FOR, name)
        if asks.has("count", "jobs_of", "left") and not (asks.has(*about_one) or waits_for_it):
            return await self._inside(name)
        topic = self._job_topic(name)
        if topic is None:
            return await self._whatever_it_is(name)
        found = await desk.ask("get_job", **about_jobs.about(name))
        if not found["items"]:
            return await self._whatever_it_is(name)
        return await topic(name)

    def _stands_after(self, verbs: str, name: Name) -> bool:
        """Whether the name is what the verb is done to: "what is blocking X", not "X blocks"."""
        pattern = rf"\b(?:{verbs})\s+(?:(?:o|a|the|job|pelo|por)\s+)*{re.escape(fold(name.text))}\b"
        return re.search(pattern, self.question.folded) is not None

    def _job_topic(self, name: Name) -> Callable[[Name], Awaitable[str]] | None:
        """What is asked about a job, by the strongest sign; None when only its name is given."""
        asks, desk = self.question, self.desk
        if asks.has("log"):
            return lambda name: about_jobs.log(desk, name, asks)
        if asks.has("just_why"):
            return lambda name: about_jobs.why(desk, name)
        if self._stands_after(_HOLDING, name):
            return lambda name: about_jobs.why(desk, name)
        if asks.has("successors") or self._stands_after(_WAITING_FOR, name):
            return lambda name: about_jobs.successors(desk, name)
        if asks.has("fail"):
            return lambda name: about_jobs.explain_failure(desk, name)
        if asks.has("wait"):
            return lambda name: about_jobs.why_waits(desk, name)
        if asks.has("predecessors"):
            return lambda name: about_jobs.predecessors(desk, name)
        if asks.has("runs"):
            return lambda name: about_jobs.runs(desk, name)
        if asks.has("why"):
            return lambda name: about_jobs.why(desk, name)
        return None

    async def _on_workstation(self, name: Name) -> str:
        if self.question.has("jobs_of", "count") or re.search(r"\bjobs?\b", self.question.folded):
            return await about_jobs.listed(
                self.desk, self._list_statuses(), workstation=name.text.upper()
            )
        return await about_plan.workstation(self.desk, name.text)

    async def _in_stream(self, name: Name) -> str:
        asks, desk = self.question, self.desk
        if asks.has("count"):
            return await about_plan.counts(desk, asks.statuses, stream=name.text.upper())
        if asks.has("jobs_of", "left", "fail"):
            return await self._jobs_in_stream(name)
        return await about_plan.stream(desk, name.text)

    async def _jobs_in_stream(self, name: Name) -> str:
        stream = name.text.upper()
        said = await about_jobs.listed(self.desk, self._list_statuses(), stream=stream)
        whole = await about_plan.stream(self.desk, stream)
        return f"{whole}\n\n{said}"

    def _list_statuses(self) -> tuple[str, ...]:
        asks = self.question
        if asks.statuses:
            return asks.statuses
        if asks.has("left"):
            return OPEN
        return ("failed",) if asks.has("fail") else ()

    async def _inside(self, name: Name) -> str:
        """Jobs of something whose kind the question does not say: a stream, a workstation."""
        found = await self.desk.ask("find_object", name=name.text)
        if found["jobStreams"]:
            return await self._in_stream(name)
        if found["workstations"]:
            return await self._on_workstation(name)
        if not name.certain and self.question.has("jobs_of"):
            # "jobs da folha": a part of their names.
            part = f"*{name.text.upper()}*"
            if (await self.desk.ask("find_jobs", name=part))["items"]:
                return await about_jobs.listed(self.desk, (), name=part)
        return await self._whatever_it_is(name)

    async def _whatever_it_is(self, name: Name) -> str:
        """Job, stream or workstation: all that have the name are told."""
        desk = self.desk
        found = await desk.ask("find_object", name=name.text)
        said = []
        if found["jobs"] and name.kind in ("", "job"):
            said.append(await about_jobs.status(desk, name))
        if found["jobStreams"]:
            said += [about_plan.stream_line(desk, one) for one in found["jobStreams"]]
            if self.question.has("fail", "why") and not found["jobs"]:
                failed = await about_jobs.listed(desk, ("failed",), stream=name.text.upper())
                said.append(failed)
        if found["workstations"]:
            said += [about_plan.station_line(desk, one) for one in found["workstations"]]
        if not said:
            raise await self._no_such(name)
        return "\n\n".join(said)

    async def _no_such(self, name: Name) -> NoAnswer:
        if not name.certain:
            raise NotAName(name.text)
        return await about_jobs.unknown(
            self.desk, name, "unknown_job" if name.kind == "job" else "unknown_name"
        )

    # About the plan

    async def _about_the_plan(self) -> str | None:
        asks, desk = self.question, self.desk
        if asks.hours and not asks.has("fail") and self._spoke_of_failures():
            return await about_jobs.failed_recently(desk, asks.hours)
        if asks.has("summary"):
            return await about_plan.summary(desk)
        if asks.has("prompts"):
            return await about_plan.prompts(desk)
        if asks.has("resources"):
            return await about_plan.resources(desk)
        if asks.has("deadline"):
            return await about_plan.deadlines(desk)
        if asks.has("critical"):
            return await about_plan.critical(desk)  # each with whether it is late
        if asks.has("late"):
            return await about_plan.late(desk)
        if asks.has("by_workstation"):
            return await about_plan.counts_by_workstation(desk)
        if asks.has("stations"):
            return await about_plan.workstations(desk, only_problems=asks.has("stations_problem"))
        if asks.has("streams"):
            return await self._streams()
        return await self._jobs()

    def _spoke_of_failures(self) -> bool:
        return bool(self.history) and any(
            use.tool == "failed_jobs" for use in self.history[-1].tools
        )

    async def _streams(self) -> str:
        groups = self.question.statuses or (
            ("failed", "stuck") if self.question.has("fail") else ()
        )
        return await about_plan.streams(self.desk, groups)

    async def _jobs(self) -> str | None:
        asks, desk = self.question, self.desk
        if asks.has("count") and not asks.hours:
            return await about_plan.counts(desk, asks.statuses)
        if asks.has("fail") and (asks.hours or asks.has("recent")):
            return await about_jobs.failed_recently(desk, asks.hours or DEFAULT_HOURS)
        if asks.has("count"):
            return await about_plan.counts(desk, asks.statuses)
        if asks.has("engine") and not asks.statuses:
            return await about_plan.engine(desk)
        if asks.statuses and (asks.has("list") or _ASKS_WHAT.search(asks.folded)):
            return await about_jobs.listed(desk, asks.statuses)
        if asks.has("why", "log", "successors", "predecessors", "runs") and re.search(
            r"\b(?:jobs?|it|ele|fal\w+|fail\w*|log)\b", asks.folded
        ):
            raise NoAnswer(desk.say("which_name"))
        return None
