"""A question about one object: which facet of it, or which of the tools beside the plan query."""

from __future__ import annotations

from typing import Any

from knowledge.hwa.lexicon import Term
from knowledge.hwa.statuses import OPEN_GROUPS
from tws.answers.understanding.asked import (
    About,
    Ask,
    Asked,
    Before,
    CompareRuns,
    Facet,
    Impact,
    LogOf,
    NotUnderstood,
    Run,
    Thing,
)
from tws.answers.understanding.drafts import condition, one_of, query_of, within
from tws.answers.understanding.question import Found, Question, all_places
from tws.answers.understanding.values import values_asked

_RUNS: dict[str, Run] = {"first_run": "first", "last_run": "last", "previous_run": "previous"}
OF_A_RUN = ("status", "return_code", "start", "end")
_OF_FAILURE = frozenset({"end", "return_code", "elapsed_minutes"})
_NOUNS = frozenset({
    "sucessor", "sucessores", "sucessora", "successor", "successors", "dependentes", "dependents",
    "downstream", "predecessor", "predecessores", "predecessora", "predecessors", "antecessor",
    "antecessores", "dependencies", "dependency", "dependencias", "dependencia", "upstream",
})  # fmt: skip
_PASSIVE = frozenset({"by", "pelo", "pela", "por", "causa", "behind", "no"})
_WHAT = frozenset({"que", "what", "quem", "who", "qual", "quais", "which", "porque", "why"})
_ASKING = frozenset({"does", "did", "has", "have", "can", "will"})
_STATE = frozenset(
    {"status", "state", "health", "saude", "estado", "situacao", "pe", "happening", "going"}
)
_EVER = ("chegou a", "chegaram a", "alguma vez", "ever", "nunca", "never", "at any point")
_WAITING = ("esper", "aguard", "precis", "wait", "need", "requir")
_HAS_TO_WAIT = ("to wait", "que esperar", "que aguardar")
_MORE = frozenset({"mais", "menos", "more", "less"})
_SLOWER = (
    "longer", "slower", "faster", "quicker", "mais devagar", "mais lento", "mais lenta",
    "mais rapido", "mais rapida", "mais tempo", "menos tempo",
)  # fmt: skip
_HOLDING = frozenset({"segura", "segurando", "holding", "holds", "held"})
_OF_LINKS = ("linked", "unlinked")
OUTCOMES = frozenset({"failed", "success", "cancelled"})
_NOT_STARTED = ("waiting", "ready", "stuck", "undecided")


def about(question: Question, thing: Thing, place: int) -> Asked:
    """What is asked of `thing`, which the question names at `place`, -1 when it points at it."""
    reader = _About(question, thing, place)
    question.use_present()
    beside = reader.beside()
    if beside:
        question.use(*question.of("ask", "why"))  # "explica o log"
    return beside or reader.facet() or NotUnderstood()


