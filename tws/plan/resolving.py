"""Which objects of the plan a name means: exact, in HWA's notations, loosely written, misspelt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from rapidfuzz import fuzz, process

from knowledge.hwa.names import ObjectName, is_pattern, parse
from tws.plan.models import (
    PlanEngine,
    PlanJob,
    PlanJobStream,
    PlanPrompt,
    PlanResource,
    PlanWorkstation,
)
from tws.plan.query.names import like

Kind = Literal["job", "stream", "workstation", "resource", "prompt"]
How = Literal["exact", "notation", "pattern", "loose", "typo"]

MOST_ROWS = 10
MOST_MATCHES = 20
LIKENESS = 75.0
"""A name less alike than this (percent of letters in common) is another name."""
MODELS: dict[Kind, type[Model]] = {
    "job": PlanJob,
    "stream": PlanJobStream,
    "workstation": PlanWorkstation,
    "resource": PlanResource,
    "prompt": PlanPrompt,
}
_SEPARATORS = re.compile(r"[\s_.-]+")


@dataclass(frozen=True, slots=True)
class Match:
    """One name of one kind: how it was found (`score` 0..100), how many objects bear it.

    `objects` are the first of them: id, key, stream, workstation, folder, scheduled, status.
    """

    kind: Kind
    name: str
    how: How
    score: float
    matched: int
    objects: list[dict[str, Any]] = field(default_factory=list)


def resolve(engine: str, text: str, limit: int = 5) -> list[Match]:
    """What `text` may name in the plan, best first; none when nothing is like it.

    Several matches of score 100 are one name of several kinds. A notation means that object, that
    instance, or nothing: it is never guessed at.
    """
    name = parse(text)
    if name is not None and not name.name:
        return list(_of_notation(engine, name))[:limit]
    written = text.strip().strip("\"'`").replace("\0", "")
    bare = name.name if name is not None else written
    if is_pattern(bare) and name is not None:
        return list(_of_pattern(engine, bare, name.folder))[: max(limit, MOST_MATCHES)]
    found = list(_exact(engine, bare, name.folder if name else ""))
    return (found or _loose(engine, written) or _misspelt(engine, written, limit))[:limit]


def objects_named(engine: str, kind: str, text: str) -> list[dict[str, Any]]:
    """The objects of that kind that `text` surely means, by HWA's id or by name; a few of many."""
    if kind in MODELS and _rows(engine, kind).filter(hwa_id=text).exists():
        return [{"id": text}]
    found = (one for one in resolve(engine, text) if one.kind == kind and one.how != "typo")
    return [described for match in found for described in match.objects]


def _rows(engine: str, kind: Kind) -> QuerySet[Any]:
    return MODELS[kind]._default_manager.filter(engine=engine)


# --- bare names ---------------------------------------------------------------------------------


def _exact(engine: str, name: str, folder: str) -> Iterator[Match]:
    for kind in MODELS:
        rows = _rows(engine, kind)
        if folder and kind != "prompt":
            rows = rows.filter(_like("folder", folder))
        for spelling in dict.fromkeys((name, name.upper())):
            if match := _match(kind, spelling, "exact", 100.0, rows.filter(name=spelling)):
                yield match
                break


def _of_pattern(engine: str, pattern: str, folder: str) -> Iterator[Match]:
    for kind in MODELS:
        rows = _rows(engine, kind)
        if folder and kind != "prompt":
            rows = rows.filter(_like("folder", folder))
        fitting = rows.filter(like("name", pattern.upper()))
        for name in (
            fitting.order_by("name").values_list("name", flat=True).distinct()[:MOST_MATCHES]
        ):
            if match := _match(kind, name, "pattern", 100.0, fitting.filter(name=name)):
                yield match


def _names(engine: str) -> dict[Kind, list[str]]:
    return {
        kind: [
            name
            for name in _rows(engine, kind).order_by().values_list("name", flat=True).distinct()
            if name
        ]
        for kind in MODELS
    }


def _loose(engine: str, written: str) -> list[Match]:
    """Spaces, dots or hyphens where the name has underscores, in any case."""
    wanted = _SEPARATORS.sub("", written).upper()
    if not wanted:
        return []
    return [
        match
        for kind, names in _names(engine).items()
        for name in names
        if _SEPARATORS.sub("", name).upper() == wanted
        and (match := _match(kind, name, "loose", 99.0, _rows(engine, kind).filter(name=name)))
    ]


