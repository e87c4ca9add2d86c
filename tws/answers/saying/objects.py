"""One object of the plan: how it is, why it failed or waits, its runs, its rule, single facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from knowledge.claims.evidence import Reading
from knowledge.hwa.statuses import group_of
from tws.answers.memories import Recall
from tws.answers.saying.knowledge import say_known_fix
from tws.answers.saying.queries import COLUMNS, NAME
from tws.answers.saying.speech import Speech
from tws.answers.saying.values import is_over, say_values
from tws.answers.saying.waiting import say_substatus, say_why_it_waits
from tws.answers.toolkit import NotRead, NotThere
from tws.answers.understanding.asked import About, Run, Thing
from tws.plan.query import PlanQuery
from tws.plan.query.catalogue import entity_named

ENTITY = {
    "job": "jobs",
    "stream": "job_streams",
    "workstation": "workstations",
    "resource": "resources",
    "prompt": "prompts",
}
_FIRST = ("failed", "stuck", "running", "waiting", "ready", "undecided")
"""Of several objects of one name the one that matters most, else the newest."""
MOST_NAMESAKES = 20
CAUSES = 6
LAST_LINES = 8
_RUN_COLUMNS = ["number", "status", "return_code", "start", "end", "elapsed_minutes"]


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
            await _why_stream(speech, reading, name)
        case "why_waits" if known["kind"] in {"job", "stream"}:
            say_why_it_waits(speech, reading, name)
        case "why" | "why_failed" | "why_waits":
            _say_status(speech, reading)
            _say_problems(speech, known, at)
        case "runs" if "last_runs" in known:
            _say_runs(speech, known, at, name)
        case "rerun" if "last_runs" in known:
            _say_whether_rerun(speech, known, at, name)
        case "failed_before" if "last_runs" in known:
            _say_whether_it_failed_before(speech, known, at, name)
        case "definition" | "schedule" if "definition" in known:
            _say_rule(speech, reading, name, schedule=asked.facet == "schedule")
        case "holders" if "holders" in known:
            _say_holders(speech, known, at)
        case "value":
            _say_values(speech, asked, reading, name)
        case "status" | "definition":
            _say_status(speech, reading)
        case _of_another_kind:
            speech.say("unread", name=name)


# --- how it is ----------------------------------------------------------------------------------


def _say_status(speech: Speech, reading: Reading) -> None:
    known, at = reading.result, reading.id
    match known["kind"]:
        case "workstation":
            _say_workstation(speech, known, at)
        case "resource":
            slots = {one: f"{at}.{one}" for one in ("available", "quantity", "in_use")}
            speech.say("resource.status", name=f"{at}.resource", **slots)
        case kind:
            name = f"{at}.{NAME[ENTITY[kind]]}"
            speech.say_status("status.job", at, known["status"], name=name)
            if known["group"] in {"waiting", "ready", "stuck"}:
                say_substatus(speech, known, at)
            if kind == "stream":
                _say_jobs_of_stream(speech, known, at)
            _say_facts(speech, known, at, _FACTS.get(known["group"], ("scheduled",)))


_FACTS = {
    "failed": ("return_code", "start", "end"),
    "success": ("return_code", "start", "end"),
    "running": ("start", "running_minutes", "estimated_end"),
}


def _say_facts(speech: Speech, known: dict[str, Any], at: str, names: Sequence[str]) -> None:
    for name in (*names, "deadline"):
        if known.get(name) is None:
            continue
        if name == "estimated_end" and is_over(known):
            over = f"minutes_between({at}.{name}, {at}.fetched_at)"
            speech.say("fact.estimated_over", on=at, end=f"{at}.{name}", over=over)
        else:
            speech.say(f"fact.{name}", value=f"{at}.{name}")
    for flag in ("late", "critical"):
        if known.get(flag):
            speech.say(f"fact.{flag}", on=at)


def _say_jobs_of_stream(speech: Speech, known: dict[str, Any], at: str) -> None:
    counts = {
        "jobs": "jobs",
        "success": "successful_jobs",
        "failed": "failed_jobs",
        "running": "running_jobs",
        "waiting": "waiting_jobs",
    }
    if all(known.get(field) is not None for field in counts.values()):
        slots = {slot: f"{at}.{field}" for slot, field in counts.items()}
        speech.say("stream.jobs", **slots)


def _say_problems(speech: Speech, known: dict[str, Any], at: str) -> None:
    """Of a place: that the plan gives no cause for what it shows, or shows nothing wrong."""
    problems = known.get("problems")
    if problems:
        speech.say("workstation.no_cause", on=at)
    elif problems is not None:
        speech.say("workstation.well", on=at)


def _say_workstation(speech: Speech, known: dict[str, Any], at: str) -> None:
    name, linked = f"{at}.workstation", known["linked"]
    states = {None: "unknown", True: "linked", False: "unlinked"}
    speech.say(f"workstation.{states[linked]}", on=at, name=name)
    if known["jobman_up"] is False:
        speech.say("fact.jobman_down", on=at)
    for field in ("limit", "fence"):
        if known[field] is not None:
            speech.say(f"fact.{field}", value=f"{at}.{field}")
    if known["limit"] == 0:
        speech.say("workstation.limit_zero", on=at)


async def _prompt(speech: Speech, thing: Thing) -> None:
    reading = await _namesakes(speech, thing)
    if not reading.result["rows"]:
        raise NotThere("The plan holds no prompt of that name.")
    first = f"{reading.id}.rows[0]"
    slots = {one: f"{first}.{one}" for one in ("status", "text")}
    speech.say("prompt.status", name=f"{first}.prompt", **slots)


# --- why ----------------------------------------------------------------------------------------


async def _why(speech: Speech, asked: About, reading: Reading, recall: Recall) -> None:
    """A failure is explained, a wait too."""
    known, at = reading.result, reading.id
    name = f"{at}.{NAME[ENTITY[known['kind']]]}"
    if known["kind"] == "stream":
        await _why_stream(speech, reading, name)
    elif asked.facet == "why" and known["group"] in {"waiting", "ready"}:
        say_why_it_waits(speech, reading, name)
    elif (run := _failed_run(known)) is None and known["group"] != "failed":
        if known["group"] in {"waiting", "ready", "stuck"}:
            say_why_it_waits(speech, reading, name)
        elif asked.facet == "why":
            _say_status(speech, reading)
        else:
            _say_not_failed(speech, known, at)
    else:
        await _why_failed(speech, reading, run, recall)


def _say_not_failed(speech: Speech, known: dict[str, Any], at: str) -> None:
    """That no run failed; of more runs than were read only how it is now."""
    key = "status.job" if _has_more_runs(known) else "failed.not"
    speech.say_status(key, at, known["status"], name=f"{at}.job")


def _failed_run(known: dict[str, Any]) -> int | None:
    """Where in `last_runs` the latest failed one stands."""
    runs = enumerate(known["last_runs"])
    return next((at for at, run in runs if group_of_run(run) == "failed"), None)


def group_of_run(run: dict[str, Any]) -> str | None:
    return group_of(run["status"])


async def _why_failed(speech: Speech, reading: Reading, run: int | None, recall: Recall) -> None:
    known, at = reading.result, reading.id
    name = f"{at}.job"
    facts = known["last_runs"][run] if run is not None else known
    where = f"{at}.last_runs[{run}]" if run is not None else at
    if group_of_run(facts) != "failed":
        speech.say_status("status.job", at, known["status"], name=name)
    elif facts["return_code"] is not None and facts["end"]:
        slots = {one: f"{where}.{one}" for one in ("return_code", "end")}
        speech.say("failed", on=where, name=name, **slots)
    elif facts["status"] == "FAIL":
        speech.say("failed.not_started", on=where, name=name, status=f"{where}.status")
    else:
        speech.say("failed.plain", on=where, name=name)
    if known["group"] != "failed":
        speech.say_status(_since_it_failed(known, run), at, known["status"], name=name)
    cause = await _say_cause(speech, known, facts.get("number") if run is not None else None)
    await say_known_fix(speech, recall, known["job"], facts["return_code"], cause)
    speech.suggestions.append(_follow(speech, known["job"]))


def _since_it_failed(known: dict[str, Any], run: int | None) -> str:
    """The phrase for what has become of it: it ran again, it waits to, or has another status."""
    if run:
        return "failed.earlier"
    return "failed.waits" if known["group"] in {"waiting", "ready"} else "failed.now"


def _follow(speech: Speech, job: str) -> str:
    return f"o que o {job} segura?" if speech.language == "pt" else f"what does {job} hold up?"


async def _say_cause(speech: Speech, known: dict[str, Any], number: int | None) -> list[str]:
    """The log's lines that state a cause; their texts."""
    speech.paragraph()
    try:
        log = await speech.read(speech.toolkit.log(known["id"], number))
    except NotRead:
        _say_no_log(speech)
        return []
    causes = log.result["cause"][-CAUSES:]
    if causes:
        speech.say("failed.cause", on=log.id)
        speech.log(log, [line["number"] for line in causes])
    elif log.result["lines"]:
        speech.say("failed.end_of_log", on=log.id)
        speech.log(log, [line["number"] for line in log.result["lines"][-LAST_LINES:]])
    else:
        _say_no_log(speech)
    return [str(line["text"]) for line in causes]


