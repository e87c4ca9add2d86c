"""How a question was understood, in a few words of its language; no answer is made of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from knowledge.hwa.fields import FIELDS, value_wording
from knowledge.hwa.lexicon import SAID
from knowledge.hwa.statuses import GROUPS, Language, wording
from tws.answers.understanding.about import objects_of
from tws.answers.understanding.asked import (
    About,
    Ask,
    AskBack,
    Asked,
    CompareDays,
    CompareRuns,
    Define,
    Impact,
    LogOf,
    More,
    NotFound,
    NotUnderstood,
    SmallTalk,
    Thing,
)
from tws.answers.understanding.drafts import MINUTE
from tws.plan.query.asked import AnyOf, Condition, PlanQuery
from tws.plan.query.catalogue import DONE

_TIMES = ("start", "end", "scheduled")
_BY_ITSELF = {"group", "status", "substatus", "type", "os", "problems", "risk"}
"""Fields whose values say by themselves what they are."""


def parts_of(asked: Asked, language: Language, now: datetime) -> tuple[str, ...]:
    """Runs · ended in error · 02:00–06:00 today · by end."""
    return tuple(part for part in _Worder(language, now).parts(asked) if part)


def thing_said(thing: Thing, language: Language) -> str:
    """JOB_A; workstation AGT01."""
    kind = "" if thing.kind == "job" else f"{SAID['kind'][thing.kind][language]} "
    return f"{kind}{thing.name}"


def conditions_of(asked: Ask, language: Language, now: datetime) -> list[list[int]]:
    """For each of its parts, which elements of the query's `where` it words."""
    return [where for text, where in _Worder(language, now).query(asked.query, asked) if text]


