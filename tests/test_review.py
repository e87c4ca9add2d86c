"""What a person may do to a memory, and what two people at once may not."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.utils import timezone

from audits import review
from audits.models import AuditRecord, Decision, ReviewNote
from audits.review import Invalid, Refused, SameText, UnknownMemory
from audits.states import MOVES, TRUST_OF, Status
from knowledge.models import Memory, MemoryRevision
from tests.examples import examples
from tests.factories import ANSWER, make_memory, make_record

pytestmark = pytest.mark.django_db

ALLOWED = [(status, action, to) for action, (froms, to) in MOVES.items() for status in froms]
REFUSED = [
    (status, action)
    for action, (froms, _) in MOVES.items()
    for status in Status
    if status not in froms
]


def record_at(status: str, reviewer: User, **fields) -> AuditRecord:
    if status in {Status.APPROVED, Status.REJECTED}:
        fields |= {"reviewer": reviewer, "reviewed_at": timezone.now()}
    if status == Status.RUNNING:
        fields |= {"lease_owner": "w", "lease_until": timezone.now() + timedelta(minutes=1)}
    return make_record(status, **fields)


def pair(record: AuditRecord) -> tuple[str, str]:
    row = AuditRecord.objects.select_related("memory").get(pk=record.pk)
    return row.status, row.memory.trust


@pytest.mark.parametrize(("status", "action", "to"), ALLOWED)
def test_an_allowed_move_writes_status_trust_and_log_together(status, action, to, reviewer):
    record = record_at(status, reviewer)

    review.decide(record.memory_id, action, reviewer, note="seen", reason_code="other")

    assert pair(record) == (to, TRUST_OF[to])
    line = Decision.objects.get(memory_id=record.memory_id)
    assert (line.action, line.from_status, line.to_status) == (action, status, to)
    assert (line.actor, line.from_trust, line.to_trust) == (
        "reviewer",
        TRUST_OF[status],
        TRUST_OF[to],
    )
    assert ReviewNote.objects.get(seq=line.seq).text == "seen"


@pytest.mark.parametrize(("status", "action"), REFUSED)
def test_every_other_move_is_refused_and_changes_nothing(status, action, reviewer):
    record = record_at(status, reviewer)

    with pytest.raises(Refused):
        review.decide(record.memory_id, action, reviewer)

    assert pair(record) == (status, TRUST_OF[status])
    assert not Decision.objects.exists()


def test_a_memory_without_a_record_and_an_unknown_one_are_told_apart(reviewer):
    with pytest.raises(Refused, match="not been audited"):
        review.decide(make_memory().pk, "approve", reviewer)
    with pytest.raises(UnknownMemory):
        review.decide("9c5b94b1-35ad-49bb-b118-8e8fc24abf80", "approve", reviewer)
    with pytest.raises(UnknownMemory):
        review.decide("not a uuid", "approve", reviewer)


def test_a_decision_on_a_text_that_has_changed_since_is_refused(reviewer):
    record = make_record("pending")

    with pytest.raises(Refused, match="has changed"):
        review.decide(record.memory_id, "approve", reviewer, version=7)

    assert pair(record) == ("pending", "suspect")


def test_a_correction_is_approved_as_written_and_the_earlier_text_is_kept(reviewer):
    record = make_record("pending")

    review.decide(record.memory_id, "approve", reviewer, corrected_response="Use <b>conman</b>.")

    memory = Memory.objects.get(pk=record.memory_id)
    assert (memory.agent_response, memory.version) == ("Use <b>conman</b>.", 2)
    earlier = MemoryRevision.objects.get(memory=memory)
    assert earlier.agent_response == "Use StartUpLwa on the agent's machine."
    assert AuditRecord.objects.get(pk=record.pk).reason_code == "corrected"


@pytest.mark.parametrize("text", ["", "   \n"])
def test_an_empty_correction_is_invalid(text, reviewer):
    record = make_record("pending")

    with pytest.raises(Invalid):
        review.decide(record.memory_id, "approve", reviewer, corrected_response=text)

    assert pair(record) == ("pending", "suspect")


def test_a_correction_goes_only_with_an_approval(reviewer):
    record = make_record("pending")

    with pytest.raises(Invalid):
        review.decide(record.memory_id, "reject", reviewer, corrected_response="No.")


def test_a_correction_that_equals_another_memory_names_that_one(reviewer):
    twin = make_memory(agent_response="Use conman.")
    record = make_record("pending")

    with pytest.raises(SameText) as refused:
        review.decide(record.memory_id, "approve", reviewer, corrected_response="Use conman.")

    assert refused.value.memory == twin
    assert pair(record) == ("pending", "suspect")


@pytest.mark.parametrize(("status", "action", "to"), ALLOWED)
def test_undo_puts_back_exactly_the_previous_pair(status, action, to, reviewer):
    record = record_at(status, reviewer)
    review.decide(record.memory_id, action, reviewer)

    review.undo(record.memory_id, reviewer)

    assert pair(record) == (status, TRUST_OF[status])
    undone = Decision.objects.get(memory_id=record.memory_id, action="undo")
    assert undone.undoes == Decision.objects.get(action=action).seq
    record.refresh_from_db()
    assert (record.reviewer is None) == (status not in {"approved", "rejected"})


def test_undo_of_a_correction_puts_the_text_back_too(reviewer):
    record = make_record("pending")
    before = Memory.objects.get(pk=record.memory_id)
    review.decide(record.memory_id, "approve", reviewer, corrected_response="Use conman.")

    review.undo(record.memory_id, reviewer)

    after = Memory.objects.get(pk=record.memory_id)
    assert after.agent_response == before.agent_response
    assert after.content_hash == before.content_hash
    assert [row.agent_response for row in after.revisions.all()] == [
        "Use conman.",
        before.agent_response,
    ]


def test_a_corrected_text_has_no_segments_until_the_correction_is_undone(reviewer):
    record = make_record("pending", make_memory(answer=ANSWER))
    review.decide(record.memory_id, "approve", reviewer, corrected_response="Use conman.")
    corrected = Memory.objects.get(pk=record.memory_id)

    review.undo(record.memory_id, reviewer)

    assert (corrected.answer, corrected.claims) == (None, [])
    assert Memory.objects.get(pk=record.memory_id).answer == ANSWER


def test_undo_of_a_restore_gives_the_rejection_back_to_who_made_it(reviewer, admin_user):
    record = make_record("pending")
    review.decide(record.memory_id, "reject", reviewer, note="wrong", reason_code="wrong_fact")
    review.decide(record.memory_id, "restore", admin_user)

    review.undo(record.memory_id, admin_user)

    record.refresh_from_db()
    assert (record.status, record.reviewer) == ("rejected", reviewer)
    assert (record.reason_code, record.note) == ("wrong_fact", "wrong")


def test_a_decision_is_undone_once_and_not_after_the_days_allowed(reviewer, settings):
    record = make_record("pending")
    review.decide(record.memory_id, "reject", reviewer)
    settings.AUDIT_UNDO_DAYS = 0

    with pytest.raises(Refused):
        review.undo(record.memory_id, reviewer)

    settings.AUDIT_UNDO_DAYS = 30
    review.undo(record.memory_id, reviewer)
    with pytest.raises(Refused):
        review.undo(record.memory_id, reviewer)
    assert pair(record) == ("pending", "suspect")


def test_while_one_reviews_nobody_else_decides(reviewer, admin_user):
    record = make_record("pending")
    review.claim(record.memory_id, reviewer)

    for act in (
        lambda: review.claim(record.memory_id, admin_user),
        lambda: review.decide(record.memory_id, "approve", admin_user),
        lambda: review.audit_again(record.memory_id, admin_user),
    ):
        with pytest.raises(Refused, match="reviewer is reviewing"):
            act()

    review.decide(record.memory_id, "approve", reviewer)
    assert pair(record) == ("approved", "trusted")


def test_a_claim_that_has_run_out_binds_nobody(reviewer, admin_user, settings):
    settings.AUDIT_REVIEW_CLAIM_MINUTES = 0
    record = make_record("pending")
    review.claim(record.memory_id, reviewer)

    review.decide(record.memory_id, "approve", admin_user)

    assert pair(record) == ("approved", "trusted")


def test_audit_again_queues_even_what_was_decided(reviewer):
    record = make_record("pending")
    review.decide(record.memory_id, "reject", reviewer)

    review.audit_again(record.memory_id, reviewer)

    assert pair(record) == ("queued", "new")
    assert Decision.objects.latest("seq").action == "audit_again"
    with pytest.raises(Refused):
        review.audit_again(record.memory_id, reviewer)


def test_a_note_with_characters_that_postgresql_refuses_is_kept(reviewer):
    record = make_record("pending")

    review.decide(record.memory_id, "reject", reviewer, note="a\x00b\ud800")

    assert ReviewNote.objects.get().text == "a\ufffdb\ufffd"


@pytest.mark.django_db(transaction=True)
def test_of_two_decisions_at_once_one_wins_and_the_other_is_told():
    people = [User.objects.create_user(name) for name in ("ana", "bob")]
    for person in people:
        person.groups.add(Group.objects.get(name="Reviewers"))
    turns = examples(15, of=50)
    for turn in range(turns):
        record = make_record("pending", make_memory(f"Question {turn}?"))
        outcomes = _at_once(record, list(zip(("approve", "reject"), people, strict=True)))

        assert sorted(outcomes.values()) == ["refused", "won"]
        winner = next(action for action, outcome in outcomes.items() if outcome == "won")
        status = {"approve": "approved", "reject": "rejected"}[winner]
        assert pair(record) == (status, TRUST_OF[status])
    assert Decision.objects.count() == turns


def _at_once(record: AuditRecord, acts: list[tuple[str, User]]) -> dict[str, str]:
    """Decide in one thread and connection each, released together; what became of each."""
    start, outcomes = threading.Barrier(len(acts)), {}

    def act(action: str, by: User) -> None:
        try:
            connection.ensure_connection()
            start.wait(10)
            review.decide(record.memory_id, action, by)
            outcomes[action] = "won"
        except Refused:
            outcomes[action] = "refused"
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=each) for each in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcomes
