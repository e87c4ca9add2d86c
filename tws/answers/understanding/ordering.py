"""By what a question groups and orders its rows: "by station", "the five slowest"."""

from __future__ import annotations

from typing import Any

from knowledge.hwa.lexicon import Term
from tws.answers.understanding.conditions import GROUPED_BY, NOT_BEGUN
from tws.answers.understanding.drafts import Draft, condition
from tws.answers.understanding.measures import OVER, operator
from tws.answers.understanding.question import Found, Question, all_places, groupings
from tws.plan.query.catalogue import ENTITIES

PLACES = ("workstations", "job_streams")
_WHERE = frozenset({"workstation", "stream"})
_PARTS = {"hora": "hour", "hour": "hour", "dia": "day", "day": "day"}
_EITHER = frozenset({"ou", "or"})
_JOINTS = _EITHER | {"e", "and", "versus", "vs", "x"}

_WHICH = frozenset({"which", "what", "quais"})


def grouped(q: Question, draft: Draft) -> None:
    """What the rows are counted by: put into the draft."""
    if _side_by_side(q, draft) or _against_a_number(q, draft):
        return
    fields = ENTITIES[draft.entity].fields
    for by in list(q.of("by")):
        target = next((t for t in groupings(q) if 0 <= t.first - by.last <= 1), None)
        words = [q.words[at].text for at in range(by.last, min(by.last + 2, len(q.words)))]
        column = GROUPED_BY.get(target.key, target.key) if target else None
        ranked = next((t for t in q.of("entity") if t.last <= by.first), None)
        if ranked and ranked.key in PLACES and counts_jobs(q, by):
            # "workstations by failed jobs": what is counted stands after it
            draft.entity, column = "jobs", GROUPED_BY[ranked.key]
            target = q.after(by.last, "entity", "jobs", within=3)
            q.use(*q.of("superlative", "top"), *q.of("ask", "count"))
            draft.first = _number_of(q, ranked)
        if column is None:
            column = next((GROUPED_BY[word] for word in words if word in GROUPED_BY), None)
        if column is None and not words and q.text_of_has("situacao", "status", "estado"):
            column = "status"  # "situação dos jobs, quantos em cada"
        if column and column in fields and fields[column].kind in ("time", "minutes"):
            part = next((_PARTS[word] for word in words if word in _PARTS), "")
            if not part:  # "critical jobs by deadline"
                draft.order_by = [_by_default(column, draft)]
                q.use(by, target)
                continue
            column = f"{column}.{part}"
        if column and column.partition(".")[0] in fields and column not in draft.group_by:
            q.use(by, target)
            draft.group_by = [column]
    if draft.group_by and q.take("most", "most"):  # "who has most, by user"
        draft.first = 1
    if draft.group_by or not q.has("most", "most"):
        return
    said = [t for t in q.of("field") if t.key in fields and t.key != "priority"]
    named = [t for t in said if fields[t.key].kind != "flag"]
    asked = [*(t for t in q.of("entity") if GROUPED_BY.get(t.key) in fields), *named]
    first = next((t for t in asked if t.key != draft.entity), None) or next(iter(asked), None)
    if first and (first.key != draft.entity or draft.entity in ("jobs", "runs")):
        if first.key == "jobs" and draft.entity == "jobs":
            groups = {s.value.group for s in q.statuses}
            if groups - OVER or not (groups or q.has("event") or q.has("entity", "runs")):
                return  # runs are of what has run
            draft.entity = "runs"
        q.take("most", "most")
        q.use(first, *q.of("superlative", "top"))
        draft.first = _number_of(q, first) or 1
        if first.category == "field" and fields[first.key].kind == "number":
            draft.order_by, draft.limit = [f"-{first.key}"], 1  # "most used": not how many are
            return
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
    places = next((c for c in draft.scope if c.op == "in" and c.field in _WHERE), None)
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


def ordered(q: Question, draft: Draft) -> None:
    """What comes first of the rows, and how many of them: put into the draft."""
    groups = {s.value.group for s in q.statuses}
    _sorted(q, draft)
    if draft.group_by:
        return  # "the last that failed on each station"
    for term in q.of("superlative"):
        if _is_part_of_time(q, term) or (term.key == "longest" and q.has("facet", "overrun")):
            continue
        if term.key in ("highest", "lowest") and _by_number(q, term, draft):
            continue
        if term.key == "first" and q.before(term.first, "superlative"):  # "newest first"
            draft.limit = None if draft.limit == 1 else draft.limit
            q.use(term)
            continue
        order = _order(q, term.key, draft, groups)
        if order is None:
            continue
        draft.order_by = [order]
        q.use(term, *q.of("superlative", "top"), *q.of("ask", "when"))
        number = _number_beside(q, term)
        draft.limit = number.value if number and number.value else draft.limit or 1
        if number:
            q.use(number)
        elif _is_plural(q, term):
            draft.limit = None
    if not draft.order_by and draft.entity == "runs" and not draft.group_by:
        draft.order_by = ["-end" if any(c.field == "end" for c in draft.scope) else "-start"]
    if not draft.order_by and draft.predicates and draft.entity == "jobs":
        first = draft.predicates[0].field
        if first == "running_minutes" or groups == {"running"}:
            draft.order_by = ["-running_minutes"]


