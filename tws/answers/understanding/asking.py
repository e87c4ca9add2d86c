"""A question over the plan as a whole → a PlanQuery: what is asked for, under which conditions,
grouped and ordered how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from knowledge.hwa.lexicon import VOCABULARY, Term
from knowledge.hwa.statuses import OPEN_GROUPS
from knowledge.hwa.times import TimeRange
from tws.answers.understanding.asked import Ask, Focus
from tws.answers.understanding.naming import Named, Names
from tws.answers.understanding.reading import Found, Question
from tws.plan.query.asked import AnyOf, Condition, PlanQuery
from tws.plan.query.catalogue import DONE, ENTITIES

ABENDED = ["ABEND", "ABENP"]
MOST_ROWS = 500
_OPS = {
    "more": ">", "less": "<", "at_least": ">=", "at_most": "<=", "different": "!=",
}  # fmt: skip
_GROUPED_BY = {
    "jobs": "job", "job_streams": "stream", "workstations": "workstation",
    "resources": "resource", "status": "status", "hora": "end.hour", "hour": "end.hour",
    "dia": "end.day", "day": "end.day",
}  # fmt: skip
_NAME_FIELD = {
    "job": "job", "stream": "stream", "workstation": "workstation", "resource": "resource",
    "prompt": "prompt",
}  # fmt: skip
_WHERE = frozenset({"on", "in", "at", "of", "from", "na", "no", "da", "do"})
_OVER = {"failed", "success", "cancelled", "suppressed"}
"""Groups of what a run ended in: with a time they are facts of runs, not of the present."""


@dataclass(slots=True)
class Draft:
    """A query in the making. `predicates`: the conditions on the state, which a share leaves out
    of its whole and "are all …" turns round."""

    entity: str = "jobs"
    scope: list[Condition] = field(default_factory=list)
    predicates: list[Condition] = field(default_factory=list)
    group_by: list[str] = field(default_factory=list)
    order_by: list[str] = field(default_factory=list)
    limit: int | None = None

    def query(self) -> PlanQuery:
        values: dict[str, Any] = {"group_by": self.group_by, "order_by": self.order_by}
        if self.limit is not None:
            values["limit"] = min(self.limit, MOST_ROWS)
        return query_of(self.entity, [*self.scope, *self.predicates], **values)


def query_of(entity: str, where: Sequence[Condition | AnyOf], **values: Any) -> PlanQuery:
    return PlanQuery.model_validate({"entity": entity, "where": list(where), **values})


def condition(name: str, op: str, value: Any) -> Condition:
    return Condition.model_validate({"field": name, "op": op, "value": value})


def one_of(name: str, values: list[Any], *, negated: bool = False) -> Condition:
    """`=` for one value, `in` for several; their contrary when negated."""
    if len(values) == 1:
        return condition(name, "!=" if negated else "=", values[0])
    return condition(name, "not in" if negated else "in", values)


@dataclass(slots=True)
class Asking:
    """Composes one `Ask` from a question; what it uses of it is marked there."""

    question: Question
    names: Names
    now: datetime
    time_field: str = ""  # which time is meant when the question does not say: a follow-up's

    def ask(self) -> Ask | None:
        """None when the question says nothing that can be asked of the plan."""
        draft = Draft(self._entity())
        said = [
            *self._named(draft),
            *self._states(draft),
            *self._words_of_stations(draft),
            *self._compared(draft),
            *self._flags(draft),
        ]
        self._timed(draft)
        self._grouped(draft)
        self._ordered(draft)
        timed = bool(self.time_field and self.question.times)
        if not (said or timed or draft.group_by or draft.order_by or self._is_clear()):
            return None
        self._fit(draft)
        return self._focused(draft)

    def _is_clear(self) -> bool:
        q = self.question
        asks = q.has("ask") or q.has("follow") or len(q.words) < 4
        return q.has("entity") and (asks or bool(q.times))

    # What is asked for

    def _entity(self) -> str:
        q = self.question
        grouped = {at for t in self._groupings() for at in range(t.first, t.last)}
        named = {
            term.first
            for one in q.names
            for term in q.of("entity")
            if 0 <= one.first - term.last <= 1 and _kind_of_entity(term.key) in one.value.kinds
        }
        main = [
            t
            for t in q.of("entity")
            if t.first not in grouped and t.key != "plan" and not self._is_of_wait(t)
        ]
        q.use(*q.of("entity"))
        # "jobs do stream X", "which stream has most jobs": not what stands before a name.
        free = [t for t in main if t.first not in named]
        if main and not free:
            return "jobs"
        keys = [t.key for t in free]
        happened = q.statuses or q.has("event")
        by = next(q.of("by"), None)
        if by and q.after(by.last, "entity", "jobs", within=3):
            return "jobs"
        if q.has("most", "most") and happened and set(keys) <= {"job_streams", "workstations"}:
            return "jobs"
        if q.has("most", "most") and len(set(keys)) > 1 and "jobs" in keys:
            return "jobs"
        if keys:
            return keys[0]
        if q.has("flag", "linked", "unlinked", "jobman_down") or self._types():
            return "workstations"
        if q.has("flag", "exhausted"):
            return "resources"
        return "jobs"

    def _is_of_wait(self, term: Term) -> bool:
        """Whether an entity's word says what is waited for: "waiting on a prompt"."""
        q = self.question
        waits: list[Term | Found[Any]] = [*q.of("relation", "waits"), *self._waiting()]
        return term.key in ("prompts", "resources", "workstations") and any(
            0 <= term.first - one.last <= 3 for one in waits
        )

    def _groupings(self) -> Iterator[Term]:
        """The entity or field after "by"."""
        q = self.question
        for by in q.of("by"):
            yield from (t for t in (*q.of("entity"), *q.of("field")) if 0 <= t.first - by.last <= 1)

    # Names

    def _named(self, draft: Draft) -> list[Condition]:
        q = self.question
        found: dict[tuple[str, bool], list[str]] = {}
        for one in q.names:
            name, negated = one.value, self._is_excepted(one.first)
            q.use(one)
            if name.folder:
                found.setdefault(("folder", negated), []).append(name.folder)
            elif name.pattern:
                column = _GROUPED_BY.get(draft.entity, "job")
                draft.scope.append(
                    condition(column, "not like" if negated else "like", name.pattern)
                )
            elif name.kinds:
                kind = self.kind_of(one, draft.entity)
                found.setdefault((_NAME_FIELD[kind], negated), []).append(name.name)
        q.use(*q.of("filter", "folder"))
        for (column, negated), names in found.items():
            if column == "stream" and draft.entity == "workstations":
                continue
            draft.scope.append(one_of(column, names, negated=negated))
        draft.scope += self._written_parts(draft)
        return list(draft.scope)

    def kind_of(self, one: Found[Named], entity: str = "") -> Any:
        """What of that name is meant: as the word before it says, else as the question is about."""
        kinds = one.value.kinds
        before = self.question.before(one.first, "entity", within=3)
        wanted = _kind_of_entity(before.key) if before else ""
        if wanted in kinds:
            return wanted
        if entity == "jobs" and "stream" in kinds and self.question.has("entity", "jobs"):
            return "stream"
        return kinds[0]

    def _is_excepted(self, place: int) -> bool:
        term = excepting(self.question, place)
        self.question.use(term)
        return term is not None

    def _written_parts(self, draft: Draft) -> Iterator[Condition]:
        """Starting with SPED_, containing FOLHA."""
        q = self.question
        for key, pattern in (("begins", "{}@"), ("contains", "@{}@")):
            for term in q.of("filter", key):
                at = term.last
                if at < len(q.words) and at not in q.used:
                    written = q.text[q.words[at].start : q.words[at].end].strip("@*").upper()
                    q.use(term)
                    q.used.add(at)
                    column = _GROUPED_BY.get(draft.entity, "job")
                    yield condition(column, "like", pattern.format(written))

    # States

    def _states(self, draft: Draft) -> list[Condition]:
        q, found = self.question, list[Condition]()
        if term := q.take("filter", "not_run"):
            streams = draft.entity == "job_streams"
            found.append(condition("start", "=", None) if streams else condition("runs", "=", 0))
            draft.entity = draft.entity if streams else "jobs"
            q.use(*(s for s in q.statuses if s.first >= term.first and s.last <= term.last))
        elif not q.statuses and q.take("filter", "not_done"):
            found.append(one_of("group", list(OPEN_GROUPS)))
        positive, negative = dict[str, None](), dict[str, None]()
        for status in q.statuses:
            if set(range(status.first, status.last)) <= q.used or self._is_of_flag(status):
                continue
            side = negative if self._is_negated(status.first) else positive
            abend = q.text_of(status).startswith("abend") and status.value.code in (None, "ABEND")
            side["ABEND" if abend else status.value.group] = None
            q.use(status, q.before(status.first, "event", "end", "ran", within=3))
        for side, negated in ((positive, False), (negative, True)):
            found += _of_groups(side, draft.entity, negated=negated)
        grouped = {t.first for t in self._groupings()}
        if term := next((t for t in q.of("wait") if t.first not in grouped), None):
            found += self._waits_for(term, draft)
        elif not found and draft.entity in ("jobs", "job_streams") and q.take("relation", "waits"):
            found.append(condition("group", "=", "waiting"))
        if not found and draft.entity == "jobs" and not q.times and q.take("event", "end"):
            share = q.has("ask", "share")
            found.append(one_of("group", ["success"] if share else ["success", "failed"]))
            draft.group_by = ["group"] if q.has("ask", "count") else []
        if not found and draft.entity == "jobs" and not q.times and q.take("event", "ran"):
            found.append(condition("runs", ">", 0))
        if len(positive) > 1 and q.has("ask", "count"):
            draft.group_by = ["group"]
        draft.predicates += found
        return found

    def _is_of_flag(self, status: Found[Any]) -> bool:
        """The "running" of "running late", the "waiting" of "waiting for confirmation"."""
        return any(t.first <= status.first < t.last for t in self.question.of("flag"))

    def _waits_for(self, term: Term, draft: Draft) -> list[Condition]:
        """Jobs that wait for a prompt, a file, their time."""
        q = self.question
        waiting: list[Term | Found[Any]] = [
            *q.of("relation", "waits", "holds_up"),
            *self._waiting(),
        ]
        near = [one for one in waiting if 0 <= term.first - one.last <= 3]
        if not near or draft.entity != "jobs":
            return []
        q.use(term, *near)
        draft.predicates = [one for one in draft.predicates if one.field != "group"]
        return [condition("substatus", "=", term.key)]

    def _waiting(self) -> list[Found[Any]]:
        return [one for one in self.question.statuses if one.value.group == "waiting"]

    def _is_negated(self, place: int) -> bool:
        q = self.question
        term = q.before(place, "negation", "not", within=4)
        term = term or q.before(place, "negation", "except")  # "ready but not running"
        if term is None or q.before(place, "filter", "not_run", within=1):
            return False
        between = range(term.last, place)
        if any(s.first in between for s in q.statuses):
            return False
        if any(t.first in between for t in q.of("flag")):
            return False
        q.use(term)
        return True

    # Flags

    def _flags(self, draft: Draft) -> list[Condition]:
        q, found = self.question, list[Condition]()
        for term in list(q.of("flag")):
            made = self._of_flag(term, draft)
            if made:
                q.use(term)
                found += made
        draft.predicates += found
        return found

    def _of_flag(self, term: Term, draft: Draft) -> list[Condition]:
        negated = self._is_negated(term.first)
        entity, key = draft.entity, term.key
        fields = ENTITIES[entity].fields
        if key in ("linked", "unlinked", "jobman_down") and entity == "workstations":
            if key == "jobman_down":
                return [condition("jobman_up", "=", negated)]
            return [condition("linked", "=", (key == "linked") != negated)]
        if key == "problem" and entity == "workstations":
            return [one_of("problems", ["unlinked", "jobman_down", "limit_0"])]
        if entity == "resources" and key in ("exhausted", "in_use", "free", "linked"):
            column = "in_use" if key == "in_use" else "available"
            return [condition(column, "=" if (key == "exhausted") != negated else ">", 0)]
        if entity == "prompts" and key == "open":
            return [condition("status", "!=" if negated else "=", "ASKED")]
        if key == "late" and "late" in fields:
            late = condition("late", "=", not negated)
            return [late] if negated else [late, one_of("group", list(DONE), negated=True)]
        if key in ("will_miss", "deadline_passed") and "risk" in fields:
            risks = ["will_miss", "may_miss"] if key == "will_miss" else ["deadline_passed"]
            return [one_of("risk", risks, negated=negated)]
        if key in ("critical", "urgent", "needs_confirmation", "rerun") and key in fields:
            return [condition(key, "=", not negated)]
        return []

    # Numbers and words

    def _compared(self, draft: Draft) -> list[Condition]:
        q, found = self.question, list[Condition]()
        for number in q.numbers:
            column = self._number_field(number, draft)
            if column:
                op = self._operator(number.first)
                found.append(condition(column, op, number.value))
                q.use(number)
        for span in q.spans:
            op = self._operator(span.first)
            column = self._span_field(draft)
            if column and (op != "=" or q.before(span.first, "ask", "how_long")):
                found.append(condition(column, op, span.value.total_seconds() / 60))
                q.use(span)
                q.use(*q.of("event", "took", "ran"))
        draft.predicates += found
        return found

    def _operator(self, place: int) -> str:
        term = self.question.before(place, "compare", within=2)
        self.question.use(term)
        return _OPS[term.key] if term else "="

    def _number_field(self, number: Found[int], draft: Draft) -> str | None:
        q, fields = self.question, ENTITIES[draft.entity].fields
        for term in (*q.of("filter", "rc"), *q.of("field"), *q.of("wait")):
            near = 0 <= number.first - term.last <= 4 or 0 <= term.first - number.last <= 1
            column = {"rc": "return_code", "READY_WAITING_FOR_LIMIT": "limit"}.get(
                term.key, term.key
            )
            if near and column in fields and fields[column].kind == "number":
                q.use(term)
                return column
        more = q.before(number.first, "compare", within=2)
        if more and draft.entity == "job_streams" and q.after(number.last, "entity", "jobs"):
            return "jobs"
        return None

    def _span_field(self, draft: Draft) -> str | None:
        q, groups = self.question, {s.value.group for s in self.question.statuses}
        if draft.entity not in ("jobs", "runs", "job_streams"):
            return None
        if "running" in groups:
            return "running_minutes"
        if q.has("flag", "late", "deadline_passed"):
            return "overdue_minutes" if draft.entity != "runs" else None
        if draft.entity == "jobs":
            draft.entity = "runs"
        return "elapsed_minutes"

    def _types(self) -> list[Found[str]]:
        q, known = self.question, self.names.station_words
        entity = {at for t in q.of("entity") for at in range(t.first, t.last)}
        return [
            Found(word.text if word.text in known else word.text[:-1], at, at + 1)
            for at, word in enumerate(q.words)
            if (word.text in known or (word.text.endswith("s") and word.text[:-1] in known))
            and (at not in entity or q.before(at, "filter", "type", within=1))
        ]  # fmt: skip

    def _words_of_stations(self, draft: Draft) -> list[Condition]:
        q, found = self.question, dict[tuple[str, bool], list[str]]()
        for one in self._types() if draft.entity == "workstations" else ():
            column, value = self.names.station_words[one.value]
            negated = self._is_negated(one.first) or self._is_excepted(one.first)
            found.setdefault((column, negated), []).append(value)
            q.use(one, *q.of("filter", "type"))
        made = [one_of(column, values, negated=no) for (column, no), values in found.items()]
        draft.scope += made
        login = self._login() if "login" in ENTITIES[draft.entity].fields else None
        if login:
            made.append(login)
            draft.scope.append(login)
        return made

    def _login(self) -> Condition | None:
        """The user after "usuário", "run as"."""
        q = self.question
        for term in q.of("filter", "login"):
            for at in range(term.last, min(term.last + 2, len(q.words))):
                login = self.names.logins.get(q.words[at].text)
                if login and at not in q.used:
                    q.use(term)
                    q.used.add(at)
                    return condition("login", "=", login)
        for at, word in enumerate(q.words):
            login = self.names.logins.get(word.text)
            if login and at not in q.used and word.text not in VOCABULARY:
                q.used.add(at)
                return condition("login", "=", login)
        return None

    # Times

    def _timed(self, draft: Draft) -> None:
        q = self.question
        for one in q.times[:2]:
            column = self._time_field(draft)
            if column:
                draft.scope += within(column, one.value)
                q.use(one)
                q.use(*q.of("event"))

    def _time_field(self, draft: Draft) -> str | None:
        """Which time is meant; what is over by then is a matter of runs."""
        q, fields = self.question, ENTITIES[draft.entity].fields
        groups = {s.value.group for s in q.statuses}
        longest = "running" not in groups and q.has("superlative", "longest", "shortest")
        happened = longest or groups & _OVER or q.has("flag", "rerun")
        if draft.entity == "jobs" and (happened or q.has("event", "end", "ran", "took", "start")):
            draft.entity = "runs"
            if not any(one.field in ENTITIES["runs"].fields for one in draft.predicates):
                draft.predicates = []
        if any(one.field == "elapsed_minutes" for one in draft.predicates) or longest:
            return "end"
        if q.has("event", "start") or (q.has("event", "ran") and not groups & _OVER):
            return "start"
        if q.has("event", "scheduled"):
            return "scheduled"
        if self.time_field and not groups:
            return self.time_field
        if draft.entity == "runs" or groups & _OVER or q.has("event", "end"):
            return "end" if "end" in fields or draft.entity == "runs" else None
        if "running" in groups:
            return "start"
        return "scheduled" if "scheduled" in fields else None

    # Groups and order

    def _grouped(self, draft: Draft) -> None:
        q, fields = self.question, ENTITIES[draft.entity].fields
        for by in list(q.of("by")):
            target = next((t for t in self._groupings() if 0 <= t.first - by.last <= 1), None)
            words = [q.words[at].text for at in range(by.last, min(by.last + 2, len(q.words)))]
            column = _GROUPED_BY.get(target.key, target.key) if target else None
            ranked = next((t for t in q.of("entity") if t.last <= by.first), None)
            jobs = q.after(by.last, "entity", "jobs", within=3)
            if jobs and ranked and ranked.key in ("workstations", "job_streams"):
                # "workstations by failed jobs": what is counted stands after it
                draft.entity, column, target = "jobs", _GROUPED_BY[ranked.key], jobs
                q.use(*q.of("superlative", "top"), *q.numbers)
            if column is None:
                column = next((_GROUPED_BY[word] for word in words if word in _GROUPED_BY), None)
            if column and column.partition(".")[0] in fields and column not in draft.group_by:
                q.use(by, target)
                draft.group_by = [column]
        if draft.group_by or not q.has("most", "most"):
            return
        named = [t for t in q.of("field") if t.key in fields and t.key != "priority"]
        asked = [*(t for t in q.of("entity") if _GROUPED_BY.get(t.key) in fields), *named]
        first = next((t for t in asked if t.key != draft.entity), None) or next(iter(asked), None)
        if first and (first.key != draft.entity or draft.entity in ("jobs", "runs")):
            if first.key == "jobs" and draft.entity == "jobs":
                draft.entity = "runs"
            q.take("most", "most")
            draft.group_by = [_GROUPED_BY.get(first.key, first.key)]
            q.use(first)
            draft.limit = None

    def _ordered(self, draft: Draft) -> None:
        q = self.question
        groups = {s.value.group for s in q.statuses}
        for term in q.of("superlative"):
            if self._is_part_of_time(term):
                continue
            order = self._order(term.key, draft, groups)
            if order is None:
                continue
            draft.order_by = [order]
            q.use(term, *q.of("superlative", "top"))
            number = self._number_beside(term)
            draft.limit = number.value if number and number.value else draft.limit or 1
            if number:
                q.use(number)
            elif self._is_plural(term):
                draft.limit = None
        if not draft.order_by and draft.entity == "runs" and not draft.group_by:
            draft.order_by = ["-end" if any(c.field == "end" for c in draft.scope) else "-start"]
        if not draft.order_by and draft.predicates and draft.entity == "jobs":
            first = draft.predicates[0].field
            if first == "running_minutes" or groups == {"running"}:
                draft.order_by = ["-running_minutes"]

    def _number_beside(self, term: Term) -> Found[int] | None:
        """How many: "last 5", "os 3 primeiros"."""
        return next(
            (
                number
                for number in self.question.numbers
                if 0 <= number.first - term.last <= 1 or 0 <= term.first - number.last <= 1
            ),
            None,
        )

    def _is_part_of_time(self, term: Term) -> bool:
        return any(t.first <= term.first < t.last for t in self.question.times)

    def _is_plural(self, term: Term) -> bool:
        """Longest jobs, últimos que falharam: several, as many as a page holds."""
        q = self.question
        last = q.words[term.last - 1].text
        after = q.words[term.last].text if term.last < len(q.words) else ""
        plural_entity = {"jobs", "streams", "runs", "failures", "workstations"}
        return last.endswith(("os", "as")) or after in plural_entity

    def _order(self, key: str, draft: Draft, groups: set[str]) -> str | None:
        running = "running" in groups
        if key in ("longest", "shortest"):
            if draft.entity == "jobs" and not running:
                draft.entity = "runs"
            sign = "-" if key == "longest" else ""
            return sign + ("running_minutes" if running else "elapsed_minutes")
        if key == "priority":
            return "-priority" if "priority" in ENTITIES[draft.entity].fields else None
        if key == "next":
            if draft.entity not in ("jobs", "job_streams"):
                return None
            draft.scope.append(condition("scheduled", ">=", self.now.isoformat()))
            self.question.use(*self.question.of("event"))
            return "scheduled"
        if key in ("first", "last"):
            sign = "-" if key == "last" else ""
            of_runs = groups & _OVER or self.question.has("event", "end", "start")
            if draft.entity == "jobs" and of_runs:
                draft.entity = "runs"
            started = self.question.has("event", "start")
            self.question.use(*self.question.of("event"))
            return sign + ("end" if draft.entity == "runs" and not started else "start")
        return None

    # What kind of answer

    def _fit(self, draft: Draft) -> None:
        """Leave out what the entity has not: a run knows no lateness."""
        fields = ENTITIES[draft.entity].fields
        draft.scope = [one for one in draft.scope if one.field in fields]
        draft.predicates = [one for one in draft.predicates if one.field in fields]
        draft.group_by = [one for one in draft.group_by if one.partition(".")[0] in fields]
        draft.order_by = [one for one in draft.order_by if one.lstrip("-") in fields]

    def _focused(self, draft: Draft) -> Ask:
        q = self.question
        if q.take("ask", "share") and draft.predicates:
            whole = Draft(draft.entity, draft.scope).query()
            return Ask(draft.query(), "share", whole=whole)
        if draft.group_by and "most" in self._taken():
            return Ask(draft.query(), "extreme")
        if draft.group_by and draft.group_by != ["group"]:
            return Ask(draft.query(), "groups")
        if q.take("ask", "count"):
            return Ask(draft.query(), "count")
        if draft.limit == 1:
            return Ask(draft.query(), "extreme")
        if self._is_of_all() and draft.predicates:
            draft.predicates = [_contrary(one) for one in draft.predicates]
            return Ask(draft.query(), "yes_no", every=True)
        return Ask(draft.query(), self._list_or_whether())

    def _taken(self) -> set[str]:
        return {t.category for t in self.question.terms if t.first in self.question.used}

    def _is_of_all(self) -> bool:
        q = self.question
        starts = q.starts("ask", "every", skip=("polite", "follow"))
        first = q.words[0].text if q.words else ""
        told: list[Term | Found[Any]] = [*q.statuses, *q.of("flag"), *q.of("event")]
        entity = next(q.of("entity"), None)
        if entity and any(one.first < entity.first for one in told):
            return False  # "all failed jobs" are listed
        asks = first in ("are", "is", "did", "have", "estao", "foram") and q.has("ask", "every")
        return bool(starts or asks) and not q.has("ask", "list", "count")

    def _list_or_whether(self) -> Focus:
        q = self.question
        return "yes_no" if q.has("ask", "any") and not q.has("ask", "list") else "list"


