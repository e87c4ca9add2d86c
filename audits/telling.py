"""What a reader of an answer is told of why it was taken back, in their language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from audits.findings import worded
from audits.states import DECIDED, PERSON

if TYPE_CHECKING:
    from audits.models import AuditRecord

LONGEST = 600


def why_taken_back(record: AuditRecord) -> str:
    """The reviewer's reason and note, or what the auditor found. Who reported it is not said."""
    if record.status in DECIDED:
        said = [str(record.get_reason_code_display() or ""), record.note]
    elif record.judge == PERSON:
        said = [_("A user reported it as wrong.")]
    else:
        said = [_found(one) for one in worded(record.findings) if isinstance(one, dict)]
        said = said or [record.ia_audit_reason]
    return "\n".join(part for part in said if part)[:LONGEST]


def _found(finding: dict[str, object]) -> str:
    return f"{finding['message']} {finding.get('quote') or ''}".strip()
