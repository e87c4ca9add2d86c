"""What must hold of the rows that a question asks for: names, states, flags, numbers, words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from knowledge.hwa.lexicon import VOCABULARY
from tws.answers.understanding.asked import KIND_OF
from tws.answers.understanding.drafts import Draft, condition, one_of
from tws.answers.understanding.flags import flagged
from tws.answers.understanding.measures import measured
from tws.answers.understanding.naming import Named, Names
from tws.answers.understanding.negation import is_excepted, is_negated
from tws.answers.understanding.question import Found, Question, all_places
from tws.answers.understanding.states import stated, waiting
from tws.plan.query.asked import Condition
from tws.plan.query.catalogue import ENTITIES

GROUPED_BY = {
    "jobs": "job", "job_streams": "stream", "workstations": "workstation",
    "resources": "resource", "status": "status", "hora": "end.hour", "hour": "end.hour",
    "dia": "end.day", "day": "end.day",
}  # fmt: skip
NOT_BEGUN = frozenset({"waiting", "ready"})

_PATTERNS = {"begins": "{}@", "contains": "@{}@", "in_name": "@{}@"}


@dataclass(slots=True)
class Conditions:
    """The conditions of one question; what it uses of it is marked there."""

    question: Question
    names: Names

    def add(self, draft: Draft) -> list[Condition]:
        """Put them into the draft: all that the question says of the rows but their times."""
        return [
            *self._named(draft),
            *stated(self.question, draft, of_types=bool(self.types())),
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
        for key, pattern in _PATTERNS.items():
            for term in q.of("filter", key):
                at = term.first - 1 if key == "in_name" else term.last
                if 0 <= at < len(q.words) and at not in q.used:
                    end = q.words[at].end
                    end += len(q.text[end:]) - len(q.text[end:].lstrip("_"))  # "CRM_" is no "CRM"
                    written = q.text[q.words[at].start : end].strip("@*").upper()
                    q.use(term)
                    q.used.add(at)
                    column = GROUPED_BY.get(draft.entity, "job")
                    yield condition(column, "like", pattern.format(written))

    # Words of stations, users

    def types(self) -> list[Found[str]]:
        q, known = self.question, self.names.words.station_words
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
            column, value = self.names.words.station_words[one.value]
            negated = is_negated(q, one.first) or is_excepted(q, one.first)
            found.setdefault((column, negated), []).append(value)
            q.use(one, *q.of("filter", "type"), *q.of("event", "ran"))  # "which run windows?"
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
                login = self.names.words.logins.get(q.words[at].text)
                if login:
                    q.use(term)
                    q.used.add(at)
                    return one_of("login", [login], negated=is_excepted(q, term.first))
        for at, word in enumerate(q.words):
            login = self.names.words.logins.get(word.text)
            if login and word.text not in VOCABULARY and at not in q.used:
                q.used.add(at)
                return one_of("login", [login], negated=is_excepted(q, at))
        return None
