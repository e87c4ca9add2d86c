"""What a reader of an answer is told of how it was judged, in their language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from audits.findings import worded
from audits.states import DECIDED, PERSON, Status

if TYPE_CHECKING:
    from audits.models import AuditRecord

LONGEST = 600


def why_taken_back(record: AuditRecord) -> str:
    """The reviewer's reason and note, or what the auditor found; who reported it is not said."""
    if record.status in DECIDED:
        said = [str(record.get_reason_code_display() or ""), record.note]
    elif record.judge == PERSON:
        said = [_("A user reported it as wrong.")]
    else:
        said = [_found(one) for one in worded(record.findings) if isinstance(one, dict)]
        said = said or [_without_findings(record)]
    return "\n".join(part for part in said if part)[:LONGEST]


def _without_findings(record: AuditRecord) -> str:
    """What judges write as they go is in the auditor's language, and for reviewers."""
    match record.status, record.judge:
        case Status.CLEARED, "claims":
            return _("Each value in it is what was read.")
        case Status.UNVERIFIED, "auditor":
            return _("Nothing speaks against it, and nothing bears it out.")
    return record.ia_audit_reason


def _found(finding: dict[str, object]) -> str:
    return f"{finding['message']} {finding.get('quote') or ''}".strip()