def _say_no_log(speech: Speech) -> None:
    speech.note(no_log=True)
    speech.say("failed.no_log")


async def _why_stream(speech: Speech, reading: Reading, name: str) -> None:
    """Its jobs in error, or what it waits for."""
    known, at = reading.result, reading.id
    speech.say_status("status.job", at, known["status"], name=name)
    where = [
        {"field": "stream", "value": known["stream"]},
        {"field": "group", "value": "failed"},
    ]
    fields = ["job", "workstation", "status", "return_code", "end"]
    query = PlanQuery.model_validate({"entity": "jobs", "where": where, "fields": fields})
    failed = await speech.read(speech.toolkit.plan_query(query))
    if failed.result["rows"]:
        speech.say("stream.failed_jobs", on=failed.id, names=f"{failed.id}.rows[*].job")
        for row in failed.result["rows"]:
            speech.list_thing(Thing("job", str(row["job"]), row["id"], known["stream"]))
    elif known["waits"]:
        say_why_it_waits(speech, reading, name)


# --- runs ---------------------------------------------------------------------------------------


def _say_runs(speech: Speech, known: dict[str, Any], at: str, name: str) -> None:
    if not known["last_runs"]:
        speech.say("never_ran", on=at, name=name)
        return
    speech.say("runs", name=name, n=_how_many_runs(known, at))
    _show_runs(speech, known, at)


