"""One object of the plan: how it is, why it failed or waits, its runs, its rule, single facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from knowledge.claims.evidence import Reading
from tws.answers.memories import Recall
from tws.answers.saying.failures import say_why_it_failed, say_why_stream
from tws.answers.saying.queries import COLUMNS, ENTITY, NAME
from tws.answers.saying.runs import (
    failed_run,
    run_at,
    say_no_run,
    say_not_failed,
    say_runs,
    say_whether_it_failed_before,
    say_whether_rerun,
)
from tws.answers.saying.speech import Speech
from tws.answers.saying.status import say_how_it_is, say_problems
from tws.answers.saying.values import say_values
from tws.answers.saying.waiting import say_why_it_waits
from tws.answers.toolkit import NotThere
from tws.answers.understanding.asked import About, Thing
from tws.plan.query import PlanQuery
from tws.plan.query.catalogue import entity_named

_FIRST = ("failed", "stuck", "running", "waiting", "ready", "undecided")
"""Of several objects of one name the one that matters most, else the newest."""
MOST_NAMESAKES = 20


async def about(speech: Speech, asked: About, recall: Recall) -> None:
    thing = asked.object
    if thing.kind == "prompt":
        await _prompt(speech, thing)
        return
    namesakes, reading = None, await _by_id(speech, thing)
    if reading is None:
        namesakes = await _namesakes(speech, thing, asked.fields)
        if len(namesakes.result["rows"]) > 1 and asked.facet == "status":
            _say_all(speech, thing, namesakes)
            return
        object_id = _chosen(namesakes, asked)
        reading = await speech.read(speech.toolkit.inspect(thing.kind, object_id))
    speech.list_thing(thing_of_object(reading))
    await _say_facet(speech, asked, reading, recall)
    if namesakes and len(namesakes.result["rows"]) > 1:
        speech.paragraph()
        speech.say("others", on=namesakes.id)
        others = f"{namesakes.id}.rows[?id != '{reading.result['id']}']"
        speech.table(others, [name for name in namesakes.result["rows"][0] if name != "id"])


async def _by_id(speech: Speech, thing: Thing) -> Reading | None:
    """The object that was spoken of; None when nobody said which, or it has left the plan."""
    if not thing.id or thing.kind == "prompt":
        return None
    try:
        return await speech.read(speech.toolkit.inspect(thing.kind, thing.id))
    except NotThere:
        return None


def thing_of_object(reading: Reading) -> Thing:
    """The object that was inspected."""
    known = reading.result
    kind = known["kind"]
    return Thing(kind, str(known[NAME[ENTITY[kind]]]), known["id"], str(known.get("stream") or ""))


async def find(speech: Speech, thing: Thing) -> str:
    """The id of the object that is meant; NotThere when the plan holds none of that name."""
    return thing.id or _chosen(await _namesakes(speech, thing), None)


async def _namesakes(speech: Speech, thing: Thing, wanted: Sequence[str] = ()) -> Reading:
    """All of that name, with the fields that are asked for where a list has them."""
    entity = ENTITY[thing.kind]
    where = [{"field": NAME[entity], "value": thing.name}]
    if thing.stream and thing.kind == "job":
        where.append({"field": "stream", "value": thing.stream})
    if thing.workstation and thing.kind != "workstation":
        where.append({"field": "workstation", "value": thing.workstation})
    fields = [*COLUMNS[entity]]
    if thing.kind in {"job", "stream"}:
        fields += ["scheduled", "group"]
    known = entity_named(entity).fields
    fields += [one for one in wanted if one in known and one not in fields]
    query = PlanQuery.model_validate(
        {"entity": entity, "where": where, "fields": fields, "limit": MOST_NAMESAKES}
    )
    return await speech.read(speech.toolkit.plan_query(query))


def _chosen(namesakes: Reading | None, asked: About | None) -> str:
    rows = namesakes.result["rows"] if namesakes else []
    if not rows:
        raise NotThere("The plan holds no object of that name.", reading=namesakes)
    first: Sequence[str] = _FIRST
    if asked and asked.facet == "why_waits":
        first = ("waiting", "ready", "stuck")

    def importance(row: dict[str, Any]) -> int:
        group = row.get("group")
        return first.index(group) if group in first else len(first)

    newest = sorted(rows, key=lambda row: str(row.get("scheduled") or ""), reverse=True)
    return str(min(newest, key=importance)["id"])


def _say_all(speech: Speech, thing: Thing, namesakes: Reading) -> None:
    speech.say("several", on=namesakes.id, n=f"{namesakes.id}.matched")
    rows = namesakes.result["rows"]
    speech.table(f"{namesakes.id}.rows", [one for one in rows[0] if one not in {"id", "group"}])
    for row in rows:
        stream = str(row.get("stream") or "")
        speech.list_thing(Thing(thing.kind, thing.name, str(row["id"]), stream))


async def _say_facet(speech: Speech, asked: About, reading: Reading, recall: Recall) -> None:
    known, at = reading.result, reading.id
    name = f"{at}.{NAME[ENTITY[known['kind']]]}"
    match asked.facet:
        case "why" | "why_failed" if known["kind"] in {"job", "stream"}:
            await _why(speech, asked, reading, recall)
        case "why_waits" if known.get("group") == "stuck":
            await say_why_stream(speech, reading, name)
        case "why_waits" if known["kind"] in {"job", "stream"}:
            say_why_it_waits(speech, reading, name)
        case "why" | "why_failed" | "why_waits":
            say_how_it_is(speech, reading)
            say_problems(speech, known, at)
        case "runs" if "last_runs" in known:
            say_runs(speech, known, at, name)
        case "rerun" if "last_runs" in known:
            say_whether_rerun(speech, known, at, name)
        case "failed_before" if "last_runs" in known:
            say_whether_it_failed_before(speech, known, at, name)
        case "definition" | "schedule" if "definition" in known:
            _say_rule(speech, reading, name, schedule=asked.facet == "schedule")
        case "holders" if "holders" in known:
            _say_holders(speech, known, at)
        case "value":
            _say_values(speech, asked, reading, name)
        case "status" | "definition":
            say_how_it_is(speech, reading)
        case _of_another_kind:
            speech.say("unread", name=name)


async def _prompt(speech: Speech, thing: Thing) -> None:
    reading = await _namesakes(speech, thing)
    if not reading.result["rows"]:
        raise NotThere("The plan holds no prompt of that name.")
    first = f"{reading.id}.rows[0]"
    slots = {one: f"{first}.{one}" for one in ("status", "text")}
    speech.say("prompt.status", name=f"{first}.prompt", **slots)


async def _why(speech: Speech, asked: About, reading: Reading, recall: Recall) -> None:
    """A failure is explained, a wait too."""
    known, at = reading.result, reading.id
    name = f"{at}.{NAME[ENTITY[known['kind']]]}"
    if known["kind"] == "stream":
        await say_why_stream(speech, reading, name)
    elif asked.facet == "why" and known["group"] in {"waiting", "ready"}:
        say_why_it_waits(speech, reading, name)
    elif (run := failed_run(known)) is None and known["group"] != "failed":
        if known["group"] in {"waiting", "ready", "stuck"}:
            say_why_it_waits(speech, reading, name)
        elif asked.facet == "why":
            say_how_it_is(speech, reading)
        else:
            say_not_failed(speech, known, at)
    else:
        await say_why_it_failed(speech, reading, run, recall)


def _say_values(speech: Speech, asked: About, reading: Reading, name: str) -> None:
    known, at = reading.result, reading.id
    if asked.run is not None:
        run = run_at(known, asked.run)
        if run is None:
            say_no_run(speech, known, at, asked.run)
            return
        say_values(speech, known["last_runs"][run], f"{at}.last_runs[{run}]", name, asked.fields)
        return
    own = [field for field in asked.fields if field in known]
    if "scheduled" in own and known.get("earliest_start"):  # its stream's time is not yet its own
        own.append("earliest_start")
    say_values(speech, known, at, name, own)
    rest = [field for field in asked.fields if field not in known]
    rule = known.get("definition")
    if rest and rule is None and "definition" in known:
        speech.say("definition.unread", on=at, name=name)
    elif rest:
        known_of = [field for field in rest if field in (rule or ())] or rest[:1]
        say_values(speech, rule or {}, f"{at}.definition", name, known_of)


def _say_rule(speech: Speech, reading: Reading, name: str, *, schedule: bool) -> None:
    known, at = reading.result, reading.id
    rule = known.get("definition")
    if schedule:
        for field in ("scheduled", "earliest_start", "deadline"):
            if known.get(field) is not None:
                speech.say(f"value.{field}", name=name, value=f"{at}.{field}")
    if rule is None:
        speech.say("definition.unread", on=at, name=name)
        return
    if not schedule and rule["workstation"]:
        speech.say("definition", name=name, workstation=f"{at}.definition.workstation")
    for field in () if schedule else ("owner", "description", "documentation"):
        if rule[field]:
            speech.say(f"definition.{field}", value=f"{at}.definition.{field}")
    if rule["calendars"]:
        speech.say("schedule.calendars", value=f"{at}.definition.calendars")
    where = f"{at}.definition"
    if rule["run_cycles"]:
        speech.say("schedule.rules", on=where, names=f"{where}.run_cycles[*].name")
    elif schedule:
        speech.say("schedule.none", on=where)


def _say_holders(speech: Speech, known: dict[str, Any], at: str) -> None:
    slots = {one: f"{at}.{one}" for one in ("available", "quantity")}
    holders = known["holders"]
    if not holders:
        speech.say("resource.free", on=at, name=f"{at}.resource", **slots)
    elif all(holder.get("job") for holder in holders):
        jobs = f"{at}.holders[*].job"
        speech.say("resource.holders", jobs=jobs, name=f"{at}.resource", **slots)
    else:
        speech.say("resource.status", name=f"{at}.resource", in_use=f"{at}.in_use", **slots)
