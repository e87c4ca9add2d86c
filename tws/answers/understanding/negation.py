"""What a question denies or leaves out: "not running", "neither … nor", "except those on X"."""

from __future__ import annotations

from knowledge.hwa.lexicon import EMPTY, Term
from tws.answers.understanding.measures import OVER
from tws.answers.understanding.question import Question, all_places

TURNING = frozenset({
    "but", "mas", "porem", "then", "depois", "however", "before", "after", "antes", "que", "that",
    "than", "which",
})  # fmt: skip
JOINTS = frozenset({"or", "nor", "ou", "nem"})
_LISTING = JOINTS | {"and", "e"}
_EVER = frozenset({"never", "nunca"})
WHERE = frozenset({"on", "in", "at", "of", "from", "na", "no", "da", "do"})


def is_negated(q: Question, place: int) -> bool:
    """Whether what stands there is denied or excepted; the words that do so are used."""
    term = q.before(place, "negation", "not", within=4)
    term = term or q.before(place, "compare", "different", within=2) or _excepting_state(q, place)
    if term is None:
        return False
    between = range(term.last, place)
    if states := [s for s in q.statuses if s.first in between]:
        joint = [word.text for word in q.words[states[-1].last : place]]
        joints = JOINTS if term.key == "not" else _LISTING  # "other than SUCC and HOLD"
        return len(joint) == 1 and joint[0] in joints and is_negated(q, states[-1].first)
    if not all_places([*q.of("flag")], q.names).isdisjoint(between):
        return False
    over = {one.first for one in q.statuses if one.value.group in OVER}
    if q.text_of(term) in _EVER and place in over:
        q.missed |= all_places([term])  # earlier runs than the last are no state
    q.use(term, q.before(term.first, "negation", "not", within=4))  # "não está nem … nem"
    return True


def _excepting_state(q: Question, place: int) -> Term | None:
    """ "Ready but not running", "com exceção dos que já terminaram com sucesso"."""
    term = q.before(place, "negation", "except", within=7)
    verbs = all_places([*q.of("event")], q.statuses)
    between = range(term.last, place) if term else ()
    return term if all(at in verbs or q.words[at].text in EMPTY for at in between) else None


def excepting(q: Question, place: int) -> Term | None:
    """The "menos a", the "except" or the "not on" that stands before a place."""
    said = q.before(place, "negation", "except", within=4)
    nowhere = q.before(place - 1, "negation", "not", within=2)
    if nowhere and nowhere.last < place - 1 and q.text_of(nowhere) in JOINTS:
        nowhere = None  # "neither waiting nor done on X"
    between = {w.text for w in q.words[nowhere.last : place - 1]} if nowhere else set()
    where = {word.text for word in q.words[place - 1 : place + 1]}
    found = said or (nowhere if between <= EMPTY and where & WHERE else None)
    return found or _excepting_before(q, place)


def is_excepted(q: Question, place: int) -> bool:
    term = excepting(q, place)
    if term and any(term.last <= one.first < place for one in q.statuses):
        q.missed |= all_places([term])  # "except the failed ones on X": both, or either?
    q.use(term)
    return term is not None


def _excepting_before(q: Question, place: int) -> Term | None:
    """ "Except on X or in stream Y": what excepts the name that this one is joined to."""
    earlier = next((one for one in reversed(q.names) if one.last < place), None)
    if earlier is None:
        return None
    kinds = all_places([*q.of("entity")])
    between = [at for at in range(earlier.last, place) if at not in kinds]
    joint = {q.words[at].text for at in between}
    joined = joint & _LISTING and joint <= EMPTY - TURNING
    return excepting(q, earlier.first) if joined else None
