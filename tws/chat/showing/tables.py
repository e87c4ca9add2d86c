"""The tables of an answer as data: what each cell says, what it is sorted by, where they go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from knowledge.claims.answer import Answer, Table
from knowledge.claims.evidence import NoClaim, Reading
from knowledge.claims.expressions import Evaluator
from knowledge.claims.inert import inert, one_line
from knowledge.claims.wording import Voice, words
from knowledge.hwa.fields import FIELDS
from knowledge.hwa.statuses import Language
from tws.answers.named import thing_in
from tws.chat.showing.facts import KIND_OF_FIELD, group_shown, source_ref
from tws.plan.query import PlanQuery, PlanQueryRefused, answer

_NUMERIC = {"count", "number", "minutes", "percent"}
Row = dict[str, Any]


class PlanReplaced(Exception):
    """The rows were of a plan that is no longer in force: there are no next ones of it."""


def tables_of(said: Answer, evaluator: Evaluator) -> list[dict[str, Any]]:
    """Each table with its place (`t1`, `t2`, …); `query` and what follows it stay with us."""
    tables = [one for one in said.segments if isinstance(one, Table)]
    shown = (_table(f"t{n}", one, said, evaluator) for n, one in enumerate(tables, 1))
    return [one for one in shown if one]


def _table(
    table_id: str, table: Table, said: Answer, evaluator: Evaluator
) -> dict[str, Any] | None:
    try:
        rows, reading_id = evaluator.rows(table.expr)
    except NoClaim:
        return None
    reading = evaluator.readings[reading_id]
    voice = Voice(said.language, ZoneInfo(said.zone)).on(reading.read_at)
    shown: dict[str, Any] = {
        "id": table_id,
        "source": source_ref(reading),
        "columns": [_column(name, said.language) for name in table.columns],
        "rows": list(_rows(rows, table.columns, voice, reading)),
        "matched": len(rows),
        "next": "",
    }
    if reading.tool == "plan_query" and table.expr == f"{reading.id}.rows":
        shown |= _where_it_goes_on(reading.result)
        shown |= {"query": reading.arguments, "engine": reading.engine}
        shown |= {"language": said.language, "zone": said.zone}
        shown |= {"plan_from": reading.result["plan_from"]}
        shown |= {"stale": bool(reading.result.get("stale"))}
    return shown


KEPT = ("query", "engine", "language", "zone", "plan_from", "stale")
"""What the page is not told of a table."""


def _where_it_goes_on(result: Mapping[str, Any]) -> dict[str, Any]:
    return {"matched": result["matched"], "next": result.get("next") or ""}


def _column(name: str, language: Language) -> dict[str, Any]:
    field = FIELDS.get(name.partition(".")[0])
    return {
        "name": name,
        "heading": field.heading(language) if field else name,
        "numeric": field is not None and field.kind in _NUMERIC,
    }


def _rows(
    rows: Sequence[Row], columns: Sequence[str], voice: Voice, reading: Reading
) -> Iterator[dict[str, Any]]:
    for row in rows:
        thing = thing_in(reading, row)
        shown: dict[str, Any] = {"cells": [cell_of(row[name], name, voice) for name in columns]}
        if thing:
            shown["thing"] = asdict(thing)
        yield shown


def cell_of(value: Any, column: str, voice: Voice) -> dict[str, Any]:
    """`words` as text, not as Markdown; `value` to sort by; a status's `group`; a name's `kind`."""
    name = column.partition(".")[0]
    field = FIELDS.get(name)
    said = words(value, field.kind if field else "", voice, name)
    if isinstance(value, str) and said == inert(value):
        said = one_line(value)
    cell: dict[str, Any] = {"words": said}
    cell["value"] = value if isinstance(value, (str, int, float)) else None
    if group := group_shown(name, value):
        cell["group"] = group
    elif value and name in KIND_OF_FIELD:
        cell["kind"] = KIND_OF_FIELD[name]
    return cell


# --- the rows that follow -----------------------------------------------------------------------


def rows_after(
    table: Mapping[str, Any], *, after: str = "", order_by: str = "", limit: int = 50
) -> dict[str, Any]:
    """The next rows of the table's own query, or its first ones in another order.

    PlanReplaced when that plan is no longer in force; what a query raises else.
    """
    query = PlanQuery.model_validate(table["query"])
    columns = [one["name"] for one in table["columns"]]
    wanted: dict[str, Any] = {"after": after, "limit": limit, "engine": table["engine"]}
    if order_by:
        if order_by.removeprefix("-") not in columns:
            raise PlanQueryRefused(f"The table has no column {order_by!r}.", columns)
        wanted["order_by"] = [order_by]
    result = answer(query.model_copy(update=wanted), as_last_read=table["stale"])
    if result["plan_from"] != table["plan_from"]:
        raise PlanReplaced
    reading = Reading("q1", "plan_query", table["query"], result, fetched_at=result["fetched_at"])
    voice = Voice(table["language"], ZoneInfo(table["zone"])).on(reading.read_at)
    return {
        "rows": list(_rows(result["rows"], columns, voice, reading)),
        "fetched_at": result["fetched_at"],
        **_where_it_goes_on(result),
    }
