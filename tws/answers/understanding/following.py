"""What follows an answer: "e em hold?", "only the critical ones", "why?", "the second one". The
query that was asked last is edited, or a facet of its object is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from knowledge.hwa.lexicon import EMPTY
from tws.answers.understanding.about import OF_A_RUN, about, objects_of
from tws.answers.understanding.asked import (
    KIND_OF,
    PAGE,
    About,
    Ask,
    AskBack,
    Asked,
    Before,
    CompareRuns,
    Impact,
    LogOf,
    More,
    NotUnderstood,
    ObjectKind,
    Run,
    Thing,
    Understood,
)
from tws.answers.understanding.asking import composed
from tws.answers.understanding.conditions import GROUPED_BY
from tws.answers.understanding.drafts import Draft, condition, contrary, one_of, query_of
from tws.answers.understanding.editing import (
    TIMES,
    asked_place,
    conditions_of,
    edited,
    points_at_one,
    waited_for,
)
from tws.answers.understanding.naming import Names
from tws.answers.understanding.negation import WHERE
from tws.answers.understanding.question import Question, all_places
from tws.answers.understanding.states import OF_STATIONS, waiting
from tws.plan.query.asked import AnyOf, Condition
from tws.plan.query.catalogue import ENTITIES

SHORT = 7
"""A question of so many words that lacks what is asked for means what was asked last."""
_THE = frozenset({"the", "o", "a", "do", "da", "no", "na"})
_SOME = frozenset({"algum", "alguma", "em", "in", "on", "com", "qual", "quais", "which"})
_ANY = frozenset({"any", "anything", "algum", "alguma", "algo"})
_STILL = ("ainda", "still", "agora", "now")
_SIDES = {"before": "<", "antes": "<", "after": ">=", "depois": ">=", "afterwards": ">="}
_PLACES = frozenset({"workstation", "stream", "login", "folder"})
_OF_MANY = _PLACES | {"critical", "urgent"}
_REST = ("resto", "restante", "demais", "rest", "outros", "outras", "others")
_OF_RUNS = ("runs", "rerun", "failed_before")
_NTH_ALONE = ("follow", "nth", "superlative")
_NTH_RUN: dict[str, Run] = {"0": "first", "last": "last"}
_OF_ONE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("facet", ()),
    ("relation", ()),
    ("field", ()),
    ("flag", ("rerun",)),
    ("ask", ("why", "when", "how_long")),
)


def follows(question: Question, last: Understood | None) -> bool:
    """Whether the question leans on what was asked before."""
    q = question
    if last is None:
        return False
    if q.has("ask", "else") and (last.shown or objects_of(last.asked)):
        return True
    of_list = last.asked.query if isinstance(last.asked, Ask) else None
    if of_list and (q.starts("negation", "except") or waited_for(q, of_list)):
        return True
    if q.starts("follow", "and", "only", skip=("talk", "polite")) and len(q.words) <= 3 * SHORT:
        return True
    if q.has("follow", "and") and q.consists_of("follow", "polite", "talk", "entity", "name"):
        return True  # "X, I mean"
    if len(q.times) > 1 and (q.has("days") or q.has("facet", "compare")):
        return False  # "was yesterday better than today?"
    if q.consists_of("ask", "follow", "polite", "facet", "nth", "superlative", "negation", "flag"):
        return True
    others = isinstance(last.asked, Ask) and q.has("ask", "others")
    if others and _only(q, "ask", "follow", "entity"):
        return True
    if q.names:
        narrows = q.has("follow", "of_them") or _is_only_where(q)
        return isinstance(last.asked, Ask) and narrows
    if asked_place(q) and (isinstance(last.asked, Ask) or _job_of(last)):
        return True
    if _jobs_of_these(q, last) or _home(q, last) or _counts_there(q, last) or _is_part(q, last):
        return True
    if q.has("nth") and last.shown and not q.has("entity"):
        return True
    points = q.has("follow", "it", "them", "of_them")
    return points or (len(q.words) <= SHORT and not says_what(q))


def _counts_there(q: Question, last: Understood) -> bool:
    """ "How many are waiting?", of no more than the place, or the user, just spoken of."""
    things = [one.kind for one in objects_of(last.asked)]
    where = conditions_of(last.asked.query) if isinstance(last.asked, Ask) else ()
    inside = bool(things) and set(things) <= {"workstation", "stream"}
    other = {t.key for t in q.of("entity")} - ({"jobs"} if inside else set())
    counts = q.starts("ask", "count") and not (other or q.times)
    listed = bool(things) and q.consists_of("ask", "follow", "polite", "entity")  # "jobs?"
    places = _OF_MANY.intersection([*things, *(one.field for one in where)])
    return bool((counts or listed) and places and len(q.words) <= SHORT)


def _is_part(q: Question, last: Understood) -> bool:
    """ "Algum em erro?", "em erro?": no more than a state, of what was listed."""
    others = {at for at, word in enumerate(q.words) if word.text not in _SOME}
    state = bool(q.statuses) and others <= all_places(q.statuses)
    return isinstance(last.asked, Ask) and state and not q.has("entity")


def _is_only_where(q: Question) -> bool:
    """ "On X?", "desculpa, da X": a condition that begins with its preposition, and nothing else;
    after an apology without one too."""
    said = all_places(q.names, [*q.of("polite", "sorry")])
    others = [word.text for at, word in enumerate(q.words) if at not in said]
    begins = q.starts("polite", "sorry") or (others and others[0] in WHERE | _ANY)
    return bool(begins) and EMPTY.issuperset(others)


def says_what(q: Question) -> bool:
    """Whether it can stand alone: it says of what it asks, and what."""
    by = next(q.of("by"), None)
    grouped = by.first if by else len(q.words)
    entity = any(term.first < grouped for term in q.of("entity"))
    deadlines = q.has("flag", "will_miss", "deadline_passed") and q.has("field", "deadline")
    return entity or deadlines or bool(q.statuses and not q.has("ask", "why"))


def followed(question: Question, last: Understood, names: Names) -> Asked | None:
    """What it asks with what was asked before; None when it leans on nothing of that."""
    q = question
    if isinstance(last.asked, More):
        last = replace(last, asked=last.asked.last)
    if named := _another(q, last, names):
        return named
    nth = next((t for t in q.of("nth") if not q.before(t.first, "event")), None)
    if nth and last.shown and all(one.value == 1 for one in q.numbers):
        at = len(last.shown) - 1 if nth.key == "last" else int(nth.key)
        q.use(*q.of("nth"), *q.of("superlative"), *q.statuses)
        if _is_of_runs(last.asked):
            return _of_run(q, last.asked, nth.key)
        if at >= len(last.shown):
            return AskBack("which_one", tuple(dict.fromkeys(last.shown))[:5])
        if isinstance(last.asked, About | LogOf) and q.consists_of(*_NTH_ALONE):
            return replace(last.asked, object=last.shown[at])  # "and the second?": the same of it
        return about(q, last.shown[at], -1)
    if these := _jobs_of_these(q, last):
        return these
    if of_most := _of_the_most(q, last):
        return of_most
    more = q.has("ask", "others") and _only(q, "ask", "follow", "entity")
    if more and isinstance(last.asked, Ask):
        q.use(*q.of("ask"), *q.of("entity"))
        return _others(q, last.asked)
    if isinstance(last.asked, About) and (when := _when(q, last.asked)):
        return when
    if other_side := _other_side(q, last):
        return other_side
    if q.has("follow", "of_them") and q.text_of_has(*_STILL) and last.asked.type == "ask":
        return _of_shown(q, last, names)
    if q.has("ask", "else"):
        return _beside_those(q, last, names)
    if (job := _job_of(last)) and asked_place(q):
        return about(q, job, -1)
    if station := _asked_station(q, last):
        return about(q, station, -1)
    if (home := _home(q, last)) and not q.has("follow", "it"):
        q.use(*q.of("entity"))
        return about(q, home, -1)
    if inside := _inside(q, last, names):
        return inside
    one = len(objects_of(last.asked)) == 1 or (isinstance(last.asked, Ask) and points_at_one(q))
    other = q.has("entity", "jobs") or q.has("ask", "others")
    if q.has("follow", "it") and one and not other:
        return _of_one(q, last)
    if _is_of_one(q) and (found := _of_one(q, last)):
        return found
    if isinstance(last.asked, Ask):
        return edited(q, last.asked, names)
    if len(last.shown) > 1 and not says_what(q):
        return _of_shown(q, last, names)  # "any critical?", after one of them was asked about
    alone = q.consists_of("flag", "follow", "polite") and not q.has("ask")
    return _of_one(q, last) if alone else None


def _is_of_runs(asked: Asked) -> bool:
    """Whether it asked for the runs of a job, or for one of them."""
    if isinstance(asked, About | LogOf) and asked.run not in (None, "last"):
        return True
    runs = isinstance(asked, About) and (asked.facet in _OF_RUNS or asked.fields == ("runs",))
    return runs or isinstance(asked, CompareRuns)


def _of_run(q: Question, last: Asked, nth: str) -> Asked:
    """ "What rc had the first?", after the runs of a job."""
    same = isinstance(last, About | LogOf) and q.consists_of(*_NTH_ALONE)
    found = last if same else about(q, objects_of(last)[0], -1)
    run = _NTH_RUN.get(nth)
    if isinstance(found, About) and found.facet in ("status", *_OF_RUNS):
        found = replace(found, facet="value", fields=OF_A_RUN)
    if run and (isinstance(found, LogOf) or (isinstance(found, About) and found.facet == "value")):
        return replace(found, run=run)
    return NotUnderstood()


def _of_the_most(q: Question, last: Understood) -> Asked | None:
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
    return _of_these(replace(ask, query=query, focus="list"), [*query.where, most])


def _jobs_of_these(q: Question, last: Understood) -> Asked | None:
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


def _others(q: Question, last: Ask) -> Asked:
    """The next page; "and the other streams?" of one stream's jobs: those of all but that one."""
    listed = "jobs" if last.query.entity == "runs" else last.query.entity
    other = next((t.key for t in q.of("entity") if t.key != listed), None)
    places = {GROUPED_BY.get(other)} if other else _PLACES
    named = [one for one in conditions_of(last.query) if one.field in places]
    if other is None and (last.query.after or not named or not q.text_of_has(*_REST)):
        return More(last)
    if len(named) != 1:
        return NotUnderstood()
    return _of_these(last, [contrary(one) if one == named[0] else one for one in last.query.where])


