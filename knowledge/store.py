"""How memories come in, change, and ask to be looked at again."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from knowledge import vectors
from knowledge.cleaning import clean, clean_json
from knowledge.limits import EmptyMemory, check_evidence, check_text
from knowledge.models import (
    USABLE,
    Feedback,
    Kind,
    Memory,
    MemoryRevision,
    Source,
    Trust,
    content_hash,
)
from knowledge.visible import shows_nothing

CHANNEL = "resync_memories"
"""Where new memories are announced: one NOTIFY a transaction, no payload. It shortens a wait."""

FATES = "resync_fates"
"""Where it is announced that an answer was taken back, corrected or put right; no payload."""

TERM_LENGTH = 255
OLDEST = datetime(1970, 1, 1, tzinfo=UTC)
"""No earlier moment is one that somebody asked a question at."""


class SameAsAnother(Exception):
    """The text equals that of another memory of the same agent, `memory`."""

    def __init__(self, memory: Memory) -> None:
        super().__init__(f"memory {memory.pk} of the same agent says exactly this")
        self.memory = memory


@dataclass(slots=True)
class Draft:
    """A memory before it has a row. Texts are cleaned here: NULs and lone surrogates go."""

    agent: str
    user_query: str
    agent_response: str
    evidence: list[dict[str, Any]] = field(default_factory=list)
    answer: dict[str, Any] | None = None
    """The segments that yield `agent_response`, as `knowledge.claims.answer` writes them."""
    asked_as: str = ""
    understood: dict[str, Any] | None = None
    engine: str = ""
    kind: str = Kind.KNOWLEDGE
    source: str = Source.CHAT
    conversation: uuid.UUID | None = None
    user: User | None = None
    external_id: str | None = None
    rating: int | None = None
    created_at: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What no two memories have in common: the agent, and the hash of what is said."""
        texts = clean(self.user_query).strip(), clean(self.agent_response).strip()
        return clean(self.agent)[:100], content_hash(self.kind, *texts, clean_json(self.evidence))

    def row(self) -> Memory:
        """The unsaved row. EmptyMemory when a reader would see no text."""
        query, response = clean(self.user_query).strip(), clean(self.agent_response).strip()
        if shows_nothing(query) or shows_nothing(response):
            raise EmptyMemory("a memory needs a question and an answer")
        agent, digest = self.key
        return Memory(
            agent=agent,
            conversation=self.conversation,
            user=self.user,
            user_query=query,
            agent_response=response,
            evidence=clean_json(self.evidence),
            answer=clean_json(self.answer),
            asked_as=clean(self.asked_as).strip(),
            understood=clean_json(self.understood),
            engine=clean(self.engine)[:100],
            kind=self.kind,
            source=self.source,
            external_id=self.external_id,
            content_hash=digest,
            terms=terms_of(query, response),
            marks=marks_of(query, response),
            created_at=_possible(self.created_at),
        )


def _possible(created_at: datetime | None) -> datetime:
    """A clock that goes ahead, or stands at no time at all (year 1), means now."""
    now = timezone.now()
    return created_at if created_at and OLDEST <= created_at <= now else now


def terms_of(query: str, response: str) -> list[str]:
    """The exact terms of both texts: message codes, object names, commands."""
    from knowledge.hwa_terms import exact_terms  # with its lexicons: who writes needs them

    found = [*exact_terms(query), *exact_terms(response)]
    return sorted({term[:TERM_LENGTH] for term in found})


def marks_of(query: str, response: str) -> dict[str, list[str]]:
    """Concepts and exact terms of both texts, each once: those of the question weigh more."""
    from knowledge.features import marks

    asked = set(marks(query))
    return {"question": sorted(asked), "answer": sorted(set(marks(response)) - asked)}


@transaction.atomic
def remember(draft: Draft) -> tuple[Memory, bool]:
    """Store `draft`; the row, and whether it is new. An exact duplicate counts one more use."""
    row = draft.row()
    created = Memory.objects.bulk_create([row], ignore_conflicts=True) and _inserted(row)
    if created:
        if draft.rating is not None:
            Feedback.objects.create(memory=row, rating=draft.rating)
        announce()
        return row, True
    same = Q(agent=row.agent, content_hash=row.content_hash)
    if row.external_id is not None:
        same |= Q(source=row.source, external_id=row.external_id)
    known = Memory.objects.filter(same).earliest("created_at")
    Memory.objects.filter(pk=known.pk).update(use_count=F("use_count") + 1)
    return known, False


