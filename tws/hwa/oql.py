"""
Queries in HWA's Orchestration Query Language (OQL) and plan filters, built so that a value stays
a value: a name with a quote or a wildcard in it cannot change the query.

    str(equals("name", "PAYROLL_CALC") & one_of("status", ["ABEND", "FAIL"]))
    # name = 'PAYROLL_CALC' AND status IN ['ABEND','FAIL']
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

Value = str | int | bool | datetime

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

    def __str__(self) -> str:
        return self.text

    def __and__(self, other: OQL) -> OQL:
        return OQL(f"{self._grouped()} AND {other._grouped()}")

    def __or__(self, other: OQL) -> OQL:
        return OQL(f"{self.text} OR {other.text}", _mixed=True)

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
    return OQL(f"{_field(field)} {operator} {literal(value)}")


def equals(field: str, value: Value) -> OQL:
    return compare(field, "=", value)


def one_of(field: str, values: Iterable[Value]) -> OQL:
    items = ",".join(literal(value) for value in values)
    if not items:
        raise OQLValueError("IN needs at least one value")
    return OQL(f"{_field(field)} IN [{items}]")


def starts_with(field: str, prefix: str) -> OQL:
    return OQL(f"{_field(field)} LIKE {literal(_plain(prefix) + '%')}")


def contains(field: str, part: str) -> OQL:
    return OQL(f"{_field(field)} LIKE {literal('%' + _plain(part) + '%')}")


def order_by(condition: OQL | None, field: str, *, descending: bool = False) -> OQL:
    order = f"ORDER BY {_field(field)} {'DESC' if descending else 'ASC'}"
    return OQL(f"{condition} {order}" if condition else order)


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
