"""What a flag says of the rows of an entity: linked, late, critical, at risk, in use."""

from __future__ import annotations

from typing import Any

from knowledge.hwa.lexicon import Term
from knowledge.hwa.statuses import OPEN_GROUPS
from tws.answers.understanding.drafts import Draft, condition, one_of
from tws.answers.understanding.negation import is_negated
from tws.answers.understanding.question import Question, places_of
from tws.plan.query.asked import Condition
from tws.plan.query.catalogue import DONE, ENTITIES

STILL_OPEN = one_of("group", list(DONE), negated=True)
"""What being late has in it."""
_OF_DEADLINES = ("will_miss", "deadline_passed")
_LINKED, _UNLINKED = ("linked", "=", True), ("linked", "=", False)
_FULL, _FREE = ("available", "=", 0), ("available", ">", 0)
_UNUSED, _IN_USE = ("in_use", "=", 0), ("in_use", ">", 0)
_PROBLEMS = ["unlinked", "jobman_down", "limit_0"]
_SAYS: dict[tuple[str, str], tuple[tuple[str, str, Any], tuple[str, str, Any]]] = {
    ("workstations", "linked"): (_LINKED, _UNLINKED),
    ("workstations", "unlinked"): (_UNLINKED, _LINKED),
    ("workstations", "jobman_down"): (("jobman_up", "=", False), ("jobman_up", "=", True)),
    ("workstations", "problem"): (("problems", "in", _PROBLEMS), ("problems", "=", None)),
    ("resources", "exhausted"): (_FULL, _FREE),
    ("resources", "free"): (_FREE, _FULL),
    ("resources", "linked"): (_FREE, _FULL),
    ("resources", "unused"): (_UNUSED, _IN_USE),
    ("resources", "in_use"): (_IN_USE, _UNUSED),
    ("jobs", "open"): (("group", "in", [*OPEN_GROUPS]), ("group", "not in", [*OPEN_GROUPS])),
    ("prompts", "open"): (("status", "=", "ASKED"), ("status", "!=", "ASKED")),
}
"""By entity and flag: what holds where it is said, and where it is denied."""


def flagged(q: Question, draft: Draft) -> list[Condition]:
    """The flags of a question: put into the draft."""
    found = list[Condition]()
    for term in [t for t in q.of("flag") if q.used.isdisjoint(places_of(t))]:
        made = _of_flag(q, term, draft)
        if made:
            q.use(term)
            if term.key in _OF_DEADLINES:  # "vai estourar o deadline"
                q.use(*q.of("field", "deadline"))
            found += made
            draft.parts.append(made)
    draft.predicates += found
    return found


def _of_flag(q: Question, term: Term, draft: Draft) -> list[Condition]:
    key, negated = term.key, is_negated(q, term.first)
    if key == "on_time":
        key, negated = "late", not negated
    if says := _SAYS.get((draft.entity, key)):
        return [condition(*says[negated])]
    if key in _OF_DEADLINES and draft.entity == "job_streams" and not draft.group_by:
        draft.entity, draft.group_by = "jobs", ["stream"]  # a stream's risk is its jobs'
    fields = ENTITIES[draft.entity].fields
    if key == "late" and any(one.value.group in DONE for one in q.statuses):
        return []  # what is done is late no more
    if key == "late" and "late" in fields:
        late = condition("late", "=", not negated)
        return [late] if negated else [late, STILL_OPEN]
    if key in _OF_DEADLINES and "risk" in fields:
        risks = ["will_miss", "may_miss"] if key == "will_miss" else ["deadline_passed"]
        return [one_of("risk", risks, negated=negated)]
    if key in ("critical", "urgent", "needs_confirmation", "rerun") and key in fields:
        return [condition(key, "=", not negated)]
    return []
