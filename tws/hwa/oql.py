"""
Conditions in HWA's Orchestration Query Language (OQL), built so that a value stays a value.

    str(equals("status", "SUCC") & compare("endTime", ">=", at))
    # status = 'SUCC' AND endTime >= '2026-11-22T10:05:00.000Z'
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

Value = str | int | bool | datetime

_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}\Z")
_OPERATORS = frozenset({"=", "!=", "<", "<=", ">", ">="})
MAX_VALUE_CHARS = 1000


class OQLValueError(ValueError):
    """A value or field that OQL has no safe way to write."""


@dataclass(frozen=True, slots=True)
class OQL:
    """A condition; `&` joins two."""

    text: str

    def __str__(self) -> str:
        return self.text

    def __and__(self, other: OQL) -> OQL:
        return OQL(f"{self.text} AND {other.text}")


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


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise OQLValueError("an instant needs a time zone")
    utc = value.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def _field(field: str) -> str:
    if not _FIELD.match(field):
        raise OQLValueError(f"{field!r} is not a field name of OQL")
    return field
