"""What expires, what takes the place of what, and which approved memories contradict a new one."""

from __future__ import annotations

from datetime import datetime, timedelta
from datetime import timezone as tz

import pytest
from django.db import transaction
from django.utils import timezone

from audits import review
from audits.contradicting import contradictions
from audits.models import AuditRecord, Decision
from audits.moves_of_many import decide_all
from audits.states import Status
from knowledge import indexer
from knowledge.facts import facts
from knowledge.models import Memory
from knowledge.retrieval import search
from tests.factories import make_memory, make_record

PORT = "Which port does netman listen on?"


def approved(question: str, answer: str, reviewer) -> AuditRecord:
    memory = make_memory(question, answer)
    return make_record(Status.APPROVED, memory, reviewer=reviewer, reviewed_at=timezone.now())


@pytest.fixture
def old(reviewer) -> AuditRecord:
    return approved(PORT, "netman listens on port 31111.", reviewer)


@pytest.fixture
def new() -> AuditRecord:
    return make_record(Status.PENDING, make_memory("On which port is netman?", "On port 41114."))


def found(question: str = PORT) -> set:
    indexer.index_pending()
    return {hit.memory_id for hit in search(question)}


# --- exact facts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "here", "there"),
    [
        (PORT, "It is 31111.", "Port 41114."),
        ("Qual comando para o netman?", 'conman "shut"', "conman stop"),
        ("Who owns PAY_1?", "Payroll, extension 4410.", "Finance, extension 4411."),
        ("Quem responde pelo PAY_1?", "A Ana Souza.", "O Bruno Lima."),
        ("What does AWSBHT061E mean?", "The job has ended.", "The disk of the host is full."),
    ],
)
def test_two_exact_facts_about_the_same_contradict_each_other(question, here, there) -> None:
    one, other = facts(question, here), facts(question, there)

    assert one[0].contradicts(other[0])
    assert not one[0].contradicts(one[0])


@pytest.mark.parametrize(
    ("question", "here", "other", "there"),
    [
        (PORT, "It is 31111.", "Which port does jobman use?", "Port 41114."),
        (PORT, "It is 31111.", PORT, "31111, as in localopts on every agent."),
        ("How long does PAY_1 run?", "20 minutes.", "How long does PAY_1 run?", "40 minutes."),
        ("What is a fence?", "A threshold.", "What is a fence?", "A priority."),
    ],
)
def test_other_subjects_the_same_value_and_what_is_not_exact_do_not(
    question, here, other, there
) -> None:
    pairs = [(a, b) for a in facts(question, here) for b in facts(other, there)]

    assert not any(a.contradicts(b) for a, b in pairs)


@pytest.mark.django_db
def test_a_reviewer_is_shown_what_is_approved_otherwise_and_by_whom(old, new, reviewer) -> None:
    (contradiction,) = contradictions(new.memory)

    assert contradiction.memory == old.memory
    assert (contradiction.here, contradiction.there) == ("41114", "31111")
    assert contradiction.approved_by == reviewer.get_username()


# --- what comes of it ------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_is_replaced_is_out_of_retrieval_linked_and_back_after_an_undo(
    old, new, reviewer
) -> None:
    assert found() == {old.memory_id}

    review.decide(new.memory_id, "approve", reviewer, supersedes=old.memory_id)

    assert found() == {new.memory_id}
    assert Memory.objects.get(pk=old.memory_id).superseded_by_id == new.memory_id
    assert AuditRecord.objects.get(pk=old.pk).status == Status.APPROVED
    assert contradictions(new.memory) == []

    review.undo(new.memory_id, reviewer)

    assert found() == {old.memory_id}
    lines = Decision.objects.filter(memory_id=old.memory_id).order_by("seq")
    assert [line.action for line in lines] == ["supersede", "reinstate"]


@pytest.mark.django_db
def test_a_replaced_memorys_own_decision_can_still_be_undone(new, reviewer) -> None:
    first = make_record(Status.PENDING, make_memory(PORT, "netman listens on port 31111."))
    review.decide(first.memory_id, "approve", reviewer)
    review.decide(new.memory_id, "approve", reviewer, supersedes=first.memory_id)

    review.undo(first.memory_id, reviewer)

    assert AuditRecord.objects.get(pk=first.pk).status == Status.PENDING


@pytest.mark.django_db
def test_what_replaces_another_and_is_judged_again_gives_its_place_back(old, new, reviewer) -> None:
    review.decide(new.memory_id, "approve", reviewer, supersedes=old.memory_id)

    review.audit_again(new.memory_id, reviewer)

    assert Memory.objects.get(pk=old.memory_id).superseded_by is None


