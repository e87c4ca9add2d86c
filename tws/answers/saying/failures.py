"""Why a job or a job stream failed: the run, the log's own lines, the approved fix."""

from __future__ import annotations

from typing import Any

from knowledge.claims.evidence import Reading
from knowledge.hwa.statuses import group_of
from tws.answers.memories import Recall
from tws.answers.saying.knowledge import say_known_fix
from tws.answers.saying.speech import Speech
from tws.answers.saying.waiting import say_why_it_waits
from tws.answers.toolkit import NotRead
from tws.answers.understanding.asked import Thing
from tws.plan.query import PlanQuery

CAUSES = 6
LAST_LINES = 8


async def say_why_it_failed(
    speech: Speech, reading: Reading, run: int | None, recall: Recall
) -> None:
    known, at = reading.result, reading.id
    name = f"{at}.job"
    facts = known["last_runs"][run] if run is not None else known
    where = f"{at}.last_runs[{run}]" if run is not None else at
    if group_of(facts["status"]) != "failed":
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


async def say_why_stream(speech: Speech, reading: Reading, name: str) -> None:
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
