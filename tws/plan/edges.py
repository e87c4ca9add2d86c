"""The dependencies of a job or a job stream, as HWA wrote them → rows, and the prompts in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from knowledge.cleaning import clean_json
from tws.hwa.schemas import Dependency, TimeRestrictions
from tws.hwa.tolerance import understand
from tws.plan.models import PlanDependency, PlanJob, PlanJobStream, PlanPrompt
from tws.plan.rows import Raw, as_id, bare

TARGETS = {
    "INTERNAL": "job",
    "EXTERNAL_JOB": "job",
    "EXTERNAL_JOBSTREAM": "stream",
    "RESOURCE": "resource",
    "PROMPT": "prompt",
    "FILE": "file",
    "JOIN": "join",
    "INTERNETWORK": "network",
}


@dataclass(slots=True)
class Edges:
    """What one object depends on."""

    dependencies: list[PlanDependency] = field(default_factory=list)
    prompts: list[PlanPrompt] = field(default_factory=list)


def edges_of(node: PlanJob | PlanJobStream, written: Any) -> Edges:
    """Rows of the list that HWA gave as the object's dependencies; and its start time, a TIME.

    One that can't be read is a row of no kind, with what HWA wrote: it is not left out.
    """
    edges = Edges()
    if written is None and node.dependency_count:
        written = [{}]  # HWA counts some, and tells none
    for raw, join in _flat(clean_json(written)):
        try:
            told, _odd = understand(Dependency, raw)
        except ValidationError:
            told = Dependency()
        row = _row(node, len(edges.dependencies) + 1, raw, told, join)
        edges.dependencies.append(row)
        if row.kind == "PROMPT":
            edges.prompts.append(_prompt(node, row, told))
    if node.earliest_start_at is not None:
        edges.dependencies.append(_start_time(node, len(edges.dependencies) + 1))
    return edges


def _flat(written: Any, join: str = "") -> Iterator[tuple[Raw, str]]:
    """Each dependency with the name of the JOIN that it is a member of."""
    if written is not None and not isinstance(written, list):
        written = [written]
    for raw in written or []:
        if not isinstance(raw, dict):
            raw = {"unreadable": raw}
        yield raw, join
        yield from _flat(raw.get("members"), str(raw.get("joinName") or join))


def _row(
    node: PlanJob | PlanJobStream, number: int, raw: Raw, told: Dependency, join: str
) -> PlanDependency:
    kind = told.dependency_type or ""
    row = PlanDependency(
        **_of(node),
        number=number,
        kind=kind,
        join_name=join or told.join_name or "",
        join_quantity=told.join_quantity,
        target_kind=TARGETS.get(kind, ""),
        is_satisfied=told.satisfied,
        status=told.dependency_status or "",
        is_mandatory=told.mandatory,
        raw=raw,
    )
    _aim(row, told)
    return row


def _aim(row: PlanDependency, told: Dependency) -> None:
    """What it waits for."""
    predecessor = told.predecessor_status
    row.target_status = (predecessor and predecessor.status) or ""
    row.target_stream = told.job_stream_name or ""
    row.target_workstation = bare(told.job_stream_workstation or told.workstation)
    row.target_scheduled_at = told.job_stream_sched_time
    row.quantity = told.quantity
    row.text = told.text or ""
    match row.target_kind:
        case "job":
            row.target_id, row.target_name = as_id(told.job_id), told.job_name or ""
        case "stream":
            row.target_id = as_id(told.job_stream_id)
            row.target_name = told.job_stream_name or ""
        case "prompt":
            row.target_name = told.prompt_name or ""
            row.target_id = as_id(told.id) or row.target_name
            row.target_status = told.prompt_status or ""
        case "file":
            row.target_name = (told.file.name if told.file else None) or ""
            row.target_workstation = bare(told.file.workstation if told.file else None)
        case "join":
            row.target_name = told.join_name or ""
        case "network":
            row.target_name = told.dependency or told.network_agent or ""
        case _:
            row.target_name = told.name or ""


def _prompt(node: PlanJob | PlanJobStream, row: PlanDependency, told: Dependency) -> PlanPrompt:
    return PlanPrompt(
        engine=node.engine,
        hwa_id=row.target_id,
        name=row.target_name,
        number=told.number,
        text=row.text,
        status=row.target_status,
        type=told.prompt_type or "",
        fetched_at=node.fetched_at,
    )


def _start_time(node: PlanJob | PlanJobStream, number: int) -> PlanDependency:
    limits = node.raw.get("timeRestrictions")
    told, _odd = understand(TimeRestrictions, limits if isinstance(limits, dict) else {})
    return PlanDependency(
        **_of(node),
        number=number,
        kind="TIME",
        target_kind="time",
        at=node.earliest_start_at,
        is_satisfied=told.start_time_satisfied,
    )


def _of(node: PlanJob | PlanJobStream) -> dict[str, Any]:
    is_job = isinstance(node, PlanJob)
    return {
        "engine": node.engine,
        "of_kind": "job" if is_job else "stream",
        "of_id": node.hwa_id,
        "of_name": node.name,
        "of_stream": node.stream_name if isinstance(node, PlanJob) else node.name,
        "fetched_at": node.fetched_at,
    }
