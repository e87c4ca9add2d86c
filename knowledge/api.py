"""REST paths about memories, and the check of permissions that all rooms' paths use."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router, Schema
from ninja.errors import AuthorizationError

from knowledge.store import give_feedback

router = Router(tags=["memories"])


def require(request: HttpRequest, *permissions: str) -> None:
    """403 unless the caller has one of these permissions."""
    if not any(request.user.has_perm(permission) for permission in permissions):
        raise AuthorizationError(message="Your role does not allow this.")


class Feedback(Schema):
    rating: int = Field(ge=1, le=5)
    comment: str = Field("", max_length=10_000)


class FeedbackTaken(Schema):
    memory_id: UUID
    rating: int
    audit_requested: bool


@router.post("/{uuid:memory_id}/feedback", response=FeedbackTaken)
def feedback(request: HttpRequest, memory_id: UUID, body: Feedback) -> FeedbackTaken:
    """Rate an answer. A low rating, or a comment that calls it wrong, asks for an audit."""
    require(request, "tws.use_chat")
    asked = give_feedback(memory_id, body.rating, body.comment, request.user)  # type: ignore[arg-type]
    return FeedbackTaken(memory_id=memory_id, rating=body.rating, audit_requested=asked)
