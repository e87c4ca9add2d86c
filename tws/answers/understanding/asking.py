"""A question over the plan as a whole → a PlanQuery: what is asked for, under which conditions,
grouped and ordered how."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from knowledge.hwa.lexicon import EMPTY, Term
from tws.answers.understanding.asked import KIND_OF, Ask
from tws.answers.understanding.conditions import GROUPED_BY, NOT_BEGUN, Conditions
from tws.answers.understanding.drafts import Draft
from tws.answers.understanding.focus import HAVING, WHICH, and_which, focused
from tws.answers.understanding.grouping import PLACES, against_a_number, counts_jobs, grouped
from tws.answers.understanding.naming import Names
from tws.answers.understanding.ordering import ordered
from tws.answers.understanding.question import Found, Question, all_places, groupings
from tws.answers.understanding.states import OF_STATIONS, waiting
from tws.answers.understanding.timing import beyond_usual, timed
from tws.plan.query.catalogue import ENTITIES


def composed(q: Question, names: Names, draft: Draft) -> Ask | None:
    """The question as a query, what it leaves unsaid as in the draft; what it uses is marked.

    None when it says nothing that can be asked of the plan.
    """
    conditions = Conditions(q, names)
    draft.entity = _entity(q, conditions) or draft.entity
    q.use(*q.of("ask", "who"))  # "who failed": which jobs
    q.missed |= _another_question(q) | _only_so(q)
    said = [*conditions.add(draft), *beyond_usual(q, draft)]
    _joined(q, draft)
    timed(q, draft)
    grouped(q, draft)
    q.use(*(q.of("whole", "summary") if draft.group_by else ()))
    ordered(q, draft)
    of_time = bool(draft.time_field and q.times)
    if not (said or of_time or draft.group_by or draft.order_by or _is_clear(q)):
        return None
    _fit(q, draft)
    own = GROUPED_BY.get(draft.entity)
    is_one = any((one.field, one.op) == (own, "=") for one in draft.scope)
    if is_one and q.has("ask", "count"):
        return None  # "how many cpus does X have"
    return focused(q, draft)


def _joined(q: Question, draft: Draft) -> None:
    """ "Late or failed": one is enough. An "or" that can't be asked so is missed."""
    told: list[Term | Found[Any]] = [*q.statuses, *q.of("flag"), *q.of("filter"), *q.numbers]
    if len(draft.parts) < 2 or len(told) < 2:
        return
    places = all_places(told)
    joints = {at for at in q.ors(min(places), max(places)) if at not in q.used}
    whole = sum(len(part) for part in draft.parts) == len(draft.predicates)
    if joints and whole and len(draft.parts) == 2 and not q.times:
        draft.either = True
    else:
        q.missed |= joints


def _is_clear(q: Question) -> bool:
    asks = q.has("ask") or q.has("follow") or len(q.words) < 4
    runs = q.times and q.has("event", "ran", "start", "scheduled")  # "o que roda às 18h"
    return bool(runs) or (q.has("entity") and (asks or bool(q.times)))


def _another_question(q: Question) -> set[int]:
    """The one behind an "and": "how many are late, and which station has most?"."""
    asks = [*q.of("ask", "count", "share", "when", "how_long", "why"), *q.of("by")]
    joints = (at for at, word in enumerate(q.words) if at and word.text in ("and", "e"))
    return {
        place
        for at in joints
        for place in range(at + 1, len(q.words))
        if q.words[min(at + 1, len(q.words) - 1)].text in WHICH - {"que"}
        and any(one.first < at for one in asks)
        and not (and_which(q) or q.words[place].text in EMPTY)
    }


def _only_so(q: Question) -> set[int]:
    """ "Jobs that only failed", "streams with only failed jobs": nothing else is so of them."""
    only = (t for t in q.of("follow", "only") if t.first and q.has("entity"))
    return all_places([t for t in only if q.words[t.first - 1].text in HAVING])


def _fit(q: Question, draft: Draft) -> None:
    """Leave out what the entity has not: a run knows no urgency. Its words are missed then."""
    fields = ENTITIES[draft.entity].fields
    if any(one.field not in fields for one in draft.predicates):
        q.missed |= all_places([*q.of("flag")], q.statuses)
    if draft.entity == "runs":  # of what waits there are none
        q.missed |= all_places([s for s in q.statuses if s.value.group in NOT_BEGUN])
    if any(one.field not in fields for one in draft.scope):
        q.missed |= all_places(q.names)
    draft.scope = [one for one in draft.scope if one.field in fields]
    draft.predicates = [one for one in draft.predicates if one.field in fields]
    draft.group_by = [one for one in draft.group_by if one.partition(".")[0] in fields]
    draft.order_by = [one for one in draft.order_by if one.lstrip("-") in fields]


def _entity(q: Question, conditions: Conditions) -> str:
    """What is asked for; "" when the question does not say."""
    grouped = {at for t in groupings(q) for at in range(t.first, t.last)}
    named = {
        term.first
        for one in q.names
        for term in q.of("entity")
        if 0 <= one.first - term.last <= 1
        and KIND_OF.get(term.key) in one.value.kinds
        and not q.before(term.first, "ask", "count")
    }
    main = [
        t
        for t in q.of("entity")
        if t.first not in grouped and t.key != "plan" and not _is_of_wait(q, t)
    ]
    # "jobs do stream X", "which stream has most jobs": not what stands before a name.
    free = [t for t in main if t.first not in named]
    for one, other in pairwise(free):  # "failed jobs and streams": two questions
        joint = [word.text for word in q.words[one.last : other.first]]
        if one.key != other.key and len(joint) == 1 and joint[0] in ("and", "or", "e", "ou"):
            q.missed |= all_places([other])
    keys = [t.key for t in free]
    happened = q.statuses or q.has("event")
    by = next(q.of("by"), None)
    if (by and set(keys) & set(PLACES) and counts_jobs(q, by)) or against_a_number(q):
        return "jobs"
    if q.has("most", "most") and happened and set(keys) <= {"job_streams", "workstations"}:
        return "jobs"
    if q.has("most", "most") and len(set(keys)) > 1 and "jobs" in keys:
        return "jobs"
    if keys:
        return keys[0]
    down = q.has("flag", *OF_STATIONS) and not (q.times and q.statuses)
    if down or conditions.types():
        return "workstations"
    return "resources" if q.has("flag", "exhausted") else ""


def _is_of_wait(q: Question, term: Term) -> bool:
    """Whether an entity's word says what is waited for: "waiting on a prompt"."""
    waits: list[Term | Found[Any]] = [*q.of("relation", "waits", "holds_up"), *waiting(q)]
    return term.key in ("prompts", "resources", "workstations") and any(
        0 <= term.first - one.last <= 3 for one in waits
    )
