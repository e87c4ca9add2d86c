"""REST paths of an answer that its page has: the rows that follow a table's."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Field, Query, Router, Schema
from ninja.errors import HttpError

from knowledge.api import problems, require
from tws.models import Message
from tws.plan.query.asked import MOST_ROWS

router = Router(tags=["answers"])


class Rows(Schema, defer_build=True):
    """Rows as the answer's own table has them; `matched` in all, others follow from `next` on."""

    rows: list[dict[str, Any]]
    matched: int
    next: str
    fetched_at: datetime


class Wanted(Schema, defer_build=True):
    """`after` is the `next` of the rows before; `order_by` begins anew in another order."""

    after: str = Field("", max_length=8_000)
    order_by: str = Field("", max_length=100)
    limit: int = Field(50, ge=1, le=MOST_ROWS)


@router.get("/{uuid:run_id}/tables/{table_id}", response=Rows, openapi_extra=problems(404, 409))
def table_rows(
    request: HttpRequest, run_id: UUID, table_id: str, wanted: Query[Wanted]
) -> dict[str, Any]:
    """More rows of a table in one's own conversation, by its own query: no agent is asked.

    409 when the plan they were of has been replaced since.
    """
    from tws.chat.showing.tables import PlanReplaced, rows_after  # not for every command

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
