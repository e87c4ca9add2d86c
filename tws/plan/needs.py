"""What needs a person now, by its cause: one dead agent with forty jobs is one line.

A cause is a place that starts no jobs, a question that HWA asks, jobs that failed alike (the same
return code on the same workstation), a job stream that is stuck or late by itself. Late and stuck
jobs that one of these holds up are part of its line. All of it is read off the plan's rows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.db.models import Q
from django.utils import timezone

from tws.plan.models import AT_RISK, PlanDependency, PlanPrompt, PlanWorkstation
from tws.plan.query.catalogue import DONE, JOBS
from tws.plan.query.values import plain
from tws.plan.scope import Scope
from tws.plan.spreading import Node, Spread, spread

Kind = Literal["place", "prompt", "failed", "stuck", "late"]
Need = Literal["failed", "stuck", "late", "will_miss", "ready"]
MOST_JOBS = 4_000
"""Of each need so many are looked at, the newest failures and the nearest deadlines first."""
SHOWN = 25
SHOWN_JOBS = 6
_STARTS_NONE = frozenset({"unlinked", "jobman_down", "limit_0"})
_RISKS: dict[str, Need] = {"deadline_passed": "late", "late": "late", "will_miss": "will_miss"}
_COLUMNS = (
    "hwa_id", "name", "stream_id", "stream_name", "workstation", "status", "group", "return_code",
    "ended_at", "deadline_at", "is_critical",
)  # fmt: skip
Job = dict[str, Any]


@dataclass(slots=True)
class Cause:
    """A line: what is wrong, and which jobs need somebody for it."""

    key: str
    kind: Kind
    said: dict[str, Any]
    jobs: list[Job] = field(default_factory=list)
    held_up: int = 0
    critical: int = 0

    def told(self) -> dict[str, Any]:
        deadlines = [job["deadline_at"] for job in self.jobs if job["deadline_at"]]
        return {
            "key": self.key,
            "kind": self.kind,
            **self.said,
            "needs": Counter(job["need"] for job in self.jobs),
            "held_up": self.held_up,
            "critical": self.critical,
            "deadline": plain(min(deadlines, default=None)),
            "jobs": [_told(job) for job in self.jobs[:SHOWN_JOBS]],
        }

    @property
    def weight(self) -> tuple[bool, int, int, str]:
        """What can be mended before what is only late; of each what is critical first, then what
        concerns most jobs."""
        return self.kind == "late", -self.critical, -len(self.jobs) - self.held_up, self.key


def needs_of(scope: Scope) -> dict[str, Any]:
    """`causes` in all, of them `items`, the weightiest first; `jobs` that need somebody, by need.

    `complete`: whether all were looked at. A bounded number of statements, however many fail.
    """
    board = _Board(scope, timezone.now())
    causes = sorted(board.causes(), key=lambda one: one.weight)
    return {
        "causes": len(causes),
        "jobs": Counter(job["need"] for one in causes for job in one.jobs),
        "items": [one.told() for one in causes[:SHOWN]],
        "complete": board.is_whole,
    }


class _Board:
    """The lines as they come to be: first the causes, then what they hold up."""

    def __init__(self, scope: Scope, now: datetime) -> None:
        self.scope = scope
        self.now = now
        self.is_whole = True
        self._causes: dict[str, Cause] = {}
        self._sources: dict[Node, str] = {}
        self._placed: set[str] = set()

    def causes(self) -> list[Cause]:
        places = {one.name: one for one in self.scope.workstations.exclude(problems=[])}
        for place in places.values():
            self._cause("place", place.name, **_place(place))
        closed = {name for name, one in places.items() if _STARTS_NONE & set(one.problems)}
        self._prompts()
        troubled = self._troubled(closed)
        for job in troubled:
            if job["workstation"] in closed and _is_of_the_place(job):
                self._add(self._causes[f"place {job['workstation']}"], job)
            elif job["need"] == "failed":
                self._add(self._failed_alike(job), job)
        found = spread(self.scope.engine, self._sources)
        self.is_whole &= found.is_whole
        for job in troubled:
            if job["hwa_id"] not in self._placed:
                self._held_up_or_alone(job, found)
        self._count(troubled, found)
        return list(self._causes.values())

    def _cause(self, kind: Kind, *names: Any, **said: Any) -> Cause:
        key = " ".join(map(str, (kind, *names)))
        return self._causes.setdefault(key, Cause(key, kind, said))

    def _add(self, cause: Cause, job: Job) -> None:
        cause.jobs.append(job)
        self._placed.add(job["hwa_id"])
        self._sources["job", job["hwa_id"]] = cause.key

    def _failed_alike(self, job: Job) -> Cause:
        alike = {name: job[name] for name in ("workstation", "return_code", "status")}
        return self._cause("failed", *alike.values(), **alike)

    def _prompts(self) -> None:
        """Those asked that hold something of what is looked at."""
        asked = PlanPrompt.objects.filter(engine=self.scope.engine, status="ASKED")
        prompts = {one.name: one for one in asked[:MOST_JOBS]}
        edges = PlanDependency.objects.filter(
            ~Q(is_satisfied=True), engine=self.scope.engine, target_kind="prompt",
            target_name__in=list(prompts),
        )  # fmt: skip
        if self.scope.is_narrowed:
            jobs, streams = (self.scope.jobs.values(name) for name in ("hwa_id", "stream_id"))
            edges = edges.filter(
                Q(of_kind="job", of_id__in=jobs) | Q(of_kind="stream", of_id__in=streams)
            )
        for name, kind, of_id in edges.values_list("target_name", "of_kind", "of_id"):
            prompt = prompts[name]
            cause = self._cause("prompt", name, name=name, number=prompt.number, text=prompt.text)
            self._sources.setdefault(("job" if kind == "job" else "start", of_id), cause.key)

    def _troubled(self, closed: set[str]) -> list[Job]:
        """Each job that needs somebody, once, by the worst of it."""
        jobs = self.scope.jobs
        at_risk = jobs.exclude(group__in=DONE).filter(AT_RISK).order_by("deadline_at")
        risk = JOBS.fields["risk"].expression(self.now)
        found: dict[str, Job] = {}
        for need, rows in (
            ("failed", jobs.filter(group="failed").order_by("-ended_at")),
            ("stuck", jobs.filter(group="stuck")),
            (None, at_risk.annotate(risk=risk).filter(risk__in=_RISKS)),
            ("ready", jobs.filter(group="ready", workstation__in=closed) if closed else None),
        ):
            if rows is None:
                continue
            columns = _COLUMNS if need else (*_COLUMNS, "risk")
            taken = list(rows.values(*columns)[: MOST_JOBS + 1])
            self.is_whole &= len(taken) <= MOST_JOBS
            for job in taken[:MOST_JOBS]:
                found.setdefault(job["hwa_id"], job | {"need": need or _RISKS[job["risk"]]})
        return list(found.values())

    def _held_up_or_alone(self, job: Job, found: Spread) -> None:
        """A late or stuck job goes to what holds it up, else it is a cause of its own stream."""
        key = found.jobs.get(job["hwa_id"])
        if key is None:
            kind: Kind = "stuck" if job["need"] == "stuck" else "late"
            stream = job["stream_name"] or job["name"]
            key = self._cause(kind, stream, stream=stream).key
        self._causes[key].jobs.append(job)

    def _count(self, troubled: list[Job], found: Spread) -> None:
        known = {job["hwa_id"] for job in troubled}
        for hwa_id, key in found.jobs.items():
            self._causes[key].held_up += hwa_id not in known
            self._causes[key].critical += hwa_id in found.critical and hwa_id not in known
        for cause in self._causes.values():
            cause.critical += sum(bool(job["is_critical"]) for job in cause.jobs)


def _is_of_the_place(job: Job) -> bool:
    """It is ready, or failed without a return code of its own: no program of it has ended.

    HWA gives what it lost none, or a negative one.
    """
    code = job["return_code"]
    return job["need"] == "ready" or (job["need"] == "failed" and (code is None or code < 0))


def _place(place: PlanWorkstation) -> dict[str, Any]:
    return {"workstation": place.name, "type": place.type, "problems": place.problems}


def _told(job: Job) -> dict[str, Any]:
    return {
        "id": job["hwa_id"],
        "name": job["name"],
        "stream": job["stream_name"],
        "workstation": job["workstation"],
        "status": job["status"],
        "group": job["group"],
        "need": job["need"],
        "return_code": job["return_code"],
        "ended_at": plain(job["ended_at"]),
        "deadline_at": plain(job["deadline_at"]),
        "critical": bool(job["is_critical"]),
    }
