"""Verdicts of judges that are gone are judged again, a person's never."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.utils import timezone

from audits import decisions, review
from audits.models import AuditRecord, Decision
from tests.factories import make_memory, make_record

pytestmark = pytest.mark.django_db

AGAIN = [("cleared", "rules"), ("cleared", "grounding"), ("pending", "grounding")]
AGAIN += [("quarantined", "grounding")]
LEFT = [("cleared", "claims"), ("cleared", "llm"), ("pending", "rules"), ("pending", "person")]
LEFT += [("quarantined", "claims"), ("failed", "auditor"), ("unverified", "auditor")]


@pytest.fixture
def records(reviewer) -> dict[tuple[str, str], AuditRecord]:
    made = {
        (status, judge): make_record(status, make_memory(f"{status} {judge}?"), judge=judge)
        for status, judge in AGAIN + LEFT
    }
    by = {"reviewer": reviewer, "reviewed_at": timezone.now(), "judge": "grounding"}
    for status in ("approved", "rejected"):
        made[status, "person"] = make_record(status, make_memory(f"{status}?"), **by)
    return made


def statuses(records: dict[tuple[str, str], AuditRecord]) -> dict[tuple[str, str], tuple[str, str]]:
    rows = AuditRecord.objects.select_related("memory").in_bulk(
        [one.pk for one in records.values()]
    )
    return {key: (rows[one.pk].status, rows[one.pk].memory.trust) for key, one in records.items()}


def test_they_are_counted_first(records, capsys) -> None:
    before = statuses(records)

    call_command("requeue_verdicts", "--json")

    found = json.loads(capsys.readouterr().out)
    assert found == {"cleared": 2, "pending": 1, "quarantined": 1, "queued": 0}
    assert statuses(records) == before


def test_they_are_queued_again_and_nothing_else_is(records, capsys) -> None:
    before = statuses(records)

    call_command("requeue_verdicts", "--yes")

    assert "4 queued again" in capsys.readouterr().out
    assert statuses(records) == before | dict.fromkeys(AGAIN, ("queued", "new"))
    lines = Decision.objects.filter(action="requeue").values_list("from_status", "judge")
    assert set(lines) == {("pending", "grounding"), ("quarantined", "grounding")}
    assert decisions.verify().ok


def test_what_a_reviewer_has_taken_is_left(records, reviewer) -> None:
    taken = records["pending", "grounding"]
    review.claim(taken.memory_id, reviewer)

    call_command("requeue_verdicts", "--yes")

    assert statuses(records)["pending", "grounding"] == ("pending", "suspect")
