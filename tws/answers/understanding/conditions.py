"""What must hold of the rows that a question asks for: names, states, flags, numbers, words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from knowledge.hwa.lexicon import VOCABULARY, Term
from knowledge.hwa.statuses import OPEN_GROUPS
from tws.answers.understanding.asked import KIND_OF
from tws.answers.understanding.drafts import Draft, condition, one_of
from tws.answers.understanding.flags import flagged
from tws.answers.understanding.measures import JOBS_OF_STREAM, measured
from tws.answers.understanding.naming import Named, Names
from tws.answers.understanding.negation import JOINTS, TURNING, is_excepted, is_negated
from tws.answers.understanding.question import Found, Question, all_places
from tws.plan.query.asked import Condition
from tws.plan.query.catalogue import ENTITIES

ABENDED = ["ABEND", "ABENP"]
GROUPED_BY = {
    "jobs": "job", "job_streams": "stream", "workstations": "workstation",
    "resources": "resource", "status": "status", "hora": "end.hour", "hour": "end.hour",
    "dia": "end.day", "day": "end.day",
}  # fmt: skip
OF_STATIONS = ("linked", "unlinked", "jobman_down")
_IN_STATES = ("jobs", "job_streams")
NOT_BEGUN = frozenset({"waiting", "ready"})


@dataclass(slots=True)
class Conditions:
    """The conditions of one question; what it uses of it is marked there."""

    question: Question
    names: Names

    def add(self, draft: Draft) -> list[Condition]:
        """Put them into the draft: all that the question says of the rows but their times."""
        return [
            *self._named(draft),
            *self._states(draft),
            *self._words_of_stations(draft),
            *measured(self.question, draft),
            *flagged(self.question, draft),
        ]

    # Names

    def _named(self, draft: Draft) -> list[Condition]:
        q = self.question
        found: dict[tuple[str, bool], list[str]] = {}
        for one in q.names:
            name, negated = one.value, is_excepted(q, one.first)
            q.use(one)
            if name.folder:
                found.setdefault(("folder", negated), []).append(name.folder)
            elif name.pattern:
                column = GROUPED_BY.get(draft.entity, "job")
                draft.scope.append(
                    condition(column, "not like" if negated else "like", name.pattern)
                )
            elif name.kinds:
                kind = self.kind_of(one)
                if kind == "resource" and (waiting(q) or q.has("relation", "waits", "after")):
                    kind = "waits_for"
                    q.use(*waiting(q), *q.of("relation"))
                found.setdefault((kind, negated), []).append(name.name)
        q.use(*q.of("filter", "folder"))
        for (column, negated), names in found.items():
            draft.scope.append(one_of(column, names, negated=negated))
        draft.scope += self._written_parts(draft)
        return list(draft.scope)

    def kind_of(self, one: Found[Named]) -> Any:
        """What of that name is meant: as the word before it says, else as the question is about."""
        kinds = one.value.kinds
        before = self.question.before(one.first, "entity", within=3)
        if before and KIND_OF.get(before.key) in kinds:
            return KIND_OF[before.key]
        if "stream" in kinds and self.question.has("entity", "jobs"):
            return "stream"
        return kinds[0]

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
                    column = GROUPED_BY.get(draft.entity, "job")
                    yield condition(column, "like", pattern.format(written))

    # States

    def _states(self, draft: Draft) -> list[Condition]:
        q, found = self.question, list[Condition]()
        if term := q.take("filter", "not_run"):
            if draft.entity == "job_streams":
                found.append(condition("start", "=", None))
            else:
                draft.entity = "jobs"
                found.append(condition("runs", "=", 0))
            q.use(q.after(term.last, "event", "ran", within=2))  # "na fila para rodar"
        elif q.take("filter", "not_done"):
            found.append(one_of("group", list(OPEN_GROUPS)))
        positive, negative = dict[str, None](), dict[str, None]()
        for status in q.statuses:
            if self._is_of_flag(status, draft.entity):
                continue
            side = negative if is_negated(q, status.first) else positive
            abend = q.text_of(status).startswith("abend") and status.value.code in (None, "ABEND")
            done = q.has("ask", "share") and status.value.code is None
            ready = q.text_of(status).startswith("pront")  # "40% pronto": done
            group = "success" if done and ready else status.value.group
            side["ABEND" if abend else group] = None
            q.use(status, q.before(status.first, "event", "end", "ran", within=3))
            q.use(q.after(status.last, "event", "ran", within=2))  # "prontos para rodar"
        others = all_places(list(q.of("flag")), q.numbers)
        for one, other in pairwise(q.statuses):  # "failed or cancelled" is one condition
            if others.isdisjoint(range(one.last, other.first)):
                q.used |= q.ors(one.last, other.first)
        for verb in self._joined_to_states():
            (negative if is_negated(q, verb.first) else positive)["success"] = None
            q.use(verb)
        if len(positive) > 1:
            q.missed |= self._turned(q.statuses)
        if {"waiting", "running"} & positive.keys():
            q.use(*q.of("relation", "waits"))  # "parados esperando", "preso rodando"
        if made := self._of_their_jobs(draft, positive, negative):
            found.append(made)
            positive, negative = {}, {}
        if "group" not in ENTITIES[draft.entity].fields:
            runs = bool(self.types())  # "running windows", "using linux"
            q.use(*(q.of("facet", "holders") if runs else ()))
            q.missed |= all_places(
                [
                    s
                    for s in q.statuses
                    if not (
                        self._is_of_flag(s, draft.entity) or (runs and s.value.group == "running")
                    )
                ]
            )
            positive, negative = {}, {}
        for side, negated in ((positive, False), (negative, True)):
            found += _of_groups(side, negated=negated)
        grouped = {t.first for t in groupings(self.question)}
        if term := next((t for t in q.of("wait") if t.first not in grouped), None):
            found = self._waits_for(term, draft) or found  # which says the state, too
        elif q.has("ask", "others"):
            pass  # "which hold others up?"
        elif not found and draft.entity in _IN_STATES and q.take("relation", "waits"):
            found.append(condition("group", "=", "waiting"))
        if not found and draft.entity in _IN_STATES and not q.times and q.take("event", "end"):
            share = q.has("ask", "share")
            found.append(one_of("group", ["success"] if share else ["success", "failed"]))
            draft.group_by = ["group"] if q.has("ask", "count") else []
        counted = q.times or q.numbers
        if not found and draft.entity == "jobs" and not counted and q.take("event", "ran"):
            found.append(condition("runs", ">", 0))
        if len(positive) > 1 and q.has("ask", "count"):
            draft.group_by = ["group"]
        draft.predicates += found
        draft.parts += [found] if found else []
        return found

    def _joined_to_states(self) -> list[Term]:
        """ "Neither done nor running": a verb that stands beside a state for one."""
        q = self.question
        joints = {at for at, word in enumerate(q.words) if word.text in JOINTS}
        return [
            done
            for done in q.of("event", "end")
            if any(
                {done.last, one.first - 1} <= joints or {one.last, done.first - 1} <= joints
                for one in q.statuses
            )
        ]

    def _turned(self, statuses: list[Found[Any]]) -> set[int]:
        """The "but", "then", "that", "than" between two states, which ask not for either."""
        between = range(statuses[0].last, statuses[-1].first)
        return {at for at in between if self.question.words[at].text in TURNING}

    def _of_their_jobs(
        self, draft: Draft, positive: dict[str, None], negative: dict[str, None]
    ) -> Condition | None:
        """Streams with failed jobs, or with none; of jobs in another state the jobs, by stream."""
        if draft.entity != "job_streams" or not self.question.has("entity", "jobs"):
            return None
        groups = {"failed" if group == "ABEND" else group for group in (*positive, *negative)}
        counted = JOBS_OF_STREAM.get(groups.pop()) if len(groups) == 1 else None
        if counted == "failed_jobs" or (counted and positive and self.question.has("compare")):
            return condition(counted, "=" if negative else ">", 0)
        if negative:
            self.question.missed |= all_places(self.question.statuses)
        elif positive:
            draft.entity, draft.group_by = "jobs", ["stream"]
        return None

    def _is_of_flag(self, status: Found[Any], entity: str) -> bool:
        """The "running" of "running late", the "waiting" of "waiting for confirmation"; what is
        down is a workstation, unless it went down at a time."""
        other = () if entity == "workstations" else OF_STATIONS
        flags = (t for t in self.question.of("flag") if t.key not in other)
        return any(t.first <= status.first < t.last for t in flags)

    def _waits_for(self, term: Term, draft: Draft) -> list[Condition]:
        """Jobs that wait for a prompt, a file, their time."""
        q = self.question
        said: list[Term | Found[Any]] = [*q.of("relation", "waits", "holds_up"), *waiting(q)]
        near = [one for one in said if 0 <= term.first - one.last <= 3]
        if not near or draft.entity != "jobs":
            return []
        q.use(term, *near, *q.of("relation", "before"))  # "a file dependency"
        return [one_of("substatus", [term.key], negated=is_negated(q, near[0].first))]

    # Words of stations, users

    def types(self) -> list[Found[str]]:
        q, known = self.question, self.names.station_words
        entity = all_places([*q.of("entity")])
        said = [*q.of("negation"), *q.of("ask", "others")]
        phrases = all_places(said)  # "other than", "the other ones"
        return [
            Found(word.text if word.text in known else word.text[:-1], at, at + 1)
            for at, word in enumerate(q.words)
            if (word.text in known or (word.text.endswith("s") and word.text[:-1] in known))
            and at not in phrases
            and (at not in entity or q.before(at, "filter", "type", within=1))
        ]  # fmt: skip

    def _words_of_stations(self, draft: Draft) -> list[Condition]:
        q, found = self.question, dict[tuple[str, bool], list[str]]()
        for one in self.types() if draft.entity == "workstations" else ():
            column, value = self.names.station_words[one.value]
            negated = is_negated(q, one.first) or is_excepted(q, one.first)
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
                if login:
                    q.use(term)
                    q.used.add(at)
                    return one_of("login", [login], negated=is_excepted(q, term.first))
        for at, word in enumerate(q.words):
            login = self.names.logins.get(word.text)
            if login and word.text not in VOCABULARY:
                q.used.add(at)
                return condition("login", "=", login)
        return None


def groupings(question: Question) -> Iterator[Term]:
    """The entity or field after "by"."""
    for by in question.of("by"):
        named = (*question.of("entity"), *question.of("field"))
        yield from (t for t in named if 0 <= t.first - by.last <= 1)


def waiting(question: Question) -> list[Found[Any]]:
    return [one for one in question.statuses if one.value.group == "waiting"]


def _of_groups(side: dict[str, None], *, negated: bool) -> list[Condition]:
    if not side:
        return []
    if list(side) == ["ABEND"]:
        return [one_of("status", ABENDED, negated=negated)]
    groups = ["failed" if group == "ABEND" else group for group in side]
    return [one_of("group", list(dict.fromkeys(groups)), negated=negated)]
