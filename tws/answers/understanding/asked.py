"""What a question turned out to ask. Plain values: stored with the message, edited by what follows.

`understood_json` and `read_understood` are each other's inverse; what is read is checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Discriminator, TypeAdapter, ValidationError

from knowledge.hwa.statuses import Language
from tws.plan.query.asked import PlanQuery

ObjectKind = Literal["job", "stream", "workstation", "resource", "prompt"]
Focus = Literal["list", "count", "share", "groups", "extreme", "yes_no", "value"]
Facet = Literal[
    "status", "why", "why_failed", "why_waits", "definition", "schedule", "runs", "rerun",
    "failed_before", "value", "holders",
]  # fmt: skip
Run = Literal["last", "first", "previous", "failed"]
PAGE = 20
"""So many rows of a list are shown at once."""
KIND_OF: dict[str, ObjectKind] = {
    "jobs": "job",
    "runs": "job",
    "job_streams": "stream",
    "workstations": "workstation",
    "resources": "resource",
    "prompts": "prompt",
}
"""What the rows of an entity are, or are of."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One object of the plan. `id` is HWA's; "" when several bear the name and all are meant."""

    kind: ObjectKind
    name: str
    id: str = ""
    stream: str = ""
    workstation: str = ""

    @property
    def full_name(self) -> str:
        """A job's with its stream's, which tells it from its namesakes."""
        return f"{self.stream}.{self.name}" if self.stream and self.kind == "job" else self.name


@dataclass(frozen=True, slots=True)
class Ask:
    """A question over the plan, and what of its result is the answer.

    list     the rows                         count   `matched` (of runs: `distinct_jobs`)
    share    `matched` out of `whole`'s       groups  the counts
    extreme  the first row, or group          value   `fields` of the rows
    yes_no   whether anything matches; `every`: the query asks for the exceptions, so that none
             means yes

    `first`: of the groups so many, which have most; `above`: those of more rows than that.
    `then`: of the one object that is found its log, or why it is as it is.
    """

    query: PlanQuery
    focus: Focus = "list"
    fields: tuple[str, ...] = ()
    whole: PlanQuery | None = None
    every: bool = False
    then: Literal["", "why", "log"] = ""
    first: int | None = None
    above: int | None = None
    type: Literal["ask"] = "ask"


@dataclass(frozen=True, slots=True)
class About:
    """One object: `facet` says what of it; `value`: `fields` of it, or of its `run` when said.

    rerun          whether it has more than one run
    failed_before  whether a run failed before the one that ended well
    holders        who uses the resource
    """

    object: Thing
    facet: Facet = "status"
    fields: tuple[str, ...] = ()
    run: Run | None = None
    type: Literal["about"] = "about"


@dataclass(frozen=True, slots=True)
class LogOf:
    object: Thing
    run: Run = "last"
    type: Literal["log"] = "log"


@dataclass(frozen=True, slots=True)
class Impact:
    """What the object holds up; `direct`: only what follows it at once."""

    object: Thing
    direct: bool = False
    type: Literal["impact"] = "impact"


@dataclass(frozen=True, slots=True)
class Before:
    """What the object comes after: its direct predecessors."""

    object: Thing
    type: Literal["before"] = "before"


@dataclass(frozen=True, slots=True)
class CompareRuns:
    """`last_two`: the last run beside the one before it."""

    object: Thing
    last_two: bool = False
    type: Literal["compare_runs"] = "compare_runs"


@dataclass(frozen=True, slots=True)
class CompareDays:
    """`group`: the status group that is compared, None all of them."""

    day: date
    other: date
    group: str | None = "failed"
    type: Literal["compare_days"] = "compare_days"


@dataclass(frozen=True, slots=True)
class Summary:
    """How the plan stands as a whole."""

    type: Literal["summary"] = "summary"


@dataclass(frozen=True, slots=True)
class Engine:
    """About the engine itself: its version, its time zone, how old the plan is."""

    fields: tuple[str, ...] = ()
    type: Literal["engine"] = "engine"


