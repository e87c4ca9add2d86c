"""What real sites do and a simulator does not, one habit each: `run_simulator --habit NAME`.

A habit stands around the engine: it may change the request, the answer, or give one of its own.
The console page and `/simulator/…` keep none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tws.simulator.messages import Reply, Request, as_json

Record = dict[str, Any]
Engine = Callable[[Request], Reply]
Habit = Callable[[Request, Engine], Reply]

ODD_STATUSES = ("INTRPT", "COMPLT", "SCHED", "DONE", "ABENDP", "CANCP", "WAITD", "BOUND")
SITE_ZONE = ZoneInfo("America/Manaus")
_INSTANT = re.compile(r'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z"')
_COMPARED = re.compile(r"([A-Za-z][\w.]*)\s*(?:[=!<>]|IN\b|LIKE\b)")

HABITS: dict[str, Habit] = {}


def with_habits(engine: Engine, names: tuple[str, ...]) -> Engine:
    """The engine as a site with these habits has it; the first of them stands outermost."""
    for name in reversed(names):
        engine = _around(engine, HABITS[name])
    return engine


def _around(engine: Engine, habit: Habit) -> Engine:
    return lambda request: habit(request, engine)


def _habit(function: Habit) -> Habit:
    HABITS[function.__name__.replace("_", "-")] = function
    return function


def _on_json(change: Callable[[Any, Request], Any]) -> Habit:
    """Changes what every good answer in JSON holds; None from `change` leaves it as it is."""

    def habit(request: Request, engine: Engine) -> Reply:
        reply = engine(request)
        if reply.status == 200 and isinstance(reply.body, bytes):
            changed = change(json.loads(reply.body), request)
            reply.body = reply.body if changed is None else as_json(changed)
        return reply

    return habit


def _on_objects(change: Callable[[Record], object]) -> Habit:
    """Changes every object of a list, and one that is asked for alone."""

    def changed(value: Record, request: Request) -> Record:
        for one in value.get("results", [value]):
            change(one)
        return value

    return _on_json(changed)


def _on_text(change: Callable[[str], str]) -> Habit:
    """Changes every good answer in JSON as it is written."""

    def habit(request: Request, engine: Engine) -> Reply:
        reply = engine(request)
        if reply.status == 200 and isinstance(reply.body, bytes):
            reply.body = change(reply.body.decode()).encode()
        return reply

    return habit


def _says(status: int, message: str, *, except_for: str = "") -> Habit:
    """Answers with HWA's error, whatever is asked, but for paths with `except_for` in them."""

    def habit(request: Request, engine: Engine) -> Reply:
        if except_for and except_for in request.path:
            return engine(request)
        return Reply(status, as_json({"messages": [message]}))

    return habit


# What stands before the engine


@_habit
def sso_redirect(request: Request, engine: Engine) -> Reply:
    return Reply(302, b"", "text/html", {"Location": "https://sso.example.com/login?return=/twsd"})


@_habit
def login_page(request: Request, engine: Engine) -> Reply:
    return Reply(
        200, b"<!DOCTYPE html><html><title>Sign in</title><form></form></html>", "text/html"
    )


@_habit
def gateway_503(request: Request, engine: Engine) -> Reply:
    page = b"<html><body><h1>503 Service Unavailable</h1>\nNo server is available.</body></html>"
    return Reply(503, page, "text/html")


@_habit
def v1_only(request: Request, engine: Engine) -> Reply:
    page = b"<html><h2>Error 404: java.io.FileNotFoundException: SRVE0190E: /api/v2</h2></html>"
    return Reply(404, page, "text/html;charset=ISO-8859-1")


# What the user may not, and what the engine has not


@_habit
def no_info_right(request: Request, engine: Engine) -> Reply:
    if request.path.endswith("/engine/info"):
        return Reply(403, as_json({"messages": ["AWSJCS011E The user is not authorized."]}))
    return engine(request)


@_habit
def info_sparse(request: Request, engine: Engine) -> Reply:
    if request.path.endswith("/engine/info"):
        return Reply(body=as_json({"licenseType": "PERSERVER", "timezone": "America/Sao_Paulo"}))
    return engine(request)


HABITS["unauthorized"] = _says(401, "AWSJCO005E The user is not authorized to access the server.")
HABITS["server-500"] = _says(
    500,
    "AWSJSY404E An internal error occurred. The reason is: AWSBIN091E The Symphony plan is not "
    "accessible.",
    except_for="/engine/info",
)


@_habit
def plan_missing(request: Request, engine: Engine) -> Reply:
    if "/plan/" not in request.path:
        return engine(request)
    message = "AWSJCL075E The current plan does not exist. Run JnextPlan."
    return Reply(404, as_json({"messages": [message]}))


# Queries


@_habit
def oql_ignored(request: Request, engine: Engine) -> Reply:
    kept = {name: value for name, value in request.query.items() if name != "oql"}
    return engine(request.with_query(kept))


@_habit
def oql_name_only(request: Request, engine: Engine) -> Reply:
    query = re.sub(r"'[^']*'", "''", request.query.get("oql", ""))
    others = sorted(set(_COMPARED.findall(query)) - {"name", "folder"})
    if not others:
        return engine(request)
    code = "OQL_FILTER_SYNTAX_ERROR"
    return Reply(400, as_json({"messages": [code], "errorCode": code, "field": others[0]}))


