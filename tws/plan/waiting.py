"""Why something that has not begun does not begin: each reason a dict of its own `reason`.

`time`, `predecessor`, `join`, `prompt`, `resource`, `file`, `network`, `unknown` are what HWA's
dependencies tell; `priority_0`, `fence`, `limit_0`, `limit`, `unlinked`, `jobman_down` and
`stream_limit` what holds a job back that depends on nothing any more. `of` is the name of the
object that is held back: the job itself, or its job stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Q
from django.utils import timezone

from tws.plan.models import (
    PlanDependency,
    PlanJob,
    PlanJobStream,
    PlanResource,
    PlanWorkstation,
)
from tws.plan.query.values import plain

NOT_BEGUN = frozenset({"waiting", "ready", "stuck"})
MOST_REASONS = 100
MOST_HOLDERS = 10
_REASONS = {
    "job": "predecessor",
    "stream": "predecessor",
    "resource": "resource",
    "prompt": "prompt",
    "file": "file",
    "join": "join",
    "network": "network",
}
Node = PlanJob | PlanJobStream
Reason = dict[str, Any]


def why_it_waits(node: Node) -> list[Reason]:
    """Its own reasons, then those of its job stream; none for what runs or is done."""
    if node.group not in NOT_BEGUN:
        return []
    reasons = [*_own(node)]
    if isinstance(node, PlanJob):
        reasons += _of_stream(node)
        reasons += _of_place(node)
    return reasons[:MOST_REASONS]


def _own(node: Node) -> Iterator[Reason]:
    if node.earliest_start_at is not None and node.earliest_start_at > timezone.now():
        yield {"reason": "time", "of": node.name, "at": plain(node.earliest_start_at)}
    if node.priority == 0:
        yield {"reason": "priority_0", "of": node.name, "priority": 0}
    yield from _of_dependencies(node)


def _of_stream(job: PlanJob) -> Iterator[Reason]:
    """What keeps its job stream from beginning, and how many of its jobs may run at once."""
    streams = PlanJobStream.objects.filter(engine=job.engine, hwa_id=job.stream_id)
    stream = streams.first() if job.stream_id else None
    if stream is None:
        return
    if stream.group in NOT_BEGUN:
        yield from _own(stream)
    limit, running = stream.job_limit, stream.running_jobs or 0
    if limit is not None and 0 <= limit <= running:  # -1: as many as there are
        yield {"reason": "stream_limit", "of": stream.name, "limit": limit, "running": running}


# --- what it depends on -------------------------------------------------------------------------


def _of_dependencies(node: Node) -> list[Reason]:
    kind = "job" if isinstance(node, PlanJob) else "stream"
    edges = list(
        PlanDependency.objects.filter(engine=node.engine, of_kind=kind, of_id=node.hwa_id)
        .exclude(kind="TIME")
        .order_by("number")[:MOST_REASONS]
    )
    met = {edge.join_name for edge in edges if edge.kind == "JOIN" and edge.is_satisfied}
    open_ones = [
        edge for edge in edges if edge.is_satisfied is not True and edge.join_name not in met
    ]
    now = _as_they_are(node.engine, open_ones)
    return [_reason(node, edge, edges, now.get(edge.target_id)) for edge in open_ones]


def _as_they_are(engine: str, edges: Iterable[PlanDependency]) -> dict[str, Node]:
    """The predecessors' own rows, which are read more often than the edges."""
    wanted = [edge.target_id for edge in edges if edge.target_id]
    found: dict[str, Node] = {}
    for rows in (PlanJob.objects, PlanJobStream.objects):
        found |= {row.hwa_id: row for row in rows.filter(engine=engine, hwa_id__in=wanted)}
    return found


def _reason(
    node: Node, edge: PlanDependency, edges: Iterable[PlanDependency], target: Node | None
) -> Reason:
    reason: Reason = {
        "reason": _REASONS.get(edge.target_kind, "unknown"),
        "of": node.name,
        "name": edge.target_name or None,
    }
    if edge.join_name and edge.kind != "JOIN":
        reason["join"] = edge.join_name
    match edge.target_kind:
        case "job" | "stream":
            reason |= {
                "kind": edge.target_kind,
                "id": edge.target_id or None,
                "stream": edge.target_stream or None,
                "workstation": edge.target_workstation or None,
                "status": (target.status if target else edge.target_status) or None,
                "group": (target.group or None) if target else None,
                "scheduled": plain(edge.target_scheduled_at),
            }
        case "prompt":
            reason |= {"text": edge.text or None, "status": edge.target_status or None}
        case "resource":
            reason |= _resource(edge)
        case "file":
            reason |= {"workstation": edge.target_workstation or None}
        case "join":
            members = [one for one in edges if one.join_name == edge.join_name and one is not edge]
            reason |= {
                "needed": edge.join_quantity or len(members) or None,
                "members": len(members),
                "satisfied": sum(one.is_satisfied is True for one in members),
            }
    return reason


def _resource(edge: PlanDependency) -> Reason:
    told: Reason = {"needed": edge.quantity, "workstation": edge.target_workstation or None}
    named = PlanResource.objects.filter(engine=edge.engine, name=edge.target_name)
    at = named.filter(Q(workstation=edge.target_workstation) if edge.target_workstation else Q())
    resource = at.first()
    if resource is not None:
        told |= {
            "quantity": resource.quantity,
            "available": resource.available,
            "holders": resource.holders[:MOST_HOLDERS],
        }
    return told


# --- where it would run -------------------------------------------------------------------------


def _of_place(job: PlanJob) -> Iterator[Reason]:
    if not job.workstation:
        return
    for place in PlanWorkstation.objects.filter(engine=job.engine, name=job.workstation):
        said = {"of": job.name, "workstation": place.name}
        for problem in place.problems:
            if problem != "fence":
                yield {"reason": problem, **said}
        if place.fence and job.priority is not None and job.priority <= place.fence:
            yield {"reason": "fence", **said, "fence": place.fence, "priority": job.priority}
        if place.job_limit:
            running = _running_on(job.engine, place.name)
            if running >= place.job_limit:
                yield {"reason": "limit", **said, "limit": place.job_limit, "running": running}


def _running_on(engine: str, workstation: str) -> int:
    at = PlanJob.objects.filter(engine=engine, workstation=workstation)
    return at.filter(group="running").count()
