"""What follows one object: the same of another, another thing of it, its home, its runs."""

from __future__ import annotations

from dataclasses import replace

from tws.answers.understanding.about import OF_A_RUN, about, objects_of
from tws.answers.understanding.asked import (
    About,
    Ask,
    AskBack,
    Asked,
    Before,
    CompareRuns,
    Impact,
    LogOf,
    NotUnderstood,
    ObjectKind,
    Run,
    Thing,
    Understood,
)
from tws.answers.understanding.asking import composed
from tws.answers.understanding.drafts import Draft, condition
from tws.answers.understanding.editing import asked_place, points_at_one
from tws.answers.understanding.listed import OTHERWISE, of_these
from tws.answers.understanding.naming import Names
from tws.answers.understanding.question import Question
from tws.answers.understanding.states import OF_STATIONS, waiting
from tws.plan.query.catalogue import ENTITIES

_THE = frozenset({"the", "o", "a", "do", "da", "no", "na"})
_OF_RUNS = ("runs", "rerun", "failed_before")
_NTH_ALONE = ("follow", "nth", "superlative")
_NTH_RUN: dict[str, Run] = {"0": "first", "last": "last"}


def of_nth(q: Question, last: Understood) -> Asked | None:
    """ "And the second?" of what was listed, or of a job's runs."""
    nth = next((t for t in q.of("nth") if not q.before(t.first, "event")), None)
    if nth is None or not last.shown or any(one.value != 1 for one in q.numbers):
        return None
    at = len(last.shown) - 1 if nth.key == "last" else int(nth.key)
    q.use(*q.of("nth"), *q.of("superlative"), *q.statuses)
    if _is_of_runs(last.asked):
        return _of_run(q, last.asked, nth.key)
    if at >= len(last.shown):
        return AskBack("which_one", tuple(dict.fromkeys(last.shown))[:5])
    if isinstance(last.asked, About | LogOf) and q.consists_of(*_NTH_ALONE):
        return replace(last.asked, object=last.shown[at])  # "and the second?": the same of it
    return about(q, last.shown[at], -1)


def another(q: Question, last: Understood, names: Names) -> Asked | None:
    """ "And the X?": what was asked of one object, of another."""
    if not q.names or isinstance(last.asked, Ask) or not objects_of(last.asked):
        return None
    if not q.consists_of(*OTHERWISE, "follow", "entity", "ask") and len(q.words) - len(q.names) > 3:
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


def when(q: Question, after: Understood) -> Asked | None:
    """ "And start?", after when something ended."""
    last = after.asked
    fields = {"start": "start", "end": "end", "scheduled": "scheduled", "took": "elapsed_minutes"}
    asked = [fields[t.key] for t in q.of("event") if t.key in fields]
    only = q.consists_of("follow", "event", "order") and not q.has("field")
    if not (isinstance(last, About) and last.facet == "value" and asked and only):
        return None
    q.use(*q.of("event"), *q.of("order"), *q.of("ask", "when", "how_long"))
    return replace(last, fields=tuple(asked))


def inside(q: Question, last: Understood, names: Names) -> Ask | None:
    """ "What is running there?": what lies on the workstation, or in the stream, just spoken of."""
    place = home(q, last)
    things = (place,) if place else objects_of(last.asked) or last.shown
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
    return of_these(found, [*found.query.where, within])


def job_of(last: Understood) -> Thing | None:
    """The one job that was asked about, or was found."""
    asked = last.asked
    found = isinstance(asked, Ask) and not asked.query.group_by
    things = objects_of(asked) or (tuple(dict.fromkeys(last.shown)) if found else ())
    return things[0] if len(things) == 1 and things[0].kind == "job" else None


def home(q: Question, last: Understood) -> Thing | None:
    """ "Is the agent up?": the workstation, or the stream, of the job just spoken of."""
    job = job_of(last)
    entity = next(q.of("entity", "workstations", "job_streams"), None)
    if entity is None or job is None or q.text_of(entity).endswith("s"):
        return None
    the = q.words[entity.first - 1].text if entity.first else ""
    pointed = q.before(entity.first, "follow", "it") or q.after(entity.last, "follow", "it")
    one = pointed or (the in _THE and not q.has("follow", "it"))
    kind: ObjectKind = "workstation" if entity.key == "workstations" else "stream"
    name = getattr(job, kind) if one and not q.has("by") else None
    return Thing(kind, name) if name else None


def of_place(q: Question, last: Understood) -> Asked | None:
    """Where the job just spoken of lies, or how that place is: "is it up?", after where it runs."""
    job = job_of(last)
    if job and asked_place(q):
        return about(q, job, -1)
    told = getattr(last.asked, "fields", ()) == ("workstation",)
    if job and job.workstation and told and q.has("flag", *OF_STATIONS):
        return about(q, Thing("workstation", job.workstation), -1)
    place = None if q.has("follow", "it") else home(q, last)
    q.use(*(q.of("entity") if place else ()))
    return about(q, place, -1) if place else None


def of_one(q: Question, last: Understood) -> Asked | None:
    shown = tuple(dict.fromkeys(last.shown))  # a job stands there once for each of its runs
    things = objects_of(last.asked) or shown
    pointing = next(q.of("follow", "it"), None)
    if len(things) == 1:
        return about(q, things[0], pointing.first if pointing else -1)
    if things:
        return AskBack("which_one", things[:5])
    return AskBack("what") if q.has("follow", "it") else None
