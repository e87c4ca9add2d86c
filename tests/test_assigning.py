"""Reviewers share the queue: who is to decide what, and what they write to each other."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from audits import assigning
from audits.console.filters import ME, NOBODY
from audits.models import AuditRecord, Decision, Remark
from audits.moves import Invalid, Refused
from knowledge.models import Memory
from tests.factories import make_memory, make_record

pytestmark = pytest.mark.django_db

LIST = "/admin/audits/auditrecord/"
HOSTILE = "<script>alert(1)</script> {{ 7|add:7 }} password=hunter2secret"


def page_of(record: AuditRecord) -> str:
    return reverse("admin:audits_auditrecord_change", args=[record.pk])


def send(client, record: AuditRecord, action: str, **fields: str):
    url = reverse("admin:audits_auditrecord_remark", args=[record.pk])
    return client.post(url, {"action": action, **fields}, follow=True)


def listed(client, value: str) -> set[int]:
    return {row.pk for row in client.get(LIST, {"assigned": value}).context["cl"].result_list}


def test_a_record_is_assigned_given_on_and_given_back(client, reviewer, admin_user):
    record = make_record("pending")
    client.force_login(reviewer)

    for action, fields, holder in (
        ("take", {}, reviewer),
        ("assign", {"to": "admin"}, admin_user),
        ("assign", {"to": ""}, None),
    ):
        answer = send(client, record, action, **fields)
        record.refresh_from_db()
        assert record.assigned_to == holder
        said = f"assigned to {holder.username if holder else 'nobody'} now"
        assert said in answer.content.decode()

    text = client.get(page_of(record)).content.decode()
    assert "assigned it to admin" in text
    assert "took the assignment off" in text
    assert not Decision.objects.exists()  # nothing was decided


def test_who_holds_what_is_a_filter_with_counts(client, reviewer, admin_user):
    mine, theirs, free = (make_record("pending", make_memory(f"{n}?")) for n in range(3))
    assigning.assign(mine.memory_id, reviewer, admin_user)
    assigning.assign(theirs.memory_id, admin_user, admin_user)
    client.force_login(reviewer)

    text = client.get(LIST).content.decode()

    assert (listed(client, ME), listed(client, NOBODY)) == ({mine.pk}, {free.pk})
    assert (listed(client, "admin"), listed(client, "nobody-at-all")) == ({theirs.pk}, set())
    for choice in ("To me (1)", "To nobody (1)", "admin (1)"):
        assert choice in text
    assert "assigned to admin" in text


def test_ticked_records_go_to_whom_one_chooses_after_a_preview(client, reviewer, admin_user):
    ticked = [make_record("pending", make_memory(f"{n}?")) for n in range(3)]
    decided = make_record(
        "approved", make_memory("d?"), reviewer=reviewer, reviewed_at=timezone.now()
    )
    assigning.assign(ticked[0].memory_id, admin_user, admin_user)
    client.force_login(reviewer)
    keys = [record.pk for record in (*ticked, decided)]
    sent = {"action": "assign_selected", "_selected_action": keys}
    url = f"{LIST}?status=all"

    text = client.post(url, sent).content.decode()
    for line in (
        "3 memories can be assigned.", "2 assigned to nobody", "1 assigned to admin",
        "1 stays as it is: decided already, or with the auditor.",
    ):  # fmt: skip
        assert line in text
    assert all(f'name="_selected_action" value="{key}"' in text for key in keys)
    assert not AuditRecord.objects.filter(assigned_to=reviewer).exists()

    said = client.post(url, {**sent, "to": "admin"}, follow=True).content.decode()
    assert "2 memories are assigned to admin now." in said  # one was theirs
    assert set(AuditRecord.objects.filter(assigned_to=admin_user)) == set(ticked)
    said = client.post(url, {**sent, "to": "reviewer"}, follow=True).content.decode()
    assert "3 memories are yours now." in said
    assert Remark.objects.filter(is_assignment=True).count() == 6
    said = client.post(url, {**sent, "to": "nobody-at-all"}, follow=True).content.decode()
    assert "There is no such reviewer." in said
    said = client.post(url, {**sent, "to": ""}, follow=True).content.decode()
    assert "3 memories are assigned to nobody now." in said


def test_all_that_match_are_assigned_not_only_the_page(client, reviewer, admin_user):
    records = [make_record("pending", make_memory(f"{n}?"), judge="rules") for n in range(3)]
    other = make_record("pending", make_memory("other?"), judge="llm")
    client.force_login(reviewer)
    sent = {
        "action": "assign_selected", "index": "0", "select_across": "1",
        "_selected_action": [records[0].pk],
    }  # fmt: skip
    url = f"{LIST}?judge=rules"

    text = client.post(url, sent).content.decode()
    client.post(url, {**sent, "to": "admin"})

    assert "3 memories can be assigned." in text
    assert 'name="select_across" value="1"' in text
    assert set(AuditRecord.objects.filter(assigned_to=admin_user)) == set(records)
    other.refresh_from_db()
    assert other.assigned_to is None


def test_more_than_are_assigned_at_once_are_refused(client, reviewer, monkeypatch):
    monkeypatch.setattr(assigning, "MOST", 1)
    keys = [make_record("pending", make_memory(f"{number}?")).pk for number in range(2)]
    client.force_login(reviewer)

    with pytest.raises(Refused):
        assigning.assign_all(AuditRecord.objects.all(), reviewer, reviewer)
    text = client.post(LIST, {"action": "assign_selected", "_selected_action": keys})

    assert "At most 1 can be assigned at once." in text.content.decode()


def test_only_who_may_decide_is_assigned_something_that_waits(reviewer, operator, admin_user):
    record = make_record("pending")

    for who in (operator, User.objects.create_user("gone", is_active=False, is_superuser=True)):
        with pytest.raises(Invalid):
            assigning.assign(record.memory_id, who, reviewer)
        with pytest.raises(Invalid):
            assigning.assign_all(AuditRecord.objects.all(), who, reviewer)
    AuditRecord.objects.update(status="queued")
    with pytest.raises(Refused):
        assigning.assign(record.memory_id, reviewer, reviewer)

    assert set(assigning.reviewers()) == {reviewer, admin_user}


def test_a_comment_is_inert_text_in_the_history(client, reviewer, admin_user):
    record = make_record("pending")
    client.force_login(reviewer)

    send(client, record, "comment", text=HOSTILE)

    client.force_login(admin_user)
    text = client.get(page_of(record)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7|add:7 }}" in text
    assert "<script>alert(1)" not in text
    assert "hunter2secret" not in text
    assert "reviewer</b> commented" in text


@pytest.mark.parametrize("text", ["", "  \n", "x" * (assigning.LONGEST + 1)])
def test_a_comment_that_says_nothing_or_too_much_is_refused(text, client, reviewer):
    record = make_record("pending")
    client.force_login(reviewer)

    answer = send(client, record, "comment", text=text)

    assert "A comment has 1 to 10,000 characters." in answer.content.decode()
    assert not Remark.objects.exists()


def test_nothing_is_written_about_a_purged_text(reviewer):
    record = make_record("rejected", reviewer=reviewer, reviewed_at=timezone.now())
    Memory.objects.update(purged_at=timezone.now())

    with pytest.raises(Refused):
        assigning.comment(record.memory_id, "It said …", reviewer)


def test_only_reviewers_write_and_only_by_post(client, operator, auditor_user, reviewer):
    record = make_record("pending")
    url = reverse("admin:audits_auditrecord_remark", args=[record.pk])

    for user, status in ((operator, 302), (auditor_user, 403)):
        client.force_login(user)
        for action in ("comment", "assign", "take"):
            body = {"action": action, "text": "x", "to": "reviewer"}
            assert client.post(url, body).status_code == status
    client.force_login(auditor_user)
    assert "Among reviewers" not in client.get(page_of(record)).content.decode()
    client.force_login(reviewer)
    assert client.get(url).status_code == 405

    assert not Remark.objects.exists()
