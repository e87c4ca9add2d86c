"""A question over the plan, answered: totals first, groups and rows as lists of objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import OperationalError, connection, transaction
from django.db.models import Case, Count, F, Min, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Trunc
from django.utils import timezone

from tws.plan.models import PlanEngine, PlanRun, StatusCount
from tws.plan.query.asked import (
    AnyOf,
    Condition,
    PlanQuery,
    PlanQueryRefused,
    PlanUnavailable,
)
from tws.plan.query.catalogue import OUTPUTS, RUNS, Entity, Field, entity_named, running_for
from tws.plan.query.conditions import Context, alias, compiled
from tws.plan.query.moments import read_moment
from tws.plan.query.pages import Page, order_key, page_after, page_token
from tws.plan.query.values import plain

MOST_GROUPS = 200
COUNTED_JOBS = 20_000
"""Up to this many runs it is counted of how many jobs they are."""
SECONDS = 5
_IN_TIME = {"start", "end", "submitted", "scheduled"}
_PARTS = {"hour", "day"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question in the terms of the catalogue."""

    query: PlanQuery
    engine: PlanEngine
    entity: Entity
    context: Context
    condition: Q
    where: list[dict[str, Any]]
    order: tuple[str, ...]
    as_of: datetime | None


def answer(
    query: PlanQuery, *, now: datetime | None = None, as_last_read: bool = False
) -> dict[str, Any]:
    """The result of a question, as JSON holds it; docs/plan-query.md describes it.

    PlanQueryRefused when it can't be asked so, PlanUnavailable when there is no plan of now;
    `as_last_read` takes the plan as it was when HWA last answered.
    """
    page = page_after(query) if query.after else None
    now = page.now if page else (now or timezone.now())
    engine = _engine(query.engine, as_last_read)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{SECONDS}s'")
        try:
            return _result(_understood(query, engine, now), page)
        except OperationalError as error:
            if "statement timeout" not in str(error):
                raise
            raise PlanQueryRefused(
                f"This takes more than {SECONDS} seconds. Ask for a shorter time or fewer objects."
            ) from error


def _engine(name: str, as_last_read: bool) -> PlanEngine:
    engines = PlanEngine.objects.all()
    if name:
        engine = None if "\0" in name else engines.filter(name=name).first()
        if engine is None:
            known = list(engines.values_list("name", flat=True))
            raise PlanQueryRefused(f"There is no engine {name!r}.", known)
    else:
        engine = _default_engine()
    if engine is None or not engine.is_read:
        raise PlanUnavailable("The plan has not been read yet.")
    if not (engine.is_current or as_last_read):
        raise PlanUnavailable(_why_not(engine))
    return engine


def _why_not(engine: PlanEngine) -> str:
    if engine.down_since:
        return f"{engine.name} can't be read since {plain(engine.down_since)}: {engine.error}"
    return f"The plan of {engine.name} was last read at {plain(engine.fetched_at)}."


def _default_engine() -> PlanEngine | None:
    from tws.hwa.engines import configured_engines

    names = [engine.name for engine in configured_engines()]
    return PlanEngine.objects.filter(name=names[0]).first() if names else None


# --- understanding ------------------------------------------------------------------------------


def _understood(query: PlanQuery, engine: PlanEngine, now: datetime) -> _Asked:
    zone = ZoneInfo(timezone.get_current_timezone_name())
    entity, as_of = entity_named(query.entity), _as_of(query, now, zone)
    if why := engine.refused_lists.get(entity.listed):
        raise PlanQueryRefused(f"{engine.name} does not let us read {query.entity}: {why}")
    if as_of and entity is RUNS:
        entity = _runs_as_of(as_of)
    context = Context(engine.name, entity, as_of or now, zone)
    parts = [compiled(part, context) for part in query.where]
    parts += _of_this_plan(query, engine) if as_of is None else _at_that_time(entity, as_of, engine)
    condition = Q(engine=engine.name)
    for part, _said in parts:
        condition &= part
    for name in (*query.fields, *(one.lstrip("-") for one in query.order_by)):
        entity.field(name)
    return _Asked(
        query=query,
        engine=engine,
        entity=entity,
        context=context,
        condition=condition,
        where=[said for _part, said in parts],
        order=tuple(query.order_by) or entity.order,
        as_of=as_of,
    )


