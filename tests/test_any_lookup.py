"""`field__any` finds what `field__in` finds."""

from __future__ import annotations

import pytest

from audits.models import AuditRecord
from audits.states import Status
from knowledge.models import Memory
from tests.factories import make_memory, make_record

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("count", [0, 1, 3])
def test_rows_are_found_and_written_by_an_array_of_their_ids(count: int) -> None:
    records = [make_record(Status.QUEUED, make_memory(f"{n}?", f"It is {n}.")) for n in range(4)]
    some = records[:count]

    of_records = AuditRecord.objects.filter(id__any={one.id for one in some})
    of_memories = Memory.objects.filter(pk__any={one.memory_id for one in some})

    assert set(of_records.values_list("id", flat=True)) == {one.id for one in some}
    assert set(of_memories) == {one.memory for one in some}
    assert of_records.update(last_error="x") == of_memories.update(asked_as="x") == count
    assert AuditRecord.objects.filter(last_error="x").count() == count


def test_texts_are_found_whatever_stands_in_them() -> None:
    for text in ("a,b", "{c}", 'd"e', "f"):
        make_memory(f"What is {text}?", agent=text)

    found = Memory.objects.filter(agent__any=["a,b", "{c}", 'd"e'])

    assert {one.agent for one in found} == {"a,b", "{c}", 'd"e'}
