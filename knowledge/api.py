"""REST paths about memories; and what all rooms' paths use: permissions, documented statuses."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from ninja.errors import AuthorizationError

from knowledge import retrieval
from knowledge.feedback import give_feedback
from knowledge.retrieval import MemoryHit
from knowledge.secrets import mask_secrets

router = Router(tags=["memories"])


def require(request: HttpRequest, *permissions: str) -> None:
    """403 unless the caller has one of these permissions."""
    if not any(request.user.has_perm(permission) for permission in permissions):
        raise AuthorizationError(message="Your role does not allow this.")


class Problem(Schema):
    """Why there is no answer: a sentence or, of a 422, also what is wrong where."""

    detail: str | list[dict[str, Any]]


def answers(schema: Any, *others: int) -> dict[Any, Any]:
    """Every status of an operation: `schema` with 200, what any operation may say, `others`."""
    return {200: schema, **dict.fromkeys((401, 403, 422, 429, 503, *others), Problem)}


class Feedback(Schema):
    rating: int = Field(ge=1, le=5)
    comment: str = Field("", max_length=10_000)


class FeedbackTaken(Schema):
    memory_id: UUID
    rating: int
    audit_requested: bool


class Found(Schema):
    """A usable memory, secrets masked; `score` 0..1 ranks, `similarity` is a cosine."""

    memory_id: UUID
    score: float
    similarity: float
    trust: str
    kind: str
    created_at: datetime
    user_query: str
    agent_response: str

    @staticmethod
    def resolve_user_query(hit: MemoryHit) -> str:
        return mask_secrets(hit.user_query)

    @staticmethod
    def resolve_agent_response(hit: MemoryHit) -> str:
        return mask_secrets(hit.agent_response)


class Search(Schema):
    q: str = Field(min_length=1, max_length=5_000)  # as an address: 60 kB, what servers take
    limit: int = Field(5, ge=1, le=retrieval.MOST)


class Results(Schema):
    items: list[Found]


@router.get("/search", response=answers(Results))
def search(request: HttpRequest, asked: Query[Search]) -> dict[str, object]:
    """The audited and approved memories that bear on a question, as the chat finds them."""
    require(request, "tws.use_chat", "audits.view_auditrecord")
    return {"items": retrieval.search(asked.q, asked.limit)}


@router.post("/{uuid:memory_id}/feedback", response=answers(FeedbackTaken, 404, 413))
def feedback(request: HttpRequest, memory_id: UUID, body: Feedback) -> FeedbackTaken:
    """Rate an answer. A low rating, or a comment that calls it wrong, asks for an audit."""
    require(request, "tws.use_chat")
    asked = give_feedback(memory_id, body.rating, body.comment, request.user)  # type: ignore[arg-type]
    return FeedbackTaken(memory_id=memory_id, rating=body.rating, audit_requested=asked)
