"""Claims and settlements on the real queue: each memory once, whoever dies or dawdles."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from audits.auditor.claiming import Claimer, Scope
from audits.auditor.tally import Tally
from audits.judges import Verdict
from audits.models import AuditRecord, Decision
from audits.scoring import Scoring
from audits.settling import Judged, Released, fail_exhausted, release, settle
from audits.states import Status
from knowledge import store
from knowledge.models import Memory, Trust
from tests.factories import make_memory, make_record

FINE = Verdict("llm", 0.1, "fine", supports=True)
UNCLEAR = Verdict("claims", 0.2, "nothing was found")
WRONG = Verdict("claims", 0.95, "the evidence says otherwise")
DOUBTFUL = Verdict("claims", 0.7, "not in the evidence")


def judged(record: AuditRecord, verdict: Verdict, **changes: object) -> Judged:
    values = {
        "record_id": record.id,
        "worker": record.lease_owner,
        "attempts": record.attempts,
        "memory_id": record.memory_id,
        "memory_version": record.memory.version,
        "status": Scoring().status(verdict),
        "verdict": verdict,
    }
    return Judged(**(values | changes))


def claimed(worker: str = "w1") -> AuditRecord:
    """One discovered and claimed record, its memory read as the worker reads it."""
    AuditRecord.objects.discover(100)
    [record] = AuditRecord.objects.claim(worker, 1)
    record.memory = Memory.objects.get(pk=record.memory_id)
    return record


def in_another_connection(work: object) -> None:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()


@pytest.mark.django_db
def test_every_memory_without_a_record_is_discovered_once() -> None:
    make_memory("a?", "answer a")
    make_memory("b?", "answer b")

    AuditRecord.objects.discover(10)
    AuditRecord.objects.discover(10)

    assert AuditRecord.objects.filter(status=Status.QUEUED).count() == 2


@pytest.mark.django_db
def test_what_is_discovered_is_a_record_as_any_other_of_its_memory() -> None:
    memory = make_memory(agent="tws-analyzer")

    AuditRecord.objects.discover(10)

    record, new = AuditRecord.objects.get(), AuditRecord()
    own = {"id", "memory", "harm", "ready_at", "created_at", "agent", "kind"}
    names = [one.name for one in AuditRecord._meta.local_concrete_fields if one.name not in own]
    assert {name: getattr(record, name) for name in names} == {
        name: getattr(new, name) for name in names
    }
    assert (record.memory, record.agent, record.kind) == (memory, memory.agent, memory.kind)
    assert record.ready_at <= timezone.now()


@pytest.mark.django_db
def test_what_is_new_is_leased_at_once_oldest_first_and_to_one_worker() -> None:
    now = timezone.now()
    for age in (1, 3, 2):
        make_memory(f"{age}?", f"answer {age}", created_at=now - timedelta(days=age))

    first = AuditRecord.objects.claim_new("w1", 2)
    second = AuditRecord.objects.claim_new("w2", 5)

    asked = [[one.memory.user_query for one in claimed] for claimed in (first, second)]
    assert asked == [["3?", "2?"], ["1?"]]
    assert AuditRecord.objects.claim("w3", 5) == AuditRecord.objects.claim_new("w3", 5) == []
    assert AuditRecord.objects.claim_new("w3", 5, Q(pk__in=[])) == []
    held = AuditRecord.objects.filter(status="running", attempts=1, lease_until__gt=now)
    assert set(held.values_list("id", "lease_owner")) == {
        (first[0].id, "w1"), (first[1].id, "w1"), (second[0].id, "w2"),
    }  # fmt: skip
    assert settle([judged(first[0], FINE)]) == ["cleared"]


@pytest.mark.django_db(transaction=True)
def test_who_leases_what_is_new_passes_over_what_another_one_is_leasing() -> None:
    make_memory("a?", "answer a")
    make_memory("b?", "answer b")
    taken: list[AuditRecord] = []

    with transaction.atomic():
        [first] = AuditRecord.objects.claim_new("w1", 1)
        in_another_connection(lambda: taken.extend(AuditRecord.objects.claim_new("w2", 10)))

    assert len(taken) == 1
    assert {first.memory_id, taken[0].memory_id} == set(Memory.objects.values_list("pk", flat=True))


@pytest.mark.django_db(transaction=True)
def test_claim_passes_over_a_record_another_worker_is_claiming() -> None:
    make_memory("a?", "answer a")
    make_memory("b?", "answer b")
    AuditRecord.objects.discover(10)
    taken: list[AuditRecord] = []

    with transaction.atomic():
        [first] = AuditRecord.objects.claim("w1", 1)
        in_another_connection(lambda: taken.extend(AuditRecord.objects.claim("w2", 10)))

    assert [record.id for record in taken] == [first.id + 1]


@pytest.mark.django_db
def test_claims_are_oldest_first_and_limited() -> None:
    now = timezone.now()
    for age in (1, 3, 2):
        make_memory(f"{age}?", f"answer {age}", created_at=now - timedelta(days=age))
    AuditRecord.objects.discover(10)

    records = AuditRecord.objects.claim("w1", 2)

    assert [record.memory.user_query for record in records] == ["3?", "2?"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("verdict", "status", "trust"),
    [
        (FINE, Status.CLEARED, Trust.CLEARED),
        (UNCLEAR, Status.UNVERIFIED, Trust.UNVERIFIED),
        (DOUBTFUL, Status.PENDING, Trust.SUSPECT),
        (WRONG, Status.QUARANTINED, Trust.QUARANTINED),
    ],
)
def test_a_verdict_moves_record_and_trust_together(verdict, status, trust) -> None:
    make_memory()
    record = claimed()

    outcomes = settle([judged(record, verdict)])

    record.refresh_from_db()
    assert outcomes == [status.value]
    assert (record.status, record.memory.trust) == (status, trust)
    assert record.memory_version == record.memory.version
    quiet = status in {Status.CLEARED, Status.UNVERIFIED}
    assert Decision.objects.count() == (0 if quiet else 1)
    assert (record.ia_audit_confidence is None) == (status == Status.UNVERIFIED)


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"attempts": 99}, {"worker": "another"}])
def test_a_worker_that_lost_its_lease_is_refused(change) -> None:
    make_memory()
    record = claimed()

    outcomes = settle([judged(record, WRONG, **change)])

    record.refresh_from_db()
    assert outcomes == ["lost"]
    assert (record.status, record.memory.trust) == (Status.RUNNING, Trust.NEW)


@pytest.mark.django_db
def test_a_lease_that_ran_out_is_claimed_by_another_and_the_first_is_refused(settings) -> None:
    make_memory()
    late = claimed("w1")
    AuditRecord.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    [again] = AuditRecord.objects.claim("w2", 5)

    assert settle([judged(late, WRONG)]) == ["lost"]
    assert settle([judged(again, FINE)]) == ["cleared"]


@pytest.mark.django_db(transaction=True)
def test_a_late_attempt_does_not_queue_for_rows_that_others_hold() -> None:
    memory = make_memory()
    late = claimed("w1")
    run_out()
    claimed("w2")
    told: list[str] = []

    def come_late() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = '3s'")
        told.extend(settle([judged(late, WRONG)]))

    with transaction.atomic():
        Memory.objects.locked([memory.pk])
        in_another_connection(come_late)

    assert told == ["lost"]


@pytest.mark.django_db(transaction=True)
def test_who_comes_while_another_one_queues_the_memories_does_not_find_nothing() -> None:
    make_memory()
    taken: list[object] = []

    def come() -> None:
        try:
            taken.extend(Claimer("w1", Scope(), Tally()).take(5) or [])
        finally:
            connection.close()

    comer = threading.Thread(target=come)
    with transaction.atomic():
        AuditRecord.objects.discover(10)  # by the other one, who is not done
        comer.start()
        comer.join(1)
        found_nothing = not comer.is_alive()
    comer.join(20)

    assert not found_nothing
    assert len(taken) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("newest_first", [True, False])
def test_two_attempts_of_one_record_in_one_group_are_one_verdict_and_one_lost(newest_first) -> None:
    make_memory()
    late = claimed("w1")
    AuditRecord.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    [again] = AuditRecord.objects.claim("w2", 1)
    AuditRecord.objects.update(lease_owner="w1")
    again.lease_owner = "w1"
    group = [judged(late, WRONG), judged(again, DOUBTFUL)]

    outcomes = settle(group[::-1] if newest_first else group)

    record = AuditRecord.objects.get()
    assert outcomes == (["pending", "lost"] if newest_first else ["lost", "pending"])
    assert (record.status, record.memory.trust) == (Status.PENDING, Trust.SUSPECT)
    assert [line.action for line in Decision.objects.all()] == ["flag"]


@pytest.mark.django_db
def test_one_verdict_that_stands_in_a_group_twice_counts_once() -> None:
    make_memory()
    verdict = judged(claimed(), WRONG)

    assert settle([verdict, verdict]) == ["quarantined", "lost"]
    assert Decision.objects.count() == 1


@pytest.mark.django_db
def test_a_worker_does_not_take_over_from_itself() -> None:
    make_memory()
    claimed("w1")
    AuditRecord.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    assert AuditRecord.objects.claim("w1", 5) == []
    assert len(AuditRecord.objects.claim("w2", 5)) == 1


@pytest.mark.django_db
def test_a_lease_in_force_is_not_claimed_again() -> None:
    make_memory()
    claimed("w1")

    assert AuditRecord.objects.claim("w2", 5) == []


@pytest.mark.django_db
def test_a_renewed_lease_stays() -> None:
    make_memory()
    claimed("w1")
    AuditRecord.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    AuditRecord.objects.renew("w1")

    assert AuditRecord.objects.claim("w2", 5) == []


@pytest.mark.django_db(transaction=True)
def test_renewing_does_not_wait_for_a_record_that_is_being_settled() -> None:
    make_memory("a?", "answer a")
    make_memory("b?", "answer b")
    AuditRecord.objects.discover(10)
    [first, _] = AuditRecord.objects.claim("w1", 2)
    renewed: list[int] = []

    with transaction.atomic():
        AuditRecord.objects.select_for_update().get(pk=first.pk)
        in_another_connection(lambda: renewed.append(AuditRecord.objects.renew("w1")))

    assert renewed == [1]


@pytest.mark.django_db
def test_a_memory_that_changed_while_judged_gets_no_verdict_and_is_queued_again(settings) -> None:
    settings.AUDIT_MAX_ATTEMPTS = 1
    memory = make_memory()
    record = claimed()
    store.change(memory.pk, "Another answer altogether.")

    outcomes = settle([judged(record, WRONG)])

    record.refresh_from_db()
    assert outcomes == ["queued"]
    assert (record.status, record.memory.trust) == (Status.QUEUED, Trust.NEW)
    assert Decision.objects.count() == 0
    assert len(AuditRecord.objects.claim("w1", 1)) == 1, "the change cost an attempt"


@pytest.mark.django_db
def test_a_change_of_text_after_the_verdict_queues_the_record_again() -> None:
    memory = make_memory()
    settle([judged(claimed(), FINE)])
    store.change(memory.pk, "Another answer altogether.")

    AuditRecord.objects.requeue_changed(10)

    assert [record.memory_id for record in AuditRecord.objects.claim("w1", 5)] == [memory.pk]


@pytest.mark.django_db
def test_a_change_of_evidence_queues_the_record_again() -> None:
    memory = make_memory()
    settle([judged(claimed(), FINE)])
    store.change(memory.pk, evidence=[{"tool": "job_detail", "result": {"status": "ABEND"}}])

    AuditRecord.objects.requeue_changed(10)

    [record] = AuditRecord.objects.claim("w1", 5)
    assert record.memory.version == 2
    assert record.memory.revisions.get().evidence == []


@pytest.mark.django_db
@pytest.mark.parametrize("status", [Status.PENDING, Status.QUARANTINED, Status.CLEARED])
def test_a_flagged_or_judged_record_is_never_claimed(status) -> None:
    make_record(status)

    AuditRecord.objects.discover(10)
    AuditRecord.objects.requeue_changed(10)

    assert AuditRecord.objects.claim("w1", 10) == []


@pytest.mark.django_db
@pytest.mark.parametrize("status", [Status.APPROVED, Status.REJECTED])
def test_a_decided_memory_is_neither_judged_again_nor_changed(status, reviewer) -> None:
    record = make_record(status, reviewer=reviewer, reviewed_at=timezone.now())

    with pytest.raises(ValueError, match="decided"):
        store.change(record.memory_id, "Another answer.")

    assert AuditRecord.objects.claim("w1", 10) == []


@pytest.mark.django_db
def test_after_too_many_attempts_a_person_sees_the_record(settings) -> None:
    settings.AUDIT_MAX_ATTEMPTS = 2
    make_memory()
    AuditRecord.objects.discover(10)
    for worker in ("w1", "w2"):
        AuditRecord.objects.claim(worker, 1)
        AuditRecord.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    assert AuditRecord.objects.claim("w3", 1) == []
    assert fail_exhausted() == 1

    record = AuditRecord.objects.get()
    assert (record.status, record.memory.trust) == (Status.FAILED, Trust.SUSPECT)
    assert record.last_error


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["verdict", "none", "dead"])
def test_a_lease_that_ran_out_costs_an_attempt_only_if_its_worker_never_comes_back(
    settings, how
) -> None:
    settings.AUDIT_MAX_ATTEMPTS = 2
    make_memory()
    late = claimed("w1")
    run_out()
    claimed("w2")

    if how == "verdict":
        assert settle([judged(late, WRONG)]) == ["lost"]
    if how == "none":
        assert not release(Released(late.id, "w1", late.attempts, "no verdict"))
    run_out()

    assert AuditRecord.objects.exhausted().exists() == (how == "dead")


def run_out() -> None:
    past = timezone.now() - timedelta(seconds=1)
    AuditRecord.objects.filter(status=Status.RUNNING).update(lease_until=past)


@pytest.mark.django_db
def test_an_exact_duplicate_is_one_row_with_a_use_count() -> None:
    first = make_memory("How?", "So.")
    second = make_memory("How?", "So.")

    assert first.pk == second.pk
    assert Memory.objects.get().use_count == 2


@pytest.mark.django_db
def test_the_plans_names_of_the_queue_work(reviewer) -> None:
    memory = make_memory()

    assert AuditRecord.objects.add_audit_record(memory.pk)
    assert not AuditRecord.objects.add_audit_record(memory.pk)
    settle([judged(AuditRecord.objects.claim("w1", 1)[0], DOUBTFUL)])
    assert [r.memory_id for r in AuditRecord.objects.get_pending_audits()] == [memory.pk]
    assert not AuditRecord.objects.is_memory_approved(memory.pk)
    AuditRecord.objects.update_audit_status(memory.pk, "approve", reviewer)
    assert AuditRecord.objects.is_memory_approved(memory.pk)
    assert not AuditRecord.objects.delete_audit_record(memory.pk)
