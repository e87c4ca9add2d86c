"""Which candidates bear on a question, and in which order: the one place that scores.

Words and vectors each say how near a candidate is, on scales of their own. Both are brought to
their mean and spread among this question's candidates before they are added, so that any embedder
counts the same. Grounds to bring something up at all are words: a vector is always nearest to
something, so it counts as grounds only where the question itself is of the trade.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple
from uuid import UUID

from knowledge.sought import FEW_WORDS, Sought

VECTOR = 0.7
"""Of the vectors beside the words. Measured: docs/decisions.md."""
TERM, SAME = 10.0, 30.0
"""Exact terms of the question come first, before them an approved memory of the same question."""
NEAR = 1.5
"""About as good as the best: there an approved memory comes before an audited one."""

POSSIBLE, LIKELY, CERTAIN = 0.3, 0.6, 0.8
"""Scores from which a memory may be told as the closest, as the answer, and unasked. Of 546
paraphrases and 240 questions about something else 492 bring the right memory first at POSSIBLE and
96 a wrong one or one at all; 450 and 46 at LIKELY, 394 and 25 at CERTAIN."""

LENGTH = 60
"""Lexemes of a usual memory; a longer one shares words by chance."""
FEWEST = 50
COMMON = 0.4
"""What understanding a word counts that every candidate shares."""
SENSE, SENSE_OF_EVERYDAY, SENSE_OF_FEW = 0.3, 0.5, 0.5
"""How much of the question must be shared; more when anybody may say all that is shared."""
MOST_LEAD = 4.0


class Candidate(NamedTuple):
    """A usable memory; `ranks` says how well it holds each of the units that it holds."""

    memory_id: UUID
    is_approved: bool
    cosine: float | None
    lexemes: int
    ranks: Mapping[int, float]
    has_term: bool = False
    is_same_question: bool = False


class Scored(NamedTuple):
    candidate: Candidate
    score: float
    """How likely it is what was meant (0..1), never more than that of the one before."""


class _Shared(NamedTuple):
    """What a candidate shares with the question: weighed, and how much of it is understood."""

    coverage: float
    sense: float
    words: int
    of_the_trade: bool
    everyday: bool


def fuse(sought: Sought, candidates: Sequence[Candidate], limit: int = 100) -> list[Scored]:
    """The first `limit` candidates that bear on the question, best first."""
    if not candidates:
        return []
    shared = _shared(sought, candidates)
    by_words = _standardised([one.coverage for one in shared], _spread_of_coverage)
    by_vector = _standardised(_cosines(candidates), _spread_of_cosines)
    worth = [
        words + VECTOR * vector + TERM * candidate.has_term
        + SAME * (candidate.is_same_question and candidate.is_approved)
        for words, vector, candidate in zip(by_words, by_vector, candidates, strict=True)
    ]  # fmt: skip
    is_of_the_trade = any(unit.is_of_the_trade for unit in sought.units)
    bearing = [
        n
        for n, candidate in enumerate(candidates)
        if _bears(sought, candidate, shared[n]) or (is_of_the_trade and by_vector[n] > 0)
    ]
    if not bearing:
        return []
    best = max(worth[n] for n in bearing)
    bearing.sort(
        key=lambda n: (
            not (candidates[n].is_approved and worth[n] >= best - NEAR),
            -worth[n],
            candidates[n].memory_id,
        )
    )
    leads = sorted((worth[n] for n in bearing), reverse=True)[:2]
    return _with_scores([(candidates[n], shared[n], worth[n]) for n in bearing[:limit]], leads)


def _bears(sought: Sought, candidate: Candidate, shared: _Shared) -> bool:
    """Something of the trade, or enough of the question: one known word of three is a chance.

    Of one or two words not only what anybody may say: "did it work?" is about what was named.
    """
    if candidate.has_term or candidate.is_same_question or shared.of_the_trade:
        return True
    if sought.words > FEW_WORDS:
        least = SENSE_OF_EVERYDAY if shared.everyday else SENSE
        return shared.sense >= least and shared.words >= 2
    return shared.sense >= SENSE_OF_FEW and not shared.everyday


def _shared(sought: Sought, candidates: Sequence[Candidate]) -> list[_Shared]:
    units = sought.units
    counts = Counter(n for one in candidates for n in one.ranks)
    total = max(sum(bool(one.ranks) for one in candidates), FEWEST)
    rarity = [
        math.log(1 + (total - counts[n] + 0.5) / (counts[n] + 0.5)) for n in range(len(units))
    ]
    most = COMMON * math.log(1 + (total + 0.5) / 0.5)
    weights = [unit.weight * rare for unit, rare in zip(units, rarity, strict=True)]
    whole = sum(weights) or 1.0
    everyday = {
        place
        for unit in units
        if not unit.is_word and not unit.is_of_the_trade
        for place in unit.places
    }

    def worth(of: Iterable[int]) -> dict[int, float]:
        """Of each word of the question that these units account for: that of the rarest."""
        found: dict[int, float] = {}
        for n in of:
            for place in units[n].places:
                found[place] = max(found.get(place, 0), most + rarity[n])
        return found

    every = worth(range(len(units)))
    all_of_it = sum(every.values())

    @cache
    def understood(held: tuple[int, ...]) -> tuple[float, int, bool, bool]:
        covered = worth(held)
        sense = sum(covered.values())
        left = all_of_it - sum(every[place] for place in covered)
        return (
            sense / (sense + left) if covered else 0.0,
            len(covered),
            any(units[n].is_of_the_trade for n in held),
            covered.keys() <= everyday,
        )

    shared = []
    for one in candidates:
        coverage = sum(rank * weights[n] for n, rank in one.ranks.items()) / whole
        coverage *= (LENGTH / max(one.lexemes, 20)) ** 0.2
        shared.append(_Shared(coverage, *understood(tuple(one.ranks))))
    return shared


def _cosines(candidates: Sequence[Candidate]) -> list[float]:
    """One that came by its words alone lies no nearer than the farthest that came by its vector."""
    known = [one.cosine for one in candidates if one.cosine is not None]
    least = min(known, default=0.0)
    return [least if one.cosine is None else one.cosine for one in candidates]


def _standardised(values: Sequence[float], least: Callable[[float], float]) -> list[float]:
    """Each as its distance from their mean, in standard deviations.

    `least` is the smallest deviation that counts: among a few alike ones every difference is large.
    """
    mean = sum(values) / len(values)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))
    deviation = max(deviation, least(mean))
    return [(value - mean) / deviation for value in values]


def _spread_of_coverage(_: float) -> float:
    return 0.05


def _spread_of_cosines(mean: float) -> float:
    """Embedders that put everything near (a mean of 0.8) put it nearer to one another, too."""
    return max(0.1 * (1 - mean), 1e-6)


def _with_scores(
    ordered: Sequence[tuple[Candidate, _Shared, float]], leads: Sequence[float]
) -> list[Scored]:
    first, second = [*leads, -math.inf][:2]
    found: list[Scored] = []
    least = 1.0
    for candidate, shared, worth in ordered:
        lead = worth - (second if worth == first else first)
        least = min(least, _likelihood(shared.sense, lead, candidate))
        found.append(Scored(candidate, least))
    return found


def _likelihood(sense: float, lead: float, candidate: Candidate) -> float:
    """That it is what was meant: by how much of the question it shares, and its lead.

    A logistic fit, with either embedder: docs/decisions.md.
    """
    if candidate.is_same_question:
        return 1.0
    return 1 / (1 + math.exp(2.1 - 3.65 * sense - 0.75 * min(max(lead, -MOST_LEAD), MOST_LEAD)))
