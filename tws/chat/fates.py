"""What became of answers after they were shown: flagged, quarantined, rejected, corrected.

An answer shares the fate of its own memory and of every memory that it was given from, also by way
of another memory's answer.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from django.db.models import Q
from django.utils import timezone, translation

from knowledge.markdown import to_html
from knowledge.models import Feedback, Memory, MemoryRevision, MemoryUse, Trust
from tws.chat.masking import shown
from tws.database import Together
from tws.models import Conversation, Message
from tws.per_loop import PerLoop

Kind = Literal["flagged", "quarantined", "rejected", "corrected"]
_TAKEN_BACK: dict[str, Kind] = {
    Trust.SUSPECT: "flagged",
    Trust.QUARANTINED: "quarantined",
    Trust.REJECTED: "rejected",
}
DEEPEST = 3
"""Through how many memories an answer's grounds are followed."""
LOOKED_AT = 500
"""How many of a user's answers, the newest ones, are looked at for what to tell at a visit."""


@dataclass(frozen=True, slots=True)
class Fate:
    kind: Kind
    reason: str
    at: str | None
    memory_id: str
    through: bool
    """It is the fate of a memory that the answer rests on, not of the answer's own."""
    html: str
    """What the memory says now, when it was corrected."""

    @property
    def key(self) -> str:
        """Changes when there is something else to tell."""
        return f"{self.kind} {self.memory_id} {self.at}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def fates_of(answers: Collection[Message]) -> dict[uuid.UUID, Fate]:
    """By run, the fate of those that something has become of. Reasons in the active language."""
    grounds = _grounds(answers)
    ids = {memory_id for found in grounds.values() for memory_id in found}
    memories = Memory.objects.filter(pk__in=ids).select_related("audit")
    moved = {
        memory.pk: memory
        for memory in memories.filter(
            Q(trust__in=_TAKEN_BACK) | Q(trust=Trust.TRUSTED, version__gt=1)
        ).defer("evidence", "answer", "terms", "marks")
    }
    if not moved:
        return {}
    corrections = _corrections(moved)
    fates = {}
    for answer in answers:
        # The answer's own memory comes first.
        for memory_id, version in grounds[answer.run_id].items():
            memory = moved.get(memory_id)
            if memory and _concerns(memory, version, answer, corrections):
                is_own = memory_id == answer.memory_id
                fates[answer.run_id] = _fate(memory, through=not is_own)
                break
    return fates


Grounds = dict[uuid.UUID, int | None]
"""Memories that an answer rests on, with the version that was used; None: its own memory."""


def _grounds(answers: Collection[Message]) -> dict[uuid.UUID, Grounds]:
    found: dict[uuid.UUID, Grounds] = {
        answer.run_id: {answer.memory_id: None} if answer.memory_id else {} for answer in answers
    }
    used = MemoryUse.objects.filter(run_id__in=found).values_list("run_id", "memory_id", "version")
    for run_id, memory_id, version in used:
        assert run_id is not None  # noqa: S101 (it was asked for)
        found[run_id].setdefault(memory_id, version)
    for _step in range(DEEPEST - 1):
        behind = _behind({memory_id for grounds in found.values() for memory_id in grounds})
        for grounds in found.values():
            for memory_id in list(grounds):
                for other, version in behind.get(memory_id, ()):
                    grounds.setdefault(other, version)
    return found


def _behind(ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[tuple[uuid.UUID, int]]]:
    """Of memories that are answers themselves, the memories that they were given from."""
    behind: dict[uuid.UUID, list[tuple[uuid.UUID, int]]] = {}
    used = MemoryUse.objects.filter(answer_id__in=ids)
    for answer_id, memory_id, version in used.values_list("answer_id", "memory_id", "version"):
        assert answer_id is not None  # noqa: S101 (it was asked for)
        behind.setdefault(answer_id, []).append((memory_id, version))
    return behind


def _corrections(memories: Iterable[uuid.UUID]) -> dict[uuid.UUID, Any]:
    """When a person last changed the text of each."""
    by_people = MemoryRevision.objects.filter(memory__in=memories, changed_by__isnull=False)
    return dict(by_people.order_by("changed_at").values_list("memory_id", "changed_at"))


