"""Which states a question speaks of: said, denied, of a stream's jobs, or what is waited for."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from knowledge.hwa.lexicon import Term
from knowledge.hwa.statuses import OPEN_GROUPS, STATUSES
from tws.answers.understanding.drafts import Draft, condition, one_of
from tws.answers.understanding.measures import JOBS_OF_STREAM
from tws.answers.understanding.negation import JOINTS, TURNING, is_negated
from tws.answers.understanding.question import Found, Question, all_places, groupings, places_of
from tws.plan.query.asked import Condition
from tws.plan.query.catalogue import ENTITIES

ABENDED = ["ABEND", "ABENP"]
OF_STATIONS = ("linked", "unlinked", "jobman_down")
_WHOLE = frozenset({"SUCC", "ERROR", "EXEC", "HOLD", "READY", "STUCK", "CANCL", "SUPPR"})
"""Codes that are as much as their group."""
_PRESENT = frozenset({"roda", "rodam", "executa", "executam", "run", "runs"})
_NOW = frozenset({"agora", "now", "atualmente", "currently", "momento"})
_IN_STATES = ("jobs", "job_streams")


def stated(q: Question, draft: Draft, *, of_types: bool) -> list[Condition]:
    """The states of a question: put into the draft. `of_types`: it names types of workstations."""
    found = _begun(q, draft)
    said, denied = _told(q, draft.entity)
    if len(said) > 1:
        q.missed |= _turned(q)
    if {"waiting", "running"} & said.keys():
        q.use(*q.of("relation", "waits"))  # "parados esperando", "preso rodando"
    if made := _of_their_jobs(q, draft, said, denied):
        found.append(made)
    elif "group" in ENTITIES[draft.entity].fields:
        found += [*_of_groups(said, negated=False), *_of_groups(denied, negated=True)]
        if len(said) > 1 and q.has("ask", "count"):
            draft.group_by = ["group"]
    else:
        _miss(q, draft.entity, of_types=of_types)
    found = _waiting(q, draft, found) or _over(q, draft)
    draft.predicates += found
    draft.parts += [found] if found else []
    return found


def _begun(q: Question, draft: Draft) -> list[Condition]:
    """ "Have not run yet", "still to be done"."""
    if term := q.take("filter", "not_run"):
        q.use(q.after(term.last, "event", "ran", within=2))  # "na fila para rodar"
        if draft.entity == "job_streams":
            return [condition("start", "=", None)]
        draft.entity = "jobs"
        return [condition("runs", "=", 0)]
    return [one_of("group", list(OPEN_GROUPS))] if q.take("filter", "not_done") else []


def _told(q: Question, entity: str) -> tuple[dict[str, None], dict[str, None]]:
    """The groups that are said and those that are denied, in their order."""
    said, denied = dict[str, None](), dict[str, None]()
    free = [one for one in q.statuses if not q.used.issuperset(places_of(one))]
    for status in (one for one in free if not _is_of_flag(q, one, entity)):
        side = denied if is_negated(q, status.first) else said
        abend = q.text_of(status).startswith("abend") and status.value.code in (None, "ABEND")
        done = q.has("ask", "share") and q.text_of(status).startswith("pront")  # "40% pronto"
        group = "success" if done else status.value.group
        code = "ABEND" if abend else _narrow(q, status)
        side[code or group] = None
        q.use(status, q.before(status.first, "event", "end", "ran", within=3))
        q.use(q.after(status.last, "event", "ran", within=2))  # "prontos para rodar"
    others = all_places(list(q.of("flag")), q.numbers)
    for one, other in pairwise(q.statuses):  # "failed or cancelled" is one condition
        if others.isdisjoint(range(one.last, other.first)):
            q.used |= q.ors(one.last, other.first)
    for verb in _joined_to_states(q):
        (denied if is_negated(q, verb.first) else said)["success"] = None
        q.use(verb)
    return said, denied


def _narrow(q: Question, status: Found[Any]) -> str:
    """The code, written as one, that is not all of its group: FAIL is not all that failed."""
    code = status.value.code or ""
    known = code in STATUSES and "job" in STATUSES[code].of and code not in _WHOLE
    written = q.words[status.last - 1].written.isupper() and not q.text.isupper()
    return code if known and written else ""


def _miss(q: Question, entity: str, *, of_types: bool) -> None:
    """The states of what has none; of workstations "running windows", "using linux" is no state."""
    runs = [one for one in q.statuses if of_types and one.value.group == "running"]
    q.use(*(q.of("facet", "holders") if of_types else ()))
    states = (one for one in q.statuses if not (one in runs or _is_of_flag(q, one, entity)))
    q.missed |= all_places([*states])


def _waiting(q: Question, draft: Draft, found: list[Condition]) -> list[Condition]:
    """What the rows wait for, which says their state, too."""
    grouped = {t.first for t in groupings(q)}
    if term := next((t for t in q.of("wait") if t.first not in grouped), None):
        return _waits_for(q, term, draft) or found
    if q.has("ask", "others"):
        return found  # "which hold others up?"
    on_name = any(one.field == "waits_for" for one in draft.scope)
    if not (found or on_name) and draft.entity in _IN_STATES and q.take("relation", "waits"):
        return [condition("group", "=", "waiting")]
    return found


def _over(q: Question, draft: Draft) -> list[Condition]:
    """ "Which have ended", "que jobs rodaram": of no time."""
    if draft.entity in _IN_STATES and not q.times and q.take("event", "end"):
        draft.group_by = ["group"] if q.has("ask", "count") else []
        return [one_of("group", ["success"] if q.has("ask", "share") else ["success", "failed"])]
    counted = q.times or q.numbers
    if draft.entity == "jobs" and not counted and (ran := q.take("event", "ran")):
        now = q.text_of(ran) in _PRESENT and not _NOW.isdisjoint(w.text for w in q.words)
        return [condition("group", "=", "running") if now else condition("runs", ">", 0)]
    return []


def _joined_to_states(q: Question) -> list[Term]:
    """ "Neither done nor running": a verb that stands beside a state for one."""
    joints = {at for at, word in enumerate(q.words) if word.text in JOINTS}
    return [
        done
        for done in q.of("event", "end")
        if any(
            {done.last, one.first - 1} <= joints or {one.last, done.first - 1} <= joints
            for one in q.statuses
        )
    ]


def _turned(q: Question) -> set[int]:
    """The "but", "then", "that", "than" between two states, which ask not for either."""
    between = range(q.statuses[0].last, q.statuses[-1].first)
    return {at for at in between if q.words[at].text in TURNING}


def _of_their_jobs(
    q: Question, draft: Draft, positive: dict[str, None], negative: dict[str, None]
) -> Condition | None:
    """Streams with failed jobs, or with none; of jobs in another state the jobs, by stream."""
    if draft.entity != "job_streams" or not q.has("entity", "jobs"):
        return None
    groups = {_group(one) for one in (*positive, *negative)}
    none = next((t for t in q.of("ask", "none") if q.after(t.last, "entity", "jobs")), None)
    if none:  # "não têm nenhum job em erro"
        q.use(none)
        positive, negative = {}, {**positive, **negative}
    counted = JOBS_OF_STREAM.get(groups.pop()) if len(groups) == 1 else None
    if counted == "failed_jobs" or (counted and positive and q.has("compare")):
        return condition(counted, "=" if negative else ">", 0)
    if negative:
        q.missed |= all_places(q.statuses)
    elif positive:
        draft.entity, draft.group_by = "jobs", ["stream"]
    return None


def _is_of_flag(q: Question, status: Found[Any], entity: str) -> bool:
    """The "running" of "running late", the "waiting" of "waiting for confirmation"; what is
    down is a workstation, unless it went down at a time."""
    other = () if entity == "workstations" else OF_STATIONS
    flags = (t for t in q.of("flag") if t.key not in other)
    return any(t.first <= status.first < t.last for t in flags)


def _waits_for(q: Question, term: Term, draft: Draft) -> list[Condition]:
    """Jobs that wait for a prompt, a file, their time."""
    said: list[Term | Found[Any]] = [*q.of("relation", "waits", "holds_up"), *waiting(q)]
    near = [one for one in said if 0 <= term.first - one.last <= 3]
    if not near or draft.entity != "jobs":
        return []
    q.use(term, *near, *q.of("relation", "before"))  # "a file dependency"
    return [one_of("substatus", [term.key], negated=is_negated(q, near[0].first))]


def waiting(q: Question) -> list[Found[Any]]:
    return [one for one in q.statuses if one.value.group == "waiting"]


def _of_groups(side: dict[str, None], *, negated: bool) -> list[Condition]:
    if not side:
        return []
    codes = [one for one in side if one.isupper()]
    if len(codes) == len(side):
        values = [code for one in codes for code in (ABENDED if one == "ABEND" else [one])]
        return [one_of("status", values, negated=negated)]
    groups = dict.fromkeys(map(_group, side))
    return [one_of("group", list(groups), negated=negated)]


def _group(said: str) -> str:
    return STATUSES[said].group if said.isupper() else said
