"""The decision log: append-only, gapless, each line's hash over the line before it.

A line is written while holding the single `DecisionHead` row `FOR UPDATE`, which is every
transaction's last lock; so lines of concurrent decisions never interleave and never leave a gap.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from knowledge.models import Memory


class Decision(models.Model):
    """One line of the append-only log: a flag, a quarantine or what a person did.

    Holds ids and digests, never text, so that texts can be purged. No foreign keys: the line
    outlives what it speaks of. UPDATE, DELETE and TRUNCATE are refused by triggers.
    """

    seq = models.BigIntegerField(primary_key=True)
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    action = models.CharField(max_length=20)
    actor_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=150)
    memory_id = models.UUIDField()
    memory_version = models.PositiveIntegerField()
    from_digest = models.CharField(max_length=64, blank=True)
    content_digest = models.CharField(max_length=64)
    from_status = models.CharField(max_length=12)
    to_status = models.CharField(max_length=12)
    from_trust = models.CharField(max_length=12)
    to_trust = models.CharField(max_length=12)
    judge = models.CharField(max_length=50, blank=True)
    confidence = models.FloatField(null=True)
    reason_code = models.CharField(max_length=12, blank=True)
    note_digest = models.CharField(max_length=64, blank=True)
    undoes = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decision log")
        ordering = ["-seq"]
        indexes = [
            models.Index(fields=["memory_id", "-seq"], name="decision_of_memory"),
            # What somebody has just done, to be undone from wherever they are.
            models.Index(
                fields=["actor_id", "-seq"],
                name="decision_of_person",
                condition=Q(actor_id__isnull=False),
            ),
            # The log by what was done.
            models.Index(fields=["action", "-seq"], name="decision_by_action"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.action} {self.memory_id}"


class DecisionHead(models.Model):
    """The end of the chain: one row, locked last while a line is added."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="decision_head_is_one_row")]

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


class ReviewNote(models.Model):
    """What a reviewer wrote beside a decision. Apart from the log, so that it can be purged."""

    seq = models.BigIntegerField(primary_key=True)
    memory_id = models.UUIDField(default=uuid.uuid4, db_index=True)
    text = models.TextField()

    def __str__(self) -> str:
        return self.text[:60]


GENESIS = "0" * 64
_HASHED = (
    "seq", "prev_hash", "at", "action", "actor_id", "actor", "memory_id", "memory_version",
    "from_digest", "content_digest", "from_status", "to_status", "from_trust", "to_trust",
    "judge", "confidence", "reason_code", "note_digest", "undoes",
)  # fmt: skip


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class Move:
    """A change of one memory's status that the log must remember. `actor` None: the auditor."""

    memory: Memory
    action: str
    from_status: str
    to_status: str
    from_trust: str
    to_trust: str
    actor: User | None = None
    judge: str = ""
    confidence: float | None = None
    reason_code: str = ""
    note: str = ""
    from_digest: str = ""
    undoes: int | None = None


def line_hash(line: Decision) -> str:
    """sha256 (hex) of the line as canonical JSON, its `prev_hash` included."""
    values = {name: _plain(getattr(line, name)) for name in _HASHED}
    canonical = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return digest(canonical)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value if isinstance(value, (int, float, str, type(None))) else str(value)


def append(
    moves: Sequence[Move], write: Callable[[list[Decision]], object] | None = None
) -> list[Decision]:
    """Write the moves at the end of the log, inside the caller's transaction, as its last lock.

    `write` inserts the lines where there are very many of them.
    """
    if not moves:
        return []
    head = DecisionHead.objects.select_for_update().get(pk=1)
    at = timezone.now()
    lines = []
    for move in moves:
        line = _line(move, head, at)
        head.seq, head.hash = line.seq, line.hash
        lines.append(line)
    (write or Decision.objects.bulk_create)(lines)
    head.save(update_fields=["seq", "hash"])
    ReviewNote.objects.bulk_create(
        ReviewNote(seq=line.seq, memory_id=line.memory_id, text=move.note)
        for line, move in zip(lines, moves, strict=True)
        if move.note
    )
    return lines


def _line(move: Move, head: DecisionHead, at: datetime) -> Decision:
    line = Decision(
        seq=head.seq + 1,
        prev_hash=head.hash,
        at=at,
        action=move.action,
        actor_id=move.actor.pk if move.actor else None,
        actor=move.actor.get_username() if move.actor else "IA Auditor",
        memory_id=move.memory.pk,
        memory_version=move.memory.version,
        from_digest=move.from_digest,
        content_digest=move.memory.content_hash,
        from_status=move.from_status,
        to_status=move.to_status,
        from_trust=move.from_trust,
        to_trust=move.to_trust,
        judge=move.judge,
        confidence=move.confidence,
        reason_code=move.reason_code,
        note_digest=digest(move.note) if move.note else "",
        undoes=move.undoes,
    )
    line.hash = line_hash(line)
    return line


def last_before(moment: datetime) -> int:
    """The number of the last line before `moment`; 0 when there is none.

    The lines' times grow with their numbers, so that it is found by halving.
    """
    low, high = 0, DecisionHead.objects.get(pk=1).seq
    while low < high:
        middle = (low + high + 1) // 2
        at = Decision.objects.values_list("at", flat=True).get(seq=middle)
        low, high = (middle, high) if at < moment else (low, middle - 1)
    return low


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether the chain holds; `first_broken` is the seq of the first line that does not."""

    ok: bool
    rows: int
    seq: int
    hash: str
    first_broken: int | None
    problem: str = ""


def verify(expect: tuple[int, str] | None = None) -> Verification:
    """Walk the whole log, compare it with the head, and with `expect` (a seq and its hash)."""
    previous, rows = GENESIS, 0
    head = DecisionHead.objects.filter(pk=1).first() or DecisionHead(seq=-1)  # removed: broken
    expected_seen = expect is None or expect == (0, GENESIS)
    for line in Decision.objects.order_by("seq").iterator(chunk_size=2000):
        rows += 1
        problem = _problem(line, rows, previous)
        if expect and line.seq == expect[0]:
            expected_seen = True
            if not problem and line.hash != expect[1]:
                problem = "its hash is not the expected one"
        if problem:
            return Verification(False, rows, head.seq, head.hash, line.seq, problem)
        previous = line.hash
    if (head.seq, head.hash) != (rows, previous):
        return Verification(
            False, rows, head.seq, head.hash, rows + 1, "the log ends before its head"
        )
    if not expected_seen and expect:
        return Verification(
            False, rows, head.seq, head.hash, expect[0], "the expected line is missing"
        )
    return Verification(True, rows, head.seq, head.hash, None)


def _problem(line: Decision, seq: int, previous: str) -> str:
    if line.seq != seq:
        return f"line {seq} is missing"
    if line.prev_hash != previous:
        return "it does not continue the line before it"
    return "" if line_hash(line) == line.hash else "its content does not match its hash"
