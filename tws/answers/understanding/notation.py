"""conman's own way to ask: `sj FTA1#@.@+state=abend`, `ss @#PAYROLL`, `sc FTA1`."""

from __future__ import annotations

import re

from knowledge.hwa.names import is_pattern, parse
from tws.answers.understanding.asked import KIND_OF, About, Ask, Asked, LogOf
from tws.answers.understanding.drafts import condition, one_of, query_of
from tws.answers.understanding.naming import Names
from tws.plan.query.asked import Condition
from tws.plan.query.catalogue import ENTITIES

_COMMAND = re.compile(
    r"\s*(?:conman\s+)?[\"'`]?(?P<verb>sj|ss|sc|sr|sp|showjobs|showscheds|showschedules|showcpus"
    r"|showresources|showprompts)(?:\s+(?P<what>[^\s+!;\"'`]+))?"
    r"(?P<more>(?:[+!][a-z]+=[^+!;\s\"'`]+)*)[\"'`]?(?P<shown>;[a-z;]*)?\s*\??",
    re.IGNORECASE,
)
_ACTS = {
    "rr": "rerun", "rerun": "rerun", "cj": "cancel", "cs": "cancel", "cancel": "cancel",
    "kj": "kill", "k": "kill", "kill": "kill", "rj": "release", "rs": "release",
    "release": "release", "ddj": "release", "dds": "release", "sbj": "submit", "sbs": "submit",
    "sbd": "submit", "submit": "submit", "lc": "change", "ls": "change", "limit": "change",
    "fence": "change", "ap": "change", "altpri": "change", "confirm": "confirm", "reply": "reply",
    "link": "link", "unlink": "link", "adj": "change", "ads": "change", "stop": "kill",
}  # fmt: skip
_ACTING = re.compile(
    rf"\s*(?:(?P<by>conman)\s+)?[\"'`]?(?P<verb>{'|'.join(_ACTS)})[\s;]+[^\s?]+.*",
    re.IGNORECASE | re.DOTALL,
)
_ENTITIES = {
    "sj": "jobs", "showjobs": "jobs", "ss": "job_streams", "showscheds": "job_streams",
    "showschedules": "job_streams", "sc": "workstations", "showcpus": "workstations",
    "sr": "resources", "showresources": "resources", "sp": "prompts", "showprompts": "prompts",
}  # fmt: skip


def command_to_act(text: str) -> str | None:
    """Which order a conman command gives, by its key: "conman rr FTA1#PAY.CALC"; None of others."""
    match = _ACTING.fullmatch(text)
    if match is None or not (match["by"] or len(match["verb"]) < 4 or match["verb"] == "altpri"):
        return None
    return _ACTS[match["verb"].lower()]


def read_command(text: str, names: Names) -> Asked | None:
    """What a conman command asks for; None when the text is none."""
    match = _COMMAND.fullmatch(text)
    if match is None:
        return None
    entity = _ENTITIES[match["verb"].lower()]
    where = list(_selected(entity, match["what"] or "", names))
    for selection in re.split("[+!]", match["more"])[1:]:
        key, _, values = selection.lower().partition("=")
        column = {"state": "status"}.get(key, key)
        if column not in ("status", "type") or column not in ENTITIES[entity].fields:
            return None
        if values.strip("@"):
            where.append(one_of(column, [one for one in values.upper().split(",") if one]))
    if len(where) == 1 and where[0].op == "=" and where[0].field == KIND_OF[entity]:
        kind, log = KIND_OF[entity], "stdlist" in (match["shown"] or "")
        for named in names.find_exact(str(where[0].value)):
            if kind in named.kinds and (entity != "jobs" or log):
                thing = names.things(named, kind)[0]
                return LogOf(thing) if log else About(thing)
    return Ask(query_of(entity, where))


def _selected(entity: str, what: str, names: Names) -> list[Condition]:
    """WS#STREAM.JOB, parts of it, each with wildcards; `@` alone selects all."""
    station, has_station, rest = what.rpartition("#")
    found = []
    if has_station and station.strip("/@*"):
        found.append(_named("workstation", station.strip("/").rpartition("/")[2]))
    name = parse(rest)
    if entity == "jobs":
        is_job = any(one.kinds == ("job",) for one in names.find_exact(rest.upper()))
        stream, _, job = rest.rpartition(".") if "." in rest or is_job else (rest, "", "@")
        if name is not None and name.stream:
            stream, job = name.stream, name.job or "@"
        found += [_named("stream", stream.rpartition("/")[2])] if stream.strip("/@*") else []
        found += [_named("job", job)] if job.strip("@*") else []
    else:
        bare = rest.partition("(")[0].partition("[")[0].rpartition("/")[2]
        found += [_named(KIND_OF[entity], bare)] if bare.strip("@*") else []
    return found


def _named(column: str, written: str) -> Condition:
    return condition(column, "like" if is_pattern(written) else "=", written.upper())
