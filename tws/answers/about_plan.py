"""Answers about the plan, its streams, workstations, resources, prompts and the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from knowledge.hwa.statuses import group_of
from tws.answers import about_jobs
from tws.answers.desk import Desk, Line
from tws.answers.names import Name


async def summary(desk: Desk) -> str:
    found = await desk.ask("plan_summary")
    if not found["jobs"]["count"]:
        return desk.say("empty_plan")
    failed, late, places = found["failedRecently"], found["late"], found["workstationProblems"]
    lines = [
        "- " + desk.say("summary_jobs", **_grouped(desk, found["jobs"])),
        "- " + desk.say("summary_streams", **_grouped(desk, found["jobStreams"])),
        "- " + desk.say("summary_failed", **_few(desk, failed)),
        "- " + desk.say("summary_late", **_few(desk, late)),
        "- " + desk.say("summary_stations", **_few(desk, places)),
    ]
    return "\n".join(lines)


def _grouped(desk: Desk, counts: Line) -> dict[str, Any]:
    parts = ", ".join(f"{name} {count}" for name, count in _largest_first(counts["groupedCount"]))
    return {"count": counts["count"], "parts": parts}


def _largest_first(groups: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(groups.items(), key=lambda pair: -pair[1])


def _few(desk: Desk, found: Line) -> dict[str, Any]:
    names = [item["name"] for item in found["items"] if item.get("name")]
    total = found["totalCount"]
    listed = ", ".join(names) + (", …" if total > len(names) else "")
    return {"count": total, "names": f" ({listed})" if names else ""}


async def counts(desk: Desk, statuses: tuple[str, ...], *, stream: str = "") -> str:
    found = await desk.ask("count_jobs", **({"job_stream": stream} if stream else {}))
    groups: dict[str, int] = found["groupedCount"]
    if stream and not found["count"]:
        raise await about_jobs.unknown(desk, Name(stream), "unknown_stream")
    if not found["count"]:
        return desk.say("empty_plan")
    if found.get("grouped") is False:
        return desk.say("not_grouped", count=found["count"])
    if statuses:
        present = [code for code in groups if {code, group_of(code)} & set(statuses)]
        if present:
            return "\n".join(_count_of(desk, groups[code], code) for code in present)
        return desk.say("count_of_none", status=desk.status_names(statuses))
    head = (
        desk.say("counts_stream", name=stream, count=found["count"])
        if stream
        else desk.say("counts_head", count=found["count"])
    )
    return "\n".join([head, *_count_lines(desk, groups, as_status=True)])


def _count_of(desk: Desk, count: int, code: str) -> str:
    status = desk.status({"status": code})
    return desk.say("count_of_one" if count == 1 else "count_of", count=count, status=status)


def _count_lines(desk: Desk, groups: Mapping[str, int], *, as_status: bool) -> list[str]:
    return [
        desk.say(
            "count_line", name=desk.status({"status": name}) if as_status else name, count=count
        )
        for name, count in _largest_first(groups)
    ]


async def counts_by_workstation(desk: Desk) -> str:
    found = await desk.ask("count_jobs", by="workstation")
    if not found["count"]:
        return desk.say("empty_plan")
    if found.get("grouped") is False:
        return desk.say("not_grouped", count=found["count"])
    lines = [desk.say("counts_by_workstation", count=found["count"])]
    lines += _count_lines(desk, found["groupedCount"], as_status=False)
    if "groups" in found:
        lines.append(desk.say("largest"))
    return "\n".join(lines)


async def late(desk: Desk) -> str:
    found = await desk.ask("late_jobs")
    return _jobs(desk, found, "late", "deadline", "latestStart")


async def critical(desk: Desk) -> str:
    found = await desk.ask("critical_jobs")
    if not found["items"]:
        return "\n\n".join([desk.say("critical_none"), *desk.shown_of(found)])
    head = desk.say("critical_head", total=found["totalCount"], open=found["notDone"])
    lines = [head, *(desk.job(job, "deadline", "criticalStart", "late") for job in found["items"])]
    return "\n\n".join(["\n".join(lines), *desk.shown_of(found)])


async def deadlines(desk: Desk) -> str:
    found = await desk.ask("deadline_risks")
    total = found["totalCount"]
    if not total:
        return "\n\n".join([desk.say("risk_none"), *desk.shown_of(found)])
    lines = [desk.say("risk_one") if total == 1 else desk.say("risk_head", total=total)]
    for job in found["items"]:
        facts = ("deadline", "criticalStart", "estimatedEnd")
        lines.append(f"{desk.job(job, *facts)}; {desk.say('risk_' + job['risk'])}")
    return "\n\n".join(["\n".join(lines), *desk.shown_of(found)])


def _jobs(desk: Desk, found: Line, what: str, *facts: str) -> str:
    total = found["totalCount"]
    if not total:
        return "\n\n".join([desk.say(f"{what}_none"), *desk.shown_of(found)])
    head = desk.say(f"{what}_one") if total == 1 else desk.say(f"{what}_head", total=total)
    lines = [head, *(desk.job(job, *facts) for job in found["items"])]
    return "\n\n".join(["\n".join(lines), *desk.shown_of(found)])


# Job streams


async def stream(desk: Desk, name: str) -> str:
    found = await desk.ask("job_streams", name=name)
    if not found["items"] and name != name.upper():
        found = await desk.ask("job_streams", name=name.upper())
    if not found["items"]:
        raise await about_jobs.unknown(desk, Name(name), "unknown_stream")
    said = [stream_line(desk, one) for one in found["items"]]
    return "\n\n".join([*said, *desk.shown_of(found)])


def stream_line(desk: Desk, one: Line) -> str:
    where = one.get("workstation")
    said = desk.say(
        "stream_status",
        name=one.get("name"),
        place=desk.say("on_workstation", workstation=where) if where else "",
        status=desk.status(one),
        facts=desk.facts(one, "schedTime", "deadline", "late"),
    )
    parts = _job_counts(desk, one)
    return f"{said} {parts}." if parts else said


def _job_counts(desk: Desk, one: Line) -> str:
    counts = one.get("jobCounts", {})
    if not one.get("jobs"):
        return ""
    said = [
        desk.say(f"count_{key}", n=counts[key])
        for key in ("SUCC", "EXEC", "ABEND", "FAIL", "notRunning", "UNDCDED")
        if counts.get(key)
    ]
    return desk.say("stream_counts", jobs=one["jobs"], parts=", ".join(said))


async def streams(desk: Desk, statuses: tuple[str, ...]) -> str:
    asked: dict[str, Any] = {"status": list(statuses)} if statuses else {}
    found = await desk.ask("job_streams", **asked)
    what = ""
    if statuses:
        what = desk.say("with_status", status=desk.status_names(statuses))
    if not found["items"]:
        return desk.say("streams_none", what=what)
    total = found["totalCount"] if found["totalCount"] is not None else found["shown"]
    head = (
        desk.say("streams_head_one", what=what)
        if total == 1
        else desk.say("streams_head", total=total, what=what)
    )
    lines = [head, *(_stream_item(desk, one) for one in found["items"])]
    return "\n\n".join(["\n".join(lines), *desk.shown_of(found)])


def _stream_item(desk: Desk, one: Line) -> str:
    counts = _job_counts(desk, one)
    where = one.get("workstation")
    place = desk.say("on_workstation", workstation=where) if where else ""
    return f"- {one.get('name')}{place}: {desk.status(one)}" + (f"; {counts}" if counts else "")


# Workstations, resources, prompts, the engine


async def workstation(desk: Desk, name: str) -> str:
    found = await desk.ask("workstations", name=name)
    if not found["items"] and name != name.upper():
        found = await desk.ask("workstations", name=name.upper())
    if not found["items"]:
        raise await about_jobs.unknown(desk, Name(name), "unknown_workstation")
    return "\n".join(station_line(desk, one) for one in found["items"])


def station_line(desk: Desk, one: Line) -> str:
    wrong = one.get("problems", [])
    facts = [] if "NOT_LINKED" in wrong or not one.get("linked") else [desk.say("linked")]
    facts += [desk.say(problem, fence=one.get("fence")) for problem in wrong]
    if one.get("limit") and "LIMIT_0" not in wrong:
        facts.append(desk.say("limit", value=one["limit"]))
    if one.get("type"):
        facts.append(str(one["type"]))
    return desk.say("station", name=one.get("name"), facts=", ".join(facts))


async def workstations(desk: Desk, *, only_problems: bool) -> str:
    found = await desk.ask("workstations", only_problems=only_problems)
    if only_problems and not found["items"]:
        return desk.say("stations_fine", all=found["workstations"])
    total = found["totalCount"]
    key = "stations_one" if total == 1 else "stations_head"
    lines = [
        desk.say("stations_troubled", total=total, all=found["workstations"])
        if only_problems
        else desk.say(key, total=total, what="")
    ]
    lines += [station_line(desk, one) for one in found["items"]]
    return "\n\n".join(["\n".join(lines), *desk.shown_of(found)])


async def resources(desk: Desk, name: str = "") -> str:
    found = await desk.ask("resources", **({"name": name} if name else {}))
    if not found["items"] and name and name != name.upper():
        found = await desk.ask("resources", name=name.upper())
    if not found["items"]:
        if name:
            raise await about_jobs.unknown(desk, Name(name), "unknown_resource")
        return desk.say("resources_none")
    head = [] if name else [desk.say("resources_head", total=found["totalCount"])]
    lines = [*head, *(_resource(desk, one) for one in found["items"])]
    return "\n\n".join(["\n".join(lines), *desk.shown_of(found)])


def _resource(desk: Desk, one: Line) -> str:
    holders = [holder.get("job") or holder.get("jobStream") for holder in one.get("holders", [])]
    where = one.get("workstation")
    return desk.say(
        "resource",
        name=one.get("name"),
        place=desk.say("on_workstation", workstation=where) if where else "",
        quantity=one.get("quantity", "?"),
        available=one.get("available", "?"),
        holders=desk.say("held_by", names=desk.names(holders)) if any(holders) else "",
    )


async def prompts(desk: Desk) -> str:
    found = await desk.ask("prompts")
    total = found["totalCount"]
    if not total:
        return "\n\n".join([desk.say("prompts_none"), *desk.shown_of(found)])
    lines = [desk.say("prompts_one") if total == 1 else desk.say("prompts_head", total=total)]
    for one in found["items"]:
        who = one.get("job") or one.get("jobStream") or "?"
        lines.append(
            desk.say(
                "prompt",
                name=one.get("promptName") or one.get("promptNumber", "?"),
                who=who,
                text=desk.quoted(one.get("promptText", "")),
            )
        )
    return "\n\n".join(["\n".join(lines), *desk.shown_of(found)])


async def engine(desk: Desk) -> str:
    found = await desk.ask("engine_info")
    said = desk.say(
        "engine",
        engine=found["engine"],
        version=found.get("version", "?"),
        zone=found.get("timezone", "?"),
    )
    return f"{said} {desk.say('engine_simulated')}" if found.get("isSimulator") else said
