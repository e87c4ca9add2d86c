"""A query in the making, and the conditions it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import product
from typing import Any

from knowledge.hwa.times import TimeRange
from tws.plan.query.asked import AnyOf, Condition, PlanQuery

MOST_ROWS = 500
MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class Draft:
    """A query in the making. `predicates`: the conditions on the state, which a share leaves out
    of its whole and "are all …" turns round; `parts`: those that were said together, of which one
    is enough when `either` is; `first`: how many of the groups, `above`: those of more rows than
    that; `unknown_too`: fields that may be unknown as well, "except rc 12". `time_field`,
    `number_field`, `is_running`: what a time and a number are of, and whether of what runs, when
    the question does not say."""

    entity: str = "jobs"
    scope: list[Condition] = field(default_factory=list)
    predicates: list[Condition] = field(default_factory=list)
    group_by: list[str] = field(default_factory=list)
    order_by: list[str] = field(default_factory=list)
    limit: int | None = None
    parts: list[list[Condition]] = field(default_factory=list)
    either: bool = False
    time_field: str = ""
    number_field: str = ""
    is_running: bool = False
    first: int | None = None
    above: int | None = None
    unknown_too: set[str] = field(default_factory=set)

    def query(self) -> PlanQuery:
        values: dict[str, Any] = {"group_by": self.group_by, "order_by": self.order_by}
        if self.limit is not None:
            values["limit"] = min(self.limit, MOST_ROWS)
        said = self._any_part() if self.either else map(self._or_unknown, self.predicates)
        return query_of(self.entity, [*self.scope, *said], **values)

    def _or_unknown(self, one: Condition) -> Condition | AnyOf:
        unknown = condition(one.field, "=", None)
        return AnyOf(any=[one, unknown]) if one.field in self.unknown_too else one

    def _any_part(self) -> list[AnyOf]:
        """ "(a and b) or c" as the query has it: a or c, and b or c."""
        return [AnyOf(any=list(one)) for one in product(*self.parts)]


def query_of(entity: str, where: Sequence[Condition | AnyOf], **values: Any) -> PlanQuery:
    return PlanQuery.model_validate({"entity": entity, "where": list(where), **values})


def condition(name: str, op: str, value: Any) -> Condition:
    return Condition.model_validate({"field": name, "op": op, "value": value})


def one_of(name: str, values: list[Any], *, negated: bool = False) -> Condition:
    """`=` for one value, `in` for several; their contrary when negated."""
    if len(values) == 1:
        return condition(name, "!=" if negated else "=", values[0])
    return condition(name, "not in" if negated else "in", values)


def within(column: str, told: TimeRange) -> list[Condition]:
    """From its beginning up to its end, which is not in it; a moment stands for its minute."""
    if told.is_moment and told.since:
        told = replace(told, until=told.since + MINUTE)
    found = []
    if told.since:
        found.append(condition(column, ">=", told.since.isoformat()))
    if told.until:
        found.append(condition(column, "<", told.until.isoformat()))
    return found


_CONTRARY: dict[str, str] = {
    "=": "!=", "!=": "=", "in": "not in", "not in": "in", ">": "<=", "<=": ">", "<": ">=",
    ">=": "<",
}  # fmt: skip


def contrary(one: Condition) -> Condition:
    if isinstance(one.value, bool):
        return condition(one.field, "=", not one.value)
    return condition(one.field, _CONTRARY.get(one.op, one.op), one.value)
