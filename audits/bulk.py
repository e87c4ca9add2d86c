"""One decision for many records: what was chosen is kept, carried out in groups, undone as one.

A bulk decision is a draft until its author has seen what it will do. Whoever holds its lock works
it off, a group a transaction; what the process leaves when it dies, the next one goes on with.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audits import moves, review
from audits.models import AuditRecord, Bulk, BulkItem
from audits.moves import Refused, ReviewError, Wanted
from audits.moves_of_many import decide_all, last_seq
from audits.permissions import DECIDE
from audits.states import MOVES, OPEN, Status
from knowledge.models import Memory

log = logging.getLogger(__name__)

MOST = 100_000
"""Records in one bulk decision."""
GROUP = 100
"""Records decided in one transaction, and the most that happens after a stop."""
AT_ONCE = 20
"""So few are decided before the answer; more go on in the background."""
DRAFTS_KEPT = timedelta(days=1)
_LOCK = 0x42554C4B  # the first half of the advisory locks of bulk decisions


def draft(chosen: QuerySet[AuditRecord], action: str, by: User) -> Bulk:
    """Keep which records, in which version of their memories, `by` has before them."""
    Bulk.objects.filter(
        state=Bulk.State.DRAFT, created_at__lt=timezone.now() - DRAFTS_KEPT
    ).delete()
    ids = list(chosen.order_by().values_list("pk", flat=True)[: MOST + 1])
    if len(ids) > MOST:
        raise Refused(_("More than %(most)s are chosen.") % {"most": f"{MOST:,}"})
    with transaction.atomic():
        made = Bulk.objects.create(by=by, action=action)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO audits_bulkitem (bulk_id, record_id, memory_id, version, refused) "
                "SELECT %s, record.id, record.memory_id, memory.version, '' "
                "FROM audit_queue record JOIN knowledge_memory memory "
                "ON memory.id = record.memory_id WHERE record.id = ANY(%s)",
                [made.pk, ids],
            )
    return made


@dataclass(frozen=True, slots=True)
class Preview:
    """What a bulk decision would do now: how many change, and why the others don't."""

    changes: int
    stays: list[tuple[Any, int]]


def preview(bulk: Bulk) -> Preview:
    records = AuditRecord.objects.filter(pk__in=bulk.items.values("record_id"))
    counted = records.aggregate(
        all=Count("pk"),
        elsewhere=Count("pk", filter=~Q(status__in=_from(bulk.action))),
        held=Count("pk", filter=_held(bulk) & Q(status__in=_from(bulk.action))),
        own=Count(
            "pk", filter=Q(memory__user=bulk.by, status__in=_from(bulk.action)) & ~_held(bulk)
        ),
    )
    stays = [
        (gettext_lazy("stand where this can't be done (decided already, or with the auditor)"),
         counted["elsewhere"]),
        (gettext_lazy("are being reviewed by somebody else"), counted["held"]),
        (gettext_lazy("are your own questions"), 0 if moves.may_decide_own() else counted["own"]),
    ]  # fmt: skip
    left = sum(n for _why, n in stays)
    return Preview(counted["all"] - left, [(why, n) for why, n in stays if n])


def _from(action: str) -> Sequence[str]:
    if action in MOVES:
        return MOVES[action][0]
    return [status for status in Status.values if status not in OPEN]


def _held(bulk: Bulk) -> Q:
    held = Q(review_claimed_until__gt=timezone.now(), review_claimed_by__isnull=False)
    return held & ~Q(review_claimed_by=bulk.by)


# --- carrying it out ------------------------------------------------------------------------------


def start(bulk: Bulk, *, note: str = "", reason_code: str = "") -> None:
    """Begin; a few are done when this returns, more go on in the background."""
    started = Bulk.objects.filter(pk=bulk.pk, state=Bulk.State.DRAFT).update(
        state=Bulk.State.RUNNING, note=note, reason_code=reason_code, started_at=timezone.now()
    )
    if not started:
        raise Refused(_("This was started already."))
    go_on(bulk)


def undo(bulk: Bulk, by: User) -> None:
    """Take back all that a bulk decision has done and nobody has touched since."""
    if by.pk != bulk.by_id:
        raise Refused(_("Only who made a bulk decision undoes it as one."))
    undone = Bulk.objects.filter(pk=bulk.pk, state__in=UNDOABLE)
    if not undone.update(state=Bulk.State.UNDOING):
        raise Refused(_("This can't be undone now."))
    go_on(bulk)


def stop(bulk: Bulk) -> None:
    """Do no further group; what is done stays, and can be undone."""
    Bulk.objects.filter(pk=bulk.pk, state=Bulk.State.RUNNING).update(state=Bulk.State.STOPPED)


