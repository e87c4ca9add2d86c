"""What stands near a record: similar memories, contradictions, and the answers that it reached."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from audits import review
from audits.console import nearby
from audits.models import AuditRecord
from knowledge import lineage
from knowledge.hits import SearchUnavailable
from knowledge.lineage import note_uses
from knowledge.models import Memory
from tests.factories import make_memory, make_record

pytestmark = pytest.mark.django_db


def url_of(record: AuditRecord) -> str:
    return reverse("admin:audits_auditrecord_nearby", args=[record.pk])


def approved(by, *texts: str) -> Memory:
    memory = make_memory(*texts)
    make_record("approved", memory, reviewer=by, reviewed_at=timezone.now())
    return memory


def quoted(memory: Memory, times: int, *readers) -> None:
    """In so many answers, each reader in turn."""
    for number in range(times):
        answer = make_memory(f"What of case {number} of {memory.pk}?", f"See above. {number}")
        reader = readers[number % len(readers)]
        note_uses({(memory.pk, 1): "quoted"}, answer=answer, run_id=uuid4(), reader=reader)


def test_similar_memories_in_use_and_contradictions_are_shown_with_links(client, reviewer):
    other = approved(reviewer, "Which port does netman use?", "netman uses port 31111.")
    kept_out = make_memory("Which port does netman use today?", "netman uses port 1.")
    make_record("rejected", kept_out, reviewer=reviewer, reviewed_at=timezone.now())
    record = make_record(
        "pending", make_memory("Which port does netman use now?", "netman uses port 31116.")
    )
    client.force_login(reviewer)

    text = client.get(url_of(record)).content.decode()

    assert reverse("admin:audits_auditrecord_of_memory", args=[other.pk]) in text
    assert "This one says 31116, that one 31111." in text
    assert "Says otherwise" in text
    assert str(kept_out.pk) not in text  # only what is in use
    assert "No answer was given from it." in text


def test_what_a_memory_reached_is_told_in_words_and_paged(client, reviewer, operator, admin_user):
    memory = approved(reviewer, "How do I restart X?", "Use StartUpLwa.")
    quoted(memory, nearby.A_PAGE + 2, operator, admin_user)
    note_uses({(memory.pk, 1): "shown"}, run_id=uuid4(), reader=operator)
    client.force_login(reviewer)

    first = client.get(url_of(memory.audit))
    second = client.get(url_of(memory.audit), {"page": 2}).content.decode()

    text = first.content.decode()
    assert "Quoted in 12 answers." in text
    assert "Shown beside 1 answer." in text
    assert "2 people have read them." in text
    assert "Rejected, it is no longer found. Whoever read" in text
    assert len(first.context["uses"]) == nearby.A_PAGE
    assert "What of case 0 of" in second
    assert "What of case 0 of" not in text


def test_more_uses_than_are_counted_are_said_to_be_more(reviewer, operator, monkeypatch):
    monkeypatch.setattr(lineage, "MOST_COUNTED", 2)
    memory = approved(reviewer)
    quoted(memory, 3, operator)

    reached = lineage.reach(memory)

    assert (reached.answers, reached.readers, reached.is_cut) == ({"quoted": 2}, 1, True)
    assert "Only its latest uses are counted here." in list(nearby.in_words(reached))


def test_a_search_that_does_not_answer_hides_nothing_else(client, reviewer, monkeypatch):
    def away(*_):
        raise SearchUnavailable("down")

    monkeypatch.setattr(nearby.retrieval, "search", away)
    client.force_login(reviewer)

    text = client.get(url_of(make_record("pending"))).content.decode()

    assert "The search does not answer just now." in text
    assert "What it reached" in text


def test_the_part_for_the_records_page_has_no_frame(client, reviewer):
    record = make_record("pending")
    client.force_login(reviewer)

    part = client.get(url_of(record), {"part": 1}).content.decode()

    assert "<html" not in part
    assert "Similar memories in use" in part


def test_a_contradiction_stands_once_on_the_page_of_what_is_to_be_decided(client, reviewer):
    approved(reviewer, "Which port does netman use?", "netman uses port 31111.")
    record = make_record(
        "pending", make_memory("Which port does netman use now?", "netman uses port 31116.")
    )
    client.force_login(reviewer)
    change = reverse("admin:audits_auditrecord_change", args=[record.pk])

    page, part, alone = (
        client.get(url).content.decode()
        for url in (change, f"{url_of(record)}?part=1", url_of(record))
    )

    assert "This one says “31116”, an approved memory says “31111”." in page
    assert "What contradicts it" not in part
    assert "This one says 31116, that one 31111." in alone
    review.decide(record.memory_id, "approve", reviewer, keeps_both=True)
    assert "an approved memory says" not in client.get(change).content.decode()
    assert "What contradicts it" in client.get(f"{url_of(record)}?part=1").content.decode()


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999", "%00"])
def test_a_page_that_is_none_is_no_server_error(page, client, reviewer):
    client.force_login(reviewer)

    assert client.get(f"{url_of(make_record('pending'))}?page={page}").status_code in {200, 400}


def test_operators_see_nothing_near_a_record(client, operator, auditor_user):
    record = make_record("pending")

    client.force_login(operator)
    assert client.get(url_of(record)).status_code == 302
    client.force_login(auditor_user)
    assert client.get(url_of(record)).status_code == 200
