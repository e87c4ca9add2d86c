"""What waits for an object, to the end: everything that can't go on until it has ended well.

A job holds up what depends on it, its job stream (which can't end), and whatever depends on that.
A job stream that can't begin holds up all of its jobs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db.models import Q

from tws.plan.models import PlanDependency, PlanEngine, PlanJob, PlanJobStream
from tws.plan.query.catalogue import DONE
from tws.plan.query.values import plain

MOST_NODES = 5_000
MOST_STEPS = 200
SHOWN = 50

Part = Literal["job", "end", "start"]
"""A job; the end of a job stream, which its jobs hold up; its start, which holds up its jobs."""


@dataclass(slots=True)
class _Node:
    """What is held up, and how much work at least lies between the cause's start and its end."""

    part: Part
    hwa_id: str
    through: timedelta
    because: str


@dataclass(slots=True)
class _Walk:
    engine: str
    nodes: dict[tuple[Part, str], _Node] = field(default_factory=dict)
    jobs: dict[str, PlanJob] = field(default_factory=dict)
    streams: dict[str, PlanJobStream] = field(default_factory=dict)
    is_whole: bool = True

    def reach(self, nodes: Iterable[_Node]) -> list[_Node]:
        """Those of them that are new, or further away than was known."""
        moved: list[_Node] = []
        for node in nodes:
            known = self.nodes.get((node.part, node.hwa_id))
            if known is None and len(self.nodes) >= MOST_NODES:
                self.is_whole = False
            elif known is None or (node.through > known.through and len(moved) < MOST_NODES):
                self.nodes[node.part, node.hwa_id] = node
                moved.append(node)
        return moved


def impact(
    engine: str,
    kind: Literal["job", "stream"],
    hwa_id: str,
    successors: Iterable[tuple[str, str]] = (),
    shown: int = SHOWN,
) -> dict[str, Any] | None:
    """What is held up while the object is not done; None when there is no such object.

    `successors` are kind and id of what HWA says depends on it, where not all edges are read yet.

    `matched` jobs and job streams, of them `critical`; `rows` with their deadlines, the soonest
    first; `until`: when it must have started for every deadline to hold, as far as estimates tell;
    `complete`: whether all edges between the objects are known. `direct`: all that depends on the
    object itself, done or not.
    """
    walk = _Walk(engine)
    start = _start(walk, kind, hwa_id)
    if start is None:
        return None
    told = list(successors)
    level = walk.reach([start, *_told_to_follow(walk, start, told)])
    for _step in range(MOST_STEPS):
        level = walk.reach(_held_up(walk, level))
        if not level:
            return _told(walk, start, shown) | _direct(walk, start, told)
    walk.is_whole = False  # a circle, or a chain beyond measure
    return _told(walk, start, shown) | _direct(walk, start, told)


def _start(walk: _Walk, kind: str, hwa_id: str) -> _Node | None:
    _load(walk, {hwa_id} if kind == "job" else set(), {hwa_id} if kind == "stream" else set())
    known: PlanJob | PlanJobStream | None = (
        walk.jobs.get(hwa_id) if kind == "job" else walk.streams.get(hwa_id)
    )
    if known is None:
        return None
    part: Part = "job" if kind == "job" else "start"
    return _Node(part, hwa_id, _takes(known), "")


def _told_to_follow(
    walk: _Walk, start: _Node, successors: Iterable[tuple[str, str]]
) -> list[_Node]:
    told = list(successors)
    _load(
        walk,
        {hwa_id for kind, hwa_id in told if kind == "job"},
        {hwa_id for kind, hwa_id in told if kind == "stream"},
    )
    found = (_after(walk, start, kind, hwa_id) for kind, hwa_id in told)
    return [node for node in found if node is not None]


def _load(walk: _Walk, jobs: set[str], streams: set[str]) -> None:
    of_engine = Q(engine=walk.engine)
    found = PlanJob.objects.filter(of_engine, hwa_id__in=jobs - walk.jobs.keys())
    walk.jobs |= {job.hwa_id: job for job in found.defer("raw")}
    nodes = PlanJobStream.objects.filter(of_engine, hwa_id__in=streams - walk.streams.keys())
    walk.streams |= {stream.hwa_id: stream for stream in nodes.defer("raw")}


def _takes(known: PlanJob | PlanJobStream) -> timedelta:
    return timedelta(seconds=known.estimated_seconds or 0)


# --- one step further ---------------------------------------------------------------------------


