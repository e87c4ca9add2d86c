"""Whole numbers in digits and in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.hwa.numbers import find_numbers
from tests.linear import assert_linear


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Três jobs e 13 streams", [3, 13]),
        ("twenty-one of 2,341", [21, 2341]),
        ("vinte e um de 2.341", [21, 2341]),
        ("trezentos jobs e duzentas falhas", [300, 200]),
        ("two hundred and five, a thousand", [205, 1000]),
        ("mil e duzentos; dois milhoes", [1200, 2_000_000]),
        ("nenhum, both and none", [0, 2, 0]),
        ("meia dúzia, duas dúzias, half a dozen", [6, 24, 6]),
        ("2 mil jobs e 3k linhas", [2000, 3000]),
        ("trinta e dois mais noventa", [32, 90]),
        ("às 22:00:07 de 20/11, versão 10.2.8, JOB_12", []),
        ("no jobs, o job o segundo no servidor JOB_ONE um-dois", []),
        ("na segunda e na quarta", []),
        ("", []),
    ],
)
def test_numbers_in_digits_and_words(text, values):
    assert [number.value for number in find_numbers(text)] == values


@given(st.integers(0, 10**12))
def test_digits_are_read_back_in_each_spelling(value):
    for written in (str(value), f"{value:,}", f"{value:,}".replace(",", ".")):
        assert [one.value for one in find_numbers(f"há {written} jobs")] == [value]


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(text):
    end = 0
    for number in find_numbers(text):
        assert end <= number.start < number.end <= len(text)
        end = number.end


@pytest.mark.parametrize("unit", ["vinte e ", "1.000.", "mil ", "um ", "[", "2 mil "])
def test_a_hostile_text_takes_linear_time(unit):
    assert_linear(find_numbers, unit)
