"""From a judge's confidence to a status: calibration, thresholds, and how far an LLM is believed.

Both are learnt from people's decisions: each approval says "right as it was", each rejection and
each correction says "wrong".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings

from audits.judges import Verdict
from audits.measuring import Example, Points, interpolated, lower_bound
from audits.models import AuditRecord, Calibration
from audits.states import DECIDED, ReasonCode, Status

ENOUGH_DECISIONS = 50
"""Fewer people's decisions than this say too little to calibrate a judge with."""

_OTHER_REASONS = (ReasonCode.DUPLICATE, ReasonCode.OUTDATED)
"""Rejections that say nothing about the answer's truth when it was judged."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """How verdicts become statuses in this run."""

    calibrations: Mapping[str, Points] = field(default_factory=dict)
    llm_may_quarantine: bool = False

    @classmethod
    def current(cls) -> Scoring:
        """The calibrations in use, and the LLM's measured precision, as of now."""
        active = Calibration.objects.filter(is_active=True)
        return cls({c.judge: c.points for c in active}, llm_precision_suffices())

    def confidence(self, verdict: Verdict) -> float:
        raw = min(1.0, max(0.0, verdict.confidence))
        points = self.calibrations.get(verdict.judge)
        return interpolated(points, raw) if points else raw

    def status(self, verdict: Verdict) -> Status:
        """Above 0.85 quarantine, above 0.60 a person. An LLM alone only flags.

        Below, what has grounds to be believed is cleared: that nothing was found is none.
        """
        confidence = self.confidence(verdict)
        may_quarantine = verdict.judge != "llm" or self.llm_may_quarantine
        if confidence > settings.AUDIT_QUARANTINE_THRESHOLD and may_quarantine:
            return Status.QUARANTINED
        if confidence > settings.AUDIT_FLAG_THRESHOLD:
            return Status.PENDING
        return Status.CLEARED if verdict.supports else Status.UNVERIFIED


def llm_precision_suffices() -> bool:
    """Whether people's decisions show, at 95 %, that the LLM's flags are right often enough."""
    flags = [e for e in decided_examples("llm") if e.flagged]
    right = sum(e.is_wrong for e in flags)
    return lower_bound(right, len(flags)) >= settings.AUDIT_LLM_QUARANTINE_PRECISION


def decided_examples(judge: str = "", newest: int | None = None) -> list[Example]:
    """People's decisions, or the `newest` of them, with the judge's own confidence."""
    decided = AuditRecord.objects.filter(
        status__in=DECIDED, judged_at__isnull=False, raw_confidence__isnull=False
    ).exclude(reason_code__in=_OTHER_REASONS)
    if judge:
        decided = decided.filter(judge=judge)
    rows = decided.values_list("judge", "raw_confidence", "status", "reason_code")
    if newest is not None:
        rows = rows.order_by("-reviewed_at")[:newest]
    return [
        Example(
            score=raw,
            flagged=raw > settings.AUDIT_FLAG_THRESHOLD,
            is_wrong=status == Status.REJECTED or reason == ReasonCode.CORRECTED,
            judge=name,
        )
        for name, raw, status, reason in rows
        if raw is not None
    ]
