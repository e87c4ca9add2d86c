"""What can be asked of the plan: each entity, its fields, their types, and where they come from.

How a field is called in Portuguese and English stands in `knowledge/hwa/fields.toml`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    DateTimeField,
    Expression,
    F,
    FloatField,
    Model,
    OuterRef,
    Q,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Extract, NullIf

from knowledge.hwa.statuses import GROUPS
from tws.plan.models import (
    AT_RISK,
    PlanDependency,
    PlanJob,
    PlanJobStream,
    PlanPrompt,
    PlanResource,
    PlanRun,
    PlanWorkstation,
    StatusCount,
)
from tws.plan.query.asked import PlanQueryRefused

Kind = Literal["name", "word", "text", "number", "minutes", "time", "flag", "words", "data"]
"""`name`: of an object of the plan, refused when there is none. `word`: one of a few.
`minutes`: a duration. `words`: a list of words. `data`: shown only."""

Source = str | Callable[[datetime], Any]


OUTPUTS: dict[str, Any] = {
    "word": TextField(),
    "number": BigIntegerField(),
    "minutes": FloatField(),
    "time": DateTimeField(),
}
"""As what SQL gives a field whose expression mixes several."""


@dataclass(frozen=True, slots=True)
class Field:
    """`source` is a column, or makes an expression of it that may depend on now.

    `known`: the values there can be, where that is no matter of the plan. `implied`: what holds
    wherever the field is known, in terms that an index serves.
    """

    kind: Kind
    source: Source
    known: tuple[str, ...] = ()
    implied: Callable[[datetime], Q] | None = None

    @property
    def is_text(self) -> bool:
        """Whether HWA's silence is "" in the column, not null."""
        return self.kind in {"name", "word", "text"} and isinstance(self.source, str)

    def expression(self, now: datetime) -> Any:
        """What SQL reads it from; null when HWA does not say."""
        if callable(self.source):
            return self.source(now)
        if self.is_text:
            return NullIf(F(self.source), Value(""), output_field=TextField())
        return F(self.source)


@dataclass(frozen=True, slots=True)
class Entity:
    """`shown`: the columns when the question names none; `weight`: what a group adds up."""

    model: type[Model]
    fields: Mapping[str, Field]
    shown: tuple[str, ...]
    order: tuple[str, ...]
    key: str = "hwa_id"
    weight: str = ""
    read_per_object: bool = False  # by the reader, slowly: not all may be known
    listed: str = ""  # HWA's list, which a user may have no right to

    def field(self, name: str) -> Field:
        """PlanQueryRefused when there is no such field."""
        found = self.fields.get(name)
        if found is None:
            raise PlanQueryRefused(f"There is no field {name!r} here.", sorted(self.fields))
        return found


GROUP = Field("word", "group", tuple(GROUPS))
DONE = ("success", "cancelled", "suppressed")
"""Groups in which nothing is to be waited for any more."""
_DUE = ~Q(group__in=DONE) & Q(deadline_at__isnull=False)


def _minutes(column: str) -> Field:
    return Field("minutes", lambda now: _in_minutes(F(column)))


def _in_minutes(seconds: Expression | F) -> Expression:
    """Exact, since it is compared with. As a float: to order 30,000 decimals takes 100 ms."""
    return Cast(seconds, FloatField()) / Value(60.0)


def _between(start: Expression | F, end: Expression | F) -> Expression:
    return _in_minutes(Cast(Extract(end - start, "epoch"), FloatField()))


def running_for(now: datetime, runs: Q) -> Expression:
    """How long what runs has been running; null where the engine's clock is ahead of ours."""
    since = _between(F("started_at"), Value(now))
    return Case(When(runs & Q(started_at__lte=now), then=since), output_field=FloatField())


def _running(now: datetime) -> Expression:
    return running_for(now, Q(group="running"))


def _overdue(now: datetime) -> Expression:
    """How long ago the deadline passed of what is not done; null when it has not."""
    overdue = Q(_DUE, deadline_at__lt=now)
    return Case(
        When(overdue, then=_between(F("deadline_at"), Value(now))), output_field=FloatField()
    )


def _left(now: datetime, seconds: str) -> Q:
    """Whether this many seconds from now, or from its start, lie beyond the deadline."""
    takes = F(seconds) * Value(timedelta(seconds=1))
    runs = Q(group="running", deadline_at__lt=F("started_at") + takes)
    waits = ~Q(group="running") & Q(deadline_at__lt=Value(now) + takes)
    return runs | waits


