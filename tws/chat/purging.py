"""What the chat keeps of purged memories: messages, frames of runs, titles."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from django.db.models import Q

from knowledge.purging import tells
from tws.models import Conversation, Message, RunEvent

REMOVED = "[removed]"
"""What stands in the place of a message that was purged."""


def purge(
    memory_ids: Collection[uuid.UUID], run_ids: Collection[uuid.UUID], texts: Sequence[str]
) -> int:
    """Remove these texts from the runs that made the memories or were given them; how many."""
    runs = set(
        Message.objects.filter(memory_id__in=memory_ids).values_list("run_id", flat=True)
    ) | set(run_ids)
    RunEvent.objects.filter(run_id__in=runs).delete()
    messages = Message.objects.filter(run_id__in=runs)
    telling = [one.pk for one in messages if tells(one.text, texts)]
    messages.update(sources=[], tools=[], thread=None, suggestions=[], display=None)
    Message.objects.filter(pk__in=telling).update(text=REMOVED)
    holding = Conversation.objects.filter(Q(messages__in=telling) | Q(messages__run_id__in=runs))
    for conversation in holding.distinct():
        if any(conversation.title.rstrip("…") in text for text in texts):
            Conversation.objects.filter(pk=conversation.pk).update(title=REMOVED)
    return len(telling)
