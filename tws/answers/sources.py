"""Where an answer comes from, in words: what was asked of the plan, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.utils import timezone

from knowledge.claims.answer import Answer
from knowledge.claims.evidence import Reading
from knowledge.hwa.lexicon import SAID
from knowledge.hwa.statuses import Language
from tws.answers.events import Source
from tws.answers.toolkit import Toolkit
from tws.answers.understanding.asked import (
    Ask,
    Asked,
    CompareDays,
    CompareRuns,
    Impact,
    LogOf,
    Thing,
)
from tws.answers.understanding.wording import parts_of, thing_said
from tws.hwa.engines import SIMULATOR
from tws.plan.query.asked import PlanQuery


def plan_sources(toolkit: Toolkit, answer: Answer, things: Iterable[Thing] = ()) -> list[Source]:
    """The readings of HWA that the answer rests on; what was looked at in vain is none.

    `things` are objects that the question or the answer names, for readings that only hold an id.
    """
    of_hwa = [one for one in toolkit.readings if one.id[0] in "ql"]
    rested_on = [one for one in of_hwa if one.id in answer.asked] or of_hwa
    names = {one.id: one.name for one in things if one.id}
    plan_of = SAID["word"]["plan_of"][answer.language]
    sources = []
    for reading in rested_on:
        what = what_was_read(reading, answer.language, names)
        engine = reading.engine
        if toolkit.simulated and engine != SIMULATOR:
            engine += f" ({SIMULATOR})"
        label = f"{plan_of} {engine}: {what}"
        at, tool = reading.fetched_at, reading.tool
        sources.append(Source("hwa", reading.id, label, reading.engine, at, what=what, tool=tool))
    return sources


def what_was_read(reading: Reading, language: Language, names: Mapping[str, str]) -> str:
    """runs · ended in error · since 02:00 today."""
    if reading.tool == "inspect":
        return thing_said(_object(reading, names), language)
    asked = _asked(reading, names)
    now = timezone.localtime(reading.read_at or timezone.now())
    return " · ".join(parts_of(asked, language, now)) if asked else reading.tool


def _asked(reading: Reading, names: Mapping[str, str]) -> Asked | None:
    given, result = reading.arguments, reading.result
    match reading.tool:
        case "plan_query":
            query = PlanQuery.model_validate(given)
            where = result.get("understood", {}).get("where", [])
            conditions = [one for one in where if "assumed" not in one]
            return Ask(PlanQuery.model_validate({**query.model_dump(), "where": conditions}))
        case "impact":
            return Impact(_object(reading, names))
        case "log":
            return LogOf(_object(reading, names))
        case "compare" if given.get("job"):
            return CompareRuns(Thing("job", given["job"]))
        case "compare":
            return CompareDays(_day(given["day"]), _day(given["other"]), None)
    return None


def _object(reading: Reading, names: Mapping[str, str]) -> Thing:
    """The object that a reading is about, by its name where that is known."""
    known, kind = reading.result, reading.arguments.get("kind", "job")
    asked = str(reading.arguments.get("object") or reading.arguments.get("job") or "")
    return Thing(kind, str(known.get(kind) or names.get(asked) or asked))


def _day(written: str) -> date:
    return datetime.fromisoformat(written).date()