def go_on(bulk: Bulk) -> None:
    """Work at what is unfinished, unless somebody does: at once where it is little."""
    bulk.refresh_from_db()
    if bulk.state not in WORKED_AT:
        return
    if bulk.items.count() <= AT_ONCE:
        work(bulk.pk)
    else:
        threading.Thread(target=_in_background, args=[bulk.pk], daemon=True).start()


WORKED_AT = ("running", "undoing")
UNDOABLE = ("done", "stopped", "lapsed")


def _in_background(bulk_id: int) -> None:
    try:
        work(bulk_id)
    except Exception:
        log.exception("bulk decision %s broke off; its page goes on with it", bulk_id)
    finally:
        connection.close()


def work(bulk_id: int) -> None:
    """Group after group, until nothing is left or it is stopped."""
    with _locked(bulk_id) as is_ours:
        while is_ours:
            bulk = Bulk.objects.select_related("by").get(pk=bulk_id)
            if bulk.state in WORKED_AT and not _may_go_on(bulk.by):
                _finish(bulk, Bulk.State.LAPSED)
            elif bulk.state == Bulk.State.RUNNING and not _decide_group(bulk):
                _finish(bulk, Bulk.State.DONE)
            elif bulk.state == Bulk.State.UNDOING and not _undo_group(bulk):
                _finish(bulk, Bulk.State.UNDONE)
            elif bulk.state not in WORKED_AT:
                return


def _may_go_on(by: User) -> bool:
    """Each group is decided in its author's name: who lost the right decides nothing more."""
    return by.is_active and by.has_perm(DECIDE)


@contextmanager
def _locked(bulk_id: int) -> Iterator[bool]:
    """Whether nobody else works at it; PostgreSQL frees the lock of a process that dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK, bulk_id])
        is_ours = bool(cursor.fetchone()[0])
        try:
            yield is_ours
        finally:
            if is_ours:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK, bulk_id])


def _finish(bulk: Bulk, state: Bulk.State) -> None:
    Bulk.objects.filter(pk=bulk.pk, state=bulk.state).update(
        state=state, finished_at=timezone.now()
    )


@transaction.atomic
def _decide_group(bulk: Bulk) -> int:
    """Decide the next records; how many were looked at."""
    items = list(bulk.items.filter(seq=None, refused="").order_by("memory_id")[:GROUP])
    if bulk.action == "audit_again":
        _audit_again(items, bulk.by)
    else:
        versions = {item.memory_id: item.version for item in items}
        wanted = Wanted(bulk.action, bulk.note, bulk.reason_code)
        outcomes = decide_all(versions, bulk.by, wanted)
        for item in items:
            outcome = outcomes[item.memory_id]
            item.seq = outcome if isinstance(outcome, int) else None
            item.refused = "" if isinstance(outcome, int) else str(outcome)[:500]
    BulkItem.objects.bulk_update(items, ["seq", "refused"])
    return len(items)


def _audit_again(items: list[BulkItem], by: User) -> None:
    for item in items:
        try:
            with transaction.atomic():
                record = review.audit_again(item.memory_id, by)
            item.seq = last_seq(record)
        except ReviewError as error:
            item.refused = str(error)[:500]


@transaction.atomic
def _undo_group(bulk: Bulk) -> int:
    """Undo the next decisions, where nobody has decided since; how many were looked at."""
    items = list(bulk.items.filter(seq__isnull=False, undone=None).order_by("memory_id")[:GROUP])
    Memory.objects.locked([item.memory_id for item in items])
    for item in items:
        try:
            with transaction.atomic():
                review.undo(item.memory_id, bulk.by, only=item.seq)
            item.undone = True
        except ReviewError as error:
            item.undone, item.refused = False, str(error)[:500]
    BulkItem.objects.bulk_update(items, ["undone", "refused"])
    return len(items)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a bulk decision has come."""

    state: str
    whole: int
    done: int
    refused: int
    undone: int

    @property
    def is_over(self) -> bool:
        return self.state not in WORKED_AT


def progress(bulk: Bulk) -> Progress:
    counted = bulk.items.aggregate(
        whole=Count("pk"),
        done=Count("pk", filter=Q(seq__isnull=False)),
        refused=Count("pk", filter=Q(seq=None) & ~Q(refused="")),
        undone=Count("pk", filter=Q(undone__isnull=False)),
    )
    state = Bulk.objects.values_list("state", flat=True).get(pk=bulk.pk)
    return Progress(state=state, **counted)