def _sorted(q: Question, draft: Draft) -> None:
    """ "Sort by priority": the most, the latest first."""
    fields = ENTITIES[draft.entity].fields
    sort = next(q.of("sort"), None)
    by = next((t for t in q.of("field") if sort and 0 <= t.first - sort.last <= 1), None)
    key = by.key if by else "start" if sort and q.text_of_has("time", "hora", "horario") else ""
    if key in fields:
        draft.order_by = [_by_default(key, draft)]
        q.use(sort, by)


def _by_default(key: str, draft: Draft) -> str:
    """What is to come the soonest first; else the most, the latest first."""
    kind = ENTITIES[draft.entity].fields[key].kind
    return key if kind == "time" and key not in ("start", "end") else f"-{key}"


def _by_number(q: Question, term: Term, draft: Draft) -> bool:
    """ "Highest limit", "a menor prioridade": of what is asked for the one with it."""
    fields = ENTITIES[draft.entity].fields
    numbers = [t for t in q.of("field") if t.key in fields and fields[t.key].kind == "number"]
    by = next((t for t in numbers if abs(t.first - term.last) <= 2), None)
    if by is None:
        return False
    draft.order_by = [f"{'-' if term.key == 'highest' else ''}{by.key}"]
    number = _number_beside(q, term)
    draft.limit = int(number.value) if number and number.value else 1
    q.use(term, by, number, *q.of("filter", "rc"))
    return True


def _number_beside(q: Question, term: Term) -> Found[int] | None:
    """How many: "last 5", "os 3 primeiros"."""
    return next(
        (
            number
            for number in q.numbers
            if 0 <= number.first - term.last <= 1 or 0 <= term.first - number.last <= 1
        ),
        None,
    )


def _is_part_of_time(q: Question, term: Term) -> bool:
    return any(t.first <= term.first < t.last for t in q.times)


def _is_plural(q: Question, term: Term) -> bool:
    """Longest jobs, últimos que falharam: several, as many as a page holds."""
    last = q.words[term.last - 1].text
    after = q.words[term.last].text if term.last < len(q.words) else ""
    plural_entity = {"jobs", "streams", "runs", "failures", "workstations"}
    asked = next((t for t in q.of("entity") if q.text_of(t).endswith("s")), None)
    which = asked and q.words[max(0, asked.first - 1)].text in _WHICH  # "which jobs take longest"
    several = which or q.words[0].text in ("os", "as")
    return several or last.endswith(("os", "as")) or after in plural_entity


def _order(q: Question, key: str, draft: Draft, groups: set[str]) -> str | None:
    running = "running" in groups or (draft.is_running and not groups)
    if key in ("longest", "shortest"):
        if draft.entity == "jobs" and groups and groups <= NOT_BEGUN:
            return "scheduled" if key == "longest" else "-scheduled"
        if draft.entity == "jobs" and not running:
            draft.entity = "runs"
        sign = "-" if key == "longest" else ""
        return sign + ("running_minutes" if running else "elapsed_minutes")
    if key == "overdue":
        q.use(*q.of("flag", "late"))
        return "-overdue_minutes" if draft.entity in ("jobs", "job_streams") else None
    if key == "priority":
        return "-priority" if "priority" in ENTITIES[draft.entity].fields else None
    if key == "next":
        if draft.entity not in ("jobs", "job_streams"):
            return None
        if due := q.take("field", "deadline"):
            draft.scope.append(condition(due.key, ">=", q.now.isoformat()))
            return due.key
        if any(one.field == "stream" for one in draft.scope):
            return None  # the order of a stream's jobs is that of their dependencies
        draft.scope.append(condition("scheduled", ">=", q.now.isoformat()))
        q.use(*q.of("event"))
        return "scheduled"
    if key in ("first", "last"):
        sign = "-" if key == "last" else ""
        of_runs = groups & OVER or q.has("event", "end", "start")
        if draft.entity == "jobs" and of_runs:
            draft.entity = "runs"
        if draft.entity == "jobs" and groups and groups <= NOT_BEGUN:
            return f"{sign}scheduled"
        started = q.has("event", "start") or draft.time_field == "start"
        started = started or any(one.field == "start" for one in draft.scope)
        if draft.time_field == "end":  # "and the last ten?"
            return f"{sign}end"
        if q.has("event", "end") and draft.entity == "job_streams":
            return None  # whose end is not known
        q.use(*q.of("event"))
        return sign + ("end" if draft.entity == "runs" and not started else "start")
    return None
