"""Verdicts into rows: a group of them in one transaction, each checked against what is true now.

A verdict counts only when the lease and the attempt are still the worker's, no person has
decided, and the memory's version is the one that was judged.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Literal, NamedTuple, cast

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from audits import harm
from audits.decisions import Move, append
from audits.judges import Verdict
from audits.models import AuditRecord
from audits.states import OPEN, TRUST_OF, Status
from knowledge import store
from knowledge.cleaning import clean, clean_json
from knowledge.language import language_of
from knowledge.models import Memory, Trust

Outcome = Literal["cleared", "unverified", "pending", "quarantined", "failed", "queued", "lost"]
"""What became of a verdict. `queued`: the memory moved; `lost`: somebody else has the record."""

_LOGGED = {Status.PENDING: "flag", Status.QUARANTINED: "quarantine", Status.FAILED: "fail"}


@dataclass(frozen=True, slots=True)
class Judged:
    """A claimed record and what its judges said: `status` is where it should go."""

    record_id: int
    worker: str
    attempts: int
    memory_id: uuid.UUID
    memory_version: int
    status: Status
    verdict: Verdict
    confidence: float | None = None
    """What the thresholds saw, when that is not the judge's own figure."""
    similar_to: uuid.UUID | None = None
    """An earlier memory that says the same."""
    question: str = ""
    """Its beginning: the language that it is in is told beside the event loop."""

    def given_up(self, error: str) -> Released:
        """The attempt without its verdict."""
        return Released(self.record_id, self.worker, self.attempts, error)

    @property
    def outcome(self) -> Outcome:
        return cast(Outcome, self.status.value)

    def columns(self) -> dict[str, Any]:
        """The record's columns after this verdict; equal for equal verdicts."""
        verdict, reason = self.verdict, clean(self.verdict.reason)
        # Nobody could judge, or nobody knew: no opinion, no confidence.
        abstains = self.status == Status.UNVERIFIED and not verdict.findings
        unjudged = verdict.judge == "auditor" or abstains
        raw = None if unjudged else min(1.0, max(0.0, verdict.confidence))
        confidence = raw if unjudged or self.confidence is None else self.confidence
        findings = clean_json([asdict(finding) for finding in verdict.findings])
        why = harm.why(verdict.judge, self.status, findings)
        return {
            "status": self.status.value,
            "lease_owner": "",
            "lease_until": None,
            "memory_version": self.memory_version,
            "ia_audit_reason": reason,
            "raw_confidence": raw,
            "ia_audit_confidence": confidence,
            "findings": findings,
            "why": "" if self.status == Status.CLEARED else why.value,
            "weight": harm.weight(why, confidence),
            "cluster": harm.cluster(findings),
            "language": language_of(self.question) or "",
            "judge": verdict.judge[:50],
            "model": verdict.model[:200],
            "prompt_version": verdict.prompt_version[:50],
            "last_error": reason if self.status == Status.FAILED else "",
        }


@dataclass(frozen=True, slots=True)
class Released:
    """A claimed record that no judge gave a verdict on. An `excused` attempt does not count."""

    record_id: int
    worker: str
    attempts: int
    error: str
    rest_seconds: float = 2.0
    excused: bool = False


def settle(group: Sequence[Judged]) -> list[Outcome]:
    """Write a group of verdicts; what became of each, in the group's order, once committed.

    A record may stand in the group twice, when its lease ran out under a living worker and it
    was claimed again: the attempt that holds the record now counts, the other one is lost,
    and excused: who comes back to tell was not killed by the memory.
    """
    # A late attempt stays late. Told apart before anything is locked, those who come late do not
    # queue for the rows of those who do not: eight workers once waited for each other for 30 s.
    late = _late(group)
    outcomes = iter(_settle([judged for judged in group if _attempt(judged) not in late]))
    if late:
        _excuse([record_id for record_id, _attempts in late])
    return ["lost" if _attempt(judged) in late else next(outcomes) for judged in group]


