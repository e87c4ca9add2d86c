"""What of the rows is the answer: a list, a count, a share, the first, whether there are any."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Literal

from knowledge.hwa.lexicon import EMPTY, Term
from tws.answers.understanding.asked import Ask, Focus
from tws.answers.understanding.drafts import Draft, condition, contrary
from tws.answers.understanding.flags import STILL_OPEN
from tws.answers.understanding.question import Found, Question, all_places, places_of
from tws.plan.query.asked import Condition

WHICH = frozenset({"que", "qual", "quais", "quem", "what", "which", "who"})
HAVING = frozenset({"que", "that", "which", "who", "have", "has", "had", "with", "com", "tem"})
_WHETHER = frozenset({"are", "is", "did", "have", "esta", "estao", "foram", "ficou", "ficaram"})
_RELATIVE = frozenset({"que", "that", "which", "who"})
_BEING = frozenset({"is", "are", "was", "were", "foi", "foram", "esta", "estao", "sao"})
_PLACES = frozenset({"workstation", "stream", "folder"})


def focused(q: Question, draft: Draft) -> Ask:
    """What is asked with the draft, whose contrary it may be."""
    if draft.predicates and (share := q.take("ask", "share")):
        q.missed |= all_places([*q.of("by")] if draft.group_by else ())  # a share of each
        scope = [*draft.scope, *_said_of_whole(q, draft)]
        if _is_share_of_state(q, share):
            scope = [one for one in draft.scope if one.field not in _PLACES] + draft.predicates
        whole = Draft(draft.entity, scope).query()
        return Ask(draft.query(), "share", whole=whole)
    if draft.group_by and draft.group_by != ["group"]:
        focus: Focus = "extreme" if draft.first == 1 else "groups"
        return Ask(draft.query(), focus, first=draft.first, above=draft.above)
    if draft.group_by != ["group"]:
        for first, then in pairwise(q.of("ask", "count")):
            if not _is_empty(q, first.last, then.first):
                q.missed |= all_places([then])  # another question
    if q.take("ask", "count") or _is_counted_against(q):
        return Ask(draft.query(), "list" if and_which(q) else "count")
    if draft.limit == 1:
        return Ask(draft.query(), "extreme", then=_then(q))
    if _is_of_all(q, draft) and draft.predicates:
        of_whole = _said_of_whole(q, draft)  # "are all critical jobs done?"
        if len(draft.parts) > 1 and not of_whole:
            q.missed |= all_places([*q.of("ask", "every")])
        draft.scope += of_whole
        draft.predicates = [contrary(one) for one in draft.predicates if one not in of_whole]
        if condition("late", "=", True) in draft.predicates:  # "is everything on time?"
            draft.predicates.append(STILL_OPEN)
        return Ask(draft.query(), "yes_no", every=True)
    return Ask(draft.query(), _list_or_whether(q))


def _is_share_of_state(q: Question, share: Term) -> bool:
    """ "What share of the failures was on X?", which is none of what is on X."""
    state = next((one for one in q.statuses if 0 <= one.first - share.last <= 1), None)
    between = range(state.last, q.names[0].first) if state and q.names else ()
    return any(q.words[at].text in _BEING for at in between)


def and_which(q: Question) -> bool:
    """ "How many are stuck, and which ones": a list tells both."""
    count = next(q.of("ask", "count"), None)
    last = next((t for t in q.of("ask", "which_ones") if count and t.first >= count.last), None)
    return last is not None and _is_empty(q, last.last, len(q.words))


def _then(q: Question) -> Literal["", "why", "log"]:
    """What is asked of the one that is found: "why did the last one fail"."""
    if q.take("facet", "log"):
        return "log"
    return "why" if q.take("ask", "why") or q.take("facet", "cause") else ""


def _is_counted_against(q: Question) -> bool:
    """ "Are there more than ten failed jobs?": the count tells."""
    number = next((one for one in q.numbers if one.first not in q.used), None)
    compared = q.before(number.first, "compare", within=2) if number else None
    if number is None or compared is None or not (q.has("ask", "any") and not q.has("by")):
        return False
    q.use(number, compared)
    return True


def _said_of_whole(q: Question, draft: Draft) -> list[Condition]:
    """Of a state and a flag, or two flags, the one said first: "of the critical jobs, how many
    failed"."""
    flags = [t for t in q.of("flag") if t.first in q.used]
    states: list[Term | Found[Any]] = list(q.statuses)
    states += [t for t in q.of("event") if t.first in q.used]
    if len(draft.parts) != 2 or not flags or (not states and len(flags) < 2):
        return []
    first, then = draft.parts
    return first if not states or min(s.first for s in states) < flags[0].first else then


def _is_empty(q: Question, first: int, last: int) -> bool:
    return all(word.text in EMPTY for word in q.words[first:last])


def _is_of_all(q: Question, draft: Draft) -> bool:
    starts = q.starts("ask", "every", skip=("polite", "follow"))
    first = q.words[0].text if q.words else ""
    told: list[Term | Found[Any]] = [*q.statuses, *q.of("flag"), *q.of("event")]
    every = next(q.of("ask", "every"), None)
    if every and q.words[min(every.last, len(q.words) - 1)].text in HAVING:
        return False  # "everything that failed"
    entity = next(q.of("entity"), None)
    if starts and q.statuses and not entity:
        return False  # "everything in hold except on X"
    before = entity and any(one.first < entity.first for one in told)
    if entity and any(w.text in _RELATIVE for w in q.words[entity.last :]):
        return False  # "all jobs in error that are critical"
    if entity and before and not any(one.first > entity.first for one in told):
        return False  # "all failed jobs" are listed
    if any(one.op in ("!=", "not in") and one != STILL_OPEN for one in draft.predicates):
        return False  # "all jobs except those in hold"
    if any(set(places_of(one)) <= q.used for one in q.of("negation", "not")):
        return False  # and so are "all jobs not in SUCC"
    asks = every and (first in _WHETHER or q.words[every.first - 1].text in _WHETHER)
    return bool(starts or asks) and not q.has("ask", "list", "count")


def _list_or_whether(q: Question) -> Focus:
    opens = [word.text for word in q.words[:2] if word.text != "o"]
    which = not WHICH.isdisjoint(opens[:1]) or q.has("ask", "list")  # "que recursos existem?"
    any_said = any(q.text_of(one) != "no" for one in q.of("ask", "any"))
    return "yes_no" if any_said and not which else "list"