class _About:
    def __init__(self, question: Question, thing: Thing, place: int) -> None:
        self.q, self.thing, self.place = question, thing, place
        self.groups = question.groups

    # The tools beside

    def beside(self) -> Asked | None:
        q, thing = self.q, self.thing
        is_job = thing.kind == "job"
        if is_job and q.take("facet", "log"):
            q.use(*q.statuses, *q.of("superlative"), *q.of("facet", "cause"))
            return LogOf(thing, self._run() or "last")
        if thing.kind not in ("job", "stream"):
            return None
        compares = q.has("facet", "compare", "usual", "overrun")
        compares = compares or (q.has("define") and q.has("facet", "runs"))  # "difference between"
        compares = compares or self._took_more()
        if is_job and compares and not q.has("facet", "failed_before"):
            q.use(*q.of("facet"), *q.of("entity", "runs"), *q.of("superlative"))
            q.use(*q.of("relation"), *q.of("field", "estimated_minutes"), *q.numbers)
            self._use_verbs()
            return CompareRuns(thing, last_two=q.has("facet", "previous_run"))
        return self._related()

    def _took_more(self) -> bool:
        """ "Demorou mais dessa vez?", "slower today?": than before, which is unsaid."""
        q = self.q
        took = next(q.of("event", "took", "ran"), None)
        after = {word.text for word in q.words[took.last : took.last + 2]} if took else set()
        slower = bool(_MORE & after) or q.text_of_has(*_SLOWER)
        slower = slower or q.has("superlative", "longest", "shortest")
        return slower and not (q.numbers or q.spans or q.has("ask", "how_long"))

    def _related(self) -> Asked | None:
        found = self._relation()
        if isinstance(found, Before) or (isinstance(found, Impact) and found.direct):
            over = [s for s in self.q.statuses if s.value.group in OUTCOMES and not self._is_own(s)]
            self.q.missed |= all_places(over)  # "does X depend on anything that failed?"
        if found:
            self._use_verbs()
            self.q.use(*self.q.of("negation", "not"), *self.q.of("superlative"))
            self.q.use(*self.q.of("filter", "not_run", "not_done"))
            self.q.use(*self.q.of("ask", "who"), *self.q.of("order"))
        return found

    def _is_own(self, status: Found[Any]) -> bool:
        """ "A falha do X": whose it is stands behind it."""
        words = self.q.words[status.last : status.last + 1]
        return any(word.text in ("do", "da", "de", "of") for word in words)

    def _relation(self) -> Asked | None:
        q, thing = self.q, self.thing
        if q.take("relation", "impact"):
            q.use(*q.statuses, *q.of("flag", "late", "rerun", *_OF_LINKS), *q.of("event"))
            return Impact(thing)
        if term := q.take("relation", "holds_up"):
            q.use(*q.of("relation"), *q.statuses)
            if self._ends_passive(term) or not self._is_object_of(term):
                return Impact(thing, direct=True)
            return About(thing, "why_waits")
        noun = next((t for t in q.of("relation", "after", "before") if self._is_noun(t)), None)
        if noun:
            q.use(*q.of("relation", noun.key))  # "quem depende dele? sucessores"
            return Impact(thing, direct=True) if noun.key == "after" else Before(thing)
        if term := q.take("relation", "before"):
            q.use(*q.of("relation"))
            own = "depend" in q.text_of(term)
            return Before(thing) if own or self._is_object_of(term) else Impact(thing, direct=True)
        if term := q.take("relation", "after"):
            q.use(*q.of("relation"), *q.statuses)
            if self._is_object_of(term):
                return Impact(thing, direct=True)
            waits = q.text_of(term).startswith(_WAITING) and not q.has("ask", "who")
            waits = waits and not q.text_of_has(*_HAS_TO_WAIT)
            return About(thing, "why_waits") if waits else Before(thing)
        if q.take("relation", "depends"):
            return Before(thing)
        return None

    def _is_noun(self, term: Term) -> bool:
        return bool(_NOUNS & set(self.q.text_of(term).split()))

    def _ends_passive(self, term: Term) -> bool:
        after = self.q.words[term.last].text if term.last < len(self.q.words) else ""
        return self.q.text_of(term).split()[-1] in _PASSIVE or after in _PASSIVE - {"no"}

    def _is_object_of(self, term: Term) -> bool:
        """Whether the object stands after the verb: "what depends on X", not "X depends on"; so
        does a word for it: "before it can go"."""
        pointed = self.q.after(term.last, "follow", "it", within=1)
        return self.place >= term.last or self.place == -1 or pointed is not None

    # Facets

    def _times_run(self) -> Ask:
        """How many times it ran within a time."""
        q, told = self.q, self.q.times[0]
        q.use(told, *q.of("event"))
        where = [condition("job", "=", self.thing.name), *within("start", told.value)]
        return Ask(query_of("runs", where), "count")

    def facet(self) -> Asked | None:
        q, thing = self.q, self.thing
        holds = q.has("facet", "holders") or q.has("relation", "holds_up")
        if thing.kind == "resource" and holds:
            q.use(*q.of("facet", "holders"), *q.of("relation"), *q.of("ask", "who"))
            return About(thing, "holders")
        if thing.kind in ("job", "stream") and self._is_held():
            q.use(*q.of("facet", "holders"), *q.of("relation"))
            return About(thing, "why_waits")
        waits = q.has("relation", "after", "waits") or "waiting" in self.groups
        if thing.kind == "resource" and waits and not q.has("ask", "why"):
            q.use(*q.of("relation"), *q.statuses, *q.of("ask", "who"))
            return Ask(query_of("jobs", [condition("waits_for", "=", thing.name)]))
        if thing.kind == "job" and (of_runs := self._of_runs()):
            return of_runs
        if why := self._why():
            return why
        if fields := values_asked(q, thing.kind, self.groups):
            if fields[0] == "runs" and q.times:
                return self._times_run()
            self._use_verbs()
            q.use(*q.of("negation", "not"), *q.of("flag"))
            if "return_code" in fields:
                q.use(*q.statuses)  # "failed with which rc"
            if len(fields) == 1:
                q.use(*q.numbers)  # "is its limit 0?"
            run = self._run()
            if thing.kind == "job" and "failed" in self.groups and set(fields) <= _OF_FAILURE:
                run = run or "failed"  # another run may have ended well since
            return About(thing, "value", fields, run)
        if thing.kind == "stream" and q.take("filter", "not_run", "not_done"):
            self._use_verbs()
            q.use(*q.of("relation", "waits"))
            open_jobs = [condition("stream", "=", thing.name), one_of("group", list(OPEN_GROUPS))]
            return Ask(query_of("jobs", open_jobs))
        facets: tuple[Facet, ...] = ("runs", "definition", "schedule")
        for facet in facets:
            if q.take("facet", facet):
                return About(thing, facet)
        if not (speaks_of_state(q) or _WHAT.isdisjoint(word.text for word in q.words)):
            return None
        self._use_verbs()
        if thing.kind != "workstation":  # which is linked or not, and neither fails nor waits
            q.use(*q.statuses)
        q.use(*q.of("flag"), *q.of("relation", "waits"), *q.of("negation", "not"))
        run = self._run()
        if thing.kind == "job" and run not in (None, "last"):
            return About(thing, "value", OF_A_RUN, run)
        return About(thing, "status", run=run)

    def _is_held(self) -> bool:
        """ "Quem segura o X", "who is holding X"; not "which login does X use"."""
        said = (self.q.text_of(term).split() for term in self.q.of("facet", "holders"))
        return any(_HOLDING.intersection(words) for words in said)

    def _use_verbs(self) -> None:
        """The verbs that a question about an object needs, and says nothing by."""
        self.q.use(*self.q.of("event"))

    def _of_runs(self) -> About | None:
        """Whether it was rerun, or failed before it ended well."""
        q, thing = self.q, self.thing
        twice = {"failed", "success"} <= self.groups
        ever = q.text_of_has(*_EVER)
        if "failed" in self.groups and (q.has("facet", "failed_before") or twice or ever):
            q.use(*q.of("facet"), *q.statuses, *q.of("relation"))
            self._use_verbs()
            return About(thing, "failed_before")
        if q.take("flag", "rerun"):
            return About(thing, "rerun")
        return None

    def _why(self) -> About | Impact | None:
        q, thing = self.q, self.thing
        asks_what = bool(_WHAT & {word.text for word in q.words})
        cause = q.take("facet", "cause") or ("failed" in self.groups and q.take("talk", "help"))
        if not (q.has("ask", "why") or cause):
            left = thing.kind == "stream" and q.has("filter", "not_run", "not_done")
            waits = q.has("relation", "waits") and not left
            if asks_what and waits and not q.has("ask", "when"):
                waiting = next(q.of("relation", "waits"))
                q.use(*q.of("relation"), *q.statuses, *q.of("filter"), *q.of("event"))
                q.use(*q.of("ask", "who"))
                if q.has("ask", "who") and self.place >= waiting.last:
                    return Impact(thing, direct=True)
                return About(thing, "why_waits")
            return None
        waits = q.has("relation", "waits") or q.has("filter", "not_run")
        waits = waits or bool(self.groups.intersection(_NOT_STARTED))
        waits = waits or (q.has("negation", "not") and q.has("event", "start", "ran"))
        q.use(*q.of("ask", "why"), *q.statuses, *q.of("relation"), *q.of("event"), *q.of("filter"))
        q.use(*q.of("negation"), *q.of("flag"), *q.of("order"))
        if "failed" in self.groups or (cause and not waits):
            return About(thing, "why_failed")
        return About(thing, "why_waits" if waits else "why")

    def _run(self) -> Run | None:
        for key, run in _RUNS.items():
            if self.q.take("facet", key):
                return run
        return None


def speaks_of_state(q: Question) -> bool:
    """Whether a state is spoken of: a status, a flag, "how is it"."""
    words = {word.text for word in q.words}
    return bool(q.statuses or q.has("flag") or q.has("filter") or words & _STATE)


def asks_beside(q: Question) -> bool:
    """Whether more may be asked than how an object is: "what made X fail", "does it feed any"."""
    words = {word.text for word in q.words}
    asks = words & _WHAT or q.has("ask", "any") or (words & _ASKING and not q.statuses)
    return bool(asks) and not words & _STATE


def objects_of(asked: Any) -> tuple[Thing, ...]:
    """The objects that something asked is about."""
    thing = getattr(asked, "object", None)
    return (thing,) if thing is not None else tuple(getattr(asked, "objects", ()))