def _attempt(judged: Judged) -> tuple[int, int]:
    return judged.record_id, judged.attempts


def _late(group: Sequence[Judged]) -> set[tuple[int, int]]:
    """The attempts, as record and fencing number, after which another one has begun."""
    records = AuditRecord.objects.filter(id__any={judged.record_id for judged in group})
    begun = dict(records.values_list("id", "attempts"))
    return {
        _attempt(judged) for judged in group if begun.get(judged.record_id, 0) > judged.attempts
    }


@transaction.atomic
def _settle(group: Sequence[Judged]) -> list[Outcome]:
    memories = _locked_memories([judged.memory_id for judged in group])
    records = _locked_records([judged.record_id for judged in group])
    outcomes: list[Outcome] = []
    written: list[tuple[Judged, Memory]] = []
    moved: list[int] = []
    overtaken: list[int] = []
    for judged in group:
        record, memory = records.get(judged.record_id), memories.get(judged.memory_id)
        if record is None or memory is None or not _still_ours(record, judged):
            outcomes.append("lost")
            if record is not None and _is_overtaken(record, judged):
                overtaken.append(record.id)
            continue
        del records[judged.record_id]  # one verdict a record, whatever else the group holds
        if memory.version == judged.memory_version:
            written.append((judged, memory))
            outcomes.append(judged.outcome)
        else:
            moved.append(judged.record_id)
            outcomes.append("queued")
    _excuse(overtaken)
    _queue_again(moved)
    _write(written)
    return outcomes


def _locked_memories(ids: list[uuid.UUID]) -> dict[uuid.UUID, Memory]:
    """Locked, without their texts: what settling reads and the log names."""
    columns = ("id", "version", "trust", "mem0_id", "content_hash")
    return {memory.pk: memory for memory in Memory.objects.only(*columns).locked(ids)}


class _Held(NamedTuple):
    """A locked record, as far as it says whose it is."""

    id: int
    status: str
    lease_owner: str
    attempts: int


def _locked_records(ids: list[int]) -> dict[int, _Held]:
    rows = AuditRecord.objects.filter(id__any=set(ids)).order_by("id").select_for_update()
    return {row[0]: _Held(*row) for row in rows.values_list(*_Held._fields)}


def _still_ours(record: _Held, attempt: Judged | Released) -> bool:
    return (
        record.status == Status.RUNNING
        and record.lease_owner == attempt.worker
        and record.attempts == attempt.attempts
    )


def _is_overtaken(record: _Held, attempt: Judged | Released) -> bool:
    """Whether another attempt at the record was begun before this one came back."""
    return record.status in OPEN and record.attempts > attempt.attempts


@transaction.atomic
def _excuse(ids: Sequence[int]) -> None:
    """Count these attempts, one for each time its record is named, as nobody's failure."""
    records = AuditRecord.objects.filter(id__in=ids, status__in=OPEN).order_by("id")
    known = set(records.select_for_update().values_list("id", flat=True))
    often = Counter(one for one in ids if one in known)
    for times in set(often.values()):
        same = [one for one, count in often.items() if count == times]
        AuditRecord.objects.filter(id__in=same).update(excused=F("excused") + times)


def _queue_again(ids: list[int]) -> None:
    """The texts changed while they were judged: what was tried so far was another text's."""
    if ids:
        AuditRecord.objects.filter(id__in=ids).update(
            status=Status.QUEUED, lease_owner="", lease_until=None,
            excused=F("attempts"), ready_at=timezone.now(),
        )  # fmt: skip