@dataclass(frozen=True, slots=True)
class More:
    """The next page of what was asked last: `query` with its `after` still to be set."""

    last: Ask
    type: Literal["more"] = "more"


@dataclass(frozen=True, slots=True)
class Define:
    """HWA's own words: statuses in capitals, terms by their key in lexicon.toml, message codes."""

    terms: tuple[str, ...]
    type: Literal["define"] = "define"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A question that the plan can't hold and a memory may: contacts, procedures, policies.

    `objects` are the plan's objects that it names.
    """

    objects: tuple[Thing, ...] = ()
    type: Literal["knowledge"] = "knowledge"


@dataclass(frozen=True, slots=True)
class Order:
    """Something to be done, which is not done here: `verb` by its key in lexicon.toml."""

    verb: str
    object: Thing | None = None
    type: Literal["order"] = "order"


@dataclass(frozen=True, slots=True)
class SmallTalk:
    topic: Literal["hello", "thanks", "help", "remember", "bye", "ok"]
    type: Literal["small_talk"] = "small_talk"


@dataclass(frozen=True, slots=True)
class CannotKnow:
    """metrics: CPU, memory, disk; future: what nobody can know; beside: not about HWA at all.

    `object` is one that the question names all the same.
    """

    reason: Literal["metrics", "people", "future", "beside"]
    object: Thing | None = None
    type: Literal["cannot_know"] = "cannot_know"


@dataclass(frozen=True, slots=True)
class AskBack:
    """which_one: of `choices`; what: the question points at something that was never named.

    `written`: what stands in the question where the one that is chosen belongs.
    """

    reason: Literal["which_one", "what"]
    choices: tuple[Thing, ...] = ()
    written: str = ""
    type: Literal["ask_back"] = "ask_back"


@dataclass(frozen=True, slots=True)
class NotFound:
    """A name that nothing in the plan bears, nor anything like it."""

    name: str
    type: Literal["not_found"] = "not_found"


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """`words`: which were not; `nearest`: the question without them, when that can be asked.

    `meant`: what is asked but for those words, which a follow-up edits.
    """

    words: tuple[str, ...] = ()
    nearest: str = ""
    meant: Ask | About | LogOf | Impact | Before | CompareRuns | None = None
    type: Literal["not_understood"] = "not_understood"


Asked = Annotated[
    Ask
    | About
    | LogOf
    | Impact
    | Before
    | CompareRuns
    | CompareDays
    | Summary
    | Engine
    | More
    | Define
    | Knowledge
    | Order
    | SmallTalk
    | CannotKnow
    | AskBack
    | NotFound
    | NotUnderstood,
    Discriminator("type"),
]


@dataclass(frozen=True, slots=True)
class Understood:
    """A question as it was taken.

    `standing`: what was asked as it stands alone, in words; equal to the text for a question that
    is no follow-up. `parts`: how it was understood, in the question's language. `unused`: words
    that could have mattered and were not used. `shown`: the objects that the answer listed, in
    its order, which "the second one" counts by; whoever answers sets it. `also`: the second
    question in one.
    """

    asked: Asked
    language: Language
    standing: str
    parts: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    shown: tuple[Thing, ...] = ()
    also: Asked | None = None

    @property
    def text(self) -> str:
        """runs · ended in error · 02:00–06:00 today · by end"""
        return " · ".join(self.parts)


@cache
def _understood() -> TypeAdapter[Understood]:
    """Made at the first use: it takes as long as a twentieth of a command's start."""
    return TypeAdapter(Understood)


class UnderstoodMalformed(ValueError):
    """Not what `understood_json` gives out."""


def understood_json(understood: Understood) -> dict[str, Any]:
    found: dict[str, Any] = _understood().dump_python(understood, mode="json")
    return found


def read_understood(value: object) -> Understood:
    """The inverse of `understood_json`. UnderstoodMalformed for anything else."""
    try:
        return _understood().validate_python(value)
    except ValidationError as error:
        raise UnderstoodMalformed(str(error)) from error