def _concerns(
    memory: Memory, version: int | None, answer: Message, corrections: dict[uuid.UUID, Any]
) -> bool:
    if memory.trust in _TAKEN_BACK:
        return True
    corrected_at = corrections.get(memory.pk)
    if corrected_at is None:
        return False
    return corrected_at > answer.created_at if version is None else version < memory.version


def _fate(memory: Memory, *, through: bool) -> Fate:
    record = getattr(memory, "audit", None)
    moved_at = record and (record.reviewed_at or record.judged_at)
    kind = _TAKEN_BACK.get(memory.trust, "corrected")
    return Fate(
        kind=kind,
        reason=shown(record.why_taken_back()) if record else "",
        at=timezone.localtime(moved_at).isoformat(timespec="seconds") if moved_at else None,
        memory_id=str(memory.pk),
        through=through,
        html=to_html(shown(memory.agent_response)) if kind == "corrected" else "",
    )


# --- of a conversation, for its open pages ------------------------------------------------------

Place = tuple[uuid.UUID, str]
"""A conversation, and the language of its reader."""


def fates_in(places: Collection[Place]) -> dict[Place, dict[str, Any]]:
    """The fates of the answers of each conversation, as the page is told of them."""
    found: dict[Place, dict[str, Any]] = {}
    for conversation, language in places:
        answers = Message.objects.filter(conversation=conversation, role=Message.Role.AGENT)
        with translation.override(language):
            fates = fates_of(answers.order_by("-pk")[:LOOKED_AT])
        told = {str(run_id): fate.as_json() for run_id, fate in fates.items()}
        found[conversation, language] = told
    return found


together = PerLoop(lambda: Together(fates_in))
"""Many pages that look at once are answered together."""


# --- of a user, at the next visit ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TakenBack:
    """An answer that its reader has not been told about yet."""

    conversation: Conversation
    run_id: uuid.UUID
    question: str
    fate: Fate


def untold(user_id: int | None) -> list[TakenBack]:
    """The answers of this user that were taken back since they were shown, newest first."""
    answers = _answers_of(user_id)
    return _news(answers, fates_of(answers), user_id)


def note_told(user_id: int | None, runs: Collection[uuid.UUID]) -> list[TakenBack]:
    """The user has seen what became of these answers; what is still untold."""
    answers = _answers_of(user_id)
    fates = fates_of(answers)
    told = [answer for answer in answers if answer.run_id in runs]
    for answer in told:
        answer.fate_told = fates[answer.run_id].key if answer.run_id in fates else ""
    Message.objects.bulk_update(told, ["fate_told"])
    return _news(answers, fates, user_id)


def _answers_of(user_id: int | None) -> Sequence[Message]:
    mine = Message.objects.filter(
        role=Message.Role.AGENT, conversation__in=Conversation.objects.listed(user_id)
    )
    return list(mine.select_related("conversation").order_by("-pk")[:LOOKED_AT])


def _news(
    answers: Sequence[Message], fates: Mapping[uuid.UUID, Fate], user_id: int | None
) -> list[TakenBack]:
    """Those whose fate is news to the user: who reported an answer knows that it was flagged."""
    news = [one for one in answers if one.run_id in fates]
    news = [one for one in news if one.fate_told != fates[one.run_id].key]
    flagged = [one.memory_id for one in news if fates[one.run_id].kind == "flagged"]
    own = Feedback.objects.filter(user=user_id, reported_at__isnull=False, memory__in=flagged)
    reported = set(own.values_list("memory_id", flat=True))
    news = [one for one in news if one.memory_id not in reported]
    asked = Message.objects.filter(
        role=Message.Role.USER, run_id__in=[answer.run_id for answer in news]
    )
    questions = dict(asked.values_list("run_id", "text"))
    return [
        TakenBack(
            answer.conversation, answer.run_id, questions.get(answer.run_id, ""),
            fates[answer.run_id],
        )
        for answer in news
    ]  # fmt: skip
