"""Which objects of the plan an answer names, by what its readings know of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from knowledge.claims.answer import Answer, Claim, Said, Segment, Table
from knowledge.claims.evidence import Reading
from knowledge.claims.expressions import Evaluator
from tws.answers.saying.objects import thing_of_object
from tws.answers.saying.queries import thing_of_row
from tws.answers.saying.speech import MOST_SHOWN
from tws.answers.understanding.asked import Thing


def things_named(answer: Answer, readings: Mapping[str, Reading]) -> tuple[Thing, ...]:
    """The objects in its tables and values, in its order ("the second one"), each once."""
    known = things_read(readings)
    found: dict[Thing, None] = {}
    for segment in answer.segments:
        found |= dict.fromkeys(_named(segment, known, readings))
    return tuple(found)[:MOST_SHOWN]


def things_read(readings: Mapping[str, Reading]) -> dict[str, Thing]:
    """Every object that the readings name, by its name. One that could be several has no id."""
    known: dict[str, Thing] = {}
    for reading in readings.values():
        for thing in _things_of(reading):
            same = known.setdefault(thing.name, thing)
            if same.id != thing.id:
                known[thing.name] = Thing(thing.kind, thing.name)
    return known


def _named(
    segment: Segment, known: Mapping[str, Thing], readings: Mapping[str, Reading]
) -> Iterator[Thing]:
    match segment:
        case Table(expr):
            rows, reading = Evaluator(readings).rows(expr)
            for row in rows:
                if thing := thing_in(readings[reading], row):
                    yield thing
        case Said(Claim(value=value)):
            for one in value if isinstance(value, list) else [value]:
                if thing := known.get(str(one)):
                    yield thing


def _things_of(reading: Reading) -> Iterator[Thing]:
    known = reading.result
    if reading.tool == "inspect":
        yield thing_of_object(reading)
    if reading.tool == "log":
        yield Thing("job", known["job"], reading.arguments["job"], known.get("stream") or "")
    for row in (*known.get("rows", ()), *known.get("groups", ()), *known.get("waits", ())):
        if thing := thing_in(reading, row):
            yield thing


def thing_in(reading: Reading, row: Mapping[str, Any]) -> Thing | None:
    """The object that a row of the reading is of."""
    match reading.tool:
        case "plan_query":
            return thing_of_row(reading.arguments["entity"], row)
        case "impact" | "inspect" if row.get("name") and row.get("kind") in {"job", "stream"}:
            return Thing(row["kind"], row["name"], row["id"] or "", row.get("stream") or "")
        case "inspect" if row.get("target") and row["target_kind"] in {"job", "stream"}:
            return Thing(row["target_kind"], row["target"], "", row["target_stream"] or "")
    return None
