"""How the reader's rows get into their tables: many at once, and only what is newer.

Rows are copied into a temporary table of the same shape and merged from there in one statement,
so that 100,000 rows cost a few round trips and nobody ever sees half of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from psycopg import sql
from psycopg.types.json import Jsonb

from tws.plan.models import (
    PlanDefinition,
    PlanDependency,
    PlanJob,
    PlanJobStream,
    PlanPrompt,
    PlanResource,
    PlanRun,
    PlanWorkstation,
)

# What a job or stream was read in detail for; when it moves, it is due again.
_MOVES = ("status", "substatus", "dependency_count", "open_dependency_count")


@dataclass(frozen=True)
class Table:
    """A table of the plan, as the reader writes it.

    `key` tells one row from another. `once` are columns that stay as they were first written, or
    as others have filled them since.
    """

    model: type[models.Model]
    key: tuple[str, ...]
    once: frozenset[str] = frozenset()

    @property
    def name(self) -> sql.Identifier:
        return sql.Identifier(self.model._meta.db_table)

    @property
    def stage(self) -> sql.Identifier:
        return sql.Identifier(f"stage_{self.model._meta.db_table}")

    @property
    def _fields(self) -> list[models.Field[Any, Any]]:
        return [one for one in self.model._meta.concrete_fields if not one.primary_key]

    @cached_property
    def columns(self) -> list[str]:
        return [str(field.column) for field in self._fields]

    @cached_property
    def _fits(self) -> list[tuple[str, Callable[[Any], Any]]]:
        return [(field.attname, _fit(field)) for field in self._fields]

    def values(self, row: models.Model) -> list[Any]:
        """The row's values in the order of the columns, each made to fit its column."""
        return [fit(getattr(row, name)) for name, fit in self._fits]

    def names(self, prefix: str = "") -> sql.Composed:
        return columns(self.columns, prefix)

    @cached_property
    def merge(self) -> sql.Composed:
        """Everything staged into the table; of a row staged twice, the later one."""
        return sql.SQL(
            "INSERT INTO {table} AS old ({names}) SELECT DISTINCT ON ({key}) {names} FROM {stage} "
            "ORDER BY {key}, stage_number DESC {conflict}"
        ).format(
            table=self.name,
            names=self.names(),
            key=columns(self.key),
            stage=self.stage,
            conflict=self._conflict,
        )

    @cached_property
    def insert(self) -> sql.Composed:
        """One row, given as parameters."""
        return sql.SQL("INSERT INTO {table} AS old ({names}) VALUES ({values}) {conflict}").format(
            table=self.name,
            names=self.names(),
            values=sql.SQL(", ").join(sql.Placeholder() * len(self.columns)),
            conflict=self._conflict,
        )

    @property
    def _conflict(self) -> sql.Composed:
        """Write over a row that is older and otherwise; two readings of one state are one."""
        written = [one for one in self.columns if one not in (*self.key, *self.once)]
        compared = ["digest"] if "digest" in written else [n for n in written if n != "fetched_at"]
        changes = [sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(one)) for one in written]
        if "details_due" in self.once:
            changes.append(
                sql.SQL("details_due = old.details_due OR ({}) IS DISTINCT FROM ({})").format(
                    columns(_MOVES, "old."), columns(_MOVES, "EXCLUDED.")
                )
            )
        return sql.SQL(
            "ON CONFLICT ({key}) DO UPDATE SET {changes} "
            "WHERE old.fetched_at <= EXCLUDED.fetched_at AND ({old}) IS DISTINCT FROM ({new})"
        ).format(
            key=columns(self.key),
            changes=sql.SQL(", ").join(changes),
            old=columns(compared, "old."),
            new=columns(compared, "EXCLUDED."),
        )


def columns(names: Iterable[str], prefix: str = "") -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL(prefix) + sql.Identifier(name) for name in names)


def _fit(field: models.Field[Any, Any]) -> Callable[[Any], Any]:
    """Makes a value fit its column: what HWA says is not bounded, and one value too long or too
    large must not cost all the others."""
    if isinstance(field, models.JSONField):
        return Jsonb
    if isinstance(field, ArrayField):
        longest = field.base_field.max_length
        return lambda values: [value[:longest] for value in values]
    if isinstance(field, models.CharField):
        return lambda text: text[: field.max_length]
    if isinstance(field, models.IntegerField):
        low, high = _bounds(field)
        if not field.null:
            return lambda number: max(low, min(number, high))
        return lambda number: number if number is None or low <= number <= high else None
    return lambda value: value


_POSITIVE = (models.PositiveIntegerField, models.PositiveBigIntegerField)


def _bounds(field: models.IntegerField[Any, Any]) -> tuple[int, int]:
    bits = 63 if isinstance(field, models.BigIntegerField) else 31
    return 0 if isinstance(field, _POSITIVE) else -(2**bits), 2**bits - 1


_DETAILS = frozenset({"details_read_at", "details_due"})
_USUAL = frozenset({"usual_runs", "usual_low_seconds", "usual_seconds", "usual_high_seconds"})

JOBS = Table(PlanJob, ("engine", "hwa_id"), once=_DETAILS | _USUAL)
STREAMS = Table(PlanJobStream, ("engine", "hwa_id"), once=_DETAILS)
WORKSTATIONS = Table(PlanWorkstation, ("engine", "hwa_id"))
RESOURCES = Table(PlanResource, ("engine", "hwa_id"))
RUNS = Table(PlanRun, ("engine", "run_id"), once=frozenset({"plan_number", "day"}))
DEPENDENCIES = Table(PlanDependency, ("engine", "of_kind", "of_id", "number"))
PROMPTS = Table(PlanPrompt, ("engine", "hwa_id"))
DEFINITIONS = Table(PlanDefinition, ("engine", "kind", "hwa_id"))

IN_LISTS: Sequence[Table] = (JOBS, RUNS, STREAMS, WORKSTATIONS, RESOURCES)
