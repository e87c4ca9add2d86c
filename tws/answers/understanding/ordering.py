"""In which order a question wants its rows, and how many: "the five slowest", "by priority"."""

from __future__ import annotations

from knowledge.hwa.lexicon import Term
from tws.answers.understanding.conditions import NOT_BEGUN
from tws.answers.understanding.drafts import Draft, condition
from tws.answers.understanding.flags import STILL_OPEN
from tws.answers.understanding.measures import OVER
from tws.answers.understanding.question import Found, Question
from tws.plan.query.catalogue import ENTITIES

_WHICH = frozenset({"which", "what", "quais"})


def ordered(q: Question, draft: Draft) -> None:
    """What comes first of the rows, and how many of them: put into the draft."""
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
        order = _order(q, term.key, draft)
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
    if not draft.order_by and draft.entity == "runs":
        draft.order_by = ["-end" if any(c.field == "end" for c in draft.scope) else "-start"]
    if not draft.order_by and draft.predicates and draft.entity == "jobs":
        first = draft.predicates[0].field
        if first == "running_minutes" or q.groups == {"running"}:
            draft.order_by = ["-running_minutes"]


def _sorted(q: Question, draft: Draft) -> None:
    """ "Sort by priority": the most, the latest first."""
    fields = ENTITIES[draft.entity].fields
    sort = next(q.of("sort"), None)
    by = next((t for t in q.of("field") if sort and 0 <= t.first - sort.last <= 1), None)
    key = by.key if by else "start" if sort and q.text_of_has("time", "hora", "horario") else ""
    if key in fields:
        draft.order_by = [by_default(key, draft)]
        q.use(sort, by)


def by_default(key: str, draft: Draft) -> str:
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


def _order(q: Question, key: str, draft: Draft) -> str | None:
    if key in ("longest", "shortest"):
        return _by_length(q, draft, "-" if key == "longest" else "")
    if key in ("first", "last"):
        return _by_time(q, draft, "-" if key == "last" else "")
    if key == "overdue":
        q.use(*q.of("flag", "late"))
        return "-overdue_minutes" if draft.entity in ("jobs", "job_streams") else None
    if key == "priority":
        return "-priority" if "priority" in ENTITIES[draft.entity].fields else None
    if key != "next" or draft.entity not in ("jobs", "job_streams"):
        return None
    if due := q.take("field", "deadline"):
        open_yet = [] if q.groups else [STILL_OPEN]
        to_come = [condition(due.key, ">=", q.now.isoformat()), *open_yet]
        draft.scope += [one for one in to_come if one not in draft.scope]
        return due.key
    if any(one.field == "stream" for one in draft.scope):
        return None  # the order of a stream's jobs is that of their dependencies
    draft.scope.append(condition("scheduled", ">=", q.now.isoformat()))
    q.use(*q.of("event"))
    return "scheduled"


def _by_length(q: Question, draft: Draft, sign: str) -> str:
    """How long it ran, has been running, or waits since it was to start."""
    running = "running" in q.groups or (draft.is_running and not q.groups)
    if draft.entity == "jobs" and q.groups and q.groups <= NOT_BEGUN:
        return "scheduled" if sign else "-scheduled"
    if draft.entity == "jobs" and not running:
        draft.entity = "runs"
    return sign + ("running_minutes" if running else "elapsed_minutes")


def _by_time(q: Question, draft: Draft, sign: str) -> str | None:
    """When it ended, began, or was to; None of what is not known."""
    if draft.entity == "jobs" and (q.groups & OVER or q.has("event", "end", "start")):
        draft.entity = "runs"
    if draft.entity == "jobs" and q.groups and q.groups <= NOT_BEGUN:
        return f"{sign}scheduled"
    started = q.has("event", "start") or draft.time_field == "start"
    started = started or any(one.field == "start" for one in draft.scope)
    if draft.time_field == "end":  # "and the last ten?"
        return f"{sign}end"
    if q.has("event", "end") and draft.entity == "job_streams":
        return None
    q.use(*q.of("event"))
    return sign + ("end" if draft.entity == "runs" and not started else "start")
