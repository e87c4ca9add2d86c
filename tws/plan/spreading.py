"""What each of many causes holds up, found for all of them at once, a step at a time.

As `impact` tells it of one object: a job holds up what depends on it and the end of its job
stream, and a job stream that can't begin its jobs. What several hold up counts for the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

import knowledge.lookups  # noqa: F401  registers `__any`
from tws.plan.impact import Part
from tws.plan.models import PlanDependency, PlanJob, PlanJobStream
from tws.plan.query.catalogue import DONE

MOST_NODES = 5_000
MOST_STEPS = 12
Node = tuple[Part, str]


@dataclass(slots=True)
class Spread:
    """`jobs`: the cause of each job that is held up, the first jobs of a cause included; `critical`
    of them those that are. `reached` is where the search was."""

    jobs: dict[str, str] = field(default_factory=dict)
    critical: set[str] = field(default_factory=set)
    reached: dict[Node, str] = field(default_factory=dict)
    is_whole: bool = True


def spread(engine: str, causes: Mapping[Node, str]) -> Spread:
    """Four statements a step, however many there are; no more than MOST_NODES and MOST_STEPS."""
    found = Spread()
    level = _reached(found, causes.items())
    for _step in range(MOST_STEPS):
        if not level:
            return found
        level = _reached(found, _next(engine, found, level))
    found.is_whole = found.is_whole and not level
    return found


def _reached(found: Spread, nodes: Iterable[tuple[Node, str]]) -> list[Node]:
    """Those that are new."""
    level = []
    for node, cause in nodes:
        if node in found.reached:
            continue
        if len(found.reached) >= MOST_NODES:
            found.is_whole = False
            break
        found.reached[node] = cause
        level.append(node)
    return level


def _next(engine: str, found: Spread, level: list[Node]) -> Iterable[tuple[Node, str]]:
    """What these hold up directly. What is done is no longer held up, and holds up nothing."""
    ids: dict[Part, list[str]] = {"job": [], "end": [], "start": []}
    for part, hwa_id in level:
        ids[part].append(hwa_id)
    of_engine = Q(engine=engine)
    jobs = _open(PlanJob.objects.filter(of_engine, hwa_id__any=ids["job"]))
    begun = _open(PlanJobStream.objects.filter(of_engine, hwa_id__any=ids["start"] + ids["end"]))
    streams = set(begun.values_list("hwa_id", flat=True))
    targets: dict[str, Node] = {one: ("end", one) for one in ids["end"] if one in streams}
    for hwa_id, stream_id, is_critical in jobs.values_list("hwa_id", "stream_id", "is_critical"):
        job: Node = ("job", hwa_id)
        targets[hwa_id] = job
        found.jobs[hwa_id] = found.reached[job]
        if is_critical:
            found.critical.add(hwa_id)
        if stream_id:
            yield ("end", stream_id), found.reached[job]
    inside = PlanJob.objects.filter(
        of_engine, stream_id__any=[one for one in ids["start"] if one in streams]
    )
    for hwa_id, stream_id in _open(inside).values_list("hwa_id", "stream_id"):
        yield ("job", hwa_id), found.reached["start", stream_id]
    waiting = PlanDependency.objects.filter(
        of_engine, ~Q(is_satisfied=True), target_id__any=list(targets)
    )
    for target, kind, of_id in waiting.order_by().values_list("target_id", "of_kind", "of_id"):
        node: Node = ("job" if kind == "job" else "start", of_id)
        yield node, found.reached[targets[target]]


def _open(rows: Any) -> Any:
    return rows.exclude(group__in=DONE).order_by()