class _Worder:
    def __init__(self, language: Language, now: datetime) -> None:
        self.language, self.now = language, now

    def said(self, group: str, key: str, default: str = "") -> Any:
        row = SAID[group].get(key)
        return row[self.language] if row else default

    def parts(self, asked: Asked) -> Iterator[str]:
        match asked:
            case Ask():
                yield from (text for text, _where in self.query(asked.query, asked))
            case More():
                yield from (text for text, _where in self.query(asked.last.query, asked.last))
                yield self.said("type", "more")
            case About():
                yield self.said("facet", asked.facet)
                yield ", ".join(self.heading(name) for name in asked.fields)
                yield self.said("run", asked.run or "")
                yield self.thing(asked.object)
            case LogOf():
                yield self.said("type", "log")
                yield self.said("run", asked.run) if asked.run != "last" else ""
                yield self.thing(asked.object)
            case Impact() | CompareRuns():
                followers = isinstance(asked, Impact) and asked.direct
                yield self.said("type", "followers" if followers else asked.type)
                yield self.thing(asked.object)
            case CompareDays():
                yield self.said("type", asked.type)
                yield self.group(asked.group) if asked.group else ""
                yield f"{asked.other:%d/%m} × {asked.day:%d/%m}"
            case Define():
                yield self.said("type", asked.type)
                yield from asked.terms
            case NotFound():
                yield self.said("type", asked.type)
                yield asked.name
            case SmallTalk() | NotUnderstood() | AskBack():
                return
            case _:
                yield self.said("type", asked.type)
                yield from map(self.thing, objects_of(asked))

    def thing(self, thing: Thing) -> str:
        return thing_said(thing, self.language)

    def heading(self, name: str) -> str:
        return FIELDS[name].heading(self.language) if name in FIELDS else name

    def group(self, group: str) -> str:
        return GROUPS[group].wording(self.language) if group in GROUPS else group

    # A query

    def query(self, query: PlanQuery, ask: Ask) -> Iterator[tuple[str, list[int]]]:
        """Each part, with the elements of `where` that it words."""
        yield self.said("entity", query.entity), []
        yield self.said("focus", "every" if ask.every else ask.focus), []
        where = list(enumerate(query.where))
        plain = [(n, one) for n, one in where if isinstance(one, Condition)]
        times = [*_TIMES, *(one.field for _n, one in plain if _is_another_time(one))]
        for n, one in plain:
            if one.field not in times:
                yield self.condition(one), [n]
        for name in dict.fromkeys(times):
            told = [(n, one) for n, one in plain if one.field == name]
            yield self.time(name, [one for _n, one in told]), [n for n, _one in told]
        for n, part in where:
            if isinstance(part, AnyOf):
                yield " / ".join(self.condition(one) for one in part.any), [n]
        by = self.said("word", "by")
        if query.group_by and query.group_by != ["group"]:
            headings = ", ".join(self.heading(n.partition(".")[0]) for n in query.group_by)
            above = f", {self.said('op', '>')} {ask.above}" if ask.above is not None else ""
            top = f", top {ask.first}" if ask.first and ask.focus == "groups" else ""
            yield f"{by} {headings}{above}{top}", []
        elif query.order_by and query.limit:  # a count has no order
            yield f"{by} {self.heading(query.order_by[0].lstrip('-'))}", []
        if ask.then:
            yield self.said("type", "log") if ask.then == "log" else self.said("facet", "why"), []

    def condition(self, one: Condition) -> str:
        if isinstance(one.value, bool):
            flag = self.said("flag", one.field)
            shown = one.value if one.op == "=" else not one.value
            return flag[0 if shown else 1] if flag else self.heading(one.field)
        if one.field == "group" and one.op == "not in" and set(DONE) <= set(_listed(one.value)):
            return str(self.said("word", "open"))
        if one.field == "runs" and one.value == 0:
            return str(self.said("word", "not_run" if one.op == "=" else "ran"))
        if one.field == "problems" and one.value is None:
            return str(self.said("word", "no_problem"))
        values = ", ".join(self.value(one.field, value) for value in _listed(one.value))
        op = self.said("op", one.op)
        name = "" if one.field in _BY_ITSELF else self.heading(one.field)
        if one.op in ("!=", "not in"):
            return " ".join(word for word in (op, name, values) if word)
        return " ".join(word for word in (name, op, values) if word)

    def value(self, name: str, value: object) -> str:
        if value is None:
            return str(self.said("word", "unknown"))
        written = str(value)
        if name == "group":
            return self.group(written)
        if name == "substatus":
            return wording(written, self.language) or written
        if FIELDS[name].kind == "minutes" and isinstance(value, int | float):
            return f"{value:g} min"
        return value_wording(name, written, self.language) or written

    def time(self, name: str, told: list[Condition]) -> str:
        """02:00–06:00 today; since 22:00 yesterday; yesterday."""
        if any(one.value is None for one in told):
            return str(self.said("word", "not_started"))
        since = max(
            filter(None, (_moment(c) for c in told if c.op in (">=", "=", ">"))), default=None
        )
        until = min(filter(None, (_moment(c) for c in told if c.op in ("<", "<="))), default=None)
        of = f"{self.heading(name)} " if name != "end" else ""
        if since and until:
            if until - since == MINUTE:
                return of + self.moment(since)
            last = until - timedelta(minutes=1)
            if f"{since:%H%M}" == f"{until:%H%M}" == "0000":
                days = dict.fromkeys(map(self.day, (since, last)))
                return of + "–".join(days)
            same = since.date() == last.date()
            second = f"{until:%H:%M}" if same else self.moment(until)
            first = f"{since:%H:%M}–{second} {self.day(since)}"
            return of + (first if same else f"{self.moment(since)}–{second}")
        if since or until:
            word = self.said("word", "since" if since else "until")
            return f"{of}{word} {self.moment(since or until or self.now)}"
        return ""

    def day(self, at: datetime) -> str:
        days = (at.date() - self.now.date()).days
        word = {0: "today", -1: "yesterday", 1: "tomorrow"}.get(days)
        if word:
            return str(self.said("word", word))
        return f"{at:%d/%m}" if self.language == "pt" else f"{at:%b} {at.day}"

    def moment(self, at: datetime) -> str:
        return f"{at:%H:%M} {self.day(at)}"


def _is_another_time(one: Condition) -> bool:
    field = FIELDS.get(one.field)
    return field is not None and field.kind == "time" and one.value is not None


def _moment(one: Condition) -> datetime | None:
    try:
        return datetime.fromisoformat(str(one.value))
    except ValueError:
        return None


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
