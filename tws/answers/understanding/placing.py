"""Whether a name says where to look, "jobs on X", or what is asked about, "is X up"."""

from __future__ import annotations

from typing import Any

from knowledge.hwa.lexicon import Term
from tws.answers.understanding.naming import Named
from tws.answers.understanding.question import Found, Question

_WHAT = frozenset({"que", "what", "algo", "anything", "quem", "tem", "any"})
_OF_JOBS = ("late", "critical", "urgent", "will_miss", "deadline_passed", "rerun")
_EVERYTHING = frozenset({"everything", "anything", "stuff", "things", "tudo", "coisas"})
_PLACES = frozenset({"on", "in", "at", "na", "no"})
_OF = frozenset({"of", "from", "da", "do", "de"})
_NUMBERS = {"resource": {"quantity", "available", "in_use"}, "workstation": {"limit", "fence"}}


def is_filter(q: Question, one: Found[Named], kind: str) -> bool:
    """Whether the name says where to look: "jobs do stream X", "o que roda na X"."""
    if kind == "job":
        return _is_of_runs(q)
    if kind == "prompt":
        return False
    where = q.words[one.first - 1].text if one.first else ""
    not_yet = q.has("filter", "not_run", "not_done") and not q.has("ask", "why")
    if not_yet or q.has("by") or q.has("ask", "share", "count"):
        return not _asks_number(q, kind)
    own = {"workstation": "workstations", "stream": "job_streams", "resource": "resources"}
    if where in _PLACES | _OF and _is_everything(q, one.first):
        return True
    inner = [t for t in q.of("entity", "jobs", "job_streams") if t.key != own.get(kind)]
    related = [*q.of("relation", "after", "before", "holds_up", "impact")]
    if kind == "stream" and any(0 <= one.first - t.last <= 2 for t in related):
        return False  # "que jobs dependem do stream X?"
    if inner and not (kind == "resource" and q.has("facet", "holders")):
        return True
    if kind == "resource":
        return False
    if q.statuses and q.has("superlative") and not q.has("facet"):
        return True
    happened: list[Found[Any] | Term] = [*q.statuses, *q.of("relation", "waits")]
    happened += q.of("flag", *_OF_JOBS)
    happened += q.of("event") if q.times or q.has("superlative", "first", "last") else ()
    if where in _PLACES and any(s.first < one.first for s in happened):
        return not q.has("ask", "why", "when", "how_long")
    if where in _OF and any(_are_many(q.text_of(s), s.last, one.first) for s in q.statuses):
        return not q.has("ask", "why", "when", "how_long")
    first = [word.text for word in q.words[:2]]
    asks_what = first == ["o", "que"] or first[0] in _WHAT
    verbs = (q.statuses, q.of("superlative"), q.of("event"), q.of("filter", "not_run"))
    runs = kind == "workstation" and any(s.value.group == "running" for s in q.statuses)
    happens = runs or any(verb.first < one.first for several in verbs for verb in several)
    return asks_what and happens and not (q.has("ask", "why") or q.has("field"))


def _is_of_runs(q: Question) -> bool:
    """Whether it asks what the job did in a time: "o X falhou ontem?"."""
    beside = q.has("ask", "why", "when", "how_long") or q.has("facet") or q.has("relation")
    did = q.statuses or q.has("event", "ran", "end", "start")
    return bool(q.times and did) and not (beside or q.has("field"))


def _is_everything(q: Question, place: int) -> bool:
    """ "Everything on X that …": of what lies there, not of the place."""
    return any(word.text in _EVERYTHING for word in q.words[max(0, place - 3) : place - 1])


def _asks_number(q: Question, kind: str) -> bool:
    """Whether "how many" asks for a number of the object: units, a limit."""
    fields = {t.key for t in q.of("field")}
    return bool(fields & _NUMBERS.get(kind, set()))


def _are_many(status: str, last: int, place: int) -> bool:
    """ "Abends da X", "failures of X": several, and the name right behind them."""
    return status.endswith("s") and place - last == 1
