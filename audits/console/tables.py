"""The columns of the console's exports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from audits.models import AuditRecord, Decision


def record_row(record: AuditRecord) -> dict[str, Any]:
    memory = record.memory
    return {
        "memory_id": str(memory.pk),
        "status": record.status,
        "trust": memory.trust,
        "agent": memory.agent,
        "kind": memory.kind,
        "user_query": memory.user_query,
        "agent_response": memory.agent_response,
        "evidence": memory.evidence,
        "answer": memory.answer,
        "reason": record.ia_audit_reason,
        "findings": record.findings,
        "confidence": record.ia_audit_confidence,
        "judge": record.judge,
        "model": record.model,
        "prompt_version": record.prompt_version,
        "version": memory.version,
        "created_at": _time(record.created_at),
        "judged_at": _time(record.judged_at),
        "reviewer": record.reviewer.get_username() if record.reviewer else "",
        "reviewed_at": _time(record.reviewed_at),
        "reason_code": record.reason_code,
        "note": record.note,
    }


def decision_row(line: Decision) -> dict[str, Any]:
    return {
        field.attname: _time(value) if isinstance(value, datetime) else value
        for field in Decision._meta.concrete_fields
        for value in [getattr(line, field.attname)]
    } | {"memory_id": str(line.memory_id)}


def _time(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
