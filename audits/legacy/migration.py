"""The migration itself: read and check every row, plan, then write what is new, batch by batch.

Each batch is one transaction with its memories, their records and their lines in the decision
log; a run that was killed is completed by the next one.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from audits.decisions import Move, append
from audits.legacy import plan
from audits.legacy.copying import copy_in
from audits.legacy.rows import LegacyRow, Reject, read_row
from audits.legacy.source import Doubt, Source, SourceError, open_source
from audits.models import AuditRecord
from audits.states import DECIDED, TRUST_OF, Status
from knowledge.connections import no_statement_limit
from knowledge.models import Memory
from knowledge.models import Source as MemorySource
from knowledge.store import Draft

ACTION = "migrate"
JUDGE = "earlier queue"
REVIEWER = "audit-queue-migration"
"""The user in whose name the old decisions stand: who took them was not kept."""
LOCK = 0x6175_6469  # any number; the advisory lock of this migration
BATCH_CHARACTERS = 16_000_000

Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]
"""Passes the items on and shows how far it is: (items, how many, what is being done)."""


class CannotMigrate(Exception):
    """Nothing was done; the message says why and what to do."""


@dataclass(slots=True)
class Summary:
    """What a run did, or with `dry_run` would do: rows = migrated + skipped + rejected."""

    dry_run: bool
    rows: int = 0
    migrated: int = 0
    skipped: int = 0
    rejected: int = 0
    migrated_by_status: Counter[str] = field(default_factory=Counter)
    skipped_because: Counter[str] = field(default_factory=Counter)
    rejected_because: Counter[str] = field(default_factory=Counter)
    contradictions: int = 0
    doubts: list[Doubt] = field(default_factory=list)
    rejects_file: str | None = None
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        counts = {k: dict(v) if isinstance(v, Counter) else v for k, v in values.items()}
        return counts | {"doubts": [asdict(doubt) for doubt in self.doubts]}

    def reject(self, code: str, count: int = 1) -> None:
        self.rejected += count
        self.rejected_because[code] += count

    def skip(self, code: str, count: int = 1) -> None:
        self.skipped += count
        self.skipped_because[code] += count


def migrate(
    path: Path,
    *,
    agent: str,
    rejects: Path,
    dry_run: bool = False,
    batch: int = 1000,
    progress: Progress = lambda items, total, label: items,
    warn: Callable[[str], None] = lambda message: None,
) -> Summary:
    """Bring the file's rows in as memories of `agent`. SourceError or CannotMigrate: nothing done.

    `warn` is told before any row is read why rows may be missing from the file.
    The rejects file is written anew by every run, and removed when nothing was rejected.
    """
    started = time.monotonic()
    summary = Summary(dry_run)
    with (
        open_source(path) as source,
        _rejects_file(rejects, path, summary) as reject,
        no_statement_limit(),
        _only_one(),
    ):
        summary.doubts = list(source.doubts)
        for doubt in source.doubts:
            warn(doubt.message)
        summary.rows = len(source)
        rows = progress(source.rows(), summary.rows, "checking")
        plan.stage(_sound(map(read_row, rows), reject))
        plan.make_plan(agent)
        for refused in plan.refused():
            reject(refused)
        _count(plan.outcomes(), summary)
        summary.contradictions = plan.contradictions()
        if not dry_run:
            _write_new(source, agent, batch, summary, progress)
    summary.seconds = round(time.monotonic() - started, 1)
    return summary


@contextlib.contextmanager
def _rejects_file(path: Path, source: Path, summary: Summary) -> Iterator[Callable[[Reject], None]]:
    """A function that writes a line and counts it; without a line there is no file."""
    if path.exists() and source.exists() and path.samefile(source):
        raise CannotMigrate("The rejects file is the old file itself. Name another: --rejects")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise CannotMigrate(
            f"The rejects file {path} can't be written: {error.strerror}. Name another: --rejects"
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as lines:

        def reject(row: Reject) -> None:
            lines.write(json.dumps(row.as_dict(), ensure_ascii=False) + "\n")
            summary.reject(row.code)

        try:
            yield reject
        finally:
            lines.flush()
            if path.stat().st_size == 0:
                path.unlink()
    summary.rejects_file = str(path) if summary.rejected else None


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    """Refuse to run beside another run, or on a database without its tables."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CannotMigrate(
            "The database is not set up, or is of an earlier version. Start scripts/serve once, "
            "or run: .venv/bin/python manage.py migrate"
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise CannotMigrate("Another run is migrating just now. Wait for it, then run again.")
        try:
            yield
        finally:
            if connection.connection and not connection.connection.closed:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _sound(
    rows: Iterable[LegacyRow | Reject], reject: Callable[[Reject], None]
) -> Iterator[LegacyRow]:
    for row in rows:
        if isinstance(row, Reject):
            reject(row)
        else:
            yield row