# Lists and counts


def _without_counts(value: Record, request: Request) -> Record:
    value.pop("groupedCount", None)
    if "results" in value:
        value["count"] = -1
    return value


def _with_odd_statuses(value: Record, request: Request) -> Record:
    groups = value.get("groupedCount")
    if groups and request.query.get("grouping_filters") == "status":
        groups.update(dict.fromkeys(ODD_STATUSES, 7))
        value["count"] += 7 * len(ODD_STATUSES)
    for place, one in enumerate(value.get("results", [])):
        if place % 2 and one.get("lastRunCompositeStatus"):
            one["lastRunCompositeStatus"]["status"] = ODD_STATUSES[place % len(ODD_STATUSES)]
    return value


def _with_one_bad_object(value: Record, request: Request) -> Record:
    if len(value.get("results", [])) > 1:
        value["results"][1] = "AWSJSY900E"
    return value


HABITS["count-missing"] = _on_json(_without_counts)
HABITS["results-bare-list"] = _on_json(lambda value, request: value.get("results"))
HABITS["statuses-odd"] = _on_json(_with_odd_statuses)
HABITS["one-bad-object"] = _on_json(_with_one_bad_object)


# Fields

OFTEN_NULL = (
    "jobruns", "dependencies", "workstation", "timeRestrictions", "jobStreamName", "activeStates",
    "timeInfo", "jobDefinition", "dependenciesStats", "jobStatusFlags", "activeFlags", "holders",
)  # fmt: skip


def _without_composite(one: Record) -> None:
    one.pop("lastRunCompositeStatus", None)
    one.pop("compositeStatus", None)


def _with_nulls(one: Record) -> None:
    one.update((name, None) for name in OFTEN_NULL if name in one)


def _with_priority_words(one: Record) -> None:
    if "priority" in one:
        one["priority"] = "GO"


def _with_unsigned_codes(one: Record) -> None:
    for run in one.get("jobruns") or []:
        if run.get("returnCode"):
            run["returnCode"] = 2**32 - 1


def _without_types(one: Record) -> None:
    for dependency in one.get("dependencies") or []:
        dependency.pop("dependencyType", None)


def _under_one_join(one: Record) -> None:
    if members := one.get("dependencies"):
        join = {"dependencyType": "JOIN", "satisfied": False, "joinName": "ALLBRANCHES"}
        one["dependencies"] = [{**join, "joinQuantity": 2, "members": members}]


def _with_dates_of_no_day(one: Record) -> None:
    """What has no time yet has one that is none."""
    if "jobruns" in one:
        one.setdefault("endTime", "")
        for run in one["jobruns"] or []:
            run["timeInfo"].setdefault("actualEndTime", "0000-00-00T00:00:00Z")


HABITS["status-lower-common"] = _on_objects(_without_composite)
HABITS["nulls"] = _on_objects(_with_nulls)
HABITS["priority-words"] = _on_objects(_with_priority_words)
HABITS["rc-unsigned"] = _on_objects(_with_unsigned_codes)
HABITS["dependency-typeless"] = _on_objects(_without_types)
HABITS["join-dependency"] = _on_objects(_under_one_join)
HABITS["no-date"] = _on_objects(_with_dates_of_no_day)


# How values are written

HABITS["bom-json"] = _on_text(lambda text: "\ufeff" + text)
HABITS["numbers-as-text"] = _on_text(
    lambda text: re.sub(
        r'"(count|returnCode|limit|fence|priority|jobNumber)":(-?\d+)', r'"\1":"\2"', text
    )
)
HABITS["times-epoch-ms"] = _on_text(
    lambda text: _INSTANT.sub(lambda found: str(int(_moment(found).timestamp() * 1000)), text)
)
HABITS["times-without-zone"] = _on_text(lambda text: _INSTANT.sub(r'"\1"', text))
HABITS["times-of-site"] = _on_text(
    lambda text: _INSTANT.sub(
        lambda found: f'"{_moment(found).astimezone(SITE_ZONE).isoformat()}"', text
    )
)


def _moment(found: re.Match[str]) -> datetime:
    return datetime.fromisoformat(f"{found[1]}+00:00")


# Job logs


def _is_log(request: Request) -> bool:
    return request.path.endswith("/joblog")


@_habit
def log_cp1252(request: Request, engine: Engine) -> Reply:
    reply = engine(request)
    if not _is_log(request) or reply.status != 200:
        return reply
    said = "Erro: conexão não estabelecida – “tempo esgotado” na agência São José"
    text = "".join(f"{line}\r\n" for line in [*reply.lines(), said])
    return Reply(200, text.encode("cp1252", "replace"), "text/plain")


@_habit
def log_ignores_range(request: Request, engine: Engine) -> Reply:
    return engine(request.with_query({}) if _is_log(request) else request)


@_habit
def log_missing(request: Request, engine: Engine) -> Reply:
    if not _is_log(request):
        return engine(request)
    message = "AWSJOM179E The job output is not available: the file was not found on the agent."
    return Reply(404, as_json({"messages": [message]}))


@_habit
def log_json_wrapped(request: Request, engine: Engine) -> Reply:
    reply = engine(request)
    if not _is_log(request) or reply.status != 200:
        return reply
    return Reply(body=as_json({"jobOutput": "".join(f"{line}\n" for line in reply.lines())}))