def _risk(now: datetime) -> Expression:
    """HWA's own word first, then its estimate, then what history says; null without a deadline."""
    flags = Q(deadline_passed=True) | Q(_DUE, deadline_at__lt=now)
    late = Q(is_late=True) | Q(latest_start_passed=True)
    return Case(
        When(group__in=DONE, then=Value(None)),
        When(flags, then=Value("deadline_passed")),
        When(late, then=Value("late")),
        When(deadline_at=None, then=Value(None)),
        When(_left(now, "estimated_seconds"), then=Value("will_miss")),
        When(_left(now, "usual_high_seconds"), then=Value("may_miss")),
        default=Value("none"),
        output_field=CharField(null=True),
    )


RISKS = ("deadline_passed", "late", "will_miss", "may_miss", "none")


def _waits_for(kind: str) -> Callable[[datetime], Any]:
    def names(now: datetime) -> ArraySubquery:
        open_ones = PlanDependency.objects.filter(
            ~Q(is_satisfied=True), engine=OuterRef("engine"), of_kind=kind, of_id=OuterRef("hwa_id")
        )
        return ArraySubquery(open_ones.order_by("number").values("target_name"))

    return names


RUNNING_MINUTES = Field("minutes", _running, implied=lambda now: Q(group="running"))
_NODE = {
    "workstation": Field("name", "workstation"),
    "folder": Field("name", "folder"),
    "key": Field("text", "key"),
    "status": Field("word", "status"),
    "substatus": Field("word", "substatus"),
    "common_status": Field("word", "common_status"),
    "group": GROUP,
    "priority": Field("number", "priority"),
    "scheduled": Field("time", "scheduled_at"),
    "start": Field("time", "started_at"),
    "end": Field("time", "ended_at"),
    "elapsed_minutes": _minutes("elapsed_seconds"),
    "running_minutes": RUNNING_MINUTES,
    "estimated_minutes": _minutes("estimated_seconds"),
    "estimated_end": Field("time", "estimated_end_at"),
    "earliest_start": Field("time", "earliest_start_at"),
    "latest_start": Field("time", "latest_start_at"),
    "deadline": Field("time", "deadline_at"),
    "overdue_minutes": Field("minutes", _overdue, implied=lambda now: Q(deadline_at__lt=now)),
    "late": Field("flag", "is_late"),
    "cancelled": Field("flag", "is_cancelled"),
}