def _as_of(query: PlanQuery, now: datetime, zone: ZoneInfo) -> datetime | None:
    if not query.as_of:
        return None
    if query.entity not in {"runs", "counts"}:
        raise PlanQueryRefused(
            "as_of asks for the past of runs and counts; of all else only the present is known."
        )
    moment = read_moment(query.as_of, now, zone)
    if moment.start > now:
        raise PlanQueryRefused("as_of lies in the future.")
    return moment.start


def _of_this_plan(query: PlanQuery, engine: PlanEngine) -> list[tuple[Q, dict[str, Any]]]:
    """Runs without a time are those of the plan that is in force: since it began."""
    if query.entity != "runs" or _fields_of(query.where) & _IN_TIME or not engine.span_start_at:
        return []
    since = engine.span_start_at
    never = Q(started_at=None, plan_number=engine.plan_number)
    said = {"field": "start", "op": ">=", "value": plain(since), "assumed": "this plan"}
    return [(Q(started_at__gte=since) | never, said)]


def _fields_of(where: Sequence[Condition | AnyOf]) -> set[str]:
    return {
        one.field for part in where for one in (part.any if isinstance(part, AnyOf) else [part])
    }


def _at_that_time(
    entity: Entity, as_of: datetime, engine: PlanEngine
) -> list[tuple[Q, dict[str, Any]]]:
    """Runs that had begun by then; the counts of the last quarter of an hour before."""
    if entity.model is not StatusCount:
        said = {"field": "start", "op": "<=", "value": plain(as_of)}
        return [(Q(started_at__lte=as_of), said)]
    counts = StatusCount.objects.filter(engine=engine.name, taken_at__lte=as_of)
    taken_at = counts.order_by("-taken_at").values_list("taken_at", flat=True).first()
    if taken_at is None:
        raise PlanQueryRefused("Nothing was counted yet at that time.")
    return [(Q(taken_at=taken_at), {"field": "at", "op": "=", "value": plain(taken_at)})]


def _runs_as_of(moment: datetime) -> Entity:
    """Runs whose end is not known yet at that time were running."""
    later = Q(ended_at__gt=moment) | Q(ended_at=None)

    def then(field: Field, while_running: str | None) -> Field:
        def source(now: datetime) -> Case:
            value = Value(while_running)
            known = field.expression(now)
            return Case(When(later, then=value), default=known, output_field=OUTPUTS[field.kind])

        return replace(field, source=source)

    unknown = ("end", "elapsed_minutes", "return_code", "substatus")
    changed = {name: then(RUNS.fields[name], None) for name in unknown}
    changed |= {"status": then(RUNS.fields["status"], "EXEC")}
    changed |= {"group": then(RUNS.fields["group"], "running")}
    changed |= {"common_status": then(RUNS.fields["common_status"], "RUNNING")}
    changed["running_minutes"] = Field("minutes", lambda now: running_for(now, later))
    return replace(RUNS, fields={**RUNS.fields, **changed})


# --- the result ---------------------------------------------------------------------------------


def _result(asked: _Asked, page: Page | None) -> dict[str, Any]:
    query, entity, engine = asked.query, asked.entity, asked.engine
    rows = _rows(asked)
    groups = _groups(asked, rows) if query.group_by else {}
    matched = _matched(entity, rows, groups)
    result: dict[str, Any] = {
        "entity": query.entity,
        "matched": matched,
        **_jobs(asked, rows, matched),
        "understood": {
            "engine": engine.name,
            "where": asked.where,
            "group_by": query.group_by,
            "order_by": list(asked.order),
            "as_of": plain(asked.as_of),
        },
        **_plan(asked),
    }
    if query.group_by:
        result |= groups
        if "limit" not in query.model_fields_set:
            return result
    found = _page(asked, rows, page)
    shown = query.fields or list(entity.shown)
    result["rows"] = [_row(entity, shown, row) for row in found[: query.limit]]
    result["shown"] = len(result["rows"])
    more = len(found) > query.limit > 0
    last = found[query.limit - 1] if more else None
    result["next"] = (
        page_token(query, asked.context.now, asked.order, last) if last is not None else None
    )
    return result


def _matched(entity: Entity, rows: QuerySet[Any], groups: dict[str, Any]) -> int:
    """All that fit; what was grouped without a rest is counted already."""
    if groups and not groups["more_groups"] and not entity.weight:
        return sum(group["count"] for group in groups["groups"])
    return rows.count()


