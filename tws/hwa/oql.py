"""
Queries in HWA's Orchestration Query Language (OQL) and plan filters, built so that a value stays
a value: a name with a quote or a wildcard in it cannot change the query.

    str(equals("name", "PAYROLL_CALC") & one_of("status", ["ABEND", "FAIL"]))
    # name = 'PAYROLL_CALC' AND status IN ['ABEND','FAIL']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from knowledge.hwa.statuses import group_of

Value = str | int | bool | datetime
Test = Callable[[Any], bool | None]

_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}\Z")
_OPERATORS = frozenset({"=", "!=", "<", "<=", ">", ">="})
_WILDCARDS = frozenset("%*@?")
# What HWA allows in the name of an object, and the path of the folder before it.
_NAME = re.compile(r"(?:/[A-Za-z0-9_-]+)*/?[A-Za-z][A-Za-z0-9_-]*\Z")
MAX_VALUE_CHARS = 1000


class OQLValueError(ValueError):
    """A value or field that OQL has no safe way to write."""


@dataclass(frozen=True, slots=True)
class OQL:
    """A condition; `&` and `|` join two, with parentheses where they are needed."""

    text: str
    _mixed: bool = False  # an OR at the top, which an AND around it must not tear apart
    fits: Test = field(default=lambda row: None, compare=False)
    """The same condition on an object that came: True, False, None where it can't be told."""

    def __str__(self) -> str:
        return self.text

    def __and__(self, other: OQL) -> OQL:
        text = f"{self._grouped()} AND {other._grouped()}"
        return OQL(text, fits=lambda row: _all(self.fits(row), other.fits(row)))

    def __or__(self, other: OQL) -> OQL:
        return OQL(
            f"{self.text} OR {other.text}", True, lambda row: _any(self.fits(row), other.fits(row))
        )

    def _grouped(self) -> str:
        return f"({self.text})" if self._mixed else self.text


def literal(value: Value) -> str:
    """The value as OQL writes it: integers and booleans bare, the rest in single quotes.

    A quote is doubled. Should an engine not know that, it sees two strings side by side and
    refuses the query; it never reads more of it as OQL. No HWA name holds a backslash or a control
    character, so those are refused here.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return f"'{_instant(value)}'"
    if len(value) > MAX_VALUE_CHARS:
        raise OQLValueError("the value is too long for a query")
    if "\\" in value or not value.isprintable():
        raise OQLValueError("the value holds a backslash or a control character")
    return "'" + value.replace("'", "''") + "'"


def compare(field: str, operator: str, value: Value) -> OQL:
    if operator not in _OPERATORS:
        raise OQLValueError(f"{operator!r} is not a comparison of OQL")
    text = f"{_field(field)} {operator} {literal(value)}"
    if operator not in ("=", "!="):
        return OQL(text)
    equal = operator == "="
    return OQL(text, fits=lambda row: _is(row, field, [value], equal))


def equals(field: str, value: Value) -> OQL:
    return compare(field, "=", value)


def one_of(field: str, values: Iterable[Value]) -> OQL:
    wanted = list(values)
    items = ",".join(literal(value) for value in wanted)
    if not items:
        raise OQLValueError("IN needs at least one value")
    return OQL(f"{_field(field)} IN [{items}]", fits=lambda row: _is(row, field, wanted, True))


def starts_with(field: str, prefix: str) -> OQL:
    text = f"{_field(field)} LIKE {literal(_plain(prefix) + '%')}"
    return OQL(text, fits=lambda row: _like(row, field, lambda name: name.startswith(prefix)))


def contains(field: str, part: str) -> OQL:
    text = f"{_field(field)} LIKE {literal('%' + _plain(part) + '%')}"
    return OQL(text, fits=lambda row: _like(row, field, lambda name: part in name))


def order_by(condition: OQL | None, field: str, *, descending: bool = False) -> OQL:
    order = f"ORDER BY {_field(field)} {'DESC' if descending else 'ASC'}"
    return OQL(f"{condition} {order}", fits=condition.fits) if condition else OQL(order)


def plan_filter(workstation: str = "", stream: str = "", job: str | None = None) -> str:
    """A plan filter over exact names; what is left out is HWA's wildcard.

    Without `job` the filter is one for job streams.

    >>> plan_filter(workstation="MDMDA", job="")
    '/@/MDMDA#/@/@.@'
    """
    text = f"/@/{_name(workstation)}#/@/{_name(stream)}"
    return text if job is None else f"{text}.{_name(job)}"


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise OQLValueError("an instant needs a time zone")
    utc = value.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def _field(field: str) -> str:
    if not _FIELD.match(field):
        raise OQLValueError(f"{field!r} is not a field name of OQL")
    return field


def _plain(part: str) -> str:
    if _WILDCARDS.intersection(part):
        raise OQLValueError("the value holds a wildcard, and OQL documents no way to escape one")
    return part


def _name(name: str) -> str:
    if not name:
        return "@"
    if not _NAME.match(name):
        raise OQLValueError(f"{name!r} is not the name of an HWA object")
    return name.rpartition("/")[2]


# --- The same conditions on what came -------------------------------------------------------
# Engines ignore filters that they do not know, and some gateways drop the query.


def fits(condition: OQL | str) -> Callable[[Any], bool]:
    """Whether an object may stay: not when the condition surely fails on it."""
    if isinstance(condition, str):
        return lambda row: True
    return lambda row: condition.fits(row) is not False


def _all(one: bool | None, other: bool | None) -> bool | None:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _any(one: bool | None, other: bool | None) -> bool | None:
    if one or other:
        return True
    return None if one is None or other is None else False


def _said(row: Any, field: str) -> str | None:
    """A field of an object by its name in OQL; None for those that are not compared here."""
    row = getattr(row, "definition", row)
    match field:
        case "name":
            return row.name or getattr(row, "original_job_stream_name", None)
        case "jobStreamName":
            return getattr(row, "job_stream_name", None)
        case "workstation":
            place = getattr(row, "workstation", None)
            return place.rpartition("/")[2] if place else None
        case "substatus":
            return getattr(row, "substatus", None)
    return None


def _is(row: Any, field: str, wanted: list[Any], equal: bool) -> bool | None:
    if field == "status":
        return _has_status(row, [str(value) for value in wanted], equal)
    said = _said(row, field)
    if said is None:
        return None
    names = {str(value) for value in wanted}
    if field == "workstation":
        names = {name.rpartition("/")[2] for name in names}
    return (said in names) is equal


def _has_status(row: Any, wanted: list[str], equal: bool) -> bool | None:
    status = getattr(row, "status", None)
    if status is None:
        return None
    own = getattr(row, "last_run_composite_status", None) or getattr(row, "composite_status", None)
    if status in wanted or (own and own.status):
        return (status in wanted) is equal
    # Only the common status was sent: it tells the group, not which of its statuses.
    same = row.group in {group_of(one) for one in wanted}
    return (None if same else True) if not equal else same


def _like(row: Any, field: str, test: Callable[[str], bool]) -> bool | None:
    said = _said(row, field)
    return None if said is None else test(said)
