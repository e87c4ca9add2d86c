"""From a judge's confidence to a status: calibration, thresholds, and how far a judge is believed.

All is learnt from people's decisions: each approval says "right as it was", each rejection and
each correction says "wrong". The thresholds themselves are settings.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.conf import settings

from audits.judges import Verdict
from audits.measuring import Example, Points, interpolated, interval, lower_bound
from audits.models import AuditRecord, Calibration
from audits.states import DECIDED, OF_ITS_TIME, ReasonCode, Status

ENOUGH_DECISIONS = 50
"""Fewer people's decisions than this say too little to calibrate a judge with."""

RECENT = 1_000
"""So many of a judge's latest decisions say whether it may act alone: each run asks anew."""
TRUSTED = ("rules", "claims")
"""Judges that quarantine from the start, until people's decisions speak against it."""
UNTRUSTED = ("llm",)
"""Judges that only flag, until people's decisions prove them."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """How verdicts become statuses in this run."""

    calibrations: Mapping[str, Points] = field(default_factory=dict)
    quarantines: Collection[str] = TRUSTED
    """The judges whose word alone takes a memory out of use; any other judge's brings a person."""

    @classmethod
    def current(cls) -> Scoring:
        """The calibrations in use, and what people's decisions allow, as of now."""
        active = Calibration.objects.filter(is_active=True)
        scoring = cls({c.judge: c.points for c in active})
        judges = (*TRUSTED, *UNTRUSTED)
        allowed = [j for j in judges if may_quarantine(j, decided_examples(j, RECENT), scoring)]
        return replace(scoring, quarantines=allowed)

    def confidence(self, verdict: Verdict) -> float:
        return self.calibrated(verdict.judge, verdict.confidence)

    def calibrated(self, judge: str, confidence: float) -> float:
        raw = min(1.0, max(0.0, confidence))
        points = self.calibrations.get(judge)
        return interpolated(points, raw) if points else raw

    def status(self, verdict: Verdict) -> Status:
        """Above one threshold quarantine, where the judge may; above the lower one a person.

        Below, what has grounds to be believed is cleared: that nothing was found is none.
        """
        confidence = self.confidence(verdict)
        is_sure = confidence > settings.AUDIT_QUARANTINE_THRESHOLD
        if is_sure and verdict.judge in self.quarantines:
            return Status.QUARANTINED
        if confidence > settings.AUDIT_FLAG_THRESHOLD:
            return Status.PENDING
        return Status.CLEARED if verdict.supports else Status.UNVERIFIED


def may_quarantine(judge: str, examples: Sequence[Example], scoring: Scoring) -> bool:
    """Whether people's decisions let this judge take memories out of use by its word alone.

    An LLM opens that with the lower end of the 95 % interval of its flags' precision. Judges that
    are trusted from the start lose it when the upper end of theirs, over what they are sure of, is
    below the same precision: then people have shown that they are wrong too often.
    """
    required = settings.AUDIT_LLM_QUARANTINE_PRECISION
    if judge in UNTRUSTED:
        flags = [e for e in examples if e.flagged]
        return lower_bound(sum(e.is_wrong for e in flags), len(flags)) >= required
    sure = settings.AUDIT_QUARANTINE_THRESHOLD
    acts = [e for e in examples if scoring.calibrated(judge, e.score) > sure]
    is_refuted = (
        len(acts) >= ENOUGH_DECISIONS
        and interval(sum(e.is_wrong for e in acts), len(acts))[1] < required
    )
    return judge in TRUSTED and not is_refuted


def decided_examples(
    judge: str = "",
    newest: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Example]:
    """People's decisions, or the `newest` of them, with the judge's own confidence."""
    decided = AuditRecord.objects.filter(
        status__in=DECIDED, judged_at__isnull=False, raw_confidence__isnull=False
    ).exclude(reason_code__in=OF_ITS_TIME)
    if judge:
        decided = decided.filter(judge=judge)
    if since and until:
        decided = decided.filter(reviewed_at__gte=since, reviewed_at__lt=until)
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
