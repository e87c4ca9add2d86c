"""How candidates are ordered: by words and vectors on scales of their own, and on grounds."""

from __future__ import annotations

from uuid import UUID

import pytest

from knowledge.fusion import Candidate, fuse
from knowledge.sought import Sought, Unit, look_for

UNITS = (
    Unit("restart", 1.0, frozenset({0}), is_word=True),
    Unit("agent", 1.0, frozenset({1}), is_word=True),
    Unit("night", 1.0, frozenset({2}), is_word=True),
    Unit("§agent", 2.5, frozenset({1}), is_of_the_trade=True),
)
QUESTION = Sought(UNITS, 3, frozenset())
OF_NO_TRADE = Sought(UNITS[:3], 3, frozenset())


def candidate(number: int, ranks: list[float], cosine: float | None, **fields: bool) -> Candidate:
    known = {"is_approved": True, **fields}
    held = {n: rank for n, rank in enumerate(ranks) if rank}
    return Candidate(UUID(int=number), cosine=cosine, lexemes=60, ranks=held, **known)


def order(*candidates: Candidate) -> list[int]:
    return [one.candidate.memory_id.int for one in fuse(QUESTION, candidates)]


@pytest.mark.parametrize("scale", [(0.0, 1.0), (0.8, 0.05), (-0.2, 0.01)])
def test_the_scale_of_an_embedder_does_not_matter(scale: tuple[float, float]) -> None:
    low, width = scale
    cosines = [low + width * of for of in (0.1, 0.9, 0.2, 0.15)]
    ranks = [[0, 0.5, 0, 0.5], [0, 0.5, 0, 0.5], [0, 0, 0, 0.5], [0, 0, 0, 0.5]]

    found = order(*(candidate(n, ranks[n], cosines[n]) for n in range(4)))

    assert found == [1, 0, 2, 3]


def test_the_nearest_vector_alone_brings_nothing_up() -> None:
    assert fuse(OF_NO_TRADE, [candidate(1, [0, 0, 0], 0.99), candidate(2, [0, 0, 1], 0.8)]) == []


def test_the_nearer_vectors_are_grounds_where_the_question_is_of_the_trade() -> None:
    assert order(candidate(1, [0, 0, 0, 0], 0.99), candidate(2, [0, 0, 0, 0], 0.8)) == [1]


def test_what_anybody_may_say_is_grounds_only_when_it_is_half_of_the_question() -> None:
    units = [Unit(f"word{n}", 1.0, frozenset({n}), is_word=True) for n in range(5)]
    said = candidate(1, [1, 1, 0, 0, 0, 0], None)
    everyday = Sought((*units, Unit("§cause", 2.5, frozenset({0, 1}))), 5, frozenset())
    others = Sought((*units, Unit("§list", 2.5, frozenset({3, 4}))), 5, frozenset())

    assert fuse(everyday, [said]) == []
    assert len(fuse(others, [said])) == 1


def test_a_question_of_one_word_that_anybody_may_say_brings_nothing_up() -> None:
    works = look_for("did it work?")
    fixes = look_for("how do I fix it?")
    prompts = look_for("what is a prompt?")

    for asked, found in ((works, False), (fixes, False), (prompts, True)):
        all_of_it = candidate(1, [1.0] * len(asked.units), 0.9)

        assert bool(fuse(asked, [all_of_it, candidate(2, [0] * len(asked.units), 0.1)])) is found


def test_two_words_of_three_or_a_word_of_the_trade_are_grounds() -> None:
    two = candidate(1, [1, 0, 1, 0], None)
    trade = candidate(2, [0, 0, 0, 0.5], None)
    chance = candidate(3, [0, 0, 1, 0], None)

    assert set(order(two, trade, chance)) == {1, 2}


def test_among_answers_about_as_good_an_approved_one_comes_first() -> None:
    cleared = candidate(1, [1, 1, 0.5, 1], 0.9, is_approved=False)
    approved = candidate(2, [1, 1, 0.48, 1], 0.9)
    beside = candidate(3, [0, 0, 0, 0.5], 0.1)

    assert order(cleared, approved, beside) == [2, 1, 3]


def test_exact_terms_come_first_and_the_very_question_before_them() -> None:
    fits = candidate(1, [1, 1, 1, 1], 0.9)
    named = candidate(2, [0, 0, 1, 0], 0.1, has_term=True)
    same = candidate(3, [0, 0, 1, 0], 0.1, is_same_question=True)

    assert order(fits, named, same) == [3, 2, 1]


def test_scores_fall_with_the_order_and_say_how_likely_it_is_meant() -> None:
    found = fuse(
        QUESTION,
        [
            candidate(1, [1, 1, 1, 1], 0.9),
            candidate(2, [0, 0.5, 0, 0.5], 0.5),
            candidate(3, [0, 0, 0, 0.5], 0.1),
        ],
    )

    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 0.8 > 0.3 > scores[1]


def test_no_candidates_are_no_answer() -> None:
    assert fuse(QUESTION, []) == []


def test_a_question_is_taken_apart_within_bounds() -> None:
    sought = look_for(" ".join(f"NAME_{number:03} agent{number}" for number in range(4000)))

    assert len(sought.units) <= 70
    assert len(sought.terms) == 20
