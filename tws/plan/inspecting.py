"""One object of the plan, whole: what it is, its runs, why it waits, what it holds up, its rule.

A fact that HWA does not give is null; `details_read` says whether dependencies were read at all,
`not_shown` how many elements a list lacks that is longer than what is shown of it.
"""

from __future__ import annotations

from typing import Any, Literal

from django.db.models import Q, QuerySet
from django.utils import timezone

from tws.plan.models import (
    PlanDefinition,
    PlanDependency,
    PlanEngine,
    PlanJob,
    PlanJobStream,
    PlanRun,
)
from tws.plan.query.catalogue import ENTITIES, JOB_STREAMS, JOBS, RESOURCES, WORKSTATIONS, Entity
from tws.plan.query.values import plain
from tws.plan.waiting import why_it_waits

Kind = Literal["job", "stream", "workstation", "resource"]
_ENTITIES: dict[Kind, Entity] = {
    "job": JOBS,
    "stream": JOB_STREAMS,
    "workstation": WORKSTATIONS,
    "resource": RESOURCES,
}
MOST_RUNS = 10
MOST_EDGES = 100
_RUN = (
    "number",
    "status",
    "return_code",
    "start",
    "end",
    "elapsed_minutes",
    "job_number",
    "ran_on",
)
_EDGE = (
    "kind",
    "target",
    "target_kind",
    "target_stream",
    "target_status",
    "satisfied",
    "join",
    "at",
)
_TEXT = 4_000


def inspect(engine: str, kind: Kind, hwa_id: str) -> dict[str, Any] | None:
    """The object as it stands in the plan; None when it is not there (any more)."""
    entity = _ENTITIES[kind]
    fields = _row(entity, Q(engine=engine, hwa_id=hwa_id), tuple(entity.fields))
    if not fields:
        return None
    state = PlanEngine.objects.get(pk=engine)
    known = {"kind": kind, **fields[0], "engine": engine, "fetched_at": plain(state.fetched_at)}
    if kind in {"job", "stream"}:
        known |= _of_node(engine, kind, hwa_id)
    if kind == "job":
        known["last_runs"] = _runs(engine, hwa_id)
    if not_shown := _left_out(known, Q(engine=engine), hwa_id):
        known["not_shown"] = not_shown
    return known


def _left_out(known: dict[str, Any], engine: Q, hwa_id: str) -> dict[str, int]:
    """How many elements the lists lack that are at their bound."""
    bounded = {
        "last_runs": (MOST_RUNS, PlanRun.objects.filter(job_id=hwa_id)),
        "dependencies": (MOST_EDGES, PlanDependency.objects.filter(of_id=hwa_id)),
        "holds_up": (MOST_EDGES, _held_up(hwa_id)),
    }
    full = {name for name, (most, _) in bounded.items() if len(known.get(name, ())) == most}
    left = {name: bounded[name][1].filter(engine).count() - bounded[name][0] for name in full}
    return {name: number for name, number in left.items() if number > 0}


def _held_up(hwa_id: str) -> QuerySet[PlanDependency]:
    return PlanDependency.objects.filter(~Q(is_satisfied=True), target_id=hwa_id)


def _row(entity: Entity, which: Q, names: tuple[str, ...], most: int = 1) -> list[dict[str, Any]]:
    now = timezone.now()
    columns = {f"v_{name}": entity.fields[name].expression(now) for name in names}
    rows = entity.model._default_manager.filter(which).order_by("pk").annotate(**columns)
    return [
        {"id": str(row[entity.key]), **{name: plain(row[f"v_{name}"]) for name in names}}
        for row in rows.values(entity.key, *columns)[:most]
    ]


def _of_node(engine: str, kind: str, hwa_id: str) -> dict[str, Any]:
    """Dependencies and rule, as far as they have been read."""
    nodes = PlanJob.objects if kind == "job" else PlanJobStream.objects
    node = nodes.get(engine=engine, hwa_id=hwa_id)
    of_it = Q(engine=engine, of_kind=kind, of_id=hwa_id)
    edges = _row(ENTITIES["dependencies"], of_it, _EDGE, MOST_EDGES)
    held = _held_up(hwa_id).filter(engine=engine)
    return {
        "details_read": node.details_read_at is not None and not node.details_due,
        "dependencies": edges,
        "waits": why_it_waits(node),
        "holds_up": list(held.order_by("of_name").values_list("of_name", flat=True)[:MOST_EDGES]),
        "definition": _definition(engine, kind, node.definition_id),
    }


def _definition(engine: str, kind: str, definition_id: str) -> dict[str, Any] | None:
    found = PlanDefinition.objects.filter(engine=engine, kind=kind, hwa_id=definition_id).first()
    if found is None or not definition_id:
        return None
    return {
        "name": found.name,
        "folder": found.folder,
        "workstation": found.workstation,
        "owner": found.owner or None,
        "description": found.description or None,
        "documentation": found.documentation[:_TEXT] or None,
        "calendars": found.calendars,
        "run_cycles": found.run_cycles,
        "fetched_at": plain(found.fetched_at),
    }


def _runs(engine: str, job_id: str) -> list[dict[str, Any]]:
    ids = PlanRun.objects.filter(engine=engine, job_id=job_id).order_by("-number", "-pk")
    newest = list(ids.values_list("pk", flat=True)[:MOST_RUNS])
    found = _row(ENTITIES["runs"], Q(pk__in=newest), _RUN, MOST_RUNS)
    return sorted(found, key=lambda run: -(run["number"] or 0))