def _kind_of_entity(entity: str) -> str:
    return {"job_streams": "stream"}.get(entity, entity.rstrip("s"))


def excepting(question: Question, place: int) -> Term | None:
    """The "menos a", the "except" or the "not on" that stands before a place."""
    said = question.before(place, "negation", "except", within=4)
    nowhere = question.before(place - 1, "negation", "not")
    where = question.words[place - 1].text if nowhere else ""
    return said or (nowhere if where in _WHERE else None)


def within(column: str, told: TimeRange) -> list[Condition]:
    """From its beginning up to its end, which is not in it; a moment stands for its minute."""
    if told.is_moment and told.since:
        return [condition(column, "=", told.since.isoformat())]
    found = []
    if told.since:
        found.append(condition(column, ">=", told.since.isoformat()))
    if told.until:
        found.append(condition(column, "<", told.until.isoformat()))
    return found


def _of_groups(side: dict[str, None], entity: str, *, negated: bool) -> list[Condition]:
    if not side:
        return []
    if list(side) == ["ABEND"]:
        return [one_of("status", ABENDED, negated=negated)]
    groups = ["failed" if group == "ABEND" else group for group in side]
    if "group" not in ENTITIES[entity].fields:
        return []
    return [one_of("group", list(dict.fromkeys(groups)), negated=negated)]


_CONTRARY: dict[str, str] = {
    "=": "!=", "!=": "=", "in": "not in", "not in": "in", ">": "<=", "<=": ">", "<": ">=",
    ">=": "<",
}  # fmt: skip


def _contrary(one: Condition) -> Condition:
    if isinstance(one.value, bool):
        return condition(one.field, "=", not one.value)
    return condition(one.field, _CONTRARY.get(one.op, one.op), one.value)
