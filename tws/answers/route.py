"""From what a question shows to the answer that fits: about one thing, or about the plan."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from knowledge.folding import fold
from tws.answers import about_jobs, about_plan
from tws.answers.desk import Desk, NoAnswer
from tws.answers.events import Turn
from tws.answers.intents import Question
from tws.answers.names import Name, names_in, names_in_play, ordinal_in
from tws.tools.reading import OPEN

DEFAULT_HOURS = 24.0


class NotAName(Exception):
    """A word that might have been a name, and is none in the plan."""


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
