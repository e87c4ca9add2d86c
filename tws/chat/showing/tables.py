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
from tws.plan.comparing import MOST_RUNS, compare_runs
from tws.plan.impact import MOST_NODES, impact
from tws.plan.models import PlanEngine
from tws.plan.query import PlanQuery, PlanQueryRefused, answer
from tws.plan.query.values import plain

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
    if goes_on := _where_it_goes_on(table.expr.removeprefix(f"{reading.id}."), reading):
        shown |= goes_on | {"query": reading.arguments, "tool": reading.tool}
        shown |= {"engine": reading.engine, "language": said.language, "zone": said.zone}
    return shown


KEPT = ("query", "tool", "engine", "language", "zone", "plan_from", "stale")
"""What the page is not told of a table."""


def _where_it_goes_on(place: str, reading: Reading) -> dict[str, Any]:
    """How many rows there are and what the next ones come after; nothing where none can follow."""
    result = reading.result
    match reading.tool, place:
        case "plan_query", "rows":
            is_stale = bool(result.get("stale"))
            return _of_query(result) | {"plan_from": result["plan_from"], "stale": is_stale}
        case (("impact" | "compare"), "rows"):
            rows, matched = result["rows"], result["matched"]
            next_after = str(rows[-1]["id"]) if rows and len(rows) < matched else ""
            return {"matched": matched, "next": next_after}
    return {}


def _of_query(result: Mapping[str, Any]) -> dict[str, Any]:
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
    """The next rows of the table's own reading, or its first ones in another order.

    PlanReplaced when that plan is no longer in force; what a query raises else.
    """
    columns = [one["name"] for one in table["columns"]]
    if order_by and order_by.removeprefix("-") not in columns:
        raise PlanQueryRefused(f"The table has no column {order_by!r}.", columns)
    tool = table.get("tool", "plan_query")  # a table that was kept before there were others
    follow = _of_the_plan if tool == "plan_query" else _of_one_object
    result = follow(table, after, order_by, limit)
    reading = Reading("q1", tool, table["query"], result, fetched_at=result["fetched_at"])
    voice = Voice(table["language"], ZoneInfo(table["zone"])).on(reading.read_at)
    return {
        "rows": list(_rows(result["rows"], columns, voice, reading)),
        "fetched_at": result["fetched_at"],
        **_of_query(result),
    }


def _of_the_plan(table: Mapping[str, Any], after: str, order_by: str, limit: int) -> dict[str, Any]:
    wanted: dict[str, Any] = {"after": after, "limit": limit, "engine": table["engine"]}
    if order_by:
        wanted["order_by"] = [order_by]
    query = PlanQuery.model_validate(table["query"]).model_copy(update=wanted)
    result = answer(query, as_last_read=table["stale"])
    if result["plan_from"] != table["plan_from"]:
        raise PlanReplaced
    return result


def _of_one_object(
    table: Mapping[str, Any], after: str, order_by: str, limit: int
) -> dict[str, Any]:
    """What it holds up, or its runs, as they are now; the rows after one that is still there."""
    asked, state = table["query"], PlanEngine.of(table["engine"])
    if table["tool"] == "impact":
        found = impact(state.name, asked["kind"], asked["object"], shown=MOST_NODES)
    else:
        found = compare_runs(state.name, asked["job"], asked["stream"], MOST_RUNS)
    rows = found["rows"] if found else []
    if order_by:
        name = order_by.removeprefix("-")
        known = [row for row in rows if row[name] is not None]
        known.sort(key=lambda row: row[name], reverse=order_by.startswith("-"))
        rows = known + [row for row in rows if row[name] is None]
    ids = [str(row["id"]) for row in rows]
    if after and after not in ids:
        raise PlanReplaced
    begin = ids.index(after) + 1 if after else 0
    page = rows[begin : begin + limit]
    is_last = begin + limit >= len(rows)
    told = {"matched": len(rows), "next": "" if is_last else str(page[-1]["id"])}
    return {"rows": page, "fetched_at": plain(state.fetched_at), **told}