def _count(outcomes: Counter[tuple[str, str]], summary: Summary) -> None:
    for (outcome, status), count in outcomes.items():
        if outcome == "new":
            summary.migrated += count
            summary.migrated_by_status[status] += count
        elif outcome not in plan.REFUSED:
            summary.skip(outcome, count)


def _write_new(
    source: Source, agent: str, batch: int, summary: Summary, progress: Progress
) -> None:
    """Write the planned rows. Those that somebody else brought in meanwhile become skipped."""
    reviewer = _reviewer()
    rows = _new_rows(source, batch)
    for group in _batches(progress(rows, summary.migrated, "migrating"), batch):
        written = _write_batch(group, agent, reviewer)
        for row, _ in group:
            if row.memory_id not in written:
                summary.migrated -= 1
                summary.migrated_by_status[row.status.value] -= 1
                summary.skip("same_text")


def _reviewer() -> User:
    reviewer, created = User.objects.get_or_create(
        username=REVIEWER, defaults={"is_active": False, "first_name": "Earlier audit queue"}
    )
    if created:
        reviewer.set_unusable_password()
        reviewer.save()
    return reviewer


Pair = tuple[LegacyRow, plan.Planned]


def _new_rows(source: Source, size: int) -> Iterator[Pair]:
    """The planned rows, read from the file again: it is the same snapshot as before."""
    planned = plan.new_rows()
    while wanted := {one.rowid: one for one in itertools.islice(planned, size)}:
        for raw in source.rows(min(wanted), max(wanted)):
            row = read_row(raw) if raw[0] in wanted else None
            if isinstance(row, LegacyRow):
                yield row, wanted[row.rowid]


def _batches(rows: Iterable[Pair], size: int) -> Iterator[list[Pair]]:
    """Groups of `size` rows, smaller where texts are long, so that memory stays flat."""
    group: list[Pair] = []
    characters = 0
    for pair in rows:
        group.append(pair)
        characters += len(pair[0].user_query) + len(pair[0].agent_response)
        if len(group) >= size or characters >= BATCH_CHARACTERS:
            yield group
            group, characters = [], 0
    if group:
        yield group


@transaction.atomic
def _write_batch(group: Sequence[Pair], agent: str, reviewer: User) -> set[Any]:
    """Memories, records and log lines; the ids of the memories that were written."""
    memories = [_memory(row, planned, agent) for row, planned in group]
    written = copy_in(memories, pass_over_known=True)
    new = [
        (memory, _record(memory, row, planned, reviewer))
        for memory, (row, planned) in zip(memories, group, strict=True)
        if memory.pk in written
    ]
    copy_in([record for _, record in new])
    append([_move(memory, record, reviewer) for memory, record in new], write=copy_in)
    return written


def _memory(row: LegacyRow, planned: plan.Planned, agent: str) -> Memory:
    memory = Draft(
        agent=agent,
        user_query=row.user_query,
        agent_response=row.agent_response,
        source=MemorySource.MIGRATION,
        external_id=row.external_id,
        created_at=row.created_at,
    ).row()
    memory.pk = row.memory_id
    memory.trust = TRUST_OF[row.status]
    memory.flagged_by_ia = True  # what the old queue held had been flagged
    memory.use_count = planned.times
    return memory


def _record(memory: Memory, row: LegacyRow, planned: plan.Planned, reviewer: User) -> AuditRecord:
    record = AuditRecord(
        memory=memory,
        status=row.status,
        memory_version=memory.version,
        ia_audit_reason=row.reason,
        ia_audit_confidence=row.confidence,
        judge=JUDGE,  # no judged_at: none of our judges saw it, its label is not about them
        created_at=row.created_at,
    )
    if row.status in DECIDED:
        record.reviewer, record.reviewed_at = reviewer, row.reviewed_at
    if planned.contradicted:
        record.note = "The earlier queue held this text both as approved and as rejected."
    return record


def _move(memory: Memory, record: AuditRecord, reviewer: User) -> Move:
    return Move(
        memory, ACTION, "", record.status, "", memory.trust,
        actor=reviewer, judge=JUDGE, confidence=record.ia_audit_confidence,
    )  # fmt: skip


__all__ = ["CannotMigrate", "SourceError", "Status", "Summary", "migrate"]
