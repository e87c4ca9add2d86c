"""REST paths of what the chat's page shows beside an answer's text: more rows, memories, cards.

What reads and words them is loaded with the first request, not with every command.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from asgiref.sync import async_to_sync
from django.http import Http404, HttpRequest
from ninja import Field, Query, Router, Schema
from ninja.errors import HttpError

from knowledge.api import Line, problems, require
from knowledge.models import MemoryUse
from tws.api import UnknownEngine
from tws.hwa.engines import engine_for, engine_named
from tws.models import Message
from tws.plan.query.asked import MOST_ROWS

if TYPE_CHECKING:
    from tws.hwa.engine import Engine

router = Router(tags=["answers"])


class Rows(Schema):
    """Rows as the answer's own table has them; `matched` in all, others follow from `next` on."""

    rows: list[dict[str, Any]]
    matched: int
    next: str
    fetched_at: datetime


class Wanted(Schema):
    """`after` is the `next` of the rows before; `order_by` begins anew in another order."""

    after: str = Field("", max_length=4_000)  # an address holds 64 kB, a character takes up to 12
    order_by: str = Field("", max_length=100)
    limit: int = Field(50, ge=1, le=MOST_ROWS)


@router.get("/{uuid:run_id}/tables/{table_id}", response=Rows, openapi_extra=problems(404, 409))
def table_rows(
    request: HttpRequest, run_id: UUID, table_id: str, wanted: Query[Wanted]
) -> dict[str, Any]:
    """More rows of a table in one's own conversation, by its own query: no agent is asked.

    409 when the plan they were of has been replaced since.
    """
    from tws.chat.showing.tables import PlanReplaced, rows_after

    require(request, "tws.use_chat")
    table = _table_of(request, run_id, table_id)
    try:
        return rows_after(table, **wanted.dict())
    except PlanReplaced as error:
        raise HttpError(409, "The plan has been replaced since: ask again.") from error


def _table_of(request: HttpRequest, run_id: UUID, table_id: str) -> dict[str, Any]:
    own = Message.objects.filter(conversation__user=request.user.pk, role=Message.Role.AGENT)
    display = own.filter(run_id=run_id).values_list("display", flat=True).first()
    for table in (display or {}).get("tables", []):
        if table["id"] == table_id and "query" in table:
            found: dict[str, Any] = table
            return found
    raise Http404


class Text(Schema):
    question: str
    html: str


class QuotedMemory(Text):
    """A memory as an answer used it; `now` when its text has changed since."""

    memory_id: UUID
    trust: str
    trust_said: str
    decided_by: str | None
    decided_at: datetime | None
    created_at: datetime
    read_at: datetime
    changed_at: list[datetime]
    now: Text | None


@router.get(
    "/{uuid:run_id}/memories/{uuid:memory_id}", response=QuotedMemory, openapi_extra=problems(404)
)
def memory(request: HttpRequest, run_id: UUID, memory_id: UUID) -> dict[str, Any]:
    """A memory that an answer in one's own conversation was given from, and what became of it."""
    from tws.chat.showing.quoted import quoted_memory

    require(request, "tws.use_chat")
    try:
        return quoted_memory(request.user.pk, run_id, memory_id)
    except MemoryUse.DoesNotExist as error:
        raise Http404 from error


# --- cards --------------------------------------------------------------------------------------

cards = Router(tags=["agents and plan"])


class CardOf(Schema):
    """An object by its `id`, or by its name; `part` of what there is to know of it."""

    kind: Literal["job", "stream", "workstation", "resource"]
    name: Line = Field(min_length=1, max_length=300)
    id: Line = Field("", max_length=300)
    stream: Line = Field("", max_length=300)
    workstation: Line = Field("", max_length=300)
    engine: Line = Field("", max_length=100)
    part: Literal["state", "why", "holds_up", "runs", "log"] = "state"


@cards.get("/card", response=dict[str, Any], openapi_extra=problems(404))
def card(request: HttpRequest, asked: Query[CardOf]) -> dict[str, Any]:
    """One object, a part at a time, told as the agent by rules tells it; read live first."""
    require(request, "tws.use_chat")
    return async_to_sync(_part)(_engine(asked.engine), asked)


class WantedOfCard(Wanted):
    """`table`: what the card gave as its table's `more`."""

    table: str = Field(min_length=1, max_length=8_000)


@cards.get("/card/rows", response=Rows, openapi_extra=problems(404, 409))
def card_table(request: HttpRequest, wanted: Query[WantedOfCard]) -> dict[str, Any]:
    """More rows of a card's table, as the plan is now.

    409 when the plan they were of has been replaced since, or the last row is gone.
    """
    from django.core.signing import BadSignature

    from tws.chat.cards import card_rows
    from tws.chat.showing.tables import PlanReplaced

    require(request, "tws.use_chat")
    try:
        return card_rows(**wanted.dict())
    except BadSignature as error:
        raise Http404 from error
    except PlanReplaced as error:
        raise HttpError(409, "The plan has been replaced since: ask again.") from error


def _engine(name: str) -> Engine:
    try:
        return engine_named(name) if name else engine_for((), "")
    except KeyError as error:
        raise UnknownEngine from error


async def _part(engine: Engine, asked: CardOf) -> dict[str, Any]:
    from knowledge.secrets import mask_secrets
    from tws.answers.toolkit import EngineDown, NotRead
    from tws.chat.cards import card_of
    from tws.plan.query import PlanUnavailable

    try:
        return await card_of(engine, **asked.dict(exclude={"engine"}))
    except EngineDown as down:
        raise PlanUnavailable(str(down)) from down
    except NotRead as error:
        raise HttpError(404, mask_secrets(str(error))) from error