@pytest.mark.django_db
def test_only_an_approved_memory_that_stands_is_replaced_and_only_by_an_approval(
    old, new, reviewer
) -> None:
    other = make_record(Status.PENDING, make_memory("Another?", "Another."))
    for replaced in (new.memory_id, other.memory_id):
        with pytest.raises(review.Refused):
            review.decide(new.memory_id, "approve", reviewer, supersedes=replaced)
    with pytest.raises(review.Invalid):
        review.decide(new.memory_id, "reject", reviewer, supersedes=old.memory_id)

    assert AuditRecord.objects.get(pk=new.pk).status == Status.PENDING


@pytest.mark.django_db(transaction=True)
def test_what_has_expired_is_not_found_any_more(new, reviewer) -> None:
    until = timezone.now() + timedelta(hours=1)
    review.decide(new.memory_id, "approve", reviewer, valid_until=until)
    assert found() == {new.memory_id}

    Memory.objects.filter(pk=new.memory_id).update(valid_until=timezone.now())

    assert found() == set()
    for moment in (timezone.now(), datetime.max.replace(tzinfo=tz(-timedelta(hours=12)))):
        with pytest.raises(review.Invalid):
            review.decide(new.memory_id, "approve", reviewer, valid_until=moment)


@pytest.mark.django_db
def test_the_record_page_asks_which_is_kept_and_the_form_does_it(
    old, new, client, admin_user
) -> None:
    client.force_login(admin_user)
    url = f"/admin/audits/auditrecord/{new.pk}/change/"

    page = client.get(url).content.decode()
    assert 'name="kept" value="' + str(old.memory_id) in page
    client.post(
        url,
        {"action": "approve", "version": 1, "kept": str(old.memory_id)},
    )

    assert Memory.objects.get(pk=old.memory_id).superseded_by_id == new.memory_id


@pytest.mark.django_db
def test_the_api_replaces_and_tells(old, new, client, admin_user) -> None:
    client.force_login(admin_user)
    body = {
        "memory_id": str(new.memory_id), "action": "approve",
        "supersedes": str(old.memory_id), "valid_until": "2100-01-01T00:00:00Z",
    }  # fmt: skip

    answer = client.post("/api/audit/review", body, content_type="application/json")

    assert answer.status_code == 200
    assert answer.json()["valid_until"].startswith("2100-01-01")
    items = client.get("/api/audit/flags?status=approved").json()["items"]
    replaced = {item["memory_id"]: item["superseded_by"] for item in items}
    assert replaced == {str(old.memory_id): str(new.memory_id), str(new.memory_id): None}


@pytest.mark.django_db
@pytest.mark.parametrize("kept", [{"keeps_both": True}, {"supersedes": "old"}])
def test_approving_what_contradicts_an_approved_memory_needs_an_answer(
    kept, old, new, reviewer
) -> None:
    with pytest.raises(review.Contradicts) as refused:
        review.decide(new.memory_id, "approve", reviewer)
    assert f"contradicts memory {old.memory_id}, approved by {reviewer.username} on" in str(
        refused.value
    )
    assert AuditRecord.objects.get(pk=new.pk).status == Status.PENDING

    if "supersedes" in kept:
        kept = {"supersedes": old.memory_id}
    review.decide(new.memory_id, "approve", reviewer, **kept)

    assert AuditRecord.objects.get(pk=new.pk).status == Status.APPROVED


@pytest.mark.django_db
def test_a_correction_is_held_against_what_is_approved_too(old, reviewer) -> None:
    record = make_record(Status.PENDING, make_memory(PORT, "I do not know the port."))

    with pytest.raises(review.Contradicts):
        review.decide(record.memory_id, "approve", reviewer, corrected_response="On port 41114.")

    assert Memory.objects.get(pk=record.memory_id).version == 1


@pytest.mark.django_db
def test_among_many_what_contradicts_is_left_out_with_its_reason(old, new, reviewer) -> None:
    other = make_record("pending", make_memory("Who is on call?", "Ana."))
    versions = {record.memory_id: record.memory.version for record in (new, other)}

    with transaction.atomic():
        outcomes = decide_all(versions, reviewer, review.Wanted("approve"))

    assert isinstance(outcomes[new.memory_id], review.Contradicts)
    assert isinstance(outcomes[other.memory_id], int)


@pytest.mark.django_db
def test_rejecting_what_contradicts_needs_none(old, new, reviewer) -> None:
    review.decide(new.memory_id, "reject", reviewer)

    assert AuditRecord.objects.get(pk=new.pk).status == Status.REJECTED


@pytest.mark.django_db
def test_the_api_refuses_an_approval_that_leaves_it_open(old, new, client, admin_user) -> None:
    client.force_login(admin_user)
    body = {"memory_id": str(new.memory_id), "action": "approve"}

    refused = client.post("/api/audit/review", body, content_type="application/json")
    done = client.post(
        "/api/audit/review", body | {"keeps_both": True}, content_type="application/json"
    )

    assert (refused.status_code, done.status_code) == (409, 200)
    assert "keep which?" in refused.json()["detail"]
