"""Answers about one job, or about jobs that have something in common."""

from __future__ import annotations

from typing import Any

from knowledge.hwa.statuses import group_of
from tws.answers.desk import Desk, Line, NoAnswer
from tws.answers.intents import Question
from tws.answers.names import Name

WAITING = ("waiting", "ready")
LISTED = 12


def _group(line: Line) -> str | None:
    return group_of(line.get("status"), line.get("commonStatus"))


def about(name: Name) -> dict[str, Any]:
    """A job's name as tools take it."""
    return {"job": name.text} | ({"job_stream": name.stream} if name.stream else {})


async def unknown(desk: Desk, name: Name, key: str = "unknown_name") -> NoAnswer:
    """Says that there is no such name, and offers the closest ones; never takes one itself."""
    similar, _ = await desk.try_to_ask("similar_names", name=name.text)
    said = [desk.say(key, name=desk.quoted(name.text))]
    names = (similar or {}).get("names", [])
    if names:
        said.append(desk.say("did_you_mean", names=desk.names(names, last="or")))
    elif similar is not None:
        said.append(desk.say("nothing_similar"))
    return NoAnswer("\n\n".join(said))


async def _job(desk: Desk, name: Name) -> dict[str, Any]:
    """`get_job`'s result, of a job that exists."""
    found = await desk.ask("get_job", **about(name))
    if not found["items"]:
        raise await unknown(desk, name, "unknown_job")
    return found


def _others(desk: Desk, found: Line) -> list[str]:
    others = found["items"][1:]
    if not others:
        return []
    listed = desk.names(f"{one['name']}{desk.place(one)}: {desk.status(one)}" for one in others)
    return [desk.say("several", total=found["totalCount"], others=listed)]


async def status(desk: Desk, name: Name) -> str:
    """How a job is; when it failed or waits, why in short."""
    found = await _job(desk, name)
    job = found["items"][0]
    facts = desk.facts(
        job, "returnCode", "startTime", "endTime", "priority", "deadline", "late", "critical"
    )
    said = [
        desk.say(
            "job_status",
            job=job["name"],
            place=desk.place(job),
            status=desk.status(job),
            facts=facts,
        ),
        *_others(desk, found),
    ]
    return "\n\n".join(said)


async def why(desk: Desk, name: Name) -> str:
    """Why a job is as it is: a failure is explained, a wait too."""
    found = await _job(desk, name)
    job = found["items"][0]
    if _group(job) in WAITING:
        return await why_waits(desk, name)
    return await _explained(desk, name, found)


async def explain_failure(desk: Desk, name: Name) -> str:
    return await _explained(desk, name, await _job(desk, name))


async def _explained(desk: Desk, name: Name, found: Line) -> str:
    job = found["items"][0]
    failed_runs = [run for run in job.get("runs", []) if _group(run) == "failed"]
    if _group(job) != "failed" and not failed_runs:
        return "\n\n".join([_state(desk, "not_failed", job), *_others(desk, found)])
    run = failed_runs[-1] if failed_runs else job
    facts = desk.facts(run, "returnCode", "endTime")
    key = "explain_failed" if _group(job) == "failed" else "explain_recovered"
    said = [
        desk.say(key, job=job["name"], place=desk.place(job), status=desk.status(job), facts=facts),
        *await _cause(desk, _exactly(job)),
    ]
    if _group(job) == "failed":
        said += await _held_up(desk, _exactly(job))
    return "\n\n".join([*said, *_others(desk, found)])


def _exactly(job: Line) -> Name:
    """The very job an answer is about, when several have its name."""
    return Name(str(job["name"]), str(job.get("jobStreamName") or ""))


def _state(desk: Desk, key: str, job: Line) -> str:
    facts = desk.facts(job, "returnCode", "startTime", "endTime")
    return desk.say(
        key, job=job["name"], place=desk.place(job), status=desk.status(job), facts=facts
    )


async def _cause(desk: Desk, name: Name) -> list[str]:
    log, why_not = await desk.try_to_ask("get_job_log", **about(name), failed=True)
    if log is None:
        return [desk.say("no_log", reason=desk.quoted(why_not))]
    causes = log.get("causeLines")
    if not causes:
        return [desk.say("no_cause"), desk.block(log.get("lines", [])[-8:])]
    number = log["run"].get("jobNumber")
    head = desk.say("cause", number=number) if number else desk.say("cause_plain")
    return [head, desk.block(causes)]


async def _held_up(desk: Desk, name: Name) -> list[str]:
    found, _ = await desk.try_to_ask("get_successors", **about(name), depth=1)
    if found is None:
        return []
    held = [node for node in found["items"] if _group(node) in WAITING]
    if not held:
        return [desk.say("holds_up_none")] if not found["items"] else []
    listed = desk.names(f"{node.get('name')} ({node.get('status')})" for node in held[:LISTED])
    return [desk.say("holds_up", count=found["heldUp"], names=listed)]


