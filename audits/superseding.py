"""One approved memory in the place of another, for as long as it is approved.

The other stays approved and linked, and is out of retrieval (`MemoryQuerySet.in_force`).
"""

from __future__ import annotations

import uuid

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from audits.decisions import Move, append
from audits.states import Status
from knowledge.models import Memory, Trust


def supersede(other_id: uuid.UUID, memory: Memory, by: User) -> bool:
    """Let an approved memory take another's place. Both are locked. False: it can't be."""
    other = Memory.objects.filter(pk=other_id, trust=Trust.TRUSTED, superseded_by=None).first()
    if other is None or other.pk == memory.pk or memory.superseded_by_id == other.pk:
        return False
    Memory.objects.filter(pk=other.pk).update(superseded_by=memory)
    _log(other, "supersede", by, _("Replaced by memory %(id)s.") % {"id": memory.pk})
    return True


def reinstate(memory: Memory, by: User) -> None:
    """What a memory has superseded is in force again, once it is not approved any more."""
    others = list(Memory.objects.filter(superseded_by=memory).order_by("id"))
    Memory.objects.filter(pk__in=[other.pk for other in others]).update(superseded_by=None)
    for other in others:
        _log(other, "reinstate", by, _("No longer replaced by memory %(id)s.") % {"id": memory.pk})


def _log(other: Memory, action: str, by: User, note: str) -> None:
    line = Move(
        other, action, Status.APPROVED, Status.APPROVED, Trust.TRUSTED, Trust.TRUSTED,
        actor=by, note=note,
    )  # fmt: skip
    append([line])


def ids_to_lock(memory_id: uuid.UUID | str, other_id: uuid.UUID | None = None) -> list[uuid.UUID]:
    """All memories that a decision on one of them may touch."""
    replaced = Memory.objects.filter(superseded_by=uuid.UUID(str(memory_id))).values_list(
        "pk", flat=True
    )
    return [uuid.UUID(str(memory_id)), *([other_id] if other_id else []), *replaced]