def _of_these(ask: Ask, where: list[Condition | AnyOf]) -> Ask:
    return replace(ask, query=ask.query.model_copy(update={"where": where, "after": ""}))


def _when(q: Question, last: About) -> Asked | None:
    """ "And start?", after when something ended."""
    fields = {"start": "start", "end": "end", "scheduled": "scheduled", "took": "elapsed_minutes"}
    asked = [fields[t.key] for t in q.of("event") if t.key in fields]
    only = q.consists_of("follow", "event", "order") and not q.has("field")
    if last.facet != "value" or not (asked and only):
        return None
    q.use(*q.of("event"), *q.of("order"), *q.of("ask", "when", "how_long"))
    return replace(last, fields=tuple(asked))


def _other_side(q: Question, last: Understood) -> Asked | None:
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
    return _of_these(ask, where)


def _only(q: Question, *categories: str) -> bool:
    return q.consists_of(*categories, "polite", "superlative", "compare", "most")


def _another(q: Question, last: Understood, names: Names) -> Asked | None:
    """ "And the X?": what was asked of one object, of another."""
    if not q.names or isinstance(last.asked, Ask) or not objects_of(last.asked):
        return None
    if not _only(q, "follow", "entity", "ask") and len(q.words) - len(q.names) > 3:
        return None
    one = q.names[0]
    old = objects_of(last.asked)[0]
    kinds = one.value.kinds
    if not kinds:
        return None
    kind = old.kind if old.kind in kinds else kinds[0]
    things = names.things(one.value, kind)
    q.use(one, *q.of("entity"))
    if len(things) != 1:
        return AskBack("which_one", tuple(things[:5]), q.written(one))
    if isinstance(last.asked, About | LogOf | Impact | Before | CompareRuns) and kind == old.kind:
        return replace(last.asked, object=things[0])
    return About(things[0])


