"""What users say of answers: ratings that never clear, reports that reach a reviewer, once."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audits import reports, review
from audits.models import AuditRecord, Decision
from audits.states import Status
from knowledge.feedback import TooManyReports, give_feedback, withdraw_feedback
from knowledge.models import Feedback, Memory, Trust
from tests.factories import make_memory, make_record

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(db: None) -> User:
    return User.objects.create_user("second", password="x")


def cleared(number: int = 1) -> Memory:
    return make_record(Status.CLEARED, make_memory(f"Question {number}?")).memory


def state_of(memory: Memory) -> tuple[str, str]:
    memory.refresh_from_db()
    return AuditRecord.objects.get(memory=memory).status, memory.trust


# --- ratings ------------------------------------------------------------------------------------


def test_a_second_persons_rating_wipes_out_nobodys_complaint(operator, second) -> None:
    memory = cleared()
    give_feedback(memory.pk, 1, "the port is wrong", operator)
    give_feedback(memory.pk, 5, "great", second)

    assert reports.take() == 1

    assert state_of(memory) == (Status.PENDING, Trust.SUSPECT)
    assert "the port is wrong" in AuditRecord.objects.get().ia_audit_reason


def test_a_persons_second_rating_replaces_their_first(operator) -> None:
    memory = cleared()
    give_feedback(memory.pk, 1, "wrong", operator)
    give_feedback(memory.pk, 4, "no, it works", operator)

    assert reports.take() == 0
    assert list(memory.feedback.values_list("rating", "comment")) == [(4, "no, it works")]


def test_a_report_that_was_taken_back_reaches_nobody(operator) -> None:
    memory = cleared()
    give_feedback(memory.pk, 1, "", operator, "outdated")

    assert withdraw_feedback(memory.pk, operator) is False

    assert reports.take() == 0
    assert state_of(memory) == (Status.CLEARED, Trust.CLEARED)
    assert not Feedback.objects.given().exists()
    assert withdraw_feedback(memory.pk, operator) is False


def test_what_a_reviewer_has_in_hand_stays_there_and_may_be_reported_again(operator) -> None:
    memory = cleared()
    give_feedback(memory.pk, 1, "", operator)
    reports.take()

    assert withdraw_feedback(memory.pk, operator) is True
    assert state_of(memory) == (Status.PENDING, Trust.SUSPECT)
    assert give_feedback(memory.pk, 1, "again", operator) is True

    assert Feedback.objects.untaken().count() == 1


def test_taking_back_and_reporting_again_goes_at_no_higher_rate(operator, settings) -> None:
    settings.REPORTS_PER_HOUR = 1
    first, second = cleared(1), cleared(2)
    give_feedback(first.pk, 1, "", operator)
    withdraw_feedback(first.pk, operator)

    with pytest.raises(TooManyReports):
        give_feedback(second.pk, 1, "", operator)


def test_a_rating_is_taken_back_over_rest_by_who_gave_it(operator, second) -> None:
    memory = cleared()
    give_feedback(memory.pk, 1, "", operator)
    give_feedback(memory.pk, 5, "", second)
    client = Client()
    client.force_login(operator)

    answer = client.delete(f"/api/memories/{memory.pk}/feedback")

    assert answer.json() == {"memory_id": str(memory.pk), "in_review": False}
    assert [given.user for given in Feedback.objects.given()] == [second]


@pytest.mark.parametrize("rating", [0, 6, -1])
def test_a_rating_out_of_range_is_refused(rating, operator) -> None:
    with pytest.raises(ValueError, match="between 1 and 5"):
        give_feedback(cleared().pk, rating, "", operator)


# --- reports ------------------------------------------------------------------------------------


def test_a_report_does_not_reopen_a_decision_and_stays_readable(operator, reviewer) -> None:
    memory = make_record(Status.APPROVED, reviewer=reviewer, reviewed_at=timezone.now()).memory
    give_feedback(memory.pk, 1, "I doubt it", operator)

    assert reports.take() == 0

    assert state_of(memory) == (Status.APPROVED, Trust.TRUSTED)
    assert Feedback.objects.get().comment == "I doubt it"


def test_one_person_reports_one_version_of_a_memory_once(operator, reviewer) -> None:
    memory = cleared()
    give_feedback(memory.pk, 1, "wrong", operator)
    reports.take()
    review.requeue(memory, AuditRecord.objects.get(), "audit_again", reviewer)
    make_cleared_again(memory)

    give_feedback(memory.pk, 1, "still wrong", operator)

    assert reports.take() == 0
    assert state_of(memory)[0] == Status.CLEARED


def make_cleared_again(memory: Memory) -> None:
    AuditRecord.objects.filter(memory=memory).update(status=Status.CLEARED)
    Memory.objects.filter(pk=memory.pk).update(trust=Trust.CLEARED)


def test_reports_have_a_rate_of_their_own(operator, settings) -> None:
    settings.REPORTS_PER_HOUR = 2
    memories = [cleared(number) for number in range(3)]
    for memory in memories[:2]:
        give_feedback(memory.pk, 1, "", operator)

    with pytest.raises(TooManyReports):
        give_feedback(memories[2].pk, 1, "", operator)
    give_feedback(memories[2].pk, 5, "", operator)

    assert reports.take() == 2
    assert state_of(memories[2])[0] == Status.CLEARED


# --- dismissing ---------------------------------------------------------------------------------


def test_all_reports_of_a_user_are_dismissed_in_one_act(operator, reviewer) -> None:
    memories = [cleared(number) for number in range(3)]
    for memory in memories:
        give_feedback(memory.pk, 1, "", operator)
    reports.take()

    assert reports.dismiss([operator], reviewer) == 3

    assert {state_of(memory) for memory in memories} == {(Status.QUEUED, Trust.NEW)}
    actions = Decision.objects.filter(actor="reviewer").values_list("action", flat=True)
    assert list(actions) == ["dismiss"] * 3


def test_a_dismissal_leaves_what_somebody_else_reported_too(operator, second, reviewer) -> None:
    memory = cleared()
    give_feedback(memory.pk, 1, "noise", operator)
    give_feedback(memory.pk, 1, "the port is wrong", second)
    reports.take()

    reports.dismiss([operator], reviewer)

    assert state_of(memory) == (Status.PENDING, Trust.SUSPECT)
    reason = AuditRecord.objects.get().ia_audit_reason
    assert "the port is wrong" in reason
    assert "noise" not in reason


def test_a_dismissal_leaves_what_a_judge_flagged(operator, reviewer) -> None:
    memory = make_record(Status.PENDING, judge="rules").memory
    give_feedback(memory.pk, 1, "", operator)
    reports.take()

    reports.dismiss([operator], reviewer)

    assert state_of(memory) == (Status.PENDING, Trust.SUSPECT)


def test_a_reviewer_dismisses_a_users_reports_from_the_list(operator, reviewer) -> None:
    for number in range(2):
        give_feedback(cleared(number).pk, 1, "", operator)
    reports.take()
    client = Client()
    client.force_login(reviewer)
    page = reverse("admin:knowledge_feedback_changelist")
    one = str(Feedback.objects.first().pk)

    listed = client.get(page, {"q": "operator"})
    sent = {"action": "dismiss_all_of_these_users", "_selected_action": [one]}
    done = client.post(page, sent, follow=True)

    assert "before a reviewer" in listed.content.decode()
    assert "2 reports dismissed" in done.content.decode()
    assert not Feedback.objects.standing().exists()


def test_an_auditor_sees_the_reports_and_dismisses_none(operator, auditor_user) -> None:
    give_feedback(cleared().pk, 1, "", operator)
    client = Client()
    client.force_login(auditor_user)
    page = reverse("admin:knowledge_feedback_changelist")
    sent = {
        "action": "dismiss_all_of_these_users",
        "_selected_action": [str(Feedback.objects.get().pk)],
    }

    client.post(page, sent, follow=True)

    assert client.get(page).status_code == 200
    assert Feedback.objects.standing().exists()


# --- four eyes ----------------------------------------------------------------------------------


def test_nobody_decides_on_their_own_question(reviewer) -> None:
    record = make_record(Status.PENDING, make_memory(user=reviewer))

    with pytest.raises(review.OwnMemory):
        review.decide(record.memory_id, "approve", reviewer)

    assert state_of(record.memory) == (Status.PENDING, Trust.SUSPECT)


def test_nobody_decides_on_a_text_they_wrote_themselves(reviewer, admin_user) -> None:
    record = make_record(Status.PENDING)
    review.decide(record.memory_id, "approve", reviewer, corrected_response="Better.")
    review.audit_again(record.memory_id, admin_user)
    AuditRecord.objects.update(status=Status.PENDING)

    with pytest.raises(review.OwnMemory):
        review.decide(record.memory_id, "approve", reviewer)
    assert review.decide(record.memory_id, "approve", admin_user).status == Status.APPROVED


def test_nobody_takes_back_what_another_decided_on_their_own_question(reviewer, admin_user) -> None:
    record = make_record(Status.CLEARED, make_memory(user=reviewer))
    review.decide(record.memory_id, "reject", admin_user)

    with pytest.raises(review.OwnMemory):
        review.undo(record.memory_id, reviewer)
    with pytest.raises(review.OwnMemory):
        review.audit_again(record.memory_id, reviewer)

    assert state_of(record.memory) == (Status.REJECTED, Trust.REJECTED)


def test_nobody_dismisses_a_report_on_their_own_question(operator, reviewer, admin_user) -> None:
    memory = make_record(Status.CLEARED, make_memory(user=reviewer)).memory
    give_feedback(memory.pk, 1, "wrong", operator)
    reports.take()

    assert reports.dismiss([operator], reviewer) == 0
    assert state_of(memory) == (Status.PENDING, Trust.SUSPECT)
    assert reports.dismiss([operator], admin_user) == 1


def test_nobody_approves_their_own_question_by_importing_it(reviewer) -> None:
    record = make_record(Status.PENDING, make_memory(user=reviewer))

    with pytest.raises(review.OwnMemory):
        review.approve_imported(record.memory, reviewer)


def test_who_takes_their_correction_back_may_decide_anew(reviewer) -> None:
    record = make_record(Status.PENDING)
    review.decide(record.memory_id, "approve", reviewer, corrected_response="A slip.")
    review.undo(record.memory_id, reviewer)

    decided = review.decide(record.memory_id, "approve", reviewer, corrected_response="Better.")

    assert decided.status == Status.APPROVED


def test_a_small_site_may_allow_it_and_the_record_says_so(reviewer, settings) -> None:
    settings.AUDIT_ALLOW_OWN = True
    record = make_record(Status.PENDING, make_memory(user=reviewer))

    decided = review.decide(record.memory_id, "approve", reviewer, note="seen")

    assert decided.status == Status.APPROVED
    assert decided.note.startswith("seen\n")
    assert "AUDIT_ALLOW_OWN" in decided.note


def test_the_record_page_says_that_another_reviewer_has_to_decide(reviewer) -> None:
    record = make_record(Status.PENDING, make_memory(user=reviewer))
    client = Client()
    client.force_login(reviewer)

    page = client.get(reverse("admin:audits_auditrecord_change", args=[record.pk]))

    assert "another reviewer has to decide" in page.content.decode()
    assert 'value="approve"' not in page.content.decode()
    assert 'value="audit_again"' not in page.content.decode()
