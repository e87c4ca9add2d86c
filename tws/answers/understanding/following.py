"""What follows an answer: "e em hold?", "only the critical ones", "why?", "the second one". The
query that was asked last is edited, or a facet of its object is asked for."""

from __future__ import annotations

from dataclasses import replace

from knowledge.hwa.lexicon import EMPTY
from tws.answers.understanding.about import objects_of
from tws.answers.understanding.asked import (
    Ask,
    Asked,
    More,
    Understood,
)
from tws.answers.understanding.editing import (
    asked_place,
    conditions_of,
    edited,
    points_at_one,
    waited_for,
)
from tws.answers.understanding.listed import (
    OTHERWISE,
    PLACES,
    beside_those,
    jobs_of_these,
    of_shown,
    of_the_most,
    other_side,
    others,
)
from tws.answers.understanding.naming import Names
from tws.answers.understanding.negation import WHERE
from tws.answers.understanding.question import Question, all_places
from tws.answers.understanding.spoken import (
    another,
    home,
    inside,
    job_of,
    of_nth,
    of_one,
    of_place,
    when,
)

SHORT = 7
"""A question of so many words that lacks what is asked for means what was asked last."""
_SOME = frozenset({"algum", "alguma", "em", "in", "on", "com", "qual", "quais", "which"})
_ANY = frozenset({"any", "anything", "algum", "alguma", "algo"})
_STILL = ("ainda", "still", "agora", "now")
_OF_MANY = PLACES | {"critical", "urgent"}
_OF_ONE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("facet", ()),
    ("relation", ()),
    ("field", ()),
    ("flag", ("rerun",)),
    ("ask", ("why", "when", "how_long")),
)


def follows(question: Question, last: Understood | None) -> bool:
    """Whether the question leans on what was asked before."""
    q = question
    if last is None:
        return False
    if q.has("ask", "else") and (last.shown or objects_of(last.asked)):
        return True
    of_list = last.asked.query if isinstance(last.asked, Ask) else None
    if of_list and (q.starts("negation", "except") or waited_for(q, of_list)):
        return True
    if q.starts("follow", "and", "only", skip=("talk", "polite")) and len(q.words) <= 3 * SHORT:
        return True
    if q.has("follow", "and") and q.consists_of("follow", "polite", "talk", "entity", "name"):
        return True  # "X, I mean"
    if len(q.times) > 1 and (q.has("days") or q.has("facet", "compare")):
        return False  # "was yesterday better than today?"
    if q.consists_of("ask", "follow", "polite", "facet", "nth", "superlative", "negation", "flag"):
        return True
    others = isinstance(last.asked, Ask) and q.has("ask", "others")
    if others and q.consists_of(*OTHERWISE, "ask", "follow", "entity"):
        return True
    if q.names:
        narrows = q.has("follow", "of_them") or _is_only_where(q)
        return isinstance(last.asked, Ask) and narrows
    if asked_place(q) and (isinstance(last.asked, Ask) or job_of(last)):
        return True
    if jobs_of_these(q, last) or home(q, last) or _counts_there(q, last) or _is_part(q, last):
        return True
    if q.has("nth") and last.shown and not q.has("entity"):
        return True
    points = q.has("follow", "it", "them", "of_them")
    return points or (len(q.words) <= SHORT and not says_what(q))


def _counts_there(q: Question, last: Understood) -> bool:
    """ "How many are waiting?", of no more than the place, or the user, just spoken of."""
    things = [one.kind for one in objects_of(last.asked)]
    where = conditions_of(last.asked.query) if isinstance(last.asked, Ask) else ()
    inside = bool(things) and set(things) <= {"workstation", "stream"}
    other = {t.key for t in q.of("entity")} - ({"jobs"} if inside else set())
    counts = q.starts("ask", "count") and not (other or q.times)
    listed = bool(things) and q.consists_of("ask", "follow", "polite", "entity")  # "jobs?"
    places = _OF_MANY.intersection([*things, *(one.field for one in where)])
    return bool((counts or listed) and places and len(q.words) <= SHORT)


def _is_part(q: Question, last: Understood) -> bool:
    """ "Algum em erro?", "em erro?": no more than a state, of what was listed."""
    others = {at for at, word in enumerate(q.words) if word.text not in _SOME}
    state = bool(q.statuses) and others <= all_places(q.statuses)
    return isinstance(last.asked, Ask) and state and not q.has("entity")


def _is_only_where(q: Question) -> bool:
    """ "On X?", "desculpa, da X": a condition that begins with its preposition, and nothing else;
    after an apology without one too."""
    said = all_places(q.names, [*q.of("polite", "sorry")])
    others = [word.text for at, word in enumerate(q.words) if at not in said]
    begins = q.starts("polite", "sorry") or (others and others[0] in WHERE | _ANY)
    return bool(begins) and EMPTY.issuperset(others)


def says_what(q: Question) -> bool:
    """Whether it can stand alone: it says of what it asks, and what."""
    by = next(q.of("by"), None)
    grouped = by.first if by else len(q.words)
    entity = any(term.first < grouped for term in q.of("entity"))
    deadlines = q.has("flag", "will_miss", "deadline_passed") and q.has("field", "deadline")
    return entity or deadlines or bool(q.statuses and not q.has("ask", "why"))


def followed(question: Question, last: Understood, names: Names) -> Asked | None:
    """What it asks with what was asked before; None when it leans on nothing of that."""
    q = question
    if isinstance(last.asked, More):
        last = replace(last, asked=last.asked.last)
    found = (
        another(q, last, names)
        or of_nth(q, last)
        or jobs_of_these(q, last)
        or of_the_most(q, last)
        or others(q, last)
        or when(q, last)
        or other_side(q, last)
    )
    if found:
        return found
    if q.has("follow", "of_them") and q.text_of_has(*_STILL) and last.asked.type == "ask":
        return of_shown(q, last, names)
    if q.has("ask", "else"):
        return beside_those(q, last, names)
    return of_place(q, last) or inside(q, last, names) or _of_one_or_all(q, last, names)


def _of_one_or_all(q: Question, last: Understood, names: Names) -> Asked | None:
    """A facet of the one that was spoken of; else the last query with what is said now."""
    one = len(objects_of(last.asked)) == 1 or (isinstance(last.asked, Ask) and points_at_one(q))
    other = q.has("entity", "jobs") or q.has("ask", "others")
    if q.has("follow", "it") and one and not other:
        return of_one(q, last)
    if _is_of_one(q) and (found := of_one(q, last)):
        return found
    if isinstance(last.asked, Ask):
        return edited(q, last.asked, names)
    if len(last.shown) > 1 and not says_what(q):
        return of_shown(q, last, names)  # "any critical?", after one of them was asked about
    alone = q.consists_of("flag", "follow", "polite") and not q.has("ask")
    return of_one(q, last) if alone else None


def _is_of_one(q: Question) -> bool:
    """Whether it asks for something that only one object has."""
    narrows = q.has("follow", "of_them") and not q.has("facet")
    if narrows or q.starts("follow", "only") or q.has("sort"):
        return False
    if q.has("by") or q.has("ask", "count", "share") or (q.has("ask", "list") and q.numbers):
        return False
    flags = {(t.first, t.last) for t in q.of("flag")}
    states = all_places(q.statuses)
    only = {
        # "With rc not 0" is a condition.
        "field": bool(q.numbers) or {(t.first, t.last) for t in q.of("field")} <= flags,
        "relation": all(t.first in states for t in q.of("relation")),  # "e esperando?"
    }
    return any(q.has(category, *keys) for category, keys in _OF_ONE if not only.get(category))