def _misspelt(engine: str, written: str, limit: int) -> list[Match]:
    """Names with nearly the same letters, the most alike first."""
    wanted = "_".join(written.upper().split())[:200]
    found = [
        (score, kind, name)
        for kind, names in _names(engine).items()
        for name, score, _index in process.extract(
            wanted, names, scorer=fuzz.ratio, score_cutoff=LIKENESS, limit=limit
        )
    ]
    found.sort(key=lambda one: (-one[0], one[2]))
    matches = (
        _match(kind, name, "typo", round(score, 1), _rows(engine, kind).filter(name=name))
        for score, kind, name in found[:limit]
    )
    return [match for match in matches if match]


# --- notations ----------------------------------------------------------------------------------


def _of_notation(engine: str, name: ObjectName) -> Iterator[Match]:
    kind: Kind = "job" if name.job else "stream"
    rows = _rows(engine, kind)
    stream = "stream_name" if kind == "job" else "name"
    rows = _written(rows, stream, name.stream)
    if name.job:
        rows = _written(rows, "name", name.job)
    if name.workstation:
        folder, _, station = name.workstation.rpartition("/")
        at = _like("workstation", station)
        if kind == "job":
            at |= _like("stream_workstation", station)
        rows = rows.filter(at)
        if folder:
            rows = rows.filter(workstation_folder=folder)
    if name.folder:
        rows = rows.filter(_like("folder", name.folder))
    if name.stream_id:
        rows = rows.filter(**{"stream_id" if kind == "job" else "hwa_id": name.stream_id})
    if name.at is not None:
        rows = rows.filter(pk__in=_of_instance(rows, name, _zone_of(engine)))
    for one in rows.order_by("name").values_list("name", flat=True).distinct()[:MOST_MATCHES]:
        if match := _match(kind, one, "notation", 100.0, rows.filter(name=one)):
            yield match


def _written(rows: QuerySet[Any], column: str, text: str) -> QuerySet[Any]:
    return rows.filter(_like(column, text)) if text else rows


def _like(column: str, text: str) -> Q:
    """The text as it is written or in capitals; with wildcards a pattern."""
    spellings = dict.fromkeys((text, text.upper()))
    if is_pattern(text):
        patterns = [like(column, one) for one in spellings]
        return patterns[0] | patterns[-1]
    return Q(**{f"{column}__in": list(spellings)})


def _of_instance(rows: QuerySet[Any], name: ObjectName, zone: ZoneInfo) -> list[int]:
    """The instances that are scheduled at that time of the engine's clock, on that day if said."""
    scheduled = rows.filter(scheduled_at__isnull=False).values_list("pk", "scheduled_at")
    return [pk for pk, at in scheduled.iterator() if _is_instance(at.astimezone(zone), name)]


def _is_instance(at: datetime, name: ObjectName) -> bool:
    on_time = name.at is not None and time(at.hour, at.minute) == name.at
    return on_time and (name.on is None or at.date() == name.on)


def _zone_of(engine: str) -> ZoneInfo:
    """The engine's time zone, in which its notations are written; the site's when it says none."""
    said = PlanEngine.objects.filter(pk=engine).values_list("time_zone", flat=True).first()
    try:
        return ZoneInfo(said or timezone.get_current_timezone_name())
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(timezone.get_current_timezone_name())


# --- matches ------------------------------------------------------------------------------------


def _match(kind: Kind, name: str, how: How, score: float, rows: QuerySet[Any]) -> Match | None:
    found = list(rows.order_by("pk")[: MOST_ROWS + 1])
    if not found:
        return None
    matched = len(found) if len(found) <= MOST_ROWS else rows.count()
    return Match(kind, name, how, score, matched, [_object(kind, row) for row in found[:MOST_ROWS]])


def _object(kind: Kind, row: Any) -> dict[str, Any]:
    described = {"id": row.hwa_id, "key": getattr(row, "key", "") or row.name}
    if kind == "job":
        described |= {"stream": row.stream_name}
    if kind != "prompt":
        described |= {"folder": row.folder}
    if kind in {"job", "stream", "resource"}:
        described |= {"workstation": row.workstation}
    if kind in {"job", "stream"}:
        scheduled = row.scheduled_at
        described |= {
            "scheduled": timezone.localtime(scheduled).isoformat() if scheduled else None,
            "status": row.status,
        }
    return described