def _beside_those(q: Question, last: Understood, names: Names) -> Ask | None:
    """ "Anything else late?": what is so beside what was spoken of."""
    found = composed(q, names, Draft())
    if found is None:
        return None
    q.use(*q.of("ask", "else"), *q.of("ask", "others"), *q.of("most"))
    kind = KIND_OF.get(found.query.entity)
    spoken = objects_of(last.asked) or last.shown
    known = sorted({thing.name for thing in spoken if thing.kind == kind})
    others = [one_of(kind, known, negated=True)] if kind and known else []
    return replace(_of_these(found, [*found.query.where, *others]), focus="yes_no")


def _of_shown(q: Question, last: Understood, names: Names) -> Asked | None:
    """ "Which of them are still in error?": the jobs that were listed, as they are now."""
    found = composed(q, names, Draft())
    kind = KIND_OF[found.query.entity] if found else None
    shown = sorted({thing.name for thing in last.shown if thing.kind == kind})
    if found is None or kind is None or not shown:
        return None
    if last.asked.query.after if isinstance(last.asked, Ask) else len(last.shown) >= PAGE:
        return NotUnderstood()  # there are more of them than were listed
    return _of_these(found, [one_of(kind, shown), *found.query.where])


def _inside(q: Question, last: Understood, names: Names) -> Ask | None:
    """ "What is running there?": what lies on the workstation, or in the stream, just spoken of."""
    home = _home(q, last)
    things = (home,) if home else objects_of(last.asked) or last.shown
    if len(things) != 1 or things[0].kind not in ("workstation", "stream"):
        return None
    of_them = q.has("entity", "jobs", "job_streams")
    waits = points_at_one(q) and bool(waiting(q))  # "what is it waiting for"
    if q.has("ask", "why") or not (of_them or (q.statuses and not waits)):
        return None
    found = composed(q, names, Draft())
    if found is None or things[0].kind not in ENTITIES[found.query.entity].fields:
        return None
    within = condition(things[0].kind, "=", things[0].name)
    return _of_these(found, [*found.query.where, within])