def _held_up(walk: _Walk, level: list[_Node]) -> list[_Node]:
    """What each of these holds up directly, loaded in few questions for the whole level."""
    causes = {node.hwa_id: node for node in level if node.part != "start"}
    dependent = list(
        PlanDependency.objects.filter(
            ~Q(is_satisfied=True), engine=walk.engine, target_id__in=list(causes)
        ).values_list("target_id", "of_kind", "of_id")
    )
    begun = {node.hwa_id: node for node in level if node.part == "start"}
    inside = PlanJob.objects.filter(engine=walk.engine, stream_id__in=list(begun))
    for job in inside.exclude(group__in=DONE).defer("raw")[:MOST_NODES]:
        walk.jobs[job.hwa_id] = job
    _load(
        walk,
        {of_id for _target, kind, of_id in dependent if kind == "job"},
        {of_id for _target, kind, of_id in dependent if kind == "stream"}
        | {walk.jobs[node.hwa_id].stream_id for node in level if node.part == "job"},
    )
    found = [_after(walk, causes[target], kind, of_id) for target, kind, of_id in dependent]
    found += [
        _node(walk, "job", job.hwa_id, begun[job.stream_id])
        for job in walk.jobs.values()
        if job.stream_id in begun and job.group not in DONE
    ]
    found += [_stream_of(walk, node) for node in level if node.part == "job"]
    return [node for node in found if node is not None]


def _after(walk: _Walk, cause: _Node, kind: str, of_id: str) -> _Node | None:
    return _node(walk, "job" if kind == "job" else "start", of_id, cause)


def _node(walk: _Walk, part: Part, hwa_id: str, cause: _Node) -> _Node | None:
    known = walk.jobs.get(hwa_id) if part == "job" else walk.streams.get(hwa_id)
    if known is None or known.group in DONE:
        return None
    takes = _takes(known) if part == "job" else timedelta()
    return _Node(part, hwa_id, cause.through + takes, cause.hwa_id)


def _stream_of(walk: _Walk, node: _Node) -> _Node | None:
    """The end of its job stream, which a job that is not done holds up."""
    return _node(walk, "end", walk.jobs[node.hwa_id].stream_id, node)


# --- what is told -------------------------------------------------------------------------------


def _told(walk: _Walk, start: _Node, shown: int) -> dict[str, Any]:
    engine = PlanEngine.objects.get(pk=walk.engine)
    held = [node for node in walk.nodes.values() if node.hwa_id != start.hwa_id]
    rows = sorted(_distinct(walk, held), key=_soonest)
    by = [moment for node in walk.nodes.values() if (moment := _must_start(walk, node))]
    return {
        "matched": len(rows),
        "jobs": sum(row["kind"] == "job" for row in rows),
        "streams": sum(row["kind"] == "stream" for row in rows),
        "critical": sum(bool(row["critical"]) for row in rows),
        "until": plain(min(by, default=None)),
        "rows": rows[:shown],
        "shown": min(len(rows), shown),
        "complete": walk.is_whole and engine.edges_are_whole,
        "edges_read": engine.edges_read,
        "edges_total": engine.edges_total,
        "engine": engine.name,
        "fetched_at": plain(engine.fetched_at),
    }


def _soonest(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["deadline"] or "9", row["name"], row["id"]


def _direct(walk: _Walk, start: _Node, told: list[tuple[str, str]]) -> dict[str, Any]:
    """What depends on the object itself, by the edges that were read and by what HWA told."""
    edges = PlanDependency.objects.filter(engine=walk.engine, target_id=start.hwa_id)
    found = dict.fromkeys([*edges.order_by("of_name").values_list("of_kind", "of_id"), *told])
    jobs = [of_id for kind, of_id in found if kind == "job"]
    streams = [of_id for kind, of_id in found if kind == "stream"]
    _load(walk, set(jobs), set(streams))
    nodes: list[PlanJob | PlanJobStream] = [
        *(walk.jobs[of_id] for of_id in jobs if of_id in walk.jobs),
        *(walk.streams[of_id] for of_id in streams if of_id in walk.streams),
    ]
    rows = [_row(start.hwa_id, node) for node in nodes[:SHOWN]]
    return {"direct": rows, "direct_matched": len(nodes)}


def _distinct(walk: _Walk, held: list[_Node]) -> list[dict[str, Any]]:
    """A job stream is held up at its start, at its end, or both: one row."""
    rows: dict[str, dict[str, Any]] = {}
    for node in held:
        if node.part == "job":
            rows[node.hwa_id] = _row(node.because, walk.jobs[node.hwa_id])
        else:
            rows.setdefault(node.hwa_id, _row(node.because, walk.streams[node.hwa_id]))
    return list(rows.values())


def _row(because: str, known: PlanJob | PlanJobStream) -> dict[str, Any]:
    job = known if isinstance(known, PlanJob) else None
    return {
        "id": known.hwa_id,
        "kind": "job" if job else "stream",
        "name": known.name,
        "stream": job.stream_name if job else known.name,
        "workstation": known.workstation,
        "status": known.status,
        "deadline": plain(known.deadline_at),
        "critical": job.is_critical if job else None,
        "critical_start": plain(job.critical_start_at) if job else None,
        "because": because,
    }


def _must_start(walk: _Walk, node: _Node) -> datetime | None:
    """When the cause must have started for this object's deadline, and HWA's critical start of it,
    to hold."""
    job = walk.jobs.get(node.hwa_id) if node.part == "job" else None
    known = job or (walk.streams.get(node.hwa_id) if node.part == "end" else None)
    moments = []
    if known and known.deadline_at:
        moments.append(known.deadline_at - node.through)
    if job and job.critical_start_at:
        moments.append(job.critical_start_at - (node.through - _takes(job)))
    return min(moments, default=None)
