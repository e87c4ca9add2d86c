"""Which memories an answer was given from, and who read it."""

from __future__ import annotations

from uuid import uuid4

import pytest

from knowledge.lineage import note_uses
from knowledge.models import MemoryUse
from tests.factories import make_memory

pytestmark = pytest.mark.django_db


def test_an_answers_memories_are_kept_with_their_version_and_reader(operator) -> None:
    recipe, answer, run = make_memory(), make_memory("Why?", "It waits."), uuid4()

    note_uses({(recipe.pk, 1): "quoted"}, answer=answer, run_id=run, reader=operator)

    [use] = recipe.uses.all()
    assert (use.version, use.how, use.run_id) == (1, "quoted", run)
    assert (use.answer, use.reader) == (answer, operator)
    assert list(answer.used.all()) == [use]


def test_what_was_purged_meanwhile_leaves_no_trace_and_stops_nobody() -> None:
    recipe = make_memory()

    note_uses({(uuid4(), 1): "shown", (recipe.pk, 2): "recalled"})

    assert list(MemoryUse.objects.values_list("memory_id", "how")) == [(recipe.pk, "recalled")]


def test_lineage_outlives_the_answer_and_goes_with_the_memory() -> None:
    recipe, answer = make_memory(), make_memory("Why?", "It waits.")
    note_uses({(recipe.pk, 1): "quoted"}, answer=answer)

    answer.delete()

    assert MemoryUse.objects.get().answer is None
    recipe.delete()
    assert not MemoryUse.objects.exists()
