"""The queue in PostgreSQL: what is ready, who holds it, and the verbs the action plan named."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection, models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from audits import moves
from audits.moves import Refused, UnknownMemory
from audits.states import DECIDED, OPEN, WAITING, Status
from knowledge import store
from knowledge.models import Memory, Trust

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from audits.models import AuditRecord


BY_HARM = (F("harm").desc(), F("created_at").asc(), F("id").asc())
"""What averts most harm first, then what has waited longest; `audit_queue_waiting` holds it."""
DISCOVER_AT_MOST = 1000


class AuditRecordQuerySet(models.QuerySet["AuditRecord"]):
    def open(self) -> Self:
        """Not judged yet: queued or leased."""
        return self.filter(status__in=OPEN)

    def ready(self) -> Self:
        """Records a worker may take: queued ones, and ones whose lease has run out."""
        now = timezone.now()
        return self.open().filter(
            Q(status=Status.QUEUED, ready_at__lte=now)
            | Q(status=Status.RUNNING, lease_until__lt=now)
        )

    def exhausted(self) -> Self:
        """Ready records that were tried as often as allowed: a person must see them."""
        return self.ready().filter(attempts__gte=F("excused") + settings.AUDIT_MAX_ATTEMPTS)

    def awaiting_review(self) -> Self:
        """What a reviewer still has to look at, in the queue's order."""
        return self.filter(status__in=WAITING).order_by(*BY_HARM)

    def overdue(self) -> Self:
        """Waiting for longer than AUDIT_OVERDUE_HOURS."""
        oldest = timezone.now() - timedelta(hours=settings.AUDIT_OVERDUE_HOURS)
        return self.filter(status__in=WAITING, created_at__lt=oldest)

    @transaction.atomic
    def claim(self, worker: str, limit: int) -> list[AuditRecord]:
        """Lease the oldest ready records to `worker`.

        SKIP LOCKED passes over rows that others are claiming right now. `attempts` is the
        fencing number: a worker that wakes late holds an old one, and `settle` refuses it.
        A worker takes nothing over from itself: it is still being judged there.
        """
        ready = self.ready().filter(attempts__lt=F("excused") + settings.AUDIT_MAX_ATTEMPTS)
        ready = ready.exclude(status=Status.RUNNING, lease_owner=worker)
        ready = ready.order_by("id").select_for_update(skip_locked=True, of=("self",))
        records = list(ready.only("id", "memory_id", "attempts")[:limit])
        lease_until = timezone.now() + timedelta(seconds=settings.AUDIT_LEASE_SECONDS)
        for record in records:
            record.status = Status.RUNNING
            record.lease_owner = worker
            record.lease_until = lease_until
            record.attempts += 1
        self.model._default_manager.filter(id__any={record.id for record in records}).update(
            status=Status.RUNNING,
            lease_owner=worker,
            lease_until=lease_until,
            attempts=F("attempts") + 1,
        )
        return records

    @transaction.atomic
    def renew(self, worker: str) -> int:
        """Give `worker` its lease time afresh on everything it still holds; how many records.

        What is being settled just now is passed over: waiting for it, in whatever order an
        UPDATE finds its rows, could deadlock.
        """
        lease_until = timezone.now() + timedelta(seconds=settings.AUDIT_LEASE_SECONDS)
        held = self.filter(status=Status.RUNNING, lease_owner=worker)
        held = held.order_by("id").select_for_update(skip_locked=True)
        return self.filter(id__in=list(held.values_list("id", flat=True))).update(
            lease_until=lease_until
        )

    def discover(self, limit: int, wanted: Q | None = None, *, waits: bool = False) -> int:
        """Queue up to `limit` memories that no record speaks of yet, oldest first; how many.

        An anti-join, never a watermark: a memory whose transaction commits late is found later.
        The memories are locked, so that none can vanish under its new record; SKIP LOCKED lets
        several discoverers share the work. Who `waits` returns once the others' are queued, too.
        """
        return len(self._record_new(limit, wanted, self.model(), waits=waits))

    def claim_new(self, worker: str, limit: int, wanted: Q | None = None) -> list[AuditRecord]:
        """Lease up to `limit` such memories to `worker`: `discover` and `claim` in one write."""
        lease_until = timezone.now() + timedelta(seconds=settings.AUDIT_LEASE_SECONDS)
        leased = self.model(
            status=Status.RUNNING, lease_owner=worker, lease_until=lease_until, attempts=1
        )
        rows = self._record_new(limit, wanted, leased)
        return [self.model.from_db(self.db, ("id", "memory_id", "attempts"), row) for row in rows]

    @transaction.atomic
    def _record_new(
        self, limit: int, wanted: Q | None, like: AuditRecord, *, waits: bool = False
    ) -> list[tuple[Any, ...]]:
        """A record `like` this one for each memory without any, written by the database alone.

        Their ids, memories and attempts.
        """
        recordless = Memory.objects.filter(wanted or Q(), trust=Trust.NEW).filter(
            ~Exists(self.model._default_manager.filter(memory=OuterRef("pk")))
        )
        recordless = recordless.order_by("created_at", "id")
        found = recordless.select_for_update(skip_locked=not waits, no_key=True, of=("self",))
        fields = [one for one in self.model._meta.local_concrete_fields if _is_written(one)]
        values = [one.get_db_prep_save(one.pre_save(like, add=True), connection) for one in fields]
        try:
            memories, ids = found.values("pk")[:limit].query.sql_with_params()
        except EmptyResultSet:  # none is wanted
            return []
        columns = ", ".join(str(one.column) for one in fields)
        same = ", ".join(["%s"] * len(values))
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO audit_queue (memory_id, {columns}) "  # noqa: S608  names of columns
                f"SELECT found.id, {same} FROM ({memories}) AS found(id) "
                "ON CONFLICT DO NOTHING RETURNING id, memory_id, attempts",
                [*values, *ids],
            )
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def requeue_changed(self, limit: int) -> int:
        """Queue again the records whose memory's text or evidence changed after its verdict."""
        changed = self.filter(memory__trust=Trust.NEW).exclude(status__in=OPEN)
        ids = list(changed.order_by("id").values_list("id", flat=True)[:limit])
        return (
            self.filter(id__in=ids, memory__trust=Trust.NEW)
            .exclude(status__in=OPEN)
            .update(
                status=Status.QUEUED, excused=F("attempts"), ready_at=timezone.now(), lease_owner=""
            )
        )

    @transaction.atomic
    def requeue_unverified(self, limit: int, judged_before: datetime) -> list[uuid.UUID]:
        """Queue up to `limit` unverified records again, what was said most often first.

        Their memories' ids. What a reviewer has taken to decide on is left alone.
        """
        now = timezone.now()
        unverified = self.filter(status=Status.UNVERIFIED).exclude(judged_at__gte=judged_before)
        unverified = unverified.exclude(review_claimed_until__gt=now)
        chosen = unverified.order_by("-uses", "id").values_list("memory_id", flat=True)
        memories = Memory.objects.locked(list(chosen[:limit]))
        records = unverified.filter(memory__in=memories).order_by("id").select_for_update()
        ids = list(records.values_list("memory_id", flat=True))
        self.filter(memory_id__in=ids).update(
            status=Status.QUEUED, excused=F("attempts"), ready_at=now, last_error=""
        )
        store.set_trust([memory for memory in memories if memory.pk in ids], Trust.NEW)
        return ids


