"""When what a question asks for began, ended or is to be: which of its times is meant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from knowledge.hwa.times import TimeRange
from tws.answers.understanding.drafts import Draft, condition, within
from tws.answers.understanding.measures import OVER
from tws.answers.understanding.question import Found, Question, all_places
from tws.plan.query.asked import Condition
from tws.plan.query.catalogue import ENTITIES


def timed(q: Question, draft: Draft) -> None:
    """The times of a question: put into the draft."""
    if len(q.times) > 1 and _apart(q.times[0].value, q.times[1].value):
        q.missed |= all_places(q.times[1:])
    for one in q.times[:2]:
        if _was_running(q, one.value, draft):
            continue
        to_come = one.value.since is not None and one.value.since >= q.now
        if to_come and draft.entity == "runs" and not q.statuses:
            draft.entity = "jobs"  # "what runs at 10 pm": nothing has begun by then
        begins = to_come and draft.entity in ("jobs", "job_streams") and not q.statuses
        column = _field_before(q, one, draft)
        column = column or ("scheduled" if begins else _time_field(q, draft))
        if column:
            draft.scope += within(column, _of_its_day(q, column, one.value))
            q.use(one)
            long = q.spans or q.has("superlative")
            q.use(*(t for t in q.of("event") if t.key != "took" or long))  # "jobs demorados"
            q.missed |= _at_another_time(q, column)


def _at_another_time(q: Question, column: str) -> set[int]:
    """ "Started in the last hour and finished": the second verb, of which no time is said."""
    both = q.has("event", "start") and q.has("event", "end") and len(q.times) == 1
    other = {"start": "end", "end": "start"}.get(column)
    return all_places(list(q.of("event", other))) if both and other else set()


def _was_running(q: Question, told: TimeRange, draft: Draft) -> bool:
    """Whether it asks what ran at a moment: began before and ended after it, or not yet, which
    is no condition."""
    over = told.is_moment and told.since is not None and told.since <= q.now
    ended = q.groups & OVER or q.has("event", "start", "end")
    planned = q.has("event", "scheduled") or q.has("field")
    return over and not (ended or planned or draft.time_field)


def _of_its_day(q: Question, column: str, told: TimeRange) -> TimeRange:
    """What happened before 6 did so since midnight."""
    until = told.until
    if column not in ("start", "end") or told.since or not until or until > q.now:
        return told
    midnight = q.now.replace(hour=0, minute=0, second=0, microsecond=0)
    return replace(told, since=midnight) if until > midnight else told


def _field_before(q: Question, one: Found[TimeRange], draft: Draft) -> str | None:
    """ "Deadline before 5 pm": the time of what stands before it."""
    fields = ENTITIES[draft.entity].fields
    term = q.before(one.first, "field", within=3)
    if term is None or term.key not in fields or fields[term.key].kind != "time":
        return None
    q.use(term)
    return term.key


def _time_field(q: Question, draft: Draft) -> str | None:
    """Which time is meant; what is over by then is a matter of runs."""
    fields = ENTITIES[draft.entity].fields
    longest = "running" not in q.groups and q.has("superlative", "longest", "shortest")
    coded = any(one.field == "return_code" for one in draft.predicates)
    happened = longest or coded or q.groups & OVER or q.has("flag", "rerun")
    if condition("rerun", "=", False) in draft.predicates:
        return "end"  # its last run is its only one
    if any(one.field == "runs" and one.op != "=" for one in draft.predicates):
        return "start"
    if draft.entity == "jobs" and (happened or q.has("event", "end", "ran", "took", "start")):
        draft.entity = "runs"
        if not any(one.field in ENTITIES["runs"].fields for one in draft.predicates):
            draft.predicates = []
    if any(one.field == "elapsed_minutes" for one in draft.predicates) or longest:
        return "end"
    if q.has("event", "start") or (q.has("event", "ran") and not q.groups & OVER):
        return "start"
    if draft.time_field and not q.groups:
        return draft.time_field
    if draft.entity == "runs" or q.groups & OVER or q.has("event", "end"):
        return "end" if "end" in fields or draft.entity == "runs" else None
    return "scheduled" if "scheduled" in fields else None


def beyond_usual(q: Question, draft: Draft) -> list[Condition]:
    """ "Running longer than usual": by its usual duration it should have ended."""
    usual = next(q.of("facet", "overrun"), None)
    if usual is None or draft.entity != "jobs" or q.groups - {"running"}:
        return []
    if q.has("superlative", "shortest") or q.has("facet", "compare"):
        return []  # "faster than usual"
    q.use(usual, *q.of("event", "took"), *q.of("superlative", "longest"))
    made = [condition("estimated_end", "<", q.now.isoformat())]
    made += [] if q.groups else [condition("group", "=", "running")]
    draft.predicates += made
    return made


def _apart(one: TimeRange, other: TimeRange) -> bool:
    """Whether nothing lies in both."""
    first, then = sorted(
        (one, other), key=lambda told: told.since or datetime.min.replace(tzinfo=UTC)
    )
    return first.until is not None and then.since is not None and first.until <= then.since
