"""What is asked of the plan as a whole: how it stands, when all ends, one day beside another."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from knowledge.hwa.statuses import OPEN_GROUPS
from knowledge.hwa.times import TimeRange
from tws.answers.understanding.asked import Ask, Asked, CompareDays, Engine, Summary
from tws.answers.understanding.drafts import one_of, query_of, within
from tws.answers.understanding.question import Found, Question


def of_the_whole(q: Question) -> Asked | None:
    """When all work ends, how the plan stands, what engine it is."""
    if q.names or q.statuses:
        return None
    if _of_all_work(q):
        q.use(*q.times)
        q.use(*q.of("ask", "when"), *q.of("event"), *q.of("field", "estimated_end"))
        still_open = one_of("group", [one for one in OPEN_GROUPS if one != "failed"])
        # Until it begins a job has no estimated end: what is known is what begins last.
        query = query_of("jobs", [still_open], order_by=["-scheduled"], limit=1)
        return Ask(query, "extreme")
    if q.take("whole", "summary", "needs"):
        q.use_present()
        if (over := _is_over(q)) is None:
            return Summary()
        return Ask(query_of("runs", within("end", over), group_by=["group"]), "groups")
    if q.take("whole", "engine"):
        return Engine(("version",) if q.text_of_has("versao", "version") else ())
    return None


def _is_over(q: Question) -> TimeRange | None:
    """The one time that is spoken of, before now: of tonight's shift the one that there was."""
    times = [one for one in q.times if one.value.since and one.value.until]
    if len(times) != 1:
        return None
    q.use(*times)
    told, day = times[0].value, timedelta(days=1)
    if told.since and told.until and told.since > q.now:
        told = replace(told, since=told.since - day, until=told.until - day)
    return told if told.until and told.until <= q.now else None


def _of_all_work(q: Question) -> bool:
    """ "When does the batch end", "que horas acaba tudo": of nothing in particular."""
    ends = q.has("ask", "when") and q.has("event", "to_end", "end")
    ends = ends or q.has("field", "estimated_end")
    whole = q.has("entity", "plan") or q.text_of_has("tudo", "everything", "all", "it all")
    return ends and whole and not any(t.key != "plan" for t in q.of("entity"))


def of_two_days(q: Question) -> Asked | None:
    """Two days side by side."""
    if q.names or not (q.has("facet", "compare") or q.has("days") or q.has("ask", "count")):
        return None
    days = [d for one in q.times if (d := _day(one))]
    better = q.text_of_has("melhor", "pior", "better", "worse")
    distinct = list(dict.fromkeys(days))
    if len(distinct) == 1 and q.has("days"):
        distinct.append(q.now.date())
    if len(distinct) != 2:
        return None
    groups = [s.value.group for s in q.statuses] or (["failed"] if better else [])
    q.use(*q.times, *q.statuses, *q.of("facet"), *q.of("most"), *q.of("superlative"))
    return CompareDays(max(distinct), min(distinct), groups[0] if groups else None)


def _day(one: Found[TimeRange]) -> date | None:
    since, until = one.value.since, one.value.until
    if since is None or until is None or (until - since).total_seconds() < 82_800:
        return None
    return since.date()
