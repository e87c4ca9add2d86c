"""How many were found, or that there are none, and how far what was read reaches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from knowledge.claims.composing import claim
from knowledge.claims.evidence import Reading
from tws.answers.saying.speech import Speech
from tws.answers.understanding.asked import Ask
from tws.plan.query.asked import AnyOf, Condition, PlanQuery


def conditions(query: PlanQuery) -> Iterator[Condition]:
    for part in query.where:
        yield from part.any if isinstance(part, AnyOf) else [part]


def count_of(reading: Reading) -> str:
    """Where a result counts what was asked for: of runs the jobs that ran."""
    counted = "distinct_jobs" if "distinct_jobs" in reading.result else "matched"
    return f"{reading.id}.{counted}"


def number(reading: Reading) -> int:
    return int(reading.result.get("distinct_jobs", reading.result["matched"]))


def say_count(speech: Speech, asked: Ask, reading: Reading) -> None:
    if says_none_so_far(speech, reading):
        return
    _say_number(speech, asked, reading)
    if reading.result.get("groups"):
        speech.table(f"{reading.id}.groups", [*asked.query.group_by, "count"])
    say_what_is_unread(speech, reading)


def say_found(speech: Speech, asked: Ask, reading: Reading) -> None:
    """How many, or that there are none."""
    if number(reading):
        _say_number(speech, asked, reading)
    else:
        say_none(speech, asked, reading)


def says_none_so_far(speech: Speech, reading: Reading) -> bool:
    """Of a plan that was read in part nothing is denied, nor is it said of all; whether it was."""
    if number(reading) or not _is_in_part(reading):
        return False
    speech.outcome = "partial"
    speech.say("none_so_far", on=reading.id)
    say_what_is_unread(speech, reading)
    return True


def say_none(speech: Speech, asked: Ask, reading: Reading) -> None:
    if says_none_so_far(speech, reading):
        return
    keys = phrase_keys("none", asked.query)
    only = len(asked.query.where) == 1  # of more conditions the words would deny more than was read
    speech.say_first(keys if only else keys[-1:], on=reading.id)
    _say_how_far(speech, asked.query, reading)


def _say_how_far(speech: Speech, query: PlanQuery, reading: Reading) -> None:
    """From when on runs are known, or up to when the plan goes, where a time lies beyond that."""
    result, at = reading.result, reading.id
    known_from = _time(result.get("known_from"))
    since, until = _bounds(query, ("start", "end"))
    if known_from and (since or until) and (since is None or since < known_from):
        speech.say("compare_days.since", on=at, at=f"{at}.known_from")
    first, last = _time(result["plan_from"]), _time(result["plan_to"])
    since, until = _bounds(query, ("scheduled",))
    beyond = (until or since) and (until is None or (last and until > last))
    if first and last and (beyond or (since and since < first)):
        speech.say("summary.span", plan_from=f"{at}.plan_from", plan_to=f"{at}.plan_to")


def _bounds(query: PlanQuery, fields: tuple[str, ...]) -> tuple[datetime | None, datetime | None]:
    """Since when and until when a query asks, by these times; None of what it leaves open."""
    said = [one for one in conditions(query) if one.field in fields]
    since = (_time(one.value) for one in said if one.op in (">", ">="))
    until = (_time(one.value) for one in said if one.op in ("<", "<="))
    return next(since, None), next(until, None)


def _time(value: object) -> datetime | None:
    """A moment with its zone; None of words for one."""
    try:
        told = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return told if told and told.tzinfo else None


def _say_number(speech: Speech, asked: Ask, reading: Reading) -> None:
    """Of what was asked for; of runs also how many jobs ran, unless they were too many to count."""
    result, at = reading.result, reading.id
    counts_jobs = result["entity"] != "runs" or "distinct_jobs" in result
    if counts_jobs:
        speech.say_first(phrase_keys("found", asked.query), on=at, n=count_of(reading))
    if not counts_jobs or number(reading) != result["matched"]:
        speech.say("of_runs", on=at, n=f"{at}.matched")


def phrase_keys(kind: str, query: PlanQuery) -> list[str]:
    """The phrase with the status group that was asked for, when it was just one; the plain one."""
    plain = f"{kind}.{query.entity}"
    if any(isinstance(one, AnyOf) for one in query.where):
        return [plain]
    groups = [one for one in conditions(query) if one.field == "group"]
    if len(groups) == 1 and groups[0].op == "=":
        return [f"{plain}.{groups[0].value}", plain]
    return [plain]


def _is_in_part(reading: Reading) -> bool:
    result = reading.result
    lacks_edges = result.get("edges_read") != result.get("edges_total")
    return lacks_edges or not result.get("complete", True)


def say_what_is_unread(speech: Speech, reading: Reading) -> None:
    result, at = reading.result, reading.id
    if result.get("edges_read") != result.get("edges_total"):
        read, total = (claim(f"{at}.edges_{one}", kind="count") for one in ("read", "total"))
        speech.say("edges_unread", on=at, read=read, total=total)
    elif not result.get("complete", True):
        speech.say("incomplete", on=at)