def _inserted(row: Memory) -> bool:
    """`ignore_conflicts` does not tell; the row's own id does."""
    return Memory.objects.filter(pk=row.pk).exists()


def announce() -> None:
    """Tell listening auditors that there is something new, when this transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")


_OF_NO_CONSEQUENCE = (Trust.CLEARED, Trust.UNVERIFIED)
"""What a judge says of most answers, and their readers need not hear at once."""


def set_trust(memories: Sequence[Memory], trust: str, *, flagged: Iterable[uuid.UUID] = ()) -> None:
    """Write `trust` on locked memories and bring their vectors along, in the same transaction.

    `flagged` are the ids that the auditor once flagged: their payload says so.
    """
    ids = [memory.pk for memory in memories]
    # Of what was not usable there is none, or its indexer takes it out again.
    indexed = [memory for memory in memories if memory.mem0_id or memory.trust in USABLE]
    Memory.objects.filter(pk__any=set(ids)).update(trust=trust, updated_at=timezone.now())
    for memory in memories:
        memory.trust = trust
    if trust not in _OF_NO_CONSEQUENCE:
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {FATES}")
    if trust not in USABLE:
        vectors.forget(indexed)
        return
    flagged = set(flagged)
    if flagged:
        Memory.objects.filter(pk__in=flagged).update(flagged_by_ia=True)
    vectors.mark([pk for pk in ids if pk in flagged], trust, flagged=True)
    vectors.mark([pk for pk in ids if pk not in flagged], trust)


def revise(
    memory: Memory,
    response: str,
    by: User | None,
    *,
    evidence: list[dict[str, Any]] | None = None,
    answer: dict[str, Any] | None = None,
) -> None:
    """Change a locked memory's answer or evidence; no trust moves.

    The earlier text is kept and the version grows. SameAsAnother when another memory of the
    agent says exactly this already. `answer` are the segments of the new text: a person's has none.
    """
    response = clean(response).strip()
    if shows_nothing(response):
        raise EmptyMemory("the answer is blank")
    read = memory.evidence if evidence is None else clean_json(evidence)
    digest = content_hash(memory.kind, memory.user_query, response, read)
    twin = Memory.objects.filter(agent=memory.agent, content_hash=digest).exclude(pk=memory.pk)
    if other := twin.first():
        raise SameAsAnother(other)
    MemoryRevision.objects.create(
        memory=memory,
        version=memory.version,
        user_query=memory.user_query,
        agent_response=memory.agent_response,
        answer=memory.answer,
        evidence=memory.evidence,
        changed_by=by,
    )
    if response != memory.agent_response:
        memory.answer = answer
    memory.agent_response, memory.evidence = response, read
    memory.content_hash = digest
    memory.terms = terms_of(memory.user_query, response)
    memory.marks = marks_of(memory.user_query, response)
    memory.version += 1
    memory.save(
        update_fields=[
            "agent_response", "answer", "evidence", "content_hash", "terms", "marks",
            "version", "updated_at",
        ]
    )  # fmt: skip


@transaction.atomic
def change(
    memory_id: uuid.UUID | str,
    response: str | None = None,
    by: User | None = None,
    *,
    evidence: list[dict[str, Any]] | None = None,
) -> Memory:
    """Change a memory's answer or evidence and send it to the auditor again.

    What a person decided is not reopened this way: ValueError for approved and rejected ones.
    Unfit (a ValueError, too) when no memory may hold the text or the evidence.
    """
    if response is not None:
        response = check_text("the answer", response)
    if evidence is not None:
        evidence = check_evidence(evidence)
    memory = Memory.objects.select_for_update().get(pk=memory_id)
    if memory.trust in {Trust.TRUSTED, Trust.REJECTED}:
        raise ValueError("a person has decided on this memory; change it in the review console")
    revise(memory, memory.agent_response if response is None else response, by, evidence=evidence)
    set_trust([memory], Trust.NEW)
    return memory
