"""A question that was asked back: what is chosen of it is answered as it was asked."""

from __future__ import annotations

import pytest

from tws.answers.understanding.asked import AskBack, Define, NotUnderstood, Thing, Understood
from tws.answers.understanding.choosing import chosen

CHOICES = (
    Thing("job", "FAT_EMITE_RJ01", stream="FATURAMENTO_RJ01"),
    Thing("job", "FAT_EMITE_RJ01", stream="FATURAMENTO_RJ02"),
    Thing("workstation", "FTA_RJ01"),
)


def of(text: str, question: str = "por que o fat emite rj01 falhou?", written="fat emite rj01"):
    return chosen(text, Understood(AskBack("which_one", CHOICES, written), "pt", question))


@pytest.mark.parametrize(
    "text",
    [
        "FATURAMENTO_RJ02.FAT_EMITE_RJ01",
        "o faturamento_rj02.fat_emite_rj01",
        "a segunda",
        "the second one please",
        "o do FATURAMENTO_RJ02",
    ],
)
def test_a_choice_takes_its_name_s_place_in_the_question(text: str):
    assert of(text) == "por que o FATURAMENTO_RJ02.FAT_EMITE_RJ01 falhou?"


def test_the_name_is_added_to_a_question_that_had_none():
    assert of("FTA_RJ01", "e o log?", "") == "e o log? FTA_RJ01"


@pytest.mark.parametrize(
    "text",
    ["FAT_EMITE_RJ01", "o quinto", "e o log do segundo?", "", "quais jobs falharam?", "obrigado"],
)
def test_what_chooses_none_or_asks_something_else_is_a_question_of_its_own(text: str):
    assert of(text) is None


def test_a_yes_to_the_nearest_question_asks_that():
    last = Understood(NotUnderstood(("gato",), "o que falhou?"), "pt", "o que falhou gato?")

    assert [chosen(text, last) for text in ("sim", "ok, isso", "o que falhou ontem?")] == [
        "o que falhou?",
        "o que falhou?",
        None,
    ]


def test_nothing_is_chosen_where_nothing_was_offered():
    assert chosen("sim", Understood(NotUnderstood(("gato",)), "pt", "gato?")) is None
    assert chosen("sim", Understood(AskBack("what"), "pt", "e o log dele?")) is None


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("e FAIL?", "o que é FAIL?"),
        ("e na FTA1?", None),
        ("qual a diferença entre READY e HOLD?", None),
    ],
)
def test_what_follows_a_definition_is_defined_too(text: str, asked: str | None):
    assert chosen(text, Understood(Define(("abend",)), "pt", "o que é ABEND?")) == asked
