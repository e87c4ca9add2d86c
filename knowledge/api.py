"""REST paths about memories; and what all rooms' paths use: permissions, documented problems."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from ninja.errors import AuthorizationError
from ninja.params.models import ParamModel
from pydantic import BaseModel, BeforeValidator

from knowledge.cleaning import clean
from knowledge.feedback import give_feedback, withdraw_feedback
from knowledge.hits import MOST, MemoryHit
from knowledge.models import FeedbackReason
from knowledge.secrets import mask_secrets

# What ninja makes of each path is built when it is first asked, not at the start of each command.
_NINJAS: list[type[BaseModel]] = [Schema, *ParamModel.__subclasses__()]
for _model in _NINJAS:
    _model.model_config["defer_build"] = True

router = Router(tags=["memories"])


def require(request: HttpRequest, *permissions: str) -> None:
    """403 unless the caller has one of these permissions."""
    if not any(request.user.has_perm(permission) for permission in permissions):
        raise AuthorizationError(message="Your role does not allow this.")


def _as_line(value: object) -> object:
    return " ".join(clean(value).split()) if isinstance(value, str) else value


Line = Annotated[str, BeforeValidator(_as_line)]
"""Text of one line, cleaned: no row of a database can hold NUL."""

PROBLEM = {
    "title": "Problem",
    "description": "Why there is no answer: a sentence or, of a 422, also what is wrong where.",
    "type": "object",
    "required": ["detail"],
    "properties": {
        "detail": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "object"}}]}
    },
}

NOT_HTTP = {
    "description": "What the server does not take for HTTP: an address of over 64 kB, for example.",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}


def problems(*others: int) -> dict[str, Any]:
    """For an operation's `openapi_extra`: what any may say beside 200, and `others`.

    As a document only. Given as responses, each status of each operation is a model to be built,
    at the start of every command, and none is ever used: errors leave through handlers.
    """
    statuses = (401, 403, 422, 429, 503, *others)
    return {
        "responses": {
            400: NOT_HTTP,
            **{
                status: {
                    "description": HTTPStatus(status).phrase,
                    "content": {"application/json": {"schema": PROBLEM}},
                }
                for status in statuses
            },
        }
    }


class Feedback(Schema):
    rating: int = Field(ge=1, le=5)
    comment: str = Field("", max_length=10_000)
    reason: FeedbackReason | Literal[""] = ""


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
    limit: int = Field(5, ge=1, le=MOST)


class Results(Schema):
    items: list[Found]


@router.get("/search", response=Results, openapi_extra=problems())
def search(request: HttpRequest, asked: Query[Search]) -> dict[str, object]:
    """The audited and approved memories that bear on a question, as the chat finds them."""
    from knowledge import retrieval  # with all that reads a question: not for every command

    require(request, "tws.use_chat", "audits.view_auditrecord")
    return {"items": retrieval.search(asked.q, asked.limit)}


@router.post("/{uuid:memory_id}/feedback", response=FeedbackTaken, openapi_extra=problems(404, 413))
def feedback(request: HttpRequest, memory_id: UUID, body: Feedback) -> FeedbackTaken:
    """Rate an answer. A low rating, or a comment that calls it wrong, asks for an audit."""
    require(request, "tws.use_chat")
    asked = give_feedback(memory_id, body.rating, body.comment, request.user, body.reason)  # type: ignore[arg-type]
    return FeedbackTaken(memory_id=memory_id, rating=body.rating, audit_requested=asked)


class FeedbackWithdrawn(Schema):
    memory_id: UUID
    in_review: bool


@router.delete(
    "/{uuid:memory_id}/feedback", response=FeedbackWithdrawn, openapi_extra=problems(404)
)
def withdraw(request: HttpRequest, memory_id: UUID) -> FeedbackWithdrawn:
    """Take one's rating back. What a reviewer has in hand already stays there (`in_review`)."""
    require(request, "tws.use_chat")
    in_review = withdraw_feedback(memory_id, request.user)  # type: ignore[arg-type]
    return FeedbackWithdrawn(memory_id=memory_id, in_review=in_review)
