"""What follows a list: those that it names, the others, the rest, what lies on its other side."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from knowledge.hwa.lexicon import EMPTY
from tws.answers.understanding.about import objects_of
from tws.answers.understanding.asked import (
    KIND_OF,
    PAGE,
    Ask,
    Asked,
    Before,
    Impact,
    More,
    NotUnderstood,
    Understood,
)
from tws.answers.understanding.asking import composed
from tws.answers.understanding.conditions import GROUPED_BY
from tws.answers.understanding.drafts import Draft, condition, contrary, one_of, query_of
from tws.answers.understanding.editing import (
    TIMES,
    conditions_of,
    points_at_one,
)
from tws.answers.understanding.naming import Names
from tws.answers.understanding.question import Question
from tws.plan.query.asked import AnyOf, Condition

OTHERWISE = ("polite", "superlative", "compare", "most")
PLACES = frozenset({"workstation", "stream", "login", "folder"})
_SIDES = {"before": "<", "antes": "<", "after": ">=", "depois": ">=", "afterwards": ">="}
_REST = ("resto", "restante", "demais", "rest", "outros", "outras", "others")


def of_the_most(q: Question, last: Understood) -> Asked | None:
    """ "List them", after which stream has most: those of that stream."""
    ask = last.asked
    lists = q.has("ask", "which_ones", "list") and q.consists_of("ask", "follow", "polite")
    if not (isinstance(ask, Ask) and ask.focus == "extreme" and ask.query.group_by and lists):
        return None
    q.use(*q.of("follow"))
    if not last.shown or ask.query.group_by != [last.shown[0].kind]:
        return NotUnderstood()
    most = one_of(last.shown[0].kind, [thing.name for thing in last.shown])
    query = ask.query.model_copy(update={"group_by": [], "limit": PAGE})
    return of_these(replace(ask, query=query, focus="list"), [*query.where, most])


def jobs_of_these(q: Question, last: Understood) -> Asked | None:
    """ "Which jobs?", after streams in error: theirs in that state."""
    kind = last.shown[0].kind if last.shown else ""
    only = q.consists_of("ask", "polite", "entity") and len(q.words) <= 3
    which = q.starts("ask", "which_ones", "list") and only and q.has("entity", "jobs")
    if not (isinstance(last.asked, Ask) and which and kind in ("stream", "workstation")):
        return None
    if last.asked.query.after:
        return NotUnderstood()  # there are more of them than were listed
    q.use(*q.of("ask"), *q.of("entity"))
    states = [one for one in conditions_of(last.asked.query) if one.field == "group"]
    these = one_of(kind, sorted({thing.name for thing in last.shown}))
    return Ask(query_of("jobs", [these, *(states if kind == "stream" else ())]))


def others(q: Question, after: Understood) -> Asked | None:
    """The next page; "and the other streams?" of one stream's jobs: those of all but that one."""
    last, only = after.asked, (*OTHERWISE, "ask", "follow", "entity")
    if not (isinstance(last, Ask) and q.has("ask", "others") and q.consists_of(*only)):
        return None
    q.use(*q.of("ask"), *q.of("entity"))
    listed = "jobs" if last.query.entity == "runs" else last.query.entity
    other = next((t.key for t in q.of("entity") if t.key != listed), None)
    places = {GROUPED_BY.get(other)} if other else PLACES
    named = [one for one in conditions_of(last.query) if one.field in places]
    if other is None and (last.query.after or not named or not q.text_of_has(*_REST)):
        return More(last)
    if len(named) != 1:
        return NotUnderstood()
    return of_these(last, [contrary(one) if one == named[0] else one for one in last.query.where])


def other_side(q: Question, last: Understood) -> Asked | None:
    """ "And before?": of an object what it comes after; of a list since 9 what was until then."""
    told = [word.text for word in q.words if word.text not in EMPTY]
    side = _SIDES.get(told[0]) if len(told) == 1 else None
    if side is None or q.has("event"):
        return None
    q.use(*q.of("relation"), *q.of("superlative"), *q.of("ask", "who"))
    q.used |= {at for at, word in enumerate(q.words) if word.text == told[0]}
    ask = last.asked
    things = objects_of(ask) or (last.shown if points_at_one(q) else ())
    if len(things) == 1:
        return Impact(things[0], direct=True) if side == ">=" else Before(things[0])
    if not isinstance(ask, Ask):
        return None
    times = [one for one in conditions_of(ask.query) if one.field in TIMES]
    if len(times) != 1 or times[0].op == side:
        return NotUnderstood()
    turned = contrary(times[0])
    where = [turned if one == times[0] else one for one in ask.query.where]
    if ask.query.entity == "runs" and turned.op == "<":
        until = datetime.fromisoformat(str(turned.value))  # of a day that goes on: since midnight
        where.append(condition(turned.field, ">=", f"{until.replace(hour=0, minute=0)}"))
    return of_these(ask, where)


def beside_those(q: Question, last: Understood, names: Names) -> Ask | None:
    """ "Anything else late?": what is so beside what was spoken of."""
    found = composed(q, names, Draft())
    if found is None:
        return None
    q.use(*q.of("ask", "else"), *q.of("ask", "others"), *q.of("most"))
    kind = KIND_OF.get(found.query.entity)
    spoken = objects_of(last.asked) or last.shown
    known = sorted({thing.name for thing in spoken if thing.kind == kind})
    others = [one_of(kind, known, negated=True)] if kind and known else []
    return replace(of_these(found, [*found.query.where, *others]), focus="yes_no")


def of_shown(q: Question, last: Understood, names: Names) -> Asked | None:
    """ "Which of them are still in error?": the jobs that were listed, as they are now."""
    found = composed(q, names, Draft())
    kind = KIND_OF[found.query.entity] if found else None
    shown = sorted({thing.name for thing in last.shown if thing.kind == kind})
    if found is None or kind is None or not shown:
        return None
    if last.asked.query.after if isinstance(last.asked, Ask) else len(last.shown) >= PAGE:
        return NotUnderstood()  # there are more of them than were listed
    return of_these(found, [one_of(kind, shown), *found.query.where])


def of_these(ask: Ask, where: list[Condition | AnyOf]) -> Ask:
    return replace(ask, query=ask.query.model_copy(update={"where": where, "after": ""}))
