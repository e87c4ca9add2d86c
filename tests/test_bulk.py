"""One decision for many records: a preview, the work in groups, a stop, and one undo."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from audits import bulk, moves_of_many, review
from audits.decisions import verify
from audits.models import AuditRecord, Bulk, BulkItem, Decision
from audits.moves import Refused
from knowledge.models import Memory
from knowledge.store import Draft
from tests.factories import make_memory, make_record
from tests.test_plan_processes import eventually

LIST = "/admin/audits/auditrecord/"


def pending(count: int) -> list[AuditRecord]:
    rows = [
        Draft(agent="tws-analyzer", user_query=f"Question {n}?", agent_response="Wrong.").row()
        for n in range(count)
    ]
    for row in rows:
        row.trust = "suspect"
    memories = Memory.objects.bulk_create(rows)
    return AuditRecord.objects.bulk_create(
        AuditRecord(memory=memory, status="pending", memory_version=1) for memory in memories
    )


def statuses() -> set[str]:
    return set(AuditRecord.objects.values_list("status", flat=True))


def drafted(by, action: str = "reject") -> Bulk:
    return bulk.draft(AuditRecord.objects.all(), action, by)


# --- the rules --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_preview_says_what_will_and_what_will_not_change(reviewer, admin_user):
    one, two, three, four = pending(4)
    make_record("queued", make_memory("queued?"))
    review.decide(one.memory_id, "approve", admin_user)
    review.claim(two.memory_id, admin_user)
    Memory.objects.filter(pk=three.memory_id).update(user=reviewer)

    found = bulk.preview(drafted(reviewer))

    assert found.changes == 1
    assert [n for _why, n in found.stays] == [2, 1, 1]
    assert AuditRecord.objects.get(pk=four.pk).status == "pending"


@pytest.mark.django_db
def test_each_decision_stands_in_the_log_and_all_are_undone_as_one(reviewer):
    pending(3)
    made = drafted(reviewer)

    bulk.start(made, note="all wrong", reason_code="wrong_fact")

    assert statuses() == {"rejected"}
    assert {one.trust for one in Memory.objects.all()} == {"rejected"}
    record = AuditRecord.objects.earliest("pk")
    assert (record.reviewer, record.note, record.reason_code) == (
        reviewer, "all wrong", "wrong_fact",
    )  # fmt: skip
    bulk.undo(made, reviewer)
    assert statuses() == {"pending"}
    assert {one.trust for one in Memory.objects.all()} == {"suspect"}
    lines = Decision.objects.order_by("seq").values_list("action", flat=True)
    assert list(lines) == ["reject"] * 3 + ["undo"] * 3
    assert verify().ok
    made.refresh_from_db()
    assert made.state == "undone"


@pytest.mark.django_db
def test_what_one_decision_refuses_so_do_many(reviewer, admin_user):
    approved = make_record("pending", make_memory("Which port has netman?", "On port 31111."))
    review.decide(approved.memory_id, "approve", admin_user)
    contradicting = make_record("pending", make_memory("Port of netman?", "On port 41114."))
    own = make_record("pending", make_memory("mine?", user=reviewer))
    changed = make_record("pending", make_memory("changed?"))
    held = make_record("pending", make_memory("held?"))
    good = make_record("pending", make_memory("good?"))
    made = drafted(reviewer, "approve")
    Memory.objects.filter(pk=changed.memory_id).update(version=2)
    review.claim(held.memory_id, admin_user)

    bulk.start(made)

    told = {item.memory_id: item.refused for item in made.items.all()}
    assert told.pop(good.memory_id) == ""
    for record, part in (
        (approved, "approved already, by admin"), (contradicting, "keep which?"),
        (own, "your own question"), (changed, "has changed"), (held, "admin is reviewing"),
    ):  # fmt: skip
        assert part in told.pop(record.memory_id)
    assert told == {}
    assert AuditRecord.objects.filter(status="approved").count() == 2


@pytest.mark.django_db
def test_what_somebody_decided_since_is_not_undone_with_the_rest(reviewer, admin_user):
    one, two = pending(2)
    made = drafted(reviewer)
    bulk.start(made)
    review.undo(one.memory_id, admin_user)
    review.decide(one.memory_id, "approve", admin_user)

    bulk.undo(made, reviewer)

    assert AuditRecord.objects.get(pk=one.pk).status == "approved"
    assert AuditRecord.objects.get(pk=two.pk).status == "pending"
    assert bulk.progress(made).undone == 2


@pytest.mark.django_db
def test_only_its_author_undoes_it_and_nothing_starts_twice(reviewer, admin_user):
    pending(1)
    made = drafted(reviewer)
    bulk.start(made)

    with pytest.raises(Refused):
        bulk.start(made)
    with pytest.raises(Refused):
        bulk.undo(made, admin_user)


@pytest.mark.django_db
def test_many_are_audited_again(reviewer):
    pending(2)

    bulk.start(drafted(reviewer, "audit_again"))

    assert statuses() == {"queued"}


@pytest.mark.django_db
def test_drafts_are_forgotten_after_a_day(reviewer):
    pending(1)
    old = drafted(reviewer)
    Bulk.objects.update(created_at=timezone.now() - timedelta(days=2))

    drafted(reviewer)

    assert not Bulk.objects.filter(pk=old.pk).exists()
    assert BulkItem.objects.count() == 1


@pytest.mark.django_db
def test_more_than_the_most_are_refused(reviewer, monkeypatch):
    monkeypatch.setattr(bulk, "MOST", 2)
    pending(3)

    with pytest.raises(Refused, match="More than 2"):
        drafted(reviewer)


@pytest.mark.django_db
def test_a_group_takes_as_many_queries_for_many_as_for_few(reviewer, django_assert_max_num_queries):
    records = pending(60)
    versions = {record.memory_id: 1 for record in records}
    wanted = moves_of_many.Wanted("reject")

    with django_assert_max_num_queries(20):
        outcomes = moves_of_many.decide_all(versions, reviewer, wanted)

    assert all(isinstance(one, int) for one in outcomes.values())


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_do_the_same_group_and_one_goes_on_for_another(reviewer, monkeypatch):
    monkeypatch.setattr(bulk, "GROUP", 5)
    pending(60)
    made = drafted(reviewer)
    Bulk.objects.filter(pk=made.pk).update(state="running")

    threads = [threading.Thread(target=bulk._in_background, args=[made.pk]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses() == {"rejected"}
    assert Decision.objects.count() == 60
    assert (bulk.progress(made).done, bulk.progress(made).refused) == (60, 0)
    assert Bulk.objects.get(pk=made.pk).state == "done"


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["running", "undoing"])
def test_a_bulk_stops_when_its_author_lost_the_right_and_its_page_says_so(
    state, client, reviewer, admin_user, monkeypatch
):
    monkeypatch.setattr(bulk, "GROUP", 1)
    pending(3)
    made = drafted(reviewer)
    if state == "undoing":
        bulk.start(made)
    before = statuses()
    Bulk.objects.filter(pk=made.pk).update(state=state)
    groups = list(reviewer.groups.all())
    reviewer.groups.clear()

    bulk.work(made.pk)

    assert statuses() == before
    client.force_login(admin_user)
    text = client.get(f"{LIST}bulk/{made.pk}/").content.decode()
    assert "Stopped: its author may no longer decide" in text
    reviewer.groups.set(groups)
    made.by = type(reviewer).objects.get(pk=reviewer.pk)
    bulk.undo(made, made.by)  # who may decide again takes back what was done
    assert statuses() == {"pending"}


@pytest.mark.django_db
def test_who_loses_the_right_between_two_groups_decides_one(reviewer, monkeypatch):
    monkeypatch.setattr(bulk, "GROUP", 1)
    pending(3)
    made = drafted(reviewer)
    decide_all = bulk.decide_all

    def once(*arguments):
        type(reviewer).objects.filter(pk=reviewer.pk).update(is_active=False)
        return decide_all(*arguments)

    monkeypatch.setattr(bulk, "decide_all", once)
    bulk.start(made)

    assert AuditRecord.objects.filter(status="rejected").count() == 1
    assert Bulk.objects.get(pk=made.pk).state == "lapsed"


# --- the pages --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_who_may_not_decide_has_no_bulk(client, reviewer, auditor_user):
    pending(1)
    made = drafted(reviewer)
    client.force_login(auditor_user)

    assert client.get(f"{LIST}bulk/{made.pk}/").status_code == 403
    assert client.post(f"{LIST}bulk/{made.pk}/", {"confirmed": 1}).status_code == 403
    assert statuses() == {"pending"}


@pytest.mark.django_db
def test_another_reviewer_sees_it_and_changes_nothing(client, reviewer, admin_user):
    pending(1)
    made = drafted(reviewer)
    client.force_login(admin_user)

    assert client.get(f"{LIST}bulk/{made.pk}/").status_code == 200
    assert client.post(f"{LIST}bulk/{made.pk}/", {"confirmed": 1}).status_code == 403


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [150, pytest.param(5000, marks=pytest.mark.slow)])
def test_all_that_match_are_rejected_stopped_gone_on_with_and_undone(
    count, open_page, reviewer, monkeypatch
):
    pending(count)
    kept = make_record("pending", make_memory("Another?"), judge="rules")
    go_on = threading.Event()
    decide_all = bulk.decide_all

    def slowed(*arguments):
        if not go_on.is_set():
            time.sleep(0.5)
        return decide_all(*arguments)

    monkeypatch.setattr(bulk, "decide_all", slowed)
    if count < 1000:
        monkeypatch.setattr(bulk, "GROUP", 10)
    page = open_page(reviewer, f"{LIST}?judge=")
    page.goto(page.url.partition("?")[0])
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").first.select_option("reject_selected")
    if page.locator(".question a").count():
        page.locator(".question a").first.click()
    page.get_by_role("button", name="Run").or_(page.get_by_role("button", name="Go")).first.click()

    expect(page.get_by_text("memories change")).to_be_visible(timeout=120_000)
    assert statuses() == {"pending"}
    page.locator("select[name=reason_code]").select_option("wrong_fact")
    page.locator("button[name=confirmed]").click()
    eventually(AuditRecord.objects.filter(status="rejected").exists)  # else nothing can be undone
    page.locator("button[name=stop]").click()
    stopped = page.get_by_role("heading", name="Stopped", exact=True)
    expect(stopped).to_be_visible(timeout=120_000)
    go_on.set()
    made = Bulk.objects.get()
    eventually(lambda: AuditRecord.objects.filter(status="pending").count() > 0)
    done = bulk.progress(made).done
    assert done < count
    page.locator("button[name=undo]").click()

    expect(page.get_by_role("heading", name="Undone", exact=True)).to_be_visible(timeout=120_000)
    assert statuses() == {"pending"}
    assert AuditRecord.objects.get(pk=kept.pk).status == "pending"
    assert verify().ok


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_five_thousand_take_less_than_a_minute_of_work(reviewer):
    pending(5000)
    made = drafted(reviewer)
    Bulk.objects.filter(pk=made.pk).update(state="running")
    started = time.thread_time()

    bulk.work(made.pk)

    assert statuses() == {"rejected"}
    assert time.thread_time() - started < 30  # of the processor: a busy machine is no fault