JOBS = Entity(
    PlanJob,
    {
        "job": Field("name", "name"),
        "stream": Field("name", "stream_name"),
        "stream_workstation": Field("name", "stream_workstation"),
        **_NODE,
        "ran_on": Field("name", "actual_workstation"),
        "return_code": Field("number", "return_code"),
        "job_number": Field("number", "job_number"),
        "runs": Field("number", "run_count"),
        "rerun": Field("flag", "is_rerun"),
        "critical": Field("flag", "is_critical"),
        "critical_start": Field("time", "critical_start_at"),
        "risk": Field("word", _risk, RISKS, implied=lambda now: AT_RISK),
        "urgent": Field("flag", "is_urgent"),
        "needs_confirmation": Field("flag", "needs_confirmation"),
        "login": Field("word", "login"),
        "recovery": Field("word", "recovery"),
        "description": Field("text", "description"),
        "usual_minutes": _minutes("usual_seconds"),
        "usual_runs": Field("number", "usual_runs"),
        "waits_for": Field("words", _waits_for("job")),
        "open_dependencies": Field("number", "open_dependency_count"),
    },
    shown=("job", "stream", "workstation", "status", "scheduled", "start", "end", "return_code"),
    order=("scheduled", "stream", "job"),
)
RUNS = Entity(
    PlanRun,
    {
        "job": Field("name", "job_name"),
        "stream": Field("name", "stream_name"),
        "stream_workstation": Field("name", "stream_workstation"),
        "workstation": Field("name", "workstation"),
        "ran_on": Field("name", "actual_workstation"),
        "folder": Field("name", "folder"),
        "number": Field("number", "number"),
        "job_number": Field("number", "job_number"),
        "status": Field("word", "status"),
        "substatus": Field("word", "substatus"),
        "common_status": Field("word", "common_status"),
        "group": GROUP,
        "return_code": Field("number", "return_code"),
        "scheduled": Field("time", "scheduled_at"),
        "submitted": Field("time", "submitted_at"),
        "start": Field("time", "started_at"),
        "end": Field("time", "ended_at"),
        "elapsed_minutes": _minutes("elapsed_seconds"),
        "running_minutes": RUNNING_MINUTES,
        "estimated_minutes": _minutes("estimated_seconds"),
        "critical": Field("flag", "is_critical"),
        "rerun": Field("flag", "is_rerun"),
        "rerun_type": Field("word", "rerun_type"),
        "last": Field("flag", "is_last"),
        "login": Field("word", "login"),
        "job_id": Field("data", "job_id"),
    },
    shown=("job", "stream", "workstation", "status", "start", "end", "return_code"),
    order=("start", "job"),
    key="run_id",
)
JOB_STREAMS = Entity(
    PlanJobStream,
    {
        "stream": Field("name", "name"),
        **_NODE,
        "limit": Field("number", "job_limit"),
        "jobs": Field("number", "job_count"),
        "successful_jobs": Field("number", "successful_jobs"),
        "running_jobs": Field("number", "running_jobs"),
        "failed_jobs": Field("number", "failed_jobs"),
        "waiting_jobs": Field("number", "waiting_jobs"),
        "undecided_jobs": Field("number", "undecided_jobs"),
        "released": Field("flag", "is_released"),
        "waits_for": Field("words", _waits_for("stream")),
        "open_dependencies": Field("number", "open_dependency_count"),
    },
    shown=("stream", "workstation", "status", "scheduled", "start", "end", "jobs", "failed_jobs"),
    order=("scheduled", "stream"),
)
WORKSTATIONS = Entity(
    PlanWorkstation,
    {
        "workstation": Field("name", "name"),
        "folder": Field("name", "folder"),
        "type": Field("word", "type"),
        "os": Field("word", "os"),
        "version": Field("word", "version"),
        "node": Field("text", "node_name"),
        "domain": Field("word", "domain"),
        "host": Field("name", "host_workstation"),
        "agent_id": Field("text", "agent_id"),
        "limit": Field("number", "job_limit"),
        "fence": Field("number", "fence"),
        "linked": Field("flag", "is_linked"),
        "jobman_up": Field("flag", "is_jobman_up"),
        "problems": Field("words", "problems", ("unlinked", "jobman_down", "limit_0", "fence")),
        "started": Field("time", "started_at"),
        "time_zone": Field("word", "time_zone"),
        "description": Field("text", "description"),
    },
    shown=("workstation", "type", "linked", "jobman_up", "limit", "fence", "problems"),
    order=("workstation",),
    listed="/plan/workstation",
)
RESOURCES = Entity(
    PlanResource,
    {
        "resource": Field("name", "name"),
        "workstation": Field("name", "workstation"),
        "folder": Field("name", "folder"),
        "quantity": Field("number", "quantity"),
        "available": Field("number", "available"),
        "in_use": Field("number", "in_use"),
        "status": Field("word", "status"),
        "holders": Field("data", "holders"),
        "description": Field("text", "description"),
    },
    shown=("resource", "workstation", "quantity", "available", "in_use"),
    order=("resource", "workstation"),
    listed="/plan/resource",
)
PROMPT_STATUSES = ("NOT_ASKED", "ASKED", "ANSWERED_YES", "ANSWERED_NO")
PROMPTS = Entity(
    PlanPrompt,
    {
        "prompt": Field("name", "name"),
        "number": Field("number", "number"),
        "status": Field("word", "status", PROMPT_STATUSES),
        "type": Field("word", "type"),
        "text": Field("text", "text"),
    },
    shown=("prompt", "number", "status", "text"),
    order=("number", "prompt"),
    read_per_object=True,
)
DEPENDENCIES = Entity(
    PlanDependency,
    {
        "of": Field("name", "of_name"),
        "of_stream": Field("name", "of_stream"),
        "of_kind": Field("word", "of_kind", ("job", "stream")),
        "kind": Field("word", "kind"),
        "join": Field("name", "join_name"),
        "target": Field("text", "target_name"),
        "target_kind": Field("word", "target_kind"),
        "target_stream": Field("name", "target_stream"),
        "target_workstation": Field("name", "target_workstation"),
        "target_status": Field("word", "target_status"),
        "at": Field("time", "at"),
        "satisfied": Field("flag", "is_satisfied"),
        "mandatory": Field("flag", "is_mandatory"),
        "status": Field("word", "status"),
        "quantity": Field("number", "quantity"),
        "text": Field("text", "text"),
    },
    shown=("of", "of_stream", "kind", "target", "target_status", "satisfied"),
    order=("of_stream", "of"),
    key="id",
    read_per_object=True,
)
COUNTS = Entity(
    StatusCount,
    {
        "at": Field("time", "taken_at"),
        "kind": Field("word", "kind", ("job", "stream")),
        "status": Field("word", "status"),
        "group": GROUP,
        "count": Field("number", "count"),
    },
    shown=("at", "kind", "status", "count"),
    order=("-at", "kind", "-count"),
    key="id",
    weight="count",
)
ENTITIES: dict[str, Entity] = {
    "jobs": JOBS,
    "runs": RUNS,
    "job_streams": JOB_STREAMS,
    "workstations": WORKSTATIONS,
    "resources": RESOURCES,
    "prompts": PROMPTS,
    "dependencies": DEPENDENCIES,
    "counts": COUNTS,
}


def entity_named(name: str) -> Entity:
    """PlanQueryRefused when there is no such entity."""
    found = ENTITIES.get(name)
    if found is None:
        raise PlanQueryRefused(f"There is nothing called {name!r} to ask for.", list(ENTITIES))
    return found
