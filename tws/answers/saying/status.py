"""How an object is: its status in words, and the facts that go with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from knowledge.claims.evidence import Reading
from tws.answers.saying.queries import ENTITY, NAME
from tws.answers.saying.speech import Speech
from tws.answers.saying.values import is_over
from tws.answers.saying.waiting import say_substatus


def say_how_it_is(speech: Speech, reading: Reading) -> None:
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


def say_problems(speech: Speech, known: dict[str, Any], at: str) -> None:
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