def _job_of(last: Understood) -> Thing | None:
    """The one job that was asked about, or was found."""
    asked = last.asked
    found = isinstance(asked, Ask) and not asked.query.group_by
    things = objects_of(asked) or (tuple(dict.fromkeys(last.shown)) if found else ())
    return things[0] if len(things) == 1 and things[0].kind == "job" else None


def _home(q: Question, last: Understood) -> Thing | None:
    """ "Is the agent up?": the workstation, or the stream, of the job just spoken of."""
    job = _job_of(last)
    entity = next(q.of("entity", "workstations", "job_streams"), None)
    if entity is None or job is None or q.text_of(entity).endswith("s"):
        return None
    the = q.words[entity.first - 1].text if entity.first else ""
    pointed = q.before(entity.first, "follow", "it") or q.after(entity.last, "follow", "it")
    one = pointed or (the in _THE and not q.has("follow", "it"))
    kind: ObjectKind = "workstation" if entity.key == "workstations" else "stream"
    name = getattr(job, kind) if one and not q.has("by") else None
    return Thing(kind, name) if name else None


def _asked_station(q: Question, last: Understood) -> Thing | None:
    """ "Is it up?", after where a job runs was asked."""
    job, asked = _job_of(last), getattr(last.asked, "fields", ())
    up = q.has("flag", *OF_STATIONS) and asked == ("workstation",)
    return Thing("workstation", job.workstation) if job and job.workstation and up else None


def _is_of_one(q: Question) -> bool:
    """Whether it asks for something that only one object has."""
    narrows = q.has("follow", "of_them") and not q.has("facet")
    if narrows or q.starts("follow", "only") or q.has("sort"):
        return False
    if q.has("by") or q.has("ask", "count", "share") or (q.has("ask", "list") and q.numbers):
        return False
    flags = {(t.first, t.last) for t in q.of("flag")}
    states = all_places(q.statuses)
    only = {
        # "With rc not 0" is a condition.
        "field": bool(q.numbers) or {(t.first, t.last) for t in q.of("field")} <= flags,
        "relation": all(t.first in states for t in q.of("relation")),  # "e esperando?"
    }
    return any(q.has(category, *keys) for category, keys in _OF_ONE if not only.get(category))


def _of_one(q: Question, last: Understood) -> Asked | None:
    shown = tuple(dict.fromkeys(last.shown))  # a job stands there once for each of its runs
    things = objects_of(last.asked) or shown
    pointing = next(q.of("follow", "it"), None)
    if len(things) == 1:
        return about(q, things[0], pointing.first if pointing else -1)
    if things:
        return AskBack("which_one", things[:5])
    return AskBack("what") if q.has("follow", "it") else None