def _write(written: Sequence[tuple[Judged, Memory]]) -> None:
    """Records, trust, vectors and log of locked rows. One UPDATE for all equal verdicts."""
    equal: dict[str, list[int]] = {}
    columns: dict[str, dict[str, Any]] = {}
    by_trust: dict[Trust, list[Memory]] = {}
    moves = []
    for judged, memory in written:
        values = judged.columns()
        key = repr(values)
        equal.setdefault(key, []).append(judged.record_id)
        columns[key] = values
        if judged.status in _LOGGED:
            moves.append(_move(judged, values, memory))
        by_trust.setdefault(TRUST_OF[judged.status], []).append(memory)
        if judged.similar_to:
            Memory.objects.filter(pk=memory.pk).update(similar_to=judged.similar_to)
    judged_at = timezone.now()
    for key, ids in equal.items():
        AuditRecord.objects.filter(id__any=set(ids)).update(judged_at=judged_at, **columns[key])
    for trust, memories in by_trust.items():
        store.set_trust(memories, trust)
    append(moves)


def _move(judged: Judged, values: dict[str, Any], memory: Memory) -> Move:
    return Move(
        memory,
        _LOGGED[judged.status],
        Status.RUNNING,
        judged.status,
        memory.trust,
        TRUST_OF[judged.status],
        judge=values["judge"],
        confidence=values["ia_audit_confidence"],
    )


@transaction.atomic
def release(attempt: Released) -> bool:
    """Put a claimed record back because no judge answered; whether it was still ours.

    It is ready again after its rest. The attempt counts unless it is excused, or overtaken.
    """
    record = _locked_records([attempt.record_id]).get(attempt.record_id)
    if record is None or not _still_ours(record, attempt):
        if record is not None and _is_overtaken(record, attempt):
            _excuse([record.id])
        return False
    AuditRecord.objects.filter(id=record.id).update(
        status=Status.QUEUED, lease_owner="", lease_until=None,
        ready_at=timezone.now() + timedelta(seconds=attempt.rest_seconds),
        last_error=clean(attempt.error)[:2000],
        excused=F("excused") + int(attempt.excused),
    )  # fmt: skip
    return True


@transaction.atomic
def hand_back(worker: str, held: Mapping[int, int]) -> int:
    """After an outage: give back all that `worker` still leases; how many records.

    `held` (record id → attempts) is what it had in hand. The outage costs no attempt, not even
    where another worker has taken the record over since.
    """
    leased = AuditRecord.objects.filter(status=Status.RUNNING, lease_owner=worker)
    records = AuditRecord.objects.filter(Q(id__in=list(held)) | Q(pk__in=leased.values("pk")))
    back, elsewhere = [], []
    for record in records.order_by("id").select_for_update():
        if record.status == Status.RUNNING and record.lease_owner == worker:
            back.append(record.id)
        elif record.status in OPEN and record.attempts > held[record.id]:
            elsewhere.append(record.id)
    excused = F("excused") + 1
    AuditRecord.objects.filter(id__in=elsewhere).update(excused=excused)
    return AuditRecord.objects.filter(id__in=back).update(
        status=Status.QUEUED, lease_owner="", lease_until=None, excused=excused
    )


def fail_exhausted(limit: int = 100) -> int:
    """Make records `failed` that were tried AUDIT_MAX_ATTEMPTS times; how many became so."""
    ids = AuditRecord.objects.exhausted().order_by("id").values_list("id", "memory_id")[:limit]
    return sum(_fail(record_id, memory_id) for record_id, memory_id in list(ids))


@transaction.atomic
def _fail(record_id: int, memory_id: uuid.UUID) -> bool:
    memories = Memory.objects.locked([memory_id])
    record = AuditRecord.objects.exhausted().filter(id=record_id).select_for_update().first()
    if not memories or record is None:
        return False
    reason = record.last_error or _("The auditor was cut off each time it tried.")
    verdict = Verdict(judge="auditor", confidence=0, reason=reason)
    judged = Judged(
        record.id, record.lease_owner, record.attempts, memory_id, memories[0].version,
        Status.FAILED, verdict,
    )  # fmt: skip
    _write([(judged, memories[0])])
    return True
