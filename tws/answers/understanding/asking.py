"""A question over the plan as a whole → a PlanQuery: what is asked for, under which conditions,
grouped and ordered how."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Literal

from knowledge.hwa.lexicon import EMPTY, Term
from knowledge.hwa.times import TimeRange
from tws.answers.understanding.asked import KIND_OF, Ask, Focus
from tws.answers.understanding.conditions import GROUPED_BY, NOT_BEGUN, Conditions
from tws.answers.understanding.drafts import Draft, condition, contrary, one_of, within
from tws.answers.understanding.measures import OVER
from tws.answers.understanding.naming import Names
from tws.answers.understanding.question import Found, Question, all_places, groupings, places_of
from tws.answers.understanding.states import OF_STATIONS, waiting
from tws.plan.query.asked import Condition
from tws.plan.query.catalogue import DONE, ENTITIES

_WHICH = frozenset({"que", "qual", "quais", "quem", "what", "which", "who"})
_HAVING = frozenset({"que", "that", "which", "who", "have", "has", "had", "with", "com", "tem"})
_WHETHER = frozenset({"are", "is", "did", "have", "esta", "estao", "foram", "ficou", "ficaram"})


@dataclass(slots=True)
class Asking:
    """Composes one `Ask` from a question; what it uses of it is marked there."""

    question: Question
    names: Names
    now: datetime
    time_field: str = ""  # which time is meant when the question does not say: a follow-up's
    entity: str = "jobs"  # what is asked for when the question does not say: a follow-up's too
    number_field: str = ""  # and what a number is of

    @property
    def conditions(self) -> Conditions:
        return Conditions(self.question, self.names)

    def ask(self) -> Ask | None:
        """None when the question says nothing that can be asked of the plan."""
        draft = Draft(self._entity(), number_field=self.number_field)
        self.question.use(*self.question.of("ask", "who"))  # "who failed": which jobs
        self.question.missed |= self._another_question() | self._only_so()
        said = [*self.conditions.add(draft), *self._beyond_usual(draft)]
        self._joined(draft)
        self._timed(draft)
        self._grouped(draft)
        q = self.question
        q.use(*(q.of("whole", "summary") if draft.group_by else ()))
        self._ordered(draft)
        timed = bool(self.time_field and self.question.times)
        if not (said or timed or draft.group_by or draft.order_by or self._is_clear()):
            return None
        self._fit(draft)
        own = GROUPED_BY.get(draft.entity)
        is_one = any((one.field, one.op) == (own, "=") for one in draft.scope)
        if is_one and self.question.has("ask", "count"):
            return None  # "how many cpus does X have"
        return self._focused(draft)

    def _joined(self, draft: Draft) -> None:
        """ "Late or failed": one is enough. An "or" that can't be asked so is missed."""
        q = self.question
        told: list[Term | Found[Any]] = [*q.statuses, *q.of("flag"), *q.of("filter"), *q.numbers]
        if len(draft.parts) < 2 or len(told) < 2:
            return
        places = all_places(told)
        joints = {at for at in q.ors(min(places), max(places)) if at not in q.used}
        whole = sum(len(part) for part in draft.parts) == len(draft.predicates)
        if joints and whole and len(draft.parts) == 2 and not q.times:
            draft.either = True
        else:
            q.missed |= joints

    def _is_clear(self) -> bool:
        q = self.question
        asks = q.has("ask") or q.has("follow") or len(q.words) < 4
        runs = q.times and q.has("event", "ran", "start", "scheduled")  # "o que roda às 18h"
        return bool(runs) or (q.has("entity") and (asks or bool(q.times)))

    def _another_question(self) -> set[int]:
        """The one behind an "and": "how many are late, and which station has most?"."""
        q = self.question
        asks = [*q.of("ask", "count", "share", "when", "how_long", "why"), *q.of("by")]
        joints = (at for at, word in enumerate(q.words) if at and word.text in ("and", "e"))
        return {
            place
            for at in joints
            for place in range(at + 1, len(q.words))
            if q.words[min(at + 1, len(q.words) - 1)].text in _WHICH - {"que"}
            and any(one.first < at for one in asks)
            and not (self._and_which() or q.words[place].text in EMPTY)
        }

    def _only_so(self) -> set[int]:
        """ "Jobs that only failed", "streams with only failed jobs": nothing else is so of them."""
        q = self.question
        only = (t for t in q.of("follow", "only") if t.first and q.has("entity"))
        return all_places([t for t in only if q.words[t.first - 1].text in _HAVING])

    # What is asked for

    def _entity(self) -> str:
        q = self.question
        grouped = {at for t in groupings(self.question) for at in range(t.first, t.last)}
        named = {
            term.first
            for one in q.names
            for term in q.of("entity")
            if 0 <= one.first - term.last <= 1
            and KIND_OF.get(term.key) in one.value.kinds
            and not q.before(term.first, "ask", "count")
        }
        main = [
            t
            for t in q.of("entity")
            if t.first not in grouped and t.key != "plan" and not self._is_of_wait(t)
        ]
        # "jobs do stream X", "which stream has most jobs": not what stands before a name.
        free = [t for t in main if t.first not in named]
        for one, other in pairwise(free):  # "failed jobs and streams": two questions
            joint = [word.text for word in q.words[one.last : other.first]]
            if one.key != other.key and len(joint) == 1 and joint[0] in ("and", "or", "e", "ou"):
                q.missed |= all_places([other])
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
        down = q.has("flag", *OF_STATIONS) and not (q.times and q.statuses)
        if down or self.conditions.types():
            return "workstations"
        if q.has("flag", "exhausted"):
            return "resources"
        return self.entity

    def _is_of_wait(self, term: Term) -> bool:
        """Whether an entity's word says what is waited for: "waiting on a prompt"."""
        q = self.question
        waits: list[Term | Found[Any]] = [*q.of("relation", "waits", "holds_up"), *waiting(q)]
        return term.key in ("prompts", "resources", "workstations") and any(
            0 <= term.first - one.last <= 3 for one in waits
        )

    # Times

    def _beyond_usual(self, draft: Draft) -> list[Condition]:
        """ "Running longer than usual": by its usual duration it should have ended."""
        q = self.question
        groups = {s.value.group for s in q.statuses}
        usual = next(q.of("facet", "overrun"), None)
        if usual is None or draft.entity != "jobs" or groups - {"running"}:
            return []
        if q.has("superlative", "shortest") or q.has("facet", "compare"):
            return []  # "faster than usual"
        q.use(usual, *q.of("event", "took"), *q.of("superlative", "longest"))
        made = [condition("estimated_end", "<", self.now.isoformat())]
        made += [] if groups else [condition("group", "=", "running")]
        draft.predicates += made
        return made

    def _timed(self, draft: Draft) -> None:
        q = self.question
        if len(q.times) > 1 and _apart(q.times[0].value, q.times[1].value):
            q.missed |= all_places(q.times[1:])
        for one in q.times[:2]:
            if self._was_running(one.value):
                continue
            to_come = one.value.since is not None and one.value.since >= self.now
            if to_come and draft.entity == "runs" and not q.statuses:
                draft.entity = "jobs"  # "what runs at 10 pm": nothing has begun by then
            begins = to_come and draft.entity == "jobs" and not q.statuses
            column = self._field_before(one, draft)
            column = column or ("scheduled" if begins else self._time_field(draft))
            if column:
                draft.scope += within(column, self._of_its_day(column, one.value))
                q.use(one)
                q.use(*q.of("event"))
                q.missed |= self._at_another_time(column)

    def _at_another_time(self, column: str) -> set[int]:
        """ "Started in the last hour and finished": the second verb, of which no time is said."""
        q = self.question
        both = q.has("event", "start") and q.has("event", "end") and len(q.times) == 1
        other = {"start": "end", "end": "start"}.get(column)
        return all_places(list(q.of("event", other))) if both and other else set()

    def _was_running(self, told: TimeRange) -> bool:
        """Whether it asks what ran at a moment: began before and ended after it, or not yet, which
        is no condition."""
        q = self.question
        over = told.is_moment and told.since is not None and told.since <= self.now
        ended = {s.value.group for s in q.statuses} & OVER or q.has("event", "start", "end")
        planned = q.has("event", "scheduled") or q.has("field")
        return over and not (ended or planned or self.time_field)

    def _of_its_day(self, column: str, told: TimeRange) -> TimeRange:
        """What happened before 6 did so since midnight."""
        until = told.until
        if column not in ("start", "end") or told.since or not until or until > self.now:
            return told
        midnight = self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        return replace(told, since=midnight) if until > midnight else told

    def _field_before(self, one: Found[TimeRange], draft: Draft) -> str | None:
        """ "Deadline before 5 pm": the time of what stands before it."""
        fields = ENTITIES[draft.entity].fields
        term = self.question.before(one.first, "field", within=3)
        if term is None or term.key not in fields or fields[term.key].kind != "time":
            return None
        self.question.use(term)
        return term.key

    def _time_field(self, draft: Draft) -> str | None:
        """Which time is meant; what is over by then is a matter of runs."""
        q, fields = self.question, ENTITIES[draft.entity].fields
        groups = {s.value.group for s in q.statuses}
        longest = "running" not in groups and q.has("superlative", "longest", "shortest")
        coded = any(one.field == "return_code" for one in draft.predicates)
        happened = longest or coded or groups & OVER or q.has("flag", "rerun")
        if condition("rerun", "=", False) in draft.predicates:
            return "end"  # its last run is its only one
        if draft.entity == "jobs" and (happened or q.has("event", "end", "ran", "took", "start")):
            draft.entity = "runs"
            if not any(one.field in ENTITIES["runs"].fields for one in draft.predicates):
                draft.predicates = []
        if any(one.field == "elapsed_minutes" for one in draft.predicates) or longest:
            return "end"
        if q.has("event", "start") or (q.has("event", "ran") and not groups & OVER):
            return "start"
        if self.time_field and not groups:
            return self.time_field
        if draft.entity == "runs" or groups & OVER or q.has("event", "end"):
            return "end" if "end" in fields or draft.entity == "runs" else None
        return "scheduled" if "scheduled" in fields else None

    # Groups and order

    def _grouped(self, draft: Draft) -> None:
        q, fields = self.question, ENTITIES[draft.entity].fields
        for by in list(q.of("by")):
            target = next(
                (t for t in groupings(self.question) if 0 <= t.first - by.last <= 1), None
            )
            words = [q.words[at].text for at in range(by.last, min(by.last + 2, len(q.words)))]
            column = GROUPED_BY.get(target.key, target.key) if target else None
            ranked = next((t for t in q.of("entity") if t.last <= by.first), None)
            jobs = q.after(by.last, "entity", "jobs", within=3)
            if jobs and ranked and ranked.key in ("workstations", "job_streams"):
                # "workstations by failed jobs": what is counted stands after it
                draft.entity, column, target = "jobs", GROUPED_BY[ranked.key], jobs
                q.use(*q.of("superlative", "top"), *q.numbers)
            if column is None:
                column = next((GROUPED_BY[word] for word in words if word in GROUPED_BY), None)
            if column is None and not words and q.text_of_has("situacao", "status", "estado"):
                column = "status"  # "situação dos jobs, quantos em cada"
            if column and column.partition(".")[0] in fields and column not in draft.group_by:
                q.use(by, target)
                draft.group_by = [column]
        if draft.group_by and q.take("most", "most"):  # "who has most, by user"
            draft.limit = None
        if draft.group_by or not q.has("most", "most"):
            return
        named = [t for t in q.of("field") if t.key in fields and t.key not in ("priority", "late")]
        asked = [*(t for t in q.of("entity") if GROUPED_BY.get(t.key) in fields), *named]
        first = next((t for t in asked if t.key != draft.entity), None) or next(iter(asked), None)
        if first and (first.key != draft.entity or draft.entity in ("jobs", "runs")):
            if first.key == "jobs" and draft.entity == "jobs":
                draft.entity = "runs"
            q.take("most", "most")
            q.use(first)
            draft.limit = None
            if first.category == "field" and fields[first.key].kind == "number":
                draft.order_by, draft.limit = [f"-{first.key}"], 1  # "most used": not how many are
                return
            draft.group_by = [GROUPED_BY.get(first.key, first.key)]

    def _ordered(self, draft: Draft) -> None:
        q = self.question
        groups = {s.value.group for s in q.statuses}
        self._sorted(draft)
        for term in q.of("superlative"):
            if self._is_part_of_time(term) or (term.key == "longest" and q.has("facet", "overrun")):
                continue
            if term.key in ("highest", "lowest") and self._by_number(term, draft):
                continue
            if term.key == "first" and q.before(term.first, "superlative"):  # "newest first"
                draft.limit = None if draft.limit == 1 else draft.limit
                q.use(term)
                continue
            order = self._order(term.key, draft, groups)
            if order is None:
                continue
            draft.order_by = [order]
            q.use(term, *q.of("superlative", "top"), *q.of("ask", "when"))
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

    def _sorted(self, draft: Draft) -> None:
        """ "Sort by priority": the most, the latest first."""
        q, fields = self.question, ENTITIES[draft.entity].fields
        sort = next(q.of("sort"), None)
        by = next((t for t in q.of("field") if sort and 0 <= t.first - sort.last <= 1), None)
        key = by.key if by else "start" if sort and q.text_of_has("time", "hora", "horario") else ""
        if key in fields:
            planned = fields[key].kind == "time" and key not in ("start", "end")
            draft.order_by = [key if planned else f"-{key}"]
            q.use(sort, by)

    def _by_number(self, term: Term, draft: Draft) -> bool:
        """ "Highest limit", "a menor prioridade": of what is asked for the one with it."""
        q, fields = self.question, ENTITIES[draft.entity].fields
        numbers = [t for t in q.of("field") if t.key in fields and fields[t.key].kind == "number"]
        by = next((t for t in numbers if abs(t.first - term.last) <= 2), None)
        if by is None:
            return False
        draft.order_by = [f"{'-' if term.key == 'highest' else ''}{by.key}"]
        number = self._number_beside(term)
        draft.limit = int(number.value) if number and number.value else 1
        q.use(term, by, number, *q.of("filter", "rc"))
        return True

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
        if key == "overdue":
            return "-overdue_minutes" if draft.entity == "jobs" else None
        if key == "priority":
            return "-priority" if "priority" in ENTITIES[draft.entity].fields else None
        if key == "next":
            if draft.entity not in ("jobs", "job_streams"):
                return None
            if due := self.question.take("field", "deadline"):
                draft.scope.append(condition(due.key, ">=", self.now.isoformat()))
                return due.key
            if any(one.field == "stream" for one in draft.scope):
                return None  # the order of a stream's jobs is that of their dependencies
            draft.scope.append(condition("scheduled", ">=", self.now.isoformat()))
            self.question.use(*self.question.of("event"))
            return "scheduled"
        if key in ("first", "last"):
            sign = "-" if key == "last" else ""
            of_runs = groups & OVER or self.question.has("event", "end", "start")
            if draft.entity == "jobs" and of_runs:
                draft.entity = "runs"
            if draft.entity == "jobs" and groups and groups <= NOT_BEGUN:
                return f"{sign}scheduled"
            started = self.question.has("event", "start") or self.time_field == "start"
            if self.time_field == "end":  # "and the last ten?"
                return f"{sign}end"
            if self.question.has("event", "end") and draft.entity == "job_streams":
                return None  # whose end is not known
            self.question.use(*self.question.of("event"))
            return sign + ("end" if draft.entity == "runs" and not started else "start")
        return None

    # What kind of answer

    def _fit(self, draft: Draft) -> None:
        """Leave out what the entity has not: a run knows no urgency. Its words are missed then."""
        q, fields = self.question, ENTITIES[draft.entity].fields
        if any(one.field not in fields for one in draft.predicates):
            q.missed |= all_places([*q.of("flag")], q.statuses)
        if any(one.field not in fields for one in draft.scope):
            q.missed |= all_places(q.names)
        draft.scope = [one for one in draft.scope if one.field in fields]
        draft.predicates = [one for one in draft.predicates if one.field in fields]
        draft.group_by = [one for one in draft.group_by if one.partition(".")[0] in fields]
        draft.order_by = [one for one in draft.order_by if one.lstrip("-") in fields]

    def _focused(self, draft: Draft) -> Ask:
        q = self.question
        if draft.predicates and q.take("ask", "share"):
            whole = Draft(draft.entity, [*draft.scope, *self._said_of_whole(draft)]).query()
            return Ask(draft.query(), "share", whole=whole)
        if draft.group_by and "most" in self._taken():
            return Ask(draft.query(), "extreme")
        if draft.group_by and draft.group_by != ["group"]:
            return Ask(draft.query(), "groups")
        if draft.group_by != ["group"]:
            for first, then in pairwise(q.of("ask", "count")):
                if not self._is_empty(first.last, then.first):
                    q.missed |= all_places([then])  # another question
        if q.take("ask", "count") or self._is_counted_against():
            return Ask(draft.query(), "list" if self._and_which() else "count")
        if draft.limit == 1:
            return Ask(draft.query(), "extreme", then=self._then(draft))
        if self._is_of_all(draft) and draft.predicates:
            draft.predicates = [contrary(one) for one in draft.predicates]
            if condition("late", "=", True) in draft.predicates:  # "is everything on time?"
                draft.predicates.append(one_of("group", list(DONE), negated=True))
            return Ask(draft.query(), "yes_no", every=True)
        return Ask(draft.query(), self._list_or_whether())

    def _and_which(self) -> bool:
        """ "How many are stuck, and which ones": a list tells both."""
        q = self.question
        count = next(q.of("ask", "count"), None)
        last = next((t for t in q.of("ask", "which_ones") if count and t.first >= count.last), None)
        return last is not None and self._is_empty(last.last, len(q.words))

    def _then(self, draft: Draft) -> Literal["", "why", "log"]:
        """What is asked of the one that is found: "why did the last one fail"."""
        q = self.question
        if q.take("facet", "log"):
            return "log"
        return "why" if q.take("ask", "why") or q.take("facet", "cause") else ""

    def _is_counted_against(self) -> bool:
        """ "Are there more than ten failed jobs?": the count tells."""
        q = self.question
        number = next((one for one in q.numbers if one.first not in q.used), None)
        compared = q.before(number.first, "compare", within=2) if number else None
        if number is None or compared is None or not (q.has("ask", "any") and not q.has("by")):
            return False
        q.use(number, compared)
        return True

    def _said_of_whole(self, draft: Draft) -> list[Condition]:
        """Of a state and a flag the one said first: "of the critical jobs, how many failed"."""
        q = self.question
        flags = [t for t in q.of("flag") if t.first in q.used]
        states: list[Term | Found[Any]] = list(q.statuses)
        states += [t for t in q.of("event") if t.first in q.used]
        if len(draft.parts) != 2 or not (states and flags):
            return []
        state, flag = draft.parts
        return state if min(one.first for one in states) < flags[0].first else flag

    def _is_empty(self, first: int, last: int) -> bool:
        return all(word.text in EMPTY for word in self.question.words[first:last])

    def _taken(self) -> set[str]:
        return {t.category for t in self.question.terms if t.first in self.question.used}

    def _is_of_all(self, draft: Draft) -> bool:
        q = self.question
        starts = q.starts("ask", "every", skip=("polite", "follow"))
        first = q.words[0].text if q.words else ""
        told: list[Term | Found[Any]] = [*q.statuses, *q.of("flag"), *q.of("event")]
        every = next(q.of("ask", "every"), None)
        if every and q.words[min(every.last, len(q.words) - 1)].text in _HAVING:
            return False  # "everything that failed"
        entity = next(q.of("entity"), None)
        if starts and q.statuses and not entity:
            return False  # "everything in hold except on X"
        if entity and any(one.first < entity.first for one in told):
            return False  # "all failed jobs" are listed
        if any(one.op in ("!=", "not in") for one in draft.predicates):
            return False  # "all jobs except those in hold"
        if any(set(places_of(one)) <= q.used for one in q.of("negation", "not")):
            return False  # and so are "all jobs not in SUCC"
        asks = every and (first in _WHETHER or q.words[every.first - 1].text in _WHETHER)
        return bool(starts or asks) and not q.has("ask", "list", "count")

    def _list_or_whether(self) -> Focus:
        q = self.question
        opens = [word.text for word in q.words[:2] if word.text != "o"]
        which = not _WHICH.isdisjoint(opens[:1]) or q.has("ask", "list")  # "que recursos existem?"
        return "yes_no" if q.has("ask", "any") and not which else "list"


def _apart(one: TimeRange, other: TimeRange) -> bool:
    """Whether nothing lies in both."""
    first, then = sorted(
        (one, other), key=lambda told: told.since or datetime.min.replace(tzinfo=UTC)
    )
    return first.until is not None and then.since is not None and first.until <= then.since