def _show_runs(speech: Speech, known: dict[str, Any], at: str) -> None:
    speech.table(f"{at}.last_runs", _RUN_COLUMNS)
    if _has_more_runs(known):
        speech.paragraph()
        speech.say("runs.newest", on=at)


def _has_more_runs(known: dict[str, Any]) -> bool:
    return "last_runs" in known.get("not_shown", ())


def _how_many_runs(known: dict[str, Any], at: str) -> str:
    return f"{at}.runs" if _has_more_runs(known) else f"length({at}.last_runs)"


def say_no_run(speech: Speech, known: dict[str, Any], at: str, run: Run) -> None:
    """That there is no such run as was asked about."""
    if not known["last_runs"]:
        speech.say("never_ran", on=at, name=f"{at}.job")
    elif _has_more_runs(known):
        _say_runs(speech, known, at, f"{at}.job")
    elif run == "failed" and known["group"] != "failed":
        _say_not_failed(speech, known, at)
    else:
        speech.say("no_such_run", on=at, name=f"{at}.job", n=_how_many_runs(known, at))


def _say_whether_rerun(speech: Speech, known: dict[str, Any], at: str, name: str) -> None:
    runs = len(known["last_runs"])
    if runs > 1 or _has_more_runs(known):
        speech.say("rerun.yes", on=at, name=name, n=_how_many_runs(known, at))
        _show_runs(speech, known, at)
    elif runs:
        speech.say("rerun.no", on=at, name=name)
    else:
        speech.say("rerun.never_ran", on=at, name=name)


def _say_whether_it_failed_before(
    speech: Speech, known: dict[str, Any], at: str, name: str
) -> None:
    runs = known["last_runs"]
    earlier = [number for number, run in enumerate(runs) if group_of_run(run) == "failed"]
    before = [number for number in earlier if number > 0]
    if not before and _has_more_runs(known):
        _say_runs(speech, known, at, name)
        return
    if not before:
        speech.say("failed_before.no", on=at, name=name)
        return
    run = f"{at}.last_runs[{before[0]}]"
    found = runs[before[0]]
    if found["return_code"] is not None and found["end"]:
        slots = {one: f"{run}.{one}" for one in ("return_code", "end")}
        speech.say("failed_before.yes", on=run, **slots)
    _show_runs(speech, known, at)


def run_at(known: dict[str, Any], run: Run) -> int | None:
    """Where in `last_runs`, the newest first, the run stands that is meant."""
    runs = known["last_runs"]
    match run:
        case "failed":
            return _failed_run(known)
        case "first":
            return len(runs) - 1 if runs and not _has_more_runs(known) else None
        case "previous":
            return 1 if len(runs) > 1 else None
        case _last:
            return 0 if runs else None


# --- single facts, and the rule -----------------------------------------------------------------


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
        say_values(speech, rule or {}, f"{at}.definition", name, rest)


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
