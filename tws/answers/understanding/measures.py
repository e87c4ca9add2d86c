"""What a question says in numbers of its rows: return codes, priorities, lengths of time."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

from knowledge.hwa.lexicon import Term
from knowledge.hwa.numbers import find_numbers
from tws.answers.understanding.drafts import Draft, condition, contrary, one_of
from tws.answers.understanding.question import Found, Question, places_of
from tws.plan.query.asked import Condition
from tws.plan.query.catalogue import ENTITIES

_OPS = {
    "more": ">", "less": "<", "at_least": ">=", "at_most": "<=", "different": "!=",
}  # fmt: skip

_BACK = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "!=": "!="}
"""A longer time begins at an earlier moment."""

OVER = {"failed", "success", "cancelled", "suppressed"}
"""Groups of what a run ended in: with a time they are facts of runs, not of the present."""
_AGO = frozenset({"ha", "faz", "ago", "atras"})

JOBS_OF_STREAM = {
    "failed": "failed_jobs", "success": "successful_jobs", "running": "running_jobs",
    "waiting": "waiting_jobs", "undecided": "undecided_jobs",
}  # fmt: skip
"""Where a job stream counts its jobs of a group."""


def measured(q: Question, draft: Draft) -> list[Condition]:
    """Return codes, priorities, lengths of time: put into the draft."""
    between, found = _between(q, draft), list[Condition]()
    for number in (one for one in q.numbers if not set(range(one.first, one.last)) <= q.used):
        column = _number_field(q, number, draft)
        if column:
            made = condition(column, operator(q, number), number.value)
            denied = _denial(q, number)
            found.append(contrary(made) if denied else made)
            if denied and denied.key == "except" and column == "return_code":
                draft.unknown_too.add(column)
            q.use(number)
    found = _either(q, found)
    for span in (one for one in q.spans if q.used.isdisjoint(places_of(one))):
        ago = _ago(q, span, draft)
        op = operator(q, span)
        if op != "=" and ago:
            found.append(condition(ago, _BACK[op], (q.now - span.value).isoformat()))
            q.use(span, *q.of("event"))
            q.used |= {at for at, word in enumerate(q.words) if word.text in _AGO}
            continue
        column = _span_field(q, draft)
        if column and op != "=":
            found.append(condition(column, op, span.value.total_seconds() / 60))
            q.use(span)
    parts = [between, *([one] for one in found)]
    draft.parts += filter(None, parts)
    draft.predicates += [*between, *found]
    return [*between, *found]


def _either(q: Question, found: list[Condition]) -> list[Condition]:
    """ "Rc 124 or 137": of one field that is to be two values each is enough."""
    same = [one for one in found if one.op == "=" and one.field == found[0].field]
    if len(same) < 2:
        return found
    rest = [one for one in found if one not in same]
    q.used |= q.ors(q.numbers[0].last, q.numbers[-1].first)
    return [one_of(found[0].field, [one.value for one in same]), *rest]


def _ago(q: Question, span: Found[Any], draft: Draft) -> str:
    """The time that lies so far back: since when it could have run, or, of what "ended less than
    10 minutes ago", its end; "" of a length of time."""
    if q.groups and q.groups <= {"waiting", "ready"}:
        return "scheduled" if "scheduled" in ENTITIES[draft.entity].fields else ""
    compare = q.before(span.first, "compare", within=2)
    first = compare.first if compare else span.first
    beside = {
        word.text for word in (*q.words[max(0, first - 1) : first], *q.words[span.last :][:1])
    }
    over = bool(q.groups & OVER) or q.has("event", "start", "end")
    if draft.entity not in ("jobs", "runs") or not over or beside.isdisjoint(_AGO):
        return ""
    draft.entity = "runs"
    return "start" if q.has("event", "start") and not q.groups & OVER else "end"


def _between(q: Question, draft: Draft) -> list[Condition]:
    """Rc between 1 and 8, "entre 10 e 20 minutos"."""
    said: list[Found[Any]] = sorted([*q.numbers, *q.spans], key=lambda one: one.first)
    for one, other in pairwise(said):
        opens = one.first and q.words[one.first - 1].text in ("between", "entre")
        joined = other.first - one.last == 1 and q.words[one.last].text in ("and", "e")
        if not (opens and joined):
            continue
        of_time = other in q.spans
        column = _span_field(q, draft) if of_time else _number_field(q, one, draft)
        if column:
            q.use(one, other, *(q.of("event", "took", "ran") if of_time else ()))
            q.used.add(one.first - 1)
            bounds = sorted(_in_minutes(q, one, other) if of_time else (one.value, other.value))
            return [condition(column, ">=", bounds[0]), condition(column, "<=", bounds[1])]
    return []


def _in_minutes(q: Question, one: Found[Any], other: Found[timedelta]) -> tuple[float, float]:
    """Two lengths of time, of which the first may be in the other's unit."""
    longer = other.value.total_seconds() / 60
    if isinstance(one.value, timedelta):
        return one.value.total_seconds() / 60, longer
    counted = next((number.value for number in find_numbers(q.text_of(other))), 1)
    return one.value * longer / counted, longer


def _denial(q: Question, number: Found[int]) -> Term | None:
    """ "Excluding rc 8", "sem rc 8"."""
    named = [t for t in (*q.of("filter", "rc"), *q.of("field")) if 0 <= number.first - t.last <= 2]
    place = min((t.first for t in named), default=number.first)
    term = q.before(place, "negation", within=3) or q.before(number.first, "negation", within=2)
    if term is None or q.used.issuperset(places_of(term)):
        return None
    q.use(term)
    return term


def operator(q: Question, found: Found[Any]) -> str:
    """ "More than 3", "3 or more"."""
    after = q.past_times(found)  # "3 vezes ou mais"
    q.used.update(range(found.last, after))
    term = q.before(found.first, "compare", within=2) or q.after(after, "compare_after")
    q.use(term)
    return _OPS[term.key] if term else "="


def _number_field(q: Question, number: Found[int], draft: Draft) -> str | None:
    fields = ENTITIES[draft.entity].fields
    if draft.entity == "resources" and q.take("flag", "free"):
        q.use(*q.of("field"))  # "less than 2 units free"
        return "available"
    said = (*q.of("filter", "rc"), *q.of("field"))
    for term in sorted(said, key=lambda one: abs(number.first - one.last)):
        near = 0 <= number.first - term.last <= 4 or 0 <= term.first - number.last <= 1
        column = "return_code" if term.key == "rc" else term.key
        if near and column in fields and fields[column].kind == "number":
            q.use(*q.of(term.category, term.key))  # "rc 8 or rc 12"
            return column
    counted = q.after(number.last, "entity", "runs") or q.after(number.last, "event", "ran")
    times = q.is_of_times(number) and not q.statuses and q.has("event", "ran")
    if (counted or times) and draft.entity == "jobs":
        q.use(counted, *q.of("event", "ran"))
        return "runs"
    more = q.before(number.first, "compare", within=2)
    if more and draft.entity == "job_streams" and q.after(number.last, "entity", "jobs", within=2):
        of_group = JOBS_OF_STREAM.get(*q.groups) if len(q.groups) == 1 else None
        return of_group if q.groups else "jobs"
    return draft.number_field if draft.number_field in fields else None


def _span_field(q: Question, draft: Draft) -> str | None:
    if draft.entity not in ("jobs", "runs", "job_streams"):
        return None
    if "running" in q.groups:
        return "running_minutes"
    if q.has("flag", "late", "deadline_passed"):
        return "overdue_minutes"
    if draft.entity == "jobs":
        draft.entity = "runs"
    return "elapsed_minutes"
