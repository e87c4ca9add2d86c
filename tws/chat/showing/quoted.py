"""A memory that an answer was given from: as it was then, who stands for it, what changed since."""

from __future__ import annotations

import uuid
from typing import Any

from knowledge.markdown import to_html
from knowledge.models import Memory, MemoryUse
from tws.chat.masking import shown
from tws.models import Message


def quoted_memory(user_id: int | None, run_id: uuid.UUID, memory_id: uuid.UUID) -> dict[str, Any]:
    """The memory as the run of one's own conversation used it, and as it is now.

    MemoryUse.DoesNotExist when it did not, or the memory is no longer kept.
    """
    own = Message.objects.filter(conversation__user=user_id, run_id=run_id).exists()
    uses = MemoryUse.objects.filter(run_id=run_id, memory=memory_id).select_related("memory")
    use = uses.first() if own else None
    if use is None:
        raise MemoryUse.DoesNotExist
    memory = use.memory
    rows = Memory.objects.filter(pk=memory.pk)
    decided = rows.values("audit__reviewer__username", "audit__reviewed_at").get()
    return {
        "memory_id": str(memory.pk),
        "trust": memory.trust,
        "trust_said": memory.get_trust_display(),
        "decided_by": decided["audit__reviewer__username"],
        "decided_at": decided["audit__reviewed_at"],
        "created_at": memory.created_at,
        "read_at": use.at,
        **_as_it_was(memory, use.version),
        "changed_at": _changed_at(memory, use.version),
        "now": _text(memory) if memory.version != use.version else None,
    }


def _as_it_was(memory: Memory, version: int) -> dict[str, str]:
    if memory.version == version:
        return _text(memory)
    return _text(memory.revisions.filter(version=version).first() or memory)


def _text(of: Any) -> dict[str, str]:
    return {"question": shown(of.user_query), "html": to_html(shown(of.agent_response))}


def _changed_at(memory: Memory, version: int) -> list[Any]:
    later = memory.revisions.filter(version__gte=version).order_by("version")
    return list(later.values_list("changed_at", flat=True))
