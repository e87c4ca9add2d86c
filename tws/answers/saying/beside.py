"""What stands beside the queries: logs, what is held up, runs and days side by side, the whole."""

from __future__ import annotations

from typing import Any, Literal

from knowledge.claims.composing import claim
from knowledge.claims.evidence import Reading
from tws.answers.saying.objects import find
from tws.answers.saying.queries import ENTITY, NAME, say_shown
from tws.answers.saying.queries import ask as ask_of_plan
from tws.answers.saying.runs import run_at, say_no_run
from tws.answers.saying.speech import Speech
from tws.answers.saying.values import say_values
from tws.answers.toolkit import NotThere, Refused
from tws.answers.understanding.asked import (
    Ask,
    Before,
    CompareDays,
    CompareRuns,
    Impact,
    LogOf,
    Thing,
)
from tws.answers.understanding.drafts import condition, query_of
from tws.plan.query import PlanQuery

LINES = 25
MOST_IN_ERROR = 10
_HELD_UP = ["kind", "name", "stream", "status", "deadline"]
_SUCCESSOR = ["kind", "name", "stream", "status"]
_PREDECESSOR = ["target", "target_stream", "target_status", "satisfied"]
_SO_FAR = ("running_minutes", "estimated_minutes")
_COMPARED = ["number", "status", "return_code", "start", "end", "minutes"]


# --- logs ---------------------------------------------------------------------------------------


async def log(speech: Speech, asked: LogOf) -> None:
    object_id = await find(speech, asked.object)
    number = None
    if asked.run != "last":
        job = await speech.read(speech.toolkit.inspect("job", object_id))
        run = run_at(job.result, asked.run)
        if run is None:
            say_no_run(speech, job.result, job.id, asked.run)
            return
        number = job.result["last_runs"][run]["number"]
    try:
        reading = await speech.read(speech.toolkit.log(object_id, number, LINES))
    except NotThere:
        job = await speech.read(speech.toolkit.inspect("job", object_id))
        if job.result["last_runs"]:
            speech.note(no_log=True)
            speech.say("log.none", name=f"{job.id}.job")
        else:
            speech.say("never_ran", on=job.id, name=f"{job.id}.job")
        return
    known, at = reading.result, reading.id
    speech.list_thing(Thing("job", known["job"], object_id, known["stream"] or ""))
    if known["number"] is not None:
        slots = {"number": f"{at}.number", "status": f"{at}.status"}
        speech.say("log", name=f"{at}.job", **slots)
    else:
        speech.say("log.plain", on=at, name=f"{at}.job")
    lines = [line["number"] for line in known["lines"]]
    if lines:
        speech.log(reading, lines)
    if known["matched"] is not None and known["shown"] < known["matched"]:
        speech.paragraph()
        speech.say("log.shown", on=at, shown=f"{at}.shown", n=f"{at}.matched")


# --- before and after ---------------------------------------------------------------------------


def _node(thing: Thing) -> Literal["job", "stream"]:
    return "stream" if thing.kind == "stream" else "job"


async def impact(speech: Speech, asked: Impact) -> None:
    thing = asked.object
    object_id = await find(speech, thing)
    reading = await speech.read(speech.toolkit.impact(_node(thing), object_id))
    known, at = reading.result, reading.id
    speech.note(name=thing.name)
    if asked.direct:
        _say_successors(speech, known, at)
    elif not known["matched"]:
        speech.say("impact.none", on=at, name="u1.understood.name")
    else:
        slots = {"n": f"{at}.matched", "jobs": f"{at}.jobs", "streams": f"{at}.streams"}
        speech.say("impact", name="u1.understood.name", **slots)
        if known["critical"]:
            speech.say("impact.critical", on=at, n=f"{at}.critical")
        if known["until"]:
            speech.say("impact.until", on=at, until=f"{at}.until")
        speech.table(f"{at}.rows", _HELD_UP)
        _show(speech, known["rows"])
        if known["shown"] < known["matched"]:
            speech.paragraph()
            say_shown(speech, reading)
    if known["edges_read"] != known["edges_total"] and not asked.direct:
        read, total = (claim(f"{at}.edges_{one}", kind="count") for one in ("read", "total"))
        speech.say("edges_unread", on=at, read=read, total=total)