async def log(desk: Desk, name: Name, question: Question) -> str:
    found = await _job(desk, name)
    job = found["items"][0]
    if not job.get("runs"):
        return desk.say("no_run", job=job["name"], place=desk.place(job), status=desk.status(job))
    failed = _group(job) == "failed" or question.has("fail")
    failed = failed and any(_group(run) == "failed" for run in job.get("runs", []))
    read = await desk.ask("get_job_log", **about(_exactly(job)), failed=failed)
    number = read["run"].get("jobNumber")
    values = {"job": read["name"], "place": desk.place(job), "last": read.get("lastLine", 0)}
    head = (
        desk.say("log_head", number=number, **values)
        if number
        else desk.say("log_head_plain", **values)
    )
    said = [head, desk.block(read.get("lines", []))]
    tail = {line["line"] for line in read.get("lines", [])}
    earlier = [line for line in read.get("causeLines", []) if line["line"] not in tail]
    if earlier:
        said += [desk.say("cause_plain"), desk.block(earlier)]
    return "\n\n".join(said)


async def why_waits(desk: Desk, name: Name) -> str:
    await _job(desk, name)
    found = await desk.ask("why_job_waits", **about(name))
    job = found["job"]
    if not found["waiting"]:
        if _group(job) == "failed":
            return await explain_failure(desk, name)
        return _state(desk, "not_waiting", job)
    facts = desk.facts(job, "schedTime", "priority")
    values = {"job": job["name"], "place": desk.place(job), "status": desk.status(job)}
    reasons = [_reason(desk, one) for one in found.get("reasons", [])]
    if not reasons:
        return desk.say("waits_unsaid", facts=facts, **values)
    return "\n".join([desk.say("waits_for", facts=facts, **values), *reasons])


def _reason(desk: Desk, one: Line) -> str:
    said = _worded(desk, one)
    return said + (desk.say("of_stream") if one.get("of") == "JOB_STREAM" else "")


def _worded(desk: Desk, one: Line) -> str:
    kind, where = one["kind"], one.get("workstation")
    if kind == "PREDECESSOR":
        return _predecessor(desk, one)
    if kind == "TIME":
        if one.get("earliestStart"):
            return desk.say("why_TIME", value=desk.moment(one["earliestStart"]))
        return desk.say(
            "why_TIME_plain", value=desk.moment(one.get("schedTime")), substatus=one["substatus"]
        )
    if kind == "PROMPT" and one.get("promptStatus"):
        return desk.say(
            "why_PROMPT",
            name=one.get("promptName"),
            status=one["promptStatus"],
            text=desk.quoted(one.get("promptText", "")),
        )
    if kind == "RESOURCE" and one.get("resource"):
        return desk.say(
            "why_RESOURCE",
            name=one["resource"],
            quantity=one.get("quantity"),
            available=one.get("available"),
        )
    if kind == "FILE" and one.get("file"):
        return desk.say("why_FILE", name=desk.quoted(one["file"]))
    if kind == "LIMIT" and one.get("limit") == 0:
        return desk.say("why_LIMIT_0", name=where)
    if kind == "FENCE":
        return desk.say("why_FENCE", name=where, fence=one["fence"], priority=one["priority"])
    if kind == "AGENT" and where:
        return desk.say("why_AGENT", name=where)
    if kind == "PRIORITY_ZERO":
        return desk.say("why_PRIORITY_ZERO")
    return desk.say("why_other", substatus=one.get("substatus") or kind)


def _predecessor(desk: Desk, one: Line) -> str:
    status = desk.status({"status": one.get("predecessorStatus")})
    if one.get("jobName"):
        return desk.say(
            "why_PREDECESSOR_job",
            name=one["jobName"],
            stream=one.get("jobStreamName", "?"),
            status=status,
        )
    if one.get("jobStreamName"):
        return desk.say("why_PREDECESSOR_stream", name=one["jobStreamName"], status=status)
    return desk.say("why_PREDECESSOR", substatus=one.get("substatus", "?"))


async def successors(desk: Desk, name: Name) -> str:
    await _job(desk, name)
    found = await desk.ask("get_successors", **about(name), depth=2)
    values = _of(desk, found["job"])
    if not found["items"]:
        return desk.say("successors_none", **values)
    lines = [desk.say("successors_head", total=found["totalCount"], **values)]
    lines += [_node(desk, node) for node in found["items"]]
    said = ["\n".join(lines), *desk.shown_of(found)]
    if found["heldUp"]:
        said.append(desk.say("held_up", count=found["heldUp"]))
    return "\n\n".join(said)


async def predecessors(desk: Desk, name: Name) -> str:
    await _job(desk, name)
    found = await desk.ask("get_predecessors", **about(name), depth=1)
    values = _of(desk, found["job"])
    if found["items"]:
        lines = [desk.say("predecessors_head", total=found["totalCount"], **values)]
        said = ["\n".join([*lines, *(_node(desk, node) for node in found["items"])])]
    else:
        said = [desk.say("predecessors_none", **values)]
    streams = [one for one in found.get("streamDependencies", []) if one.get("jobStreamName")]
    if streams:
        listed = desk.names(
            f"{one['jobStreamName']} ({one.get('predecessorStatus', '?')})" for one in streams
        )
        said.append(desk.say("stream_depends", names=listed))
    return "\n\n".join(said)


