"""By what a question counts its rows: "by station", "on A or on B", "with more than 20"."""

from __future__ import annotations

from typing import Any

from knowledge.hwa.lexicon import Term
from tws.answers.understanding.conditions import GROUPED_BY
from tws.answers.understanding.drafts import Draft
from tws.answers.understanding.measures import OVER, operator
from tws.answers.understanding.ordering import by_default
from tws.answers.understanding.question import Found, Question, all_places, groupings
from tws.plan.query.catalogue import ENTITIES

PLACES = ("workstations", "job_streams")
_PARTS = {"hora": "hour", "hour": "hour", "dia": "day", "day": "day"}
_EITHER = frozenset({"ou", "or"})
_JOINTS = _EITHER | {"e", "and", "versus", "vs", "x"}


def grouped(q: Question, draft: Draft) -> None:
    """What the rows are counted by: put into the draft."""
    if _side_by_side(q, draft) or _against_a_number(q, draft):
        return
    for by in list(q.of("by")):
        _by(q, by, draft)
    if draft.group_by and q.take("most", "most"):  # "who has most, by user"
        draft.first = 1
    elif not draft.group_by and q.has("most", "most"):
        _of_most(q, draft)


def _by(q: Question, by: Term, draft: Draft) -> None:
    """ "Per station", "workstations by failed jobs", "quantos em cada", "by deadline"."""
    fields = ENTITIES[draft.entity].fields
    target = next((t for t in groupings(q) if 0 <= t.first - by.last <= 1), None)
    words = [word.text for word in q.words[by.last : by.last + 2]]
    column = GROUPED_BY.get(target.key, target.key) if target else None
    ranked = next((t for t in q.of("entity") if t.last <= by.first), None)
    if ranked and ranked.key in PLACES and counts_jobs(q, by):
        draft.entity, column = "jobs", GROUPED_BY[ranked.key]
        target = q.after(by.last, "entity", "jobs", within=3)
        q.use(*q.of("superlative", "top"), *q.of("ask", "count"))
        draft.first = _number_of(q, ranked)
    if column is None:
        column = next((GROUPED_BY[word] for word in words if word in GROUPED_BY), "")
    if not (column or words) and q.text_of_has("situacao", "status", "estado"):
        column = "status"  # "situação dos jobs, quantos em cada"
    if column in fields and fields[column].kind in ("time", "minutes"):
        part = next((_PARTS[word] for word in words if word in _PARTS), "")
        if not part:
            draft.order_by = [by_default(column, draft)]
            q.use(by, target)
            return
        column = f"{column}.{part}"
    if column.partition(".")[0] in fields and column not in draft.group_by:
        q.use(by, target)
        draft.group_by = [column]


def _of_most(q: Question, draft: Draft) -> None:
    """ "Which station has most failures", "the most used resource"."""
    fields = ENTITIES[draft.entity].fields
    said = [t for t in q.of("field") if t.key in fields and t.key != "priority"]
    named = [t for t in said if fields[t.key].kind != "flag"]
    asked = [*(t for t in q.of("entity") if GROUPED_BY.get(t.key) in fields), *named]
    first = next((t for t in asked if t.key != draft.entity), None) or next(iter(asked), None)
    if first is None or (first.key == draft.entity and draft.entity not in ("jobs", "runs")):
        return
    if first.key == "jobs" and draft.entity == "jobs":
        if q.groups - OVER or not (q.groups or q.has("event") or q.has("entity", "runs")):
            return  # runs are of what has run
        draft.entity = "runs"
    q.take("most", "most")
    q.use(first, *q.of("superlative", "top"))
    draft.first = _number_of(q, first) or 1
    if first.category == "field" and fields[first.key].kind == "number":
        draft.order_by, draft.limit = [f"-{first.key}"], 1  # "most used": not how many are
    else:
        draft.group_by = [GROUPED_BY.get(first.key, first.key)]


def counts_jobs(q: Question, by: Term) -> bool:
    """Whether jobs, or what they ended in, stand after the "by"."""
    if by.last == len(q.words):  # "estações, e quantos jobs em cada"
        return q.before(by.first, "entity", "jobs") is not None
    jobs: list[Term | Found[Any]] = [*q.of("entity", "jobs"), *q.statuses]
    return any(0 <= one.first - by.last < 3 for one in jobs)


def _number_of(q: Question, entity: Term) -> int | None:
    """ "Top 3 stations", "as 3 estações"."""
    number = next((one for one in q.numbers if one.last == entity.first), None)
    q.use(number)
    return number.value if number else None


def _side_by_side(q: Question, draft: Draft) -> bool:
    """ "More in hold on A or on B?", "how many on A and how many on B": each is counted."""
    places = next(
        (c for c in draft.scope if c.op == "in" and c.field in ("workstation", "stream")), None
    )
    if places is None or draft.entity not in ("jobs", "runs"):
        return False
    between = range(q.names[0].last, q.names[-1].first)
    joints = {q.words[at].text for at in between} & _JOINTS
    more = q.has("most", "most") or q.text_of_has("more")
    if not joints or not (more or q.has("ask", "count")) or (not more and joints & _EITHER):
        return False
    q.use(*q.of("most", "most"), *q.of("ask", "others", "count"), *q.of("facet", "compare"))
    q.use(*(t for t in q.of("entity") if GROUPED_BY.get(t.key) == places.field))
    draft.group_by, draft.first = [places.field], 1 if more else None
    return True


def against_a_number(q: Question) -> tuple[Term, Found[int]] | None:
    """ "Stations with more than 20 failed jobs", "jobs that failed twice or more": what is counted
    by, and the number."""
    for number in q.numbers:
        by = next((t for t in q.of("entity", "jobs", *PLACES) if t.last <= number.first), None)
        jobs = q.after(number.last, "entity", "jobs", within=3)
        own = by and by.key == "job_streams"  # which counts its jobs itself
        ended = any(0 <= one.first - number.last <= 1 for one in q.statuses)
        times = bool(q.statuses) and q.is_of_times(number)
        counted = times if by and by.key == "jobs" and not ended else jobs or ended
        counted = counted and not (own and jobs)
        if by and counted and q.is_compared(number):
            return by, number
    return None


def _against_a_number(q: Question, draft: Draft) -> bool:
    """Whether the groups are counted against a number, which is in the draft then."""
    found = against_a_number(q)
    if found is None or found[1].first in q.used:
        return False
    by, number = found
    op = operator(q, number)
    of_jobs = by.key != "jobs" and any(t.first > by.first for t in q.of("entity", "jobs"))
    if op not in (">", ">=") or (of_jobs and draft.entity == "runs"):
        q.missed |= all_places([number])
        return False
    if by.key == "jobs":
        draft.entity = "runs"
    q.use(by, number)
    draft.group_by, draft.above = [GROUPED_BY[by.key]], number.value - (op == ">=")
    return True
