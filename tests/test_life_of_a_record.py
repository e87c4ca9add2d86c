"""The life of a record, in any order by several actors: hypothesis against the real queue."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import settings, strategies
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from audits import decisions, reports, review, settling
from audits.judges import Verdict
from audits.models import AuditRecord, Decision
from audits.settling import Judged, Released
from audits.states import Status
from knowledge import store
from knowledge.feedback import give_feedback
from knowledge.models import Memory
from tests.examples import examples
from tests.factories import make_memory

# From DESIGN §3, by hand: what a record's status says about its memory's trust.
TRUST = {
    "queued": "new",
    "running": "new",
    "cleared": "cleared",
    "unverified": "unverified",
    "pending": "suspect",
    "failed": "suspect",
    "quarantined": "quarantined",
    "approved": "trusted",
    "rejected": "rejected",
}
MAY = {
    "approve": {"pending", "failed", "quarantined", "cleared", "unverified"},
    "reject": {"pending", "failed", "quarantined", "cleared", "unverified"},
    "restore": {"quarantined", "rejected"},
}
BECOMES = {"approve": "approved", "reject": "rejected", "restore": "approved"}

WORKERS = strategies.sampled_from(["w1", "w2"])
STATUSES = strategies.sampled_from(
    [Status.CLEARED, Status.UNVERIFIED, Status.PENDING, Status.QUARANTINED]
)
RECENT = strategies.integers(min_value=1, max_value=4)
ANY = strategies.integers(min_value=0, max_value=50)
PAST = timezone.now() - timedelta(days=1)


class LifeOfARecord(RuleBasedStateMachine):
    """Two workers, one reviewer and one operator, each acting whenever they like."""

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.reviewer = User.objects.create_user("ana", is_staff=True)
        self.reviewer.groups.add(Group.objects.get(name="Reviewers"))
        self.operator = User.objects.create_user("otto")
        self.attempts: list[tuple[AuditRecord, str, int]] = []
        self.decided: dict[UUID, str] = {}
        self.rounds: Counter[UUID] = Counter()
        self.reported: set[tuple[UUID, int]] = set()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    @initialize()
    def begin(self) -> None:
        for number in range(3):
            self.remember(number)
        self.claim("w1", 3)

    # --- what was said -------------------------------------------------------------------------

    @rule(number=ANY)
    def remember(self, number: int) -> None:
        make_memory(f"question {number}?", f"answer {number}")

    @rule(which=ANY, number=ANY)
    def change(self, which: int, number: int) -> None:
        if memory := self.memory(which):
            try:
                store.change(memory.pk, f"answer {number}, changed at {memory.version}")
            except ValueError:
                assert memory.pk in self.decided

    # --- workers -------------------------------------------------------------------------------

    def discover(self) -> None:
        known = set(AuditRecord.objects.values_list("memory_id", flat=True))
        AuditRecord.objects.discover(100)
        now = set(AuditRecord.objects.values_list("memory_id", flat=True))
        self.rounds.update(now - known)

    @rule()
    def requeue_changed(self) -> None:
        judged = AuditRecord.objects.exclude(status__in=["queued", "running"])
        before = set(judged.values_list("memory_id", flat=True))
        AuditRecord.objects.requeue_changed(100)
        self.rounds.update(before - set(judged.values_list("memory_id", flat=True)))

    @rule(limit=strategies.integers(1, 3))
    def recheck(self, limit: int) -> None:
        """Unverified ones only, and nobody's decision."""
        unverified = AuditRecord.objects.filter(status="unverified")
        before = set(unverified.values_list("memory_id", flat=True))
        again = AuditRecord.objects.requeue_unverified(limit, timezone.now())
        assert set(again) <= before and len(again) == min(limit, len(before))
        self.rounds.update(again)

    @rule(worker=WORKERS, limit=strategies.integers(1, 3))
    def claim(self, worker: str, limit: int) -> None:
        self.discover()
        for record in AuditRecord.objects.claim(worker, limit):
            version = Memory.objects.get(pk=record.memory_id).version
            self.attempts.append((record, worker, version))

    @rule(worker=WORKERS, limit=strategies.integers(1, 3))
    def claim_new(self, worker: str, limit: int) -> None:
        """What no record speaks of yet, and nobody holds."""
        for record in AuditRecord.objects.claim_new(worker, limit):
            version = Memory.objects.get(pk=record.memory_id).version
            self.rounds.update([record.memory_id])
            self.attempts.append((record, worker, version))

    @rule(which=ANY)
    def lose_a_lease(self, which: int) -> None:
        running = AuditRecord.objects.filter(status=Status.RUNNING).order_by("id")
        if found := list(running.values_list("id", flat=True)):
            running.filter(id=found[which % len(found)]).update(lease_until=PAST)

    @rule(worker=WORKERS)
    def renew(self, worker: str) -> None:
        AuditRecord.objects.renew(worker)

    @rule(picks=strategies.lists(RECENT, min_size=1, max_size=4), status=STATUSES)
    def settle(self, picks: list[int], status: Status) -> None:
        """Any attempts in one group, late ones and the same one twice among them."""
        if self.attempts:
            chosen = [self.attempts[-pick % len(self.attempts)] for pick in picks]
            held = self.held()
            outcomes = settling.settle([self.judged(one, status) for one in chosen])
            for (record, worker, _version), outcome in zip(chosen, outcomes, strict=True):
                ours = (record.id, worker, record.attempts) in held
                held.discard((record.id, worker, record.attempts))  # it takes one verdict
                assert (outcome != "lost") == ours

    @rule(workers=strategies.permutations(["w1", "w2"]), status=STATUSES)
    def take_turns(self, workers: list[str], status: Status) -> None:
        """A worker loses a record to another one, gets it back, and tells of its first attempt."""
        first, second = workers
        self.hand_back(first)
        self.claim(first, 1)
        early = self.attempts[-1:]
        for worker in (second, first):
            AuditRecord.objects.filter(status=Status.RUNNING).update(lease_until=PAST)
            self.claim(worker, 3)
        held = self.held()
        for attempt in early:
            record, worker, _version = attempt
            [outcome] = settling.settle([self.judged(attempt, status)])
            assert (outcome != "lost") == ((record.id, worker, record.attempts) in held)

    @rule(which=ANY, excused=strategies.booleans())
    def release(self, which: int, excused: bool) -> None:
        if self.attempts:
            record, worker, _version = self.attempts[which % len(self.attempts)]
            settling.release(Released(record.id, worker, record.attempts, "no", 0.0, excused))

    @rule(worker=WORKERS)
    def hand_back(self, worker: str) -> None:
        held = {record.id: record.attempts for record, owner, _ in self.attempts if owner == worker}
        settling.hand_back(worker, held)

    @rule()
    def fail_exhausted(self) -> None:
        settling.fail_exhausted()

    # --- people --------------------------------------------------------------------------------

    @rule(which=ANY, action=strategies.sampled_from(sorted(MAY)))
    def decide(self, which: int, action: str) -> None:
        if (memory := self.memory(which)) is None:
            return
        before = self.status_of(memory)
        try:
            review.decide(memory.pk, action, self.reviewer)
        except review.ReviewError:
            assert before not in MAY[action]
        else:
            assert before in MAY[action]
            self.decided[memory.pk] = BECOMES[action]

    @rule(which=ANY)
    def undo(self, which: int) -> None:
        if memory := self.memory(which):
            try:
                record = review.undo(memory.pk, self.reviewer)
            except review.ReviewError:
                return
            self.acted_on(memory, record.status)

    @rule(which=ANY)
    def audit_again(self, which: int) -> None:
        if memory := self.memory(which):
            try:
                record = review.audit_again(memory.pk, self.reviewer)
            except review.ReviewError:
                return
            self.acted_on(memory, record.status)
            self.rounds[memory.pk] += 1

    @rule(which=ANY)
    def report(self, which: int) -> None:
        if memory := self.memory(which):
            give_feedback(memory.pk, 1, "that is wrong", self.operator)
            self.reported.add((memory.pk, memory.version))
            reports.take()

    @rule()
    def dismiss(self) -> None:
        by_person = AuditRecord.objects.filter(status=Status.PENDING, judge="person")
        waiting = list(by_person.values_list("memory_id", flat=True))
        reports.dismiss([self.operator], self.reviewer)
        self.rounds.update(waiting)
        assert not by_person.exists(), "one user reported them all"

    @rule(which=ANY)
    def delete(self, which: int) -> None:
        """The text is gone, and its record; the log keeps its lines."""
        if memory := self.memory(which):
            lines = Decision.objects.count()
            self.decided.pop(memory.pk, None)
            memory.delete()  # which takes its key away
            assert Decision.objects.count() == lines

    # --- what holds ----------------------------------------------------------------------------

    @invariant()
    def trust_goes_with_status(self) -> None:
        for record in AuditRecord.objects.select_related("memory"):
            memory = record.memory
            changed = memory.trust == "new" and memory.version != record.memory_version
            assert changed or memory.trust == TRUST[record.status]

    @invariant()
    def only_a_persons_act_ends_a_persons_decision(self) -> None:
        decided = AuditRecord.objects.filter(status__in=["approved", "rejected"])
        assert dict(decided.values_list("memory_id", "status")) == self.decided

    @invariant()
    def a_round_flags_at_most_once(self) -> None:
        lines = Decision.objects.filter(action__in=["flag", "quarantine", "fail"])
        by_judge = Counter(lines.exclude(judge="person").values_list("memory_id", flat=True))
        by_person = Counter(lines.filter(judge="person").values_list("memory_id", flat=True))
        assert by_judge <= self.rounds
        assert by_person <= Counter(memory_id for memory_id, _version in self.reported)

    @invariant()
    def the_log_is_whole(self) -> None:
        connection.check_constraints()  # what a person decided has its line
        assert decisions.verify().ok

    @invariant()
    def who_is_judging_holds_a_lease(self) -> None:
        running = AuditRecord.objects.filter(status=Status.RUNNING)
        assert not running.filter(lease_owner="").exists()
        assert not AuditRecord.objects.exclude(status="running").exclude(lease_owner="").exists()

    # --- the actors' eyes ----------------------------------------------------------------------

    def memory(self, which: int) -> Memory | None:
        memories = list(Memory.objects.order_by("created_at", "id"))
        return memories[which % len(memories)] if memories else None

    def held(self) -> set[tuple[int, str, int]]:
        """Who holds which record, at which attempt."""
        running = AuditRecord.objects.filter(status=Status.RUNNING)
        return set(running.values_list("id", "lease_owner", "attempts"))

    def status_of(self, memory: Memory) -> str | None:
        return AuditRecord.objects.filter(memory=memory).values_list("status", flat=True).first()

    def acted_on(self, memory: Memory, status: str) -> None:
        self.decided.pop(memory.pk, None)
        if status in {"approved", "rejected"}:
            self.decided[memory.pk] = status

    def judged(self, attempt: tuple[AuditRecord, str, int], status: Status) -> Judged:
        record, worker, version = attempt
        verdict = Verdict("rules", 0.7, "a verdict")
        return Judged(
            record.id, worker, record.attempts, record.memory_id, version, status, verdict
        )


@pytest.mark.django_db
def test_in_whatever_order_workers_and_people_act_a_record_stays_true() -> None:
    run_state_machine_as_test(
        LifeOfARecord,
        settings=settings(
            max_examples=examples(4, of=8), stateful_step_count=30, deadline=None, database=None
        ),
    )
