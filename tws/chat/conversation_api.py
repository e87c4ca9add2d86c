"""REST paths of a user's own conversations; nobody else's exist here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import Field, Query, Router, Schema
from pydantic import BeforeValidator

from knowledge.api import Line, problems, require
from knowledge.cleaning import clean
from tws.chat import conversations, export, fates, fixes, history
from tws.models import Conversation, Message

router = Router(tags=["conversations"])


def _as_text(value: object) -> object:
    return clean(value).strip() if isinstance(value, str) else value


class ConversationItem(Schema):
    id: UUID
    agent: str = Field(alias="agent_id")
    title: str
    is_pinned: bool
    created_at: datetime
    updated_at: datetime


class Conversations(Schema):
    items: list[ConversationItem]


class Sought(Schema):
    query: Line = Field("", max_length=200)
    limit: int = Field(50, ge=1, le=200)


class Before(Schema):
    before: UUID | None = Field(None, description="A run: what was asked before it.")


class Exchanges(Schema):
    """As the page has them: question, run, answer, fate."""

    exchanges: list[dict[str, Any]]
    has_earlier: bool


class Change(Schema):
    title: Line | None = Field(None, min_length=1, max_length=conversations.LONGEST_TITLE)
    is_pinned: bool | None = None


Told = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=5_000)]


class Fix(Schema):
    run_id: UUID
    cause: Told
    done: Told


class FixTaken(Schema):
    memory_id: UUID


class Exported(Schema):
    format: Literal["markdown", "json"] = "markdown"


class TakenBackItem(Schema):
    """An answer that its reader has not been told about: what became of it, and where it stands."""

    conversation: UUID
    agent: str
    title: str
    run_id: UUID
    question: str
    kind: str
    reason: str
    at: datetime | None
    through: bool


class TakenBack(Schema):
    items: list[TakenBackItem]


class Read(Schema):
    runs: list[UUID] = Field(max_length=fates.LOOKED_AT)


def _own(request: HttpRequest, conversation_id: UUID, *, or_deleted: bool = False) -> Conversation:
    require(request, "tws.use_chat")
    found = Conversation.objects.of(request.user.pk).filter(pk=conversation_id)
    if not or_deleted:
        found = found.filter(deleted_at=None)
    conversation = found.select_related("agent").first()
    if conversation is None:
        raise Http404
    return conversation


@router.get("", response=Conversations, openapi_extra=problems())
def listed(request: HttpRequest, sought: Query[Sought]) -> dict[str, object]:
    """The caller's conversations, pinned ones first; `query` is looked for in titles and texts."""
    require(request, "tws.use_chat")
    mine = Conversation.objects.listed(request.user.pk)
    if sought.query:
        mine = mine.matching(sought.query)
    return {"items": mine[: sought.limit]}


@router.get("/taken-back", response=TakenBack, openapi_extra=problems())
def taken_back(request: HttpRequest) -> dict[str, object]:
    """What became of the caller's answers since they were shown, until `told` says it was read."""
    require(request, "tws.use_chat")
    return _items(fates.untold(request.user.pk))


def _items(found: list[fates.TakenBack]) -> dict[str, object]:
    return {"items": [_item(one) for one in found]}


def _item(one: fates.TakenBack) -> dict[str, object]:
    fate = one.fate
    return {
        "conversation": one.conversation.pk, "agent": one.conversation.agent_id,
        "title": one.conversation.title, "run_id": one.run_id, "question": one.question,
        "kind": fate.kind, "reason": fate.reason, "at": fate.at, "through": fate.through,
    }  # fmt: skip


@router.post("/taken-back/told", response=TakenBack, openapi_extra=problems(413))
def told(request: HttpRequest, body: Read) -> dict[str, object]:
    """The caller has read what became of these answers; what is left."""
    require(request, "tws.use_chat")
    return _items(fates.note_told(request.user.pk, set(body.runs)))


@router.get("/{uuid:conversation_id}/exchanges", response=Exchanges, openapi_extra=problems(404))
def exchanges(request: HttpRequest, conversation_id: UUID, wanted: Query[Before]) -> dict[str, Any]:
    """The newest questions of a conversation with their answers, or the newest before a run's."""
    conversation = _own(request, conversation_id)
    try:
        return history.exchanges(conversation, request.user, wanted.before)  # type: ignore[arg-type]
    except Message.DoesNotExist as error:
        raise Http404 from error


@router.patch(
    "/{uuid:conversation_id}", response=ConversationItem, openapi_extra=problems(404, 413)
)
def change(request: HttpRequest, conversation_id: UUID, body: Change) -> Conversation:
    """Rename a conversation, pin it, take the pin off."""
    conversation = _own(request, conversation_id)
    if wanted := body.model_dump(exclude_none=True):
        conversations.change(conversation, **wanted)
    conversation.refresh_from_db()
    return conversation


@router.delete("/{uuid:conversation_id}", response=ConversationItem, openapi_extra=problems(404))
def delete(request: HttpRequest, conversation_id: UUID) -> Conversation:
    """Delete a conversation. It can be had back for an hour; then its rows go."""
    conversation = _own(request, conversation_id)
    conversations.delete(conversation)
    return conversation


@router.post(
    "/{uuid:conversation_id}/restore", response=ConversationItem, openapi_extra=problems(404)
)
def restore(request: HttpRequest, conversation_id: UUID) -> Conversation:
    """Have a deleted conversation back; one that is back already stays."""
    conversation = _own(request, conversation_id, or_deleted=True)
    conversations.restore(conversation)
    return conversation


@router.post("/{uuid:conversation_id}/fixes", response=FixTaken, openapi_extra=problems(404, 413))
def what_fixed_it(request: HttpRequest, conversation_id: UUID, body: Fix) -> FixTaken:
    """Tell what fixed the failure that an answer explained: a memory that a reviewer decides on."""
    answer = _own(request, conversation_id).messages.filter(
        role=Message.Role.AGENT, run_id=body.run_id, failure__isnull=False
    )
    found = answer.select_related("conversation").first()
    if found is None:
        raise Http404
    return FixTaken(memory_id=fixes.tell(found, body.cause, body.done, request.user).pk)  # type: ignore[arg-type]


_MARKDOWN = {200: {"content": {"text/markdown": {"schema": {"type": "string"}}}}}


@router.get(
    "/{uuid:conversation_id}/export",
    response=dict[str, Any],
    openapi_extra={"responses": _MARKDOWN | problems(404)["responses"]},
)
def exported(request: HttpRequest, conversation_id: UUID, wanted: Query[Exported]) -> HttpResponse:
    """A conversation as a file: Markdown to read, JSON to work with."""
    conversation = _own(request, conversation_id)
    response: HttpResponse
    if wanted.format == "json":
        name = export.file_name(conversation, "json")
        response = JsonResponse(export.as_json(conversation), json_dumps_params={"indent": 2})
    else:
        name = export.file_name(conversation, "md")
        text = export.as_markdown(conversation)
        response = HttpResponse(text, content_type="text/markdown; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
