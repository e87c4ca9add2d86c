"""Names in a question: each must be one of the plan's, or one that history knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import CharField, Lookup, Model, Q, QuerySet, TextField

from knowledge.hwa.names import as_like, digits_of
from tws.plan.models import PlanJob, PlanJobStream, PlanPrompt, PlanResource, PlanWorkstation
from tws.plan.query.asked import PlanQueryRefused
from tws.plan.query.catalogue import Entity, Field

CLOSEST = 5
LIKENESS = 60.0
_WORKSTATION = (PlanWorkstation, "name")
_HOME: dict[str, tuple[type[Model], str]] = {
    "job": (PlanJob, "name"),
    "of": (PlanJob, "name"),
    "stream": (PlanJobStream, "name"),
    "of_stream": (PlanJobStream, "name"),
    "target_stream": (PlanJobStream, "name"),
    "folder": (PlanJob, "folder"),
    "resource": (PlanResource, "name"),
    "prompt": (PlanPrompt, "name"),
    "workstation": _WORKSTATION,
    "stream_workstation": _WORKSTATION,
    "target_workstation": _WORKSTATION,
    "ran_on": _WORKSTATION,
    "host": _WORKSTATION,
}
"""Where a field's names come from: a workstation without a job is one all the same."""


class _Pattern(Lookup):
    """SQL's LIKE, as it is."""

    operator = "LIKE"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} {self.operator} {right}", (*left_params, *right_params)


@CharField.register_lookup
@TextField.register_lookup
class LikePattern(_Pattern):
    lookup_name = "like_pattern"


@CharField.register_lookup
@TextField.register_lookup
class LikePatternInAnyCase(_Pattern):
    lookup_name = "ilike_pattern"
    operator = "ILIKE"


def like(path: str, pattern: str, *, in_any_case: bool = False) -> Q:
    """That a name, or a text in any case, fits a pattern of HWA's."""
    case = "i" if in_any_case else ""
    fits = Q(**{f"{path}__{case}like_pattern": as_like(pattern)})
    digits = digits_of(pattern)
    return fits & Q(**{f"{path}__{case}regex": digits}) if digits else fits


def known_name(engine: str, entity: Entity, name: str, field: Field, wanted: str) -> str:
    """The name as HWA spells it. PlanQueryRefused, with the closest ones, when there is none."""
    for spelling in dict.fromkeys((wanted, wanted.upper())):
        if _exists(engine, entity, name, field, _equal, spelling):
            return spelling
    raise PlanQueryRefused(
        f"{wanted!r} is not the name of a {_title(name)} here.",
        closest(engine, entity, name, field, wanted),
    )


def known_pattern(engine: str, entity: Entity, name: str, field: Field, wanted: str) -> str:
    """The pattern, in the case in which it fits a name. PlanQueryRefused when it fits none."""
    for spelling in dict.fromkeys((wanted, wanted.upper())):
        if _exists(engine, entity, name, field, like, spelling):
            return spelling
    literal = wanted.strip("@*?%")
    raise PlanQueryRefused(
        f"No {_title(name)} here is like {wanted!r}.",
        closest(engine, entity, name, field, literal),
    )


def closest(engine: str, entity: Entity, name: str, field: Field, wanted: str) -> list[str]:
    """The names most like this one."""
    names = {
        one
        for column, rows in _rows(engine, entity, name, field)
        for one in rows.values_list(column, flat=True).distinct()
        if one
    }
    from rapidfuzz import fuzz, process  # loaded when a name is not known

    near = process.extract(
        wanted.upper(), names, scorer=fuzz.WRatio, limit=CLOSEST, score_cutoff=LIKENESS
    )
    return [found[0] for found in near]


def _exists(
    engine: str,
    entity: Entity,
    name: str,
    field: Field,
    fits: Callable[[str, str], Q],
    wanted: str,
) -> bool:
    return any(
        rows.filter(fits(column, wanted)).exists()
        for column, rows in _rows(engine, entity, name, field)
    )


def _equal(path: str, name: str) -> Q:
    return Q(**{path: name})


def _rows(engine: str, entity: Entity, name: str, field: Field) -> list[tuple[str, QuerySet[Any]]]:
    """The entity's own rows, and those of where such names come from, with the name's column."""
    places: dict[tuple[type[Model], str], None] = {(entity.model, str(field.source)): None}
    if name in _HOME:
        places[_HOME[name]] = None
    return [
        (column, model._default_manager.filter(engine=engine).order_by())
        for model, column in places
    ]


def _title(name: str) -> str:
    return name.replace("_", " ")