def _plan(asked: _Asked) -> dict[str, Any]:
    """Of which plan this is, from when, and what is missing of it."""
    engine = asked.engine
    plan = {
        "engine": engine.name,
        "simulated": engine.simulated,
        "fetched_at": plain(engine.fetched_at),
        "plan_from": plain(engine.span_start_at),
        "plan_to": plain(engine.span_end_at),
        "complete": engine.is_complete,
        "not_understood": engine.not_understood,
        "now": plain(asked.context.now),
    }
    if engine.down_since:
        plan["down_since"] = plain(engine.down_since)
    if asked.entity.read_per_object:
        plan["edges_read"], plan["edges_total"] = engine.edges_read, engine.edges_total
    return plan


def _rows(asked: _Asked) -> QuerySet[Any]:
    """The rows that fit, with the computed fields that conditions and order speak of."""
    now, entity = asked.context.now, asked.entity
    used = _fields_of(asked.query.where) | {name.lstrip("-") for name in asked.order}
    expressions = {
        alias(name): entity.fields[name].expression(now)
        for name in used
        if callable(entity.fields[name].source)
    }
    rows: QuerySet[Any] = entity.model._default_manager.order_by().alias(**expressions)
    return rows.filter(asked.condition)


def _jobs(asked: _Asked, rows: QuerySet[Any], matched: int) -> dict[str, Any]:
    """Of how many jobs so many runs are; of none, since when runs are known."""
    if asked.query.entity != "runs" or matched > COUNTED_JOBS:
        return {}
    if not matched:
        runs = PlanRun.objects.filter(engine=asked.engine.name)
        return {"distinct_jobs": 0, "known_from": plain(runs.aggregate(at=Min("started_at"))["at"])}
    return {"distinct_jobs": rows.values("job_id").distinct().count()}


def _groups(asked: _Asked, rows: QuerySet[Any]) -> dict[str, Any]:
    names = asked.query.group_by
    keys = {f"g{number}": _group_key(asked, name) for number, name in enumerate(names)}
    weight = asked.entity.weight
    counted = rows.values(**keys).annotate(n=Sum(weight) if weight else Count("*"))
    found = list(counted.order_by("-n", *keys)[: MOST_GROUPS + 1])
    groups = [
        {
            **{name: plain(one[key]) for name, key in zip(names, keys, strict=True)},
            "count": one["n"],
        }
        for one in found[:MOST_GROUPS]
    ]
    return {"groups": groups, "groups_shown": len(groups), "more_groups": len(found) > MOST_GROUPS}


def _group_key(asked: _Asked, name: str) -> Any:
    """A field, or the hour or the day of a time: `end.hour`."""
    name, _, part = name.partition(".")
    field = asked.entity.field(name)
    if part and (part not in _PARTS or field.kind != "time"):
        raise PlanQueryRefused(f"{name!r} has no part {part!r}.", sorted(_PARTS))
    if field.kind in {"data", "words"}:
        raise PlanQueryRefused(f"Rows are not grouped by {name!r}.")
    expression = field.expression(asked.context.now)
    return Trunc(expression, part, tzinfo=asked.context.zone) if part else expression


def _page(asked: _Asked, rows: QuerySet[Any], page: Page | None) -> list[dict[str, Any]]:
    query, entity, now = asked.query, asked.entity, asked.context.now
    shown = query.fields or entity.shown
    columns: dict[str, Any] = {f"v_{name}": entity.field(name).expression(now) for name in shown}
    for number, name in enumerate(asked.order):
        columns[order_key(number)] = F(asked.context.path(name.lstrip("-")))
    if page is not None:
        rows = rows.filter(page.beyond(asked.order, asked.context.path))
    orders = [_order(asked, name) for name in asked.order]
    rows = rows.annotate(k_id=F(entity.key), **columns).order_by(*orders, "pk")
    return list(rows.values("pk", "k_id", *columns)[: query.limit + 1]) if query.limit else []


def _order(asked: _Asked, name: str) -> Any:
    column = F(asked.context.path(name.lstrip("-")))
    if name.startswith("-"):
        return column.desc(nulls_last=True)
    return column.asc(nulls_last=True)


def _row(entity: Entity, shown: Sequence[str], row: dict[str, Any]) -> dict[str, Any]:
    return {"id": str(row["k_id"]), **{name: plain(row[f"v_{name}"]) for name in shown}}
