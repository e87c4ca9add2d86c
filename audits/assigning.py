"""Who is to decide a record, and what reviewers write to each other about it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from audits.models import AuditRecord, Remark
from audits.moves import Invalid, Refused
from audits.permissions import DECIDE
from audits.states import UNDECIDED
from knowledge.cleaning import clean

LONGEST = 10_000
MOST = 5_000
"""Records that are assigned at once."""


def reviewers(limit: int = 200) -> list[User]:
    """Who may decide, by name."""
    found = User.objects.with_perm(DECIDE, backend="django.contrib.auth.backends.ModelBackend")
    return list(found.filter(is_active=True).order_by("username")[:limit])


def check(to: User | None) -> None:
    """Invalid when this is somebody who may not decide."""
    if to is not None and not (to.is_active and to.has_perm(DECIDE)):
        raise Invalid(_("%(who)s may not decide on memories.") % {"who": to.get_username()})


@transaction.atomic
def assign(memory_id: uuid.UUID, to: User | None, by: User) -> AuditRecord:
    """`to` is to decide it; nobody: whoever comes. What is decided is nobody's to do."""
    check(to)
    _memory, record = AuditRecord.objects.locked(memory_id)
    if record.status not in UNDECIDED:
        raise Refused(_("There is nothing to be decided about this memory now."))
    if record.assigned_to != to:
        _write([record], to, by)
    return record


@dataclass(frozen=True, slots=True)
class Preview:
    """Of chosen records: who holds those that can be assigned, and how many can't."""

    holders: list[tuple[str, int]]
    """Names with how many, the most first; "" is nobody."""
    decided: int

    @property
    def n(self) -> int:
        return sum(count for _name, count in self.holders)


def preview(chosen: QuerySet[AuditRecord]) -> Preview:
    records = _of(chosen)
    held = records.filter(status__in=UNDECIDED).values_list("assigned_to__username")
    counted = held.annotate(n=Count("pk")).order_by("-n", "assigned_to__username")
    holders = [(name or "", n) for name, n in counted]
    return Preview(holders, records.exclude(status__in=UNDECIDED).count())


@transaction.atomic
def assign_all(chosen: QuerySet[AuditRecord], to: User | None, by: User) -> int:
    """`to` is to decide all of these that wait; how many changed hands."""
    check(to)
    wanted = _of(chosen).filter(status__in=UNDECIDED).exclude(assigned_to=to)
    ids = list(wanted.order_by("pk").values_list("pk", flat=True)[: MOST + 1])
    if len(ids) > MOST:
        raise Refused(_("At most %(n)s can be assigned at once.") % {"n": f"{MOST:,}"})
    locked = AuditRecord.objects.filter(pk__in=ids, status__in=UNDECIDED)
    return _write(list(locked.order_by("pk").select_for_update(of=("self",))), to, by)


def _of(chosen: QuerySet[AuditRecord]) -> QuerySet[AuditRecord]:
    """Without the order and the columns of the list that they were chosen on."""
    return AuditRecord.objects.filter(pk__in=chosen.order_by().values("pk"))


def _write(records: list[AuditRecord], to: User | None, by: User) -> int:
    for record in records:
        record.assigned_to = to
    AuditRecord.objects.filter(pk__in=[record.pk for record in records]).update(assigned_to=to)
    Remark.objects.bulk_create(
        Remark(memory_id=record.memory_id, by=by, is_assignment=True, assigned_to=to)
        for record in records
    )
    return len(records)


@transaction.atomic
def comment(memory_id: uuid.UUID, text: str, by: User) -> Remark:
    """Plain text for the other reviewers, kept with the record until its memory is purged."""
    text = clean(text).strip()
    if not text or len(text) > LONGEST:
        raise Invalid(_("A comment has 1 to %(n)s characters.") % {"n": f"{LONGEST:,}"})
    memory, _record = AuditRecord.objects.locked(memory_id)
    if memory.purged_at:
        raise Refused(_("The texts of this memory are gone; a comment would stay."))
    return Remark.objects.create(memory_id=memory_id, by=by, text=text)
