"""Which single values of an object a question asks for: "when", "how long", "on which station"."""

from __future__ import annotations

from collections.abc import Iterator

from knowledge.hwa.fields import FIELDS
from tws.answers.understanding.asked import ObjectKind
from tws.answers.understanding.question import Question

_TIMES = {"end": "end", "start": "start", "scheduled": "scheduled", "ran": "start"}
_HOMES = {"workstations": "workstation", "job_streams": "stream"}


def values_asked(q: Question, kind: ObjectKind, groups: set[str]) -> tuple[str, ...]:
    """Fields of an object of that kind, of which these groups of states are spoken."""
    found = [*_timed(q, groups), *_lasting(q, groups), *_heard(q, kind), *_places(q, kind)]
    if "login" in found:
        q.use(*q.of("ask", "who"), *q.of("facet", "holders"))
    return tuple(dict.fromkeys(found))


def _heard(q: Question, kind: ObjectKind) -> Iterator[str]:
    for term in q.of("field"):
        of = FIELDS[term.key].of
        if not of or kind in of:
            if term.key == "estimated_minutes":
                yield from ("estimated_minutes", "usual_minutes")
            else:
                yield term.key
            if term.key in ("start", "end"):  # "start and end time"
                yield from (t.key for t in q.of("event", "start", "end"))
            q.use(term)


def _places(q: Question, kind: ObjectKind) -> Iterator[str]:
    """Which workstation, which stream: of a job, where it runs and what it belongs to."""
    for term in q.of("entity"):
        home = _HOMES.get(term.key)
        if home and home != kind:
            q.use(term)
            yield home
    if q.take("ask", "where"):
        yield "workstation"
    runs = q.has("event", "ran") or q.has("entity", "runs")
    if kind == "job" and q.has("ask", "who") and runs:
        yield "login"


def _timed(q: Question, groups: set[str]) -> Iterator[str]:
    """The times that "when" asks for."""
    if not q.has("ask", "when"):
        return
    asked = [_TIMES[t.key] for t in q.of("event") if t.key in _TIMES]
    if q.text_of_has("since", "desde"):
        asked = ["start"] if "running" in groups else ["start", "end"]
    to_come = q.has("event", "to_end") or (
        "end" in asked and q.text_of_has("will", "vai", "deve", "going to", "should")
    )
    if to_come or q.has("field", "estimated_end"):
        asked = [*(one for one in asked if one == "start"), "estimated_end", "end"]
    elif not asked and groups & {"failed", "success", "cancelled"}:
        asked = ["end"]
    elif not asked and "running" in groups:
        asked = ["start"]
    elif not asked and not (q.has("field") or q.text_of_has("did", "was")):
        asked = ["start", "end"] if q.consists_of("ask", "follow") else ["scheduled"]
    q.use(*q.of("event"), *q.of("ask", "when"), *q.of("filter", "not_run"), *q.statuses)
    yield from asked


def _lasting(q: Question, groups: set[str]) -> Iterator[str]:
    """The lengths of time that "how long" asks for."""
    how_long = q.has("ask", "how_long") or (q.text_of_has("quanto") and q.has("event", "took"))
    if not how_long or q.has("ask", "when"):
        return
    q.use(*q.of("ask", "how_long"))
    if q.has("field", "estimated_minutes", "estimated_end"):
        return  # the usual length
    q.use(*q.of("event"), *q.statuses)
    if q.has("flag", "late"):
        yield "overdue_minutes"
    elif "running" in groups or q.text_of_has("ha quanto", "been"):
        yield from ("running_minutes", "start")
    else:
        yield "elapsed_minutes"
