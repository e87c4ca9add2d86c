"""The words of the plan's fields: one table, whole in both languages."""

import pytest

from knowledge.folding import fold
from knowledge.hwa.fields import FIELDS, VALUES, value_wording
from tws.plan.query.catalogue import ENTITIES


@pytest.mark.parametrize("entity", ENTITIES)
def test_each_field_of_the_plan_query_has_a_heading_and_a_kind(entity):
    unknown = set(ENTITIES[entity].fields) - set(FIELDS)

    assert unknown == set()


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_field_is_worded_as_the_plan_query_reads_it(entity):
    worded_as = {"name": {"name", "text"}, "word": {"word", "status", "name"}}
    for name, field in ENTITIES[entity].fields.items():
        alike = worded_as.get(field.kind, {field.kind}) | (
            {"count"} if field.kind == "number" else {"name"} if field.kind == "text" else set()
        )
        assert FIELDS[name].kind in alike, name


def test_each_few_valued_field_has_words_for_its_values():
    for entity in ENTITIES.values():
        for name, field in entity.fields.items():
            if field.known and FIELDS[name].kind != "status":
                assert set(field.known) <= set(VALUES[name]), name
    assert value_wording("risk", "late", "en") == "late"
    assert value_wording("risk", "SOMETHING", "en") is None


def test_words_that_are_heard_are_folded_and_stand_once_for_one_kind_of_object():
    seen = {}
    for field in FIELDS.values():
        for word in field.heard:
            assert word == fold(word)
            for kind in field.of or ("any",):
                assert seen.setdefault((word, kind), field.name) == field.name
