from __future__ import annotations

import pytest

from knowledge.glossary import glossary
from knowledge.hwa_terms import (
    concepts,
    exact_terms,
    message_codes,
    object_names,
)
from tests.linear import assert_linear


def test_message_codes_are_found_in_any_case():
    assert message_codes("awsbeh021e, AWSJCL074I and AWSBEH021E") == ["AWSBEH021E", "AWSJCL074I"]


def test_object_names_are_found_and_vocabulary_is_not():
    text = "O job PAYROLL_CALC (RC 12) em ABEND na FTA-SP01, stream FOLHA; etl_vendas e SRV1#A.B OK"

    assert object_names(text) == ["PAYROLL_CALC", "FTA-SP01", "FOLHA", "etl_vendas", "SRV1#A.B"]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("What does AWSBEH021E mean?", {"AWSBEH021E"}),
        ("rodar `planman resync` no master", {"planman", "resync"}),
        ("enCarryForward on a JnextPlan", {"enCarryForward", "JnextPlan"}),
        ("substatus HOLD_PRIORITY_ZERO", {"HOLD_PRIORITY_ZERO"}),
        ("ResetPlan -scratch", {"ResetPlan", "-scratch"}),
        ("Por que o job FOLHA_01 falhou?", {"FOLHA_01"}),
        ("Why is my job late?", set()),
    ],
)
def test_exact_terms(text, terms):
    assert set(exact_terms(text)) == terms


def test_the_glossary_joins_both_languages():
    pairs = [
        ("O job está atrasado", "The job is late"),
        ("trocar a senha do banco", "change the database password"),
        ("estações desconectadas", "unlinked workstations"),
        ("reexecutar o fluxo", "rerun the job stream"),
        ("limite da fila", "queue limit"),
        ("calendários", "calendar"),
    ]

    for portuguese, english in pairs:
        assert concepts(portuguese) & concepts(english), (portuguese, english)


def test_the_glossary_is_wide():
    assert len(glossary()) >= 250
    assert all(terms for terms in glossary().values())


@pytest.mark.parametrize(
    "unit", ["[", "A", "A_", "a_", "A/", "A#A.", "vinte e ", "1.000.", "conman ", "aB", "-a"]
)
@pytest.mark.parametrize("read", [object_names, message_codes, exact_terms, concepts])
def test_a_hostile_text_takes_linear_time(read, unit):
    assert_linear(read, unit)
