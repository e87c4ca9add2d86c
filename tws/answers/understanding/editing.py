"""A query that was asked, edited by what is said after it: "e em hold?", "and yesterday?"."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from knowledge.hwa.lexicon import EMPTY, Term
from knowledge.hwa.statuses import OPEN_GROUPS
from knowledge.hwa.times import TimeRange
from tws.answers.understanding.asked import KIND_OF, Ask, AskBack, Asked
from tws.answers.understanding.asking import composed
from tws.answers.understanding.conditions import GROUPED_BY
from tws.answers.understanding.drafts import Draft, one_of, query_of
from tws.answers.understanding.flags import STILL_OPEN
from tws.answers.understanding.measures import OVER
from tws.answers.understanding.naming import Names
from tws.answers.understanding.question import Found, Question, all_places
from tws.answers.understanding.states import ABENDED
from tws.plan.query.asked import AnyOf, Condition, PlanQuery
from tws.plan.query.catalogue import ENTITIES

_STATE = {"group", "status", "substatus", "late", "risk", "runs"}
TIMES = {"start", "end", "scheduled"}
_WHICH = frozenset({"que", "qual", "quais", "which", "what"})
_UNCUT: int = PlanQuery.model_fields["limit"].default
_HOUR, _TWO_DAYS = timedelta(hours=1), timedelta(days=2)
_FOR = frozenset({"for", "on", "por", "pelo", "pela", "de"})
_ONE = frozenset({"ele", "ela", "dele", "dela", "it", "its"})


def edited(q: Question, last: Ask, names: Names) -> Asked | None:
    """The last query with what is said now in place of what it said of the same."""
    listed = q.has("ask", "which_ones", "list") and q.consists_of("ask", "follow")
    if listed and not (q.numbers or q.has("event")):
        query = last.query.model_copy(update={"group_by": [], "after": ""})
        return replace(last, query=query, focus="list", whole=None, every=False)
    place = asked_place(q)
    if place in ENTITIES[last.query.entity].fields:
        q.use(*q.of("ask"), *q.of("entity"), *q.of("event"))
        query = last.query.model_copy(update={"group_by": [place], "order_by": [], "after": ""})
        return replace(last, query=query, focus="groups", whole=None, every=False)
    kind = "jobs" if last.query.entity == "runs" else last.query.entity
    left = kind != "resources" and q.consists_of("ask", "follow", "field", "flag")
    if left and q.has("ask", "count"):
        q.use(*q.of("field", "available"), *q.of("flag", "free"))  # "quantos sobraram?"
    if first := _first_of(q, last):
        return first
    _take_for_hours(q, last.query)
    meant = Draft(kind, is_running="running" in _states(last.query))
    meant.time_field, meant.number_field = _time_field(last.query), _number_field(q, last.query)
    told = waited_for(q, last.query) or composed(q, names, meant)
    if told is None:
        return _other_form(q, last)
    entity = _entity(q, last, told)
    if any(one.field not in ENTITIES[entity].fields for one in conditions_of(told.query)):
        alone = q.has("entity") or KIND_OF[told.query.entity] == KIND_OF[entity]
        points = points_at_one(q) or q.has("follow", "them", "of_them")
        return told if alone and not points else AskBack("what")
    query = query_of(
        entity,
        _merged(last.query, told.query, entity),
        group_by=_fitting(told.query.group_by or _kept_groups(last, told), entity),
        order_by=_fitting(told.query.order_by or _kept_order(last.query, told.query), entity),
    )
    lists = q.has("ask", "list", "which_ones") or q.words[0].text in ("qual", "which")
    focus = told.focus if told.focus != "list" or lists else last.focus
    if focus == "extreme" and told.focus != "extreme" and not query.group_by:
        query = query.model_copy(update={"limit": 1})
    if told.query.limit != _UNCUT:
        query = query.model_copy(update={"limit": told.query.limit})
    whole = None
    if focus == "share" and last.whole:
        whole = last.whole.model_copy(update={"where": _scope(query, last.whole)})
    elif told.whole:  # "how many are critical?", "what share of them has finished?"
        shared = [one for one in told.query.where if one not in told.whole.where]
        whole = query_of(entity, [one for one in query.where if one not in shared])
    most, above = told.first or last.first, last.above if told.above is None else told.above
    every = last.every and focus == "yes_no"
    return Ask(query, focus, last.fields, whole, every, told.then, most, above)


def _other_form(q: Question, last: Ask) -> Ask | None:
    """ "How many?" of the same."""
    if not q.take("ask", "count"):
        return None
    return replace(last, query=last.query.model_copy(update={"after": ""}), focus="count")


def _first_of(q: Question, last: Ask) -> Ask | None:
    """ "Just the first 5", "top 5": of the same in its order, unless that was asked to be cut."""
    first = [*q.of("superlative", "top", "first")]
    if not first or last.query.limit != _UNCUT or not _says_only(q, *first, *q.of("ask", "list")):
        return None
    q.use(*q.numbers, *first)
    if last.query.group_by:
        return replace(last, first=q.numbers[0].value)
    limited = {"limit": max(q.numbers[0].value, 1), "after": ""}
    return replace(last, query=last.query.model_copy(update=limited), focus="list")


def _take_for_hours(q: Question, last: PlanQuery) -> None:
    """ "And the last 12?", after the last 6 hours."""
    told = [*q.of("superlative", "last")]
    if not told or not _says_only(q, *told):
        return
    times = [datetime.fromisoformat(str(c.value)) for c in conditions_of(last) if c.field in TIMES]
    length = max(times) - min(times) if len(times) == 2 else timedelta(minutes=1)
    if length % _HOUR or q.now - max(times) > _HOUR or q.numbers[0].value * _HOUR > _TWO_DAYS:
        return
    first, then = told[0].first, q.numbers[0].last
    since = q.now - q.numbers[0].value * _HOUR
    q.times, q.numbers = [Found(TimeRange(since, q.now), first, then)], []
    q.terms = [t for t in q.terms if t not in told]


def waited_for(q: Question, last: PlanQuery) -> Ask | None:
    """ "For a prompt?", of those that wait."""
    term = next(q.of("wait"), None)
    for_it = (
        bool(q.words)
        and q.words[0].text in _FOR
        and q.consists_of("wait", "follow", "polite", "entity")
    )
    if term is None or not for_it or "waiting" not in _states(last):
        return None
    q.use(term)
    return Ask(query_of("jobs", [one_of("substatus", [term.key])]))


def _says_only(q: Question, *told: Term) -> bool:
    """Whether it says one number and this, and nothing else."""
    said = all_places(q.numbers, [*told, *q.of("follow"), *q.of("polite"), *q.of("nth")])
    others = (word.text for at, word in enumerate(q.words) if at not in said)
    return len(q.numbers) == 1 and EMPTY.issuperset(others)


def asked_place(q: Question) -> str | None:
    """ "Em que máquina rodou?", "where?" of what was spoken of: on which workstations it lies."""
    if q.statuses or q.times or q.names or not q.consists_of("ask", "follow", "entity", "event"):
        return None
    entity = next(q.of("entity", "workstations", "job_streams"), None)
    before = (
        {word.text for word in q.words[max(0, entity.first - 2) : entity.first]}
        if entity
        else set()
    )
    asked = q.has("ask", "where") or (entity and _WHICH & before and not q.has("by"))
    return GROUPED_BY["workstations" if entity is None else entity.key] if asked else None


def _number_field(q: Question, last: PlanQuery) -> str:
    """What a bare number is of: "or 8?" after one return code."""
    said = {one.field for one in conditions_of(last) if type(one.value) in (int, float)}
    if any(not q.text_of(one).isdecimal() for one in q.numbers):
        return ""  # "both"
    numbers = all_places(q.numbers, list(q.of("follow")), list(q.of("compare")))
    others = (word.text for at, word in enumerate(q.words) if at not in numbers)
    return said.pop() if len(said) == 1 and EMPTY.issuperset(others) else ""


def _time_field(last: PlanQuery) -> str:
    """The time that the last query spoke of, which "and yesterday?" means too."""
    said = [one.field for one in conditions_of(last) if one.field in TIMES]
    states = _states(last)
    if said or last.entity == "runs" or states & {"failed", "success", "ABEND"}:
        return said[0] if said else "end"
    return "start" if "running" in states else "scheduled"


def _entity(q: Question, last: Ask, told: Ask) -> str:
    old, new = last.query.entity, told.query.entity
    if q.has("entity") and KIND_OF[new] != KIND_OF[old]:
        return new
    if old in ("jobs", "runs") and (new == "runs" or _is_over(last.query, told.query)):
        return "runs"
    if old == "runs" and not _of_runs(last.query, told.query):
        return "jobs"
    return old


def _is_over(last: PlanQuery, told: PlanQuery) -> bool:
    """ "And yesterday?" of failed jobs: with a time, what they ended in is a matter of runs."""
    timed = any(one.field in TIMES for one in conditions_of(told))
    ended = _states(told) or _states(last)
    denied = any(one.op in ("!=", "not in") for one in conditions_of(last))
    return timed and not denied and bool(ended) and ended <= {*OVER, *ABENDED}


def _of_runs(last: PlanQuery, told: PlanQuery) -> bool:
    """Whether runs still are what is asked: not when a present state takes the place."""
    return not _states(told) & set(OPEN_GROUPS) - {"failed"}


def _states(query: PlanQuery) -> set[Any]:
    said = (one.value for one in conditions_of(query) if one.field in ("group", "status"))
    return {state for value in said for state in (value if isinstance(value, list) else [value])}


def conditions_of(query: PlanQuery) -> list[Condition]:
    return [one for one in query.where if isinstance(one, Condition)]


def _about_what(field: str) -> str:
    return "state" if field in _STATE else "time" if field in TIMES else field


def _merged(last: PlanQuery, told: PlanQuery, entity: str) -> list[Condition | AnyOf]:
    said = {_about_what(one.field) for one in conditions_of(told)}
    kept: list[Condition | AnyOf] = [
        one
        for one in last.where
        if isinstance(one, AnyOf) or _about_what(one.field) not in said or _narrows(one, told)
    ]
    fields = ENTITIES[entity].fields
    merged = [*kept, *told.where]
    return [one for one in merged if isinstance(one, AnyOf) or one.field in fields]


def _narrows(one: Condition, told: PlanQuery) -> bool:
    """ "Only the late ones" of the failed: a flag joins a status, it does not take its place."""
    said = {c.field for c in conditions_of(told) if c != STILL_OPEN}
    return one.field not in said and said & _STATE <= {"late", "risk"} and one.field in _STATE


def _kept_groups(last: Ask, told: Ask) -> list[str]:
    kept = told.focus in ("list", "groups", "extreme") and last.query.group_by != ["group"]
    return last.query.group_by if kept else []


def _kept_order(last: PlanQuery, told: PlanQuery) -> list[str]:
    """The order it had, but for one by how long jobs run when they no longer do."""
    by_running = _states(told) and last.order_by == ["-running_minutes"]
    return [] if by_running else last.order_by


def _fitting(names: list[str], entity: str) -> list[str]:
    fields = ENTITIES[entity].fields
    return [one for one in names if one.lstrip("-").partition(".")[0] in fields]


def _scope(query: PlanQuery, whole: PlanQuery) -> list[Condition | AnyOf]:
    """The conditions that hold for the whole of a share too: all but those on the state."""
    return [c for c in query.where if isinstance(c, AnyOf) or c.field not in _STATE]


def points_at_one(q: Question) -> bool:
    """Whether "it" is what something is asked of, not a place: "is it critical?"."""
    return not _ONE.isdisjoint(word.text for word in q.words)
