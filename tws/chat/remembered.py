"""What was kept of one's own questions: each memory's state, who decided and why, and what one may
ask of the reviewers about it."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from textwrap import shorten
from typing import TYPE_CHECKING, Literal

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from knowledge.feedback import REPORTS, give_feedback
from knowledge.markdown import to_html
from knowledge.models import REQUESTS, USABLE, Feedback, FeedbackReason, Memory, Trust
from tws.chat.masking import shown
from tws.chat.page_strings import moment
from tws.database import in_database

if TYPE_CHECKING:  # what answers is loaded with the first question
    from tws.answers.memories import OwnMemories, OwnMemory

LISTED_CHARACTERS = 120
Outcome = Literal["sent", "waiting", "dismissed", "forgotten", "corrected", "kept"]


@dataclass(frozen=True, slots=True)
class Request:
    """What one asked of the reviewers, and what came of it."""

    said: str
    comment: str
    at: datetime | None
    outcome: Outcome

    @property
    def outcome_said(self) -> str:
        return {
            "sent": _("It is on its way to the reviewers."),
            "waiting": _("It waits for a reviewer."),
            "dismissed": _("A reviewer has dismissed it."),
            "forgotten": _("A reviewer has taken the memory out of use."),
            "corrected": _("A reviewer has corrected the memory."),
            "kept": _("A reviewer has looked at the memory and kept it as it is."),
        }[self.outcome]


@dataclass(frozen=True, slots=True)
class Remembered:
    """A memory as its asker sees it."""

    id: uuid.UUID
    question: str
    html: str
    asked_at: str
    trust: str
    trust_said: str
    is_used: bool
    decided_by: str
    decided_at: str
    why: str
    request: Request | None

    @property
    def may_be_asked_about(self) -> bool:
        is_open = self.request is not None and self.request.outcome in {"sent", "waiting"}
        return self.trust != Trust.REJECTED and not is_open


def of(user: User) -> QuerySet[Memory]:
    """The memories that this user's questions made, newest first."""
    mine = Memory.objects.filter(user=user, purged_at=None).select_related("audit__reviewer")
    return mine.order_by("-created_at", "-pk").defer("evidence", "answer", "terms", "marks")


def newest_of(user: User) -> OwnMemories:
    """What the chat lists of them; a memory's answer is not among it, whatever its state."""

    def find(most: int) -> tuple[int, list[OwnMemory]]:
        from tws.answers.memories import OwnMemory

        mine = of(user)
        newest = mine.values_list("asked_as", "user_query", "created_at", "trust")[:most]
        return mine.count(), [
            OwnMemory(_beginning(typed or meant), asked_at, trust)
            for typed, meant, asked_at, trust in newest
        ]

    async def own(most: int) -> tuple[int, list[OwnMemory]]:
        return await in_database(find, most)

    return own


def _beginning(question: str) -> str:
    return shorten(shown(question), LISTED_CHARACTERS, placeholder=" …")


def told(memories: Collection[Memory], user: User) -> list[Remembered]:
    """These as their asker sees them, in the active language."""
    asked = Feedback.objects.given().filter(
        memory__in=memories, user=user, reason__in=REQUESTS, reported_at__isnull=False
    )
    requests = {one.memory_id: one for one in asked}
    return [_told(memory, requests.get(memory.pk)) for memory in memories]


def ask(user: User, memory_id: uuid.UUID, reason: FeedbackReason, comment: str) -> None:
    """Ask the reviewers to correct or to forget a memory of one's own: it goes the way of a report.

    Memory.DoesNotExist, TooManyReports.
    """
    memory = of(user).get(pk=memory_id)
    give_feedback(memory.pk, REPORTS, comment, user, reason)


def _told(memory: Memory, request: Feedback | None) -> Remembered:
    record = getattr(memory, "audit", None)
    by = record.reviewer if record else None
    return Remembered(
        id=memory.pk,
        question=shown(memory.user_query),
        html=to_html(shown(memory.agent_response)),
        asked_at=moment(memory.created_at),
        trust=memory.trust,
        trust_said=memory.get_trust_display(),
        is_used=memory.trust in USABLE,
        decided_by=by.get_username() if by else "",
        decided_at=moment(record.reviewed_at or record.judged_at) if record else "",
        why=shown(record.why_taken_back()) if record else "",
        request=_request(memory, request) if request else None,
    )


def _request(memory: Memory, request: Feedback) -> Request:
    return Request(
        said=request.get_reason_display(),
        comment=request.comment,
        at=request.reported_at,
        outcome=_outcome(memory, request),
    )


def _outcome(memory: Memory, request: Feedback) -> Outcome:
    record = getattr(memory, "audit", None)
    decided_at = record.reviewed_at if record else None
    if request.dismissed_at:
        return "dismissed"
    if decided_at and request.reported_at and decided_at > request.reported_at:
        if memory.trust == Trust.REJECTED:
            return "forgotten"
        if memory.trust == Trust.TRUSTED:
            is_changed = memory.version != request.reported_version
            return "corrected" if is_changed else "kept"
    return "waiting" if request.taken_at else "sent"
