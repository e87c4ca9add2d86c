"""REST paths of the audit queue. The rules of decisions are in `audits.review`."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from ninja.errors import HttpError
from pydantic import AwareDatetime

from audits import counting, review
from audits.findings import worded
from audits.models import AuditRecord
from audits.permissions import DECIDE, SEE
from audits.queue import AuditRecordQuerySet
from audits.search import find
from audits.states import ReasonCode
from knowledge.api import problems, require
from knowledge.secrets import mask_json, mask_secrets

router = Router(tags=["audit"])


class Item(Schema):
    """One audit record with its memory; secrets in the texts are masked."""

    memory_id: UUID
    status: str
    trust: str
    user_query: str
    understood: dict[str, Any] | None
    agent_response: str
    reason: str
    confidence: float | None
    judge: str
    evidence: list[Any]
    claims: list[dict[str, Any]]
    findings: list[Any]
    created_at: datetime
    reviewed_at: datetime | None
    reviewer: str | None
    version: int
    valid_until: datetime | None
    superseded_by: UUID | None


class Page(Schema):
    items: list[Item]
    next_cursor: str | None


class Filters(Schema):
    status: Literal[
        "pending", "unverified", "approved", "rejected", "quarantined", "cleared", "failed", "all"
    ] = "pending"
    query: str = Field("", max_length=1000)
    limit: int = Field(50, ge=1, le=200)
    cursor: str = Field("", max_length=200)


class Review(Schema):
    memory_id: UUID
    action: Literal["approve", "reject", "restore"]
    note: str = Field("", max_length=10_000)
    reason_code: Literal["", *ReasonCode.values] = ""  # type: ignore[valid-type]
    corrected_response: str | None = None
    version: int | None = None
    supersedes: UUID | None = None
    valid_until: AwareDatetime | None = None
    keeps_both: bool = False


@router.get("/flags", response=Page, openapi_extra=problems())
def flags(request: HttpRequest, filters: Query[Filters]) -> dict[str, Any]:
    """Audit records, oldest first. `next_cursor` leads to the next page, whatever has changed."""
    require(request, SEE)
    records = AuditRecord.objects.select_related("memory", "reviewer")
    statuses = None if filters.status == "all" else [filters.status]
    if statuses:
        records = records.filter(status__in=statuses)
    if filters.query.strip():
        records = find(records, filters.query, statuses)
    rows = list(_after(records, filters)[: filters.limit + 1])
    page = rows[: filters.limit]
    more = len(rows) > filters.limit
    return {"items": [_item(row) for row in page], "next_cursor": _cursor(page) if more else None}


@router.post("/review", response=Item, openapi_extra=problems(404, 409, 413))
def decide(request: HttpRequest, body: Review) -> dict[str, Any]:
    """Approve, reject or restore. 409 when somebody was faster or the move is not allowed."""
    require(request, DECIDE)
    record = review.decide(
        body.memory_id,
        body.action,
        request.user,  # type: ignore[arg-type]
        note=body.note,
        reason_code=body.reason_code,
        corrected_response=body.corrected_response,
        version=body.version,
        supersedes=body.supersedes,
        valid_until=body.valid_until,
        keeps_both=body.keeps_both,
    )
    return _item(record)


@router.get("/metrics", response=dict[str, int | float | None], openapi_extra=problems())
def metrics(request: HttpRequest) -> dict[str, int | float | None]:
    """How many records have each status, and how long the oldest pending one has waited."""
    require(request, SEE)
    return {**counting.by_status(), "oldest_pending_seconds": counting.oldest_pending_seconds()}


def _item(record: AuditRecord) -> dict[str, Any]:
    memory = record.memory
    return {
        "memory_id": memory.pk,
        "status": record.status,
        "trust": memory.trust,
        "user_query": mask_secrets(memory.user_query),
        "understood": mask_json(memory.understood),
        "agent_response": mask_secrets(memory.agent_response),
        "reason": mask_secrets(record.ia_audit_reason),
        "confidence": record.ia_audit_confidence,
        "judge": record.judge,
        "evidence": mask_json(memory.evidence),
        "claims": mask_json(memory.claims),
        "findings": mask_json(worded(record.findings)),
        "created_at": record.created_at,
        "reviewed_at": record.reviewed_at,
        "reviewer": record.reviewer.get_username() if record.reviewer else None,
        "version": memory.version,
        "valid_until": memory.valid_until,
        "superseded_by": memory.superseded_by_id,
    }


def _after(records: AuditRecordQuerySet, filters: Filters) -> AuditRecordQuerySet:
    """What comes after the cursor. Each order is an index': one status by age, all by id."""
    order = ("id",) if filters.status == "all" else ("created_at", "id")
    records = records.order_by(*order)
    if not filters.cursor:
        return records
    created_at, record_id = _read_cursor(filters.cursor)
    if filters.status == "all":
        return records.filter(id__gt=record_id)
    later = Q(created_at__gt=created_at) | Q(id__gt=record_id)
    return records.filter(created_at__gte=created_at).filter(later)


def _cursor(page: list[AuditRecord]) -> str:
    last = page[-1]
    text = f"{last.created_at.isoformat()} {last.pk}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, int]:
    try:
        text = base64.urlsafe_b64decode(cursor.encode()).decode()
        created_at, _, record_id = text.rpartition(" ")
        moment, number = datetime.fromisoformat(created_at), int(record_id)
        if moment.tzinfo is None or not 0 <= number < 2**63:
            raise ValueError
        return moment.astimezone(UTC), number
    except (ValueError, OverflowError):
        raise HttpError(422, "This is not a cursor that was given out here.") from None