def _of(desk: Desk, job: Line) -> dict[str, str]:
    return {"job": job["name"], "place": desk.place(job), "status": desk.status(job)}


def _node(desk: Desk, node: Line) -> str:
    return desk.say("node", name=node.get("name"), place=desk.place(node), status=desk.status(node))


async def runs(desk: Desk, name: Name) -> str:
    await _job(desk, name)
    found = await desk.ask("compare_runs", **about(name))
    total, listed = found["totalCount"], found["runs"]
    if not listed:
        return desk.say("runs_none", job=found["name"])
    job = listed[0].get("name") or found["name"]
    head = (
        desk.say("runs_one", job=job)
        if total == 1
        else desk.say("runs_head", shown=len(listed), total=total, job=job)
    )
    return "\n".join([head, *(_run(desk, run) for run in listed)])


def _run(desk: Desk, run: Line) -> str:
    facts = desk.status(run) + desk.facts(run, "returnCode", "startTime", "endTime")
    if run.get("elapsedSeconds") is not None:
        over = "endTime" in run
        facts += "; " + desk.say("took" if over else "took_so_far", value=run["elapsedSeconds"])
    if run.get("estimatedSeconds") is not None:
        facts += "; " + desk.say("estimate", value=run["estimatedSeconds"])
    return desk.say("run", facts=facts)


# Several jobs


async def failed_recently(desk: Desk, hours: float) -> str:
    found = await desk.ask(
        "failed_jobs", hours=int(hours) if hours == int(hours) else hours, limit=50
    )
    total = found["totalCount"]
    key = "failed_none" if total == 0 else "failed_one" if total == 1 else "failed_some"
    lines = [
        desk.say(
            key,
            total=total,
            window=_window_en(hours),
            window_pt=_window_pt(hours),
            since=desk.moment(found["since"]),
        )
    ]
    lines += [desk.job(job, "returnCode", "endTime") for job in found["items"]]
    said = ["\n".join(lines), *desk.shown_of(found)]
    if total == 0 and found["inErrorInPlan"]:
        said.append(desk.say("failed_earlier", count=found["inErrorInPlan"]))
    if found["recovered"]:
        head = desk.say("recovered_head", count=found["recoveredCount"])
        said.append("\n".join([head, *(_recovered(desk, job) for job in found["recovered"])]))
    if found.get("withoutEndTime"):
        names = desk.names(job["name"] for job in found["withoutEndTime"])
        said.append(desk.say("undated", names=names))
    return "\n\n".join(said)


def _recovered(desk: Desk, job: Line) -> str:
    return desk.say(
        "recovered_line",
        job=job["name"],
        place=desk.place(job),
        facts=desk.facts(job["failedRun"], "returnCode", "endTime"),
        status=desk.status(job),
    )


def _window_en(hours: float) -> str:
    if hours == 1:
        return "hour"
    return f"{round(hours * 60)} minutes" if hours < 1 else f"{hours:g} hours"


def _window_pt(hours: float) -> str:
    if hours == 1:
        return "na última hora"
    if hours < 1:
        return f"nos últimos {round(hours * 60)} minutos"
    return f"nas últimas {hours:g} horas"


async def listed(
    desk: Desk,
    statuses: tuple[str, ...],
    *,
    stream: str = "",
    workstation: str = "",
    name: str = "",
) -> str:
    """Jobs by status, stream, workstation or a name with wildcards."""
    asked: dict[str, Any] = {
        key: value
        for key, value in (
            ("status", list(statuses)),
            ("job_stream", stream),
            ("workstation", workstation),
            ("name", name),
        )
        if value
    }
    found = await desk.ask("find_jobs", **asked)
    what = " ".join(_what(desk, statuses, stream, workstation, name))
    total = found["totalCount"] if found["totalCount"] is not None else found["shown"]
    if not found["items"]:
        return desk.say("list_none", what=what)
    head = (
        desk.say("list_head_one", what=what)
        if total == 1
        else desk.say("list_head", total=total, what=what)
    )
    lines = [head, *(desk.job(job, "returnCode", "startTime", "late") for job in found["items"])]
    return "\n\n".join(["\n".join(lines), *desk.shown_of(found)])


def _what(
    desk: Desk, statuses: tuple[str, ...], stream: str, workstation: str, name: str
) -> list[str]:
    said = []
    if statuses:
        said.append(desk.say("what_status", status=desk.status_names(statuses)))
    if stream:
        said.append(desk.say("what_in_stream", name=stream))
    if workstation:
        said.append(desk.say("what_on", name=workstation))
    if name:
        said.append(desk.say("what_named", name=desk.quoted(name)))
    return said or [desk.say("what_plan")]