def _say_successors(speech: Speech, known: dict[str, Any], at: str) -> None:
    if known["direct"]:
        speech.say("successors", on=at, n=f"{at}.direct_matched")
        speech.table(f"{at}.direct", _SUCCESSOR)
        _show(speech, known["direct"])
    else:
        speech.say("successors.none", on=at, name="u1.understood.name")


def _show(speech: Speech, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        speech.list_thing(Thing(row["kind"], row["name"], row["id"], row["stream"] or ""))


async def before(speech: Speech, asked: Before) -> None:
    thing = asked.object
    reading = await speech.read(speech.toolkit.inspect(_node(thing), await find(speech, thing)))
    at = reading.id
    name = f"{at}.{NAME[ENTITY[_node(thing)]]}"
    found = f"{at}.dependencies[?target_kind == 'job' || target_kind == 'stream']"
    rows = [
        one for one in reading.result["dependencies"] if one["target_kind"] in {"job", "stream"}
    ]
    if rows:
        if "dependencies" in reading.result.get("not_shown", ()):
            speech.say("predecessors.some", on=at)
        else:
            speech.say("predecessors", on=at, n=f"length({found})")
        speech.table(found, _PREDECESSOR)
        for row in rows:
            stream = row["target_stream"] or ""
            speech.list_thing(Thing(row["target_kind"], row["target"], "", stream))
    elif reading.result["details_read"]:
        speech.say("predecessors.none", on=at, name=name)
    if not reading.result["details_read"]:
        speech.say("waits.unread", on=at)


# --- side by side -------------------------------------------------------------------------------


async def compare_runs(speech: Speech, asked: CompareRuns) -> None:
    thing = asked.object
    reading = await speech.read(speech.toolkit.compare_runs(thing.name, thing.stream))
    known, at = reading.result, reading.id
    rows = known["rows"]
    speech.list_thing(thing)
    if not rows:
        speech.say("compare_runs.none", on=at, name=f"{at}.job")
        return
    if rows[0]["end"] is None:
        await _say_so_far(speech, thing)
    if known["matched"] == 1:
        speech.say("compare_runs.only", on=at, name=f"{at}.job")
    else:
        speech.say("compare_runs", on=at, name=f"{at}.job", n=f"{at}.matched")
    difference = rows[0]["difference_minutes"]
    if difference:
        key = "compare_runs.longer" if difference > 0 else "compare_runs.shorter"
        apart = f"abs({at}.rows[0].difference_minutes)"
        speech.say(key, on=at, minutes=f"{at}.rows[0].minutes", difference=apart)
    if known["usual_minutes"] is not None:
        speech.say("compare_runs.usual", usual=f"{at}.usual_minutes")
    shown = f"{at}.rows[:2]" if asked.last_two else f"{at}.rows"
    speech.table(shown, _COMPARED)


async def _say_so_far(speech: Speech, thing: Thing) -> None:
    """How long it has been running, and how long it was to take."""
    job = await speech.read(speech.toolkit.inspect("job", await find(speech, thing)))
    known = [one for one in _SO_FAR if job.result.get(one) is not None]
    say_values(speech, job.result, job.id, f"{job.id}.job", known)


async def compare_days(speech: Speech, asked: CompareDays) -> None:
    try:
        reading = await speech.read(speech.toolkit.compare_days(asked.day, asked.other))
    except Refused as refused:
        if not refused.known:
            raise
        await _say_known_days(speech, asked, refused.known[0])
        return
    figures = [_figure(reading, name, asked.group) for name in ("day", "other")]
    (a, first), (b, second) = figures
    more, less = ("day", "other") if a >= b else ("other", "day")
    larger, smaller = (first, second) if a >= b else (second, first)
    prefix = {"failed": "compare_days.", None: "compare_days.runs_"}.get(asked.group)
    speech.say(
        "compare_days.counts" if prefix is None else prefix + ("equal" if a == b else "more"),
        on=reading.id,
        more=claim(f"{reading.id}.{more}.date", kind="day"),
        less=claim(f"{reading.id}.{less}.date", kind="day"),
        a=claim(larger, kind="count"),
        b=claim(smaller, kind="count"),
    )
    if reading.result["known_from"]:
        speech.say("compare_days.since", on=reading.id, at=f"{reading.id}.known_from")


async def _say_known_days(speech: Speech, asked: CompareDays, known_from: str) -> None:
    """Of two days one lies before all that is known: that, and the figure of the other one."""
    speech.outcome = "cannot"
    speech.note(date=known_from)
    speech.say("compare_days.known_from", date="u1.understood.date")
    for day in (asked.day, asked.other):
        if asked.group != "failed" or day.isoformat() < known_from:
            continue
        where = [{"field": "group", "value": "failed"}, {"field": "end", "value": f"{day}"}]
        query = PlanQuery.model_validate({"entity": "runs", "where": where, "limit": 0})
        reading = await speech.read(speech.toolkit.plan_query(query))
        speech.note(counted={"date": day.isoformat()})
        said = {"day": "u1.understood.counted.date", "n": f"{reading.id}.distinct_jobs"}
        speech.say("compare_days.one", on=reading.id, **said)
        speech.outcome = "partial"


def _figure(reading: Reading, day: str, group: str | None) -> tuple[int, str]:
    """What is compared of a day, and where it stands."""
    known, at = reading.result[day], f"{reading.id}.{day}"
    if group == "failed":
        return int(known["failed_jobs"]), f"{at}.failed_jobs"
    if group is None:
        return int(known["matched"]), f"{at}.matched"
    counts = [one["count"] for one in known["groups"] if one["group"] == group]
    return sum(counts), f"sum({at}.groups[?group == '{group}'].count)"


# --- the whole ----------------------------------------------------------------------------------


async def summary(speech: Speech) -> None:
    async def ask(**query: Any) -> Reading:
        return await speech.read(speech.toolkit.plan_query(PlanQuery.model_validate(query)))

    jobs = await ask(entity="jobs", group_by=["group"])
    late = {"field": "risk", "op": "in", "value": ["deadline_passed", "late"]}
    overdue = await ask(entity="jobs", where=[late], limit=0)
    prompts = await ask(entity="prompts", where=[{"field": "status", "value": "ASKED"}], limit=0)
    problems = {"field": "problems", "op": "in", "value": ["unlinked", "jobman_down", "limit_0"]}
    places = await ask(entity="workstations", where=[problems], fields=["workstation"])
    in_error = [condition("group", "=", "failed")]
    await ask_of_plan(
        speech, Ask(query_of("jobs", in_error, order_by=["-end"], limit=MOST_IN_ERROR))
    )
    speech.paragraph()
    speech.say("summary.late", on=overdue.id, n=f"{overdue.id}.matched")
    speech.say("summary.prompts", on=prompts.id, n=f"{prompts.id}.matched")
    if places.result["rows"]:
        names = f"{places.id}.rows[*].workstation"
        speech.say("summary.stations", on=places.id, names=names, n=f"{places.id}.matched")
    speech.paragraph()
    speech.say("summary", on=jobs.id, n=f"{jobs.id}.matched")
    if jobs.result["plan_from"] and jobs.result["plan_to"]:
        span = {one: f"{jobs.id}.{one}" for one in ("plan_from", "plan_to")}
        speech.say("summary.span", **span)
    speech.table(f"{jobs.id}.groups", ["group", "count"])


async def engine(speech: Speech) -> None:
    query = PlanQuery.model_validate({"entity": "workstations", "limit": 0})
    reading = await speech.read(speech.toolkit.plan_query(query))
    at, state = reading.id, speech.toolkit.state
    speech.say("engine.read", engine=f"{at}.engine", fetched_at=f"{at}.fetched_at")
    if reading.result["simulated"]:
        speech.say("engine.simulated", on=at)
    if reading.result["plan_from"] and reading.result["plan_to"]:
        span = {one: f"{at}.{one}" for one in ("plan_from", "plan_to")}
        speech.say("summary.span", **span)
    if state is not None and state.time_zone:
        speech.note(time_zone=state.time_zone)
        speech.say("engine.time_zone", value="u1.understood.time_zone")
