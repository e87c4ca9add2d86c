"""From the conditions of a question to SQL's, and to what was understood of them.

What HWA does not say satisfies no condition but `= null`: nothing is counted without grounds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from knowledge.hwa.statuses import STATUSES, SUBSTATUSES
from tws.plan.query.asked import AnyOf, Condition, PlanQueryRefused
from tws.plan.query.catalogue import Entity, Field
from tws.plan.query.moments import Moment, read_moment, read_span
from tws.plan.query.names import known_name, known_pattern, like

_ORDERED = {"=", "!=", "<", "<=", ">", ">=", "in", "not in", "between"}
_OPERATORS: dict[str, set[str]] = {
    "name": {"=", "!=", "in", "not in", "like", "not like"},
    "word": {"=", "!=", "in", "not in", "like", "not like"},
    "text": {"=", "!=", "like", "not like"},
    "number": _ORDERED,
    "minutes": _ORDERED,
    "time": _ORDERED - {"in", "not in"},
    "flag": {"=", "!="},
    "words": {"=", "!=", "in", "not in"},
    "data": set(),
}
_COMPARED = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_FLAGS = {True: True, False: False, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Context:
    """What a condition is read in: the engine, what is asked for, when and where."""

    engine: str
    entity: Entity
    now: datetime
    zone: ZoneInfo

    def path(self, name: str) -> str:
        """What a lookup begins with: the column, or the alias of an expression."""
        source = self.entity.field(name).source
        return source if isinstance(source, str) else alias(name)


def alias(name: str) -> str:
    """What the expression of a field is called in SQL."""
    return f"f_{name}"


def compiled(part: Condition | AnyOf, context: Context) -> tuple[Q, dict[str, Any]]:
    """The SQL of a condition, and the condition as it was understood.

    PlanQueryRefused when a field, an operator or a value is none.
    """
    if isinstance(part, AnyOf):
        parts = [compiled(one, context) for one in part.any]
        together = Q()
        for condition, _understood in parts:
            together |= condition
        return together, {"any": [understood for _condition, understood in parts]}
    field = context.entity.field(part.field)
    if part.op not in _OPERATORS[field.kind]:
        known = sorted(_OPERATORS[field.kind])
        raise PlanQueryRefused(f"{part.op!r} does not apply to {part.field!r}.", known)
    if part.value is None or (isinstance(part.value, list) and None in part.value):
        return _of_unknown(part, field, context)
    condition, value = _READERS[field.kind](part, field, context)
    if part.op in {"!=", "not in", "not like"}:
        condition = ~condition & _said(field, context.path(part.field))
    if field.implied is not None:
        condition &= field.implied(context.now)
    return condition, {"field": part.field, "op": part.op, "value": value}


def _of_unknown(part: Condition, field: Field, context: Context) -> tuple[Q, dict[str, Any]]:
    if part.op not in {"=", "!="}:
        raise PlanQueryRefused(f"null goes with = and !=, not with {part.op!r}.")
    said = _said(field, context.path(part.field))
    understood = {"field": part.field, "op": part.op, "value": None}
    return (~said if part.op == "=" else said), understood


def _said(field: Field, path: str) -> Q:
    """That HWA says something there."""
    said = Q(**{f"{path}__isnull": False})
    if field.is_text:
        return said & ~Q(**{path: ""})
    return said & ~Q(**{path: []}) if field.kind == "words" else said


def _values(part: Condition) -> list[Any]:
    return part.value if isinstance(part.value, list) else [part.value]


# --- names, words, texts ------------------------------------------------------------------------


def _of_name(part: Condition, field: Field, context: Context) -> tuple[Q, Any]:
    where = (context.engine, context.entity, part.field, field)
    return _of_texts(
        part,
        context,
        lambda text: known_name(*where, text),
        lambda text: known_pattern(*where, text),
    )


def _of_word(part: Condition, field: Field, context: Context) -> tuple[Q, Any]:
    return _of_texts(part, context, lambda text: _known_word(part.field, field, context, text), str)


def _of_texts(
    part: Condition,
    context: Context,
    read: Callable[[str], str],
    read_pattern: Callable[[str], str],
) -> tuple[Q, Any]:
    path, texts = context.path(part.field), [_text(value) for value in _values(part)]
    if part.op in {"like", "not like"}:
        pattern = read_pattern(texts[0])
        in_any_case = context.entity.field(part.field).kind == "text"
        return like(path, pattern, in_any_case=in_any_case), pattern
    found = [read(text) for text in texts]
    if part.op in {"in", "not in"}:
        return Q(**{f"{path}__in": found}), found
    return Q(**{path: found[0]}), found[0]


def _of_text(part: Condition, field: Field, context: Context) -> tuple[Q, Any]:
    return _of_texts(part, context, str, str)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise PlanQueryRefused(f"{value!r} is not a word.")
    return value


def _known_word(name: str, field: Field, context: Context, wanted: str) -> str:
    """The word as HWA spells it: one of the known ones, or one that stands in the plan."""
    code = wanted.upper()
    if name in {"status", "target_status", "common_status"} and code in STATUSES:
        if name == "status" and "group" in context.entity.fields:
            _refuse_if_summed_up(field, context, code)
        return code
    if name == "substatus" and code in SUBSTATUSES:
        return code
    known = list(field.known) or _words_in_plan(context, field)
    spelling = {word.lower(): word for word in known}.get(wanted.lower())
    if spelling is None:
        raise PlanQueryRefused(f"{wanted!r} is none of the words of {name!r}.", sorted(known)[:50])
    return spelling


def _refuse_if_summed_up(field: Field, context: Context, code: str) -> None:
    """Some engines have no ABEND but an ERROR: that none is in ABEND they do not say."""
    known, column = STATUSES[code], field.source
    if known.common == code or not isinstance(column, str):
        return
    rows = context.entity.model._default_manager.filter(engine=context.engine, group=known.group)
    if rows.filter(**{column: code}).exists() or not rows.filter(**{column: known.common}).exists():
        return
    raise PlanQueryRefused(
        f"{context.engine} does not tell {code} from others: it says {known.common}.",
        [known.common],
    )


def _words_in_plan(context: Context, field: Field) -> list[str]:
    rows = context.entity.model._default_manager.filter(engine=context.engine).order_by()
    column = str(field.source)
    return [word for word in rows.values_list(column, flat=True).distinct()[:2000] if word]


def _of_words(part: Condition, field: Field, context: Context) -> tuple[Q, Any]:
    path, wanted = context.path(part.field), [_text(value) for value in _values(part)]
    if field.known and (strange := set(wanted) - set(field.known)):
        raise PlanQueryRefused(f"{strange.pop()!r} is none of these.", list(field.known))
    return Q(**{f"{path}__overlap": wanted}), part.value


# --- numbers, times, flags ----------------------------------------------------------------------


def _of_number(part: Condition, field: Field, context: Context) -> tuple[Q, Any]:
    path, numbers = context.path(part.field), [_number(v, field) for v in _values(part)]
    if part.op in {"in", "not in"}:
        return Q(**{f"{path}__in": numbers}), numbers
    if part.op == "between":
        _in_order(numbers)
        return Q(**{f"{path}__range": numbers}), numbers
    if part.op in _COMPARED:
        return Q(**{f"{path}__{_COMPARED[part.op]}": numbers[0]}), numbers[0]
    return Q(**{path: numbers[0]}), numbers[0]


def _number(value: Any, field: Field) -> float | int:
    """A number; a duration may also be written `1h30m`. Beyond 2**62 there is none in a plan."""
    if field.kind == "minutes" and isinstance(value, str) and (span := read_span(value)):
        return span / timedelta(minutes=1)
    try:
        number = float(value) if not isinstance(value, bool) else None
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None or not abs(number) < 2**62:
        raise PlanQueryRefused(f"{value!r} is not a number.")
    return int(number) if number.is_integer() else number


def _in_order(values: list[Any]) -> None:
    if values[0] > values[1]:
        raise PlanQueryRefused("The first value of 'between' lies beyond the second.")


def _of_time(part: Condition, field: Field, context: Context) -> tuple[Q, Any]:
    path = context.path(part.field)
    moments = [read_moment(_text(v), context.now, context.zone) for v in _values(part)]
    if part.op == "between":
        _in_order([moment.start for moment in moments])
        condition = _since(path, moments[0]) & _until(path, moments[1])
    else:
        condition = _compared(part.op, path, moments[0])
    stamps = [moment.start.astimezone(context.zone).isoformat() for moment in moments]
    days = [
        stamp[:10] if not m.is_point else stamp for stamp, m in zip(stamps, moments, strict=True)
    ]
    return condition, days if part.op == "between" else days[0]


def _since(path: str, moment: Moment) -> Q:
    return Q(**{f"{path}__gte": moment.start})


def _until(path: str, moment: Moment) -> Q:
    """A day counts whole; a point in time is included."""
    return Q(**{f"{path}__{'lte' if moment.is_point else 'lt'}": moment.end})


def _compared(op: str, path: str, moment: Moment) -> Q:
    match op:
        case ">=":
            return _since(path, moment)
        case "<=":
            return _until(path, moment)
        case "<":
            return Q(**{f"{path}__lt": moment.start})
        case ">":
            return Q(**{f"{path}__{'gt' if moment.is_point else 'gte'}": moment.end})
    return _since(path, moment) & _until(path, moment)


def _of_flag(part: Condition, field: Field, context: Context) -> tuple[Q, Any]:
    value = part.value.lower() if isinstance(part.value, str) else part.value
    if not isinstance(value, (bool, str)) or value not in _FLAGS:
        raise PlanQueryRefused(f"{part.value!r} is neither true nor false.")
    flag = _FLAGS[value]
    return Q(**{context.path(part.field): flag}), flag


_READERS: dict[str, Callable[[Condition, Field, Context], tuple[Q, Any]]] = {
    "name": _of_name,
    "word": _of_word,
    "text": _of_text,
    "number": _of_number,
    "minutes": _of_number,
    "time": _of_time,
    "flag": _of_flag,
    "words": _of_words,
}