def _is_written(field: models.Field[Any, Any]) -> bool:
    return not (field.primary_key or field.generated or field.name == "memory")


class AuditQueue(models.Manager["AuditRecord"]):
    """`AuditRecord.objects`: the queue by the names that the action plan gave its verbs."""

    def add_audit_record(self, memory_id: uuid.UUID | str) -> bool:
        """Queue one memory. False when it has a record already, or when there is no such memory."""
        if not Memory.objects.filter(pk=memory_id).exists():
            return False
        _, created = self.get_or_create(memory_id=memory_id)
        return created

    def get_pending_audits(self, limit: int = 50) -> list[AuditRecord]:
        """Flagged memories that wait for a person, oldest first, memory included."""
        pending = self.filter(status=Status.PENDING).select_related("memory")
        return list(pending.order_by("created_at", "id")[:limit])

    def locked(self, memory_id: uuid.UUID | str) -> tuple[Memory, AuditRecord]:
        """A memory and its record, locked in this order; UnknownMemory, or Refused."""
        try:
            memory = Memory.objects.select_for_update().get(pk=uuid.UUID(str(memory_id)))
        except (ValueError, Memory.DoesNotExist):
            raise UnknownMemory(_("There is no such memory.")) from None
        record = self.select_for_update().filter(memory=memory).first()
        if record is None:
            raise Refused(_("This memory has not been audited yet."))
        record.memory = memory
        return memory, record

    @transaction.atomic
    def update_audit_status(
        self, memory_id: uuid.UUID | str, action: str, reviewer: User, note: str = ""
    ) -> AuditRecord:
        """A person's decision: `action` is approve, reject or restore. See `audits.review`."""
        memory, record = self.locked(memory_id)
        return moves.decide(memory, record, reviewer, moves.Wanted(action, note))

    @transaction.atomic
    def delete_audit_record(self, memory_id: uuid.UUID | str) -> bool:
        """Forget an undecided record, so that the memory is audited afresh.

        False when there is none, or when a person has decided: a decision is never deleted.
        """
        memory = Memory.objects.select_for_update().filter(pk=memory_id).first()
        if memory is None:
            return False
        undecided = self.filter(memory=memory).exclude(status__in=DECIDED)
        deleted, _by_model = undecided.delete()
        if deleted:
            store.set_trust([memory], Trust.NEW)
        return bool(deleted)

    def is_memory_approved(self, memory_id: uuid.UUID | str) -> bool:
        """Whether a person approved it. The queue is the truth about that, not mem0."""
        return self.filter(memory_id=memory_id, status=Status.APPROVED).exists()
