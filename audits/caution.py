"""How cautious the auditor is: what it would do alone at each threshold, and how often wrongly.

How much a day is counted from its verdicts of late, how often wrongly from people's decisions on
what it was as sure of, with the 95 % interval: few decisions prove little.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from audits.decisions import Decision
from audits.measuring import interval
from audits.models import AuditRecord
from audits.scoring import RECENT, TRUSTED, UNTRUSTED, Scoring, decided_examples
from audits.states import DECIDED, Status

DAYS = 30
NEWEST = 10_000
"""So many of the latest verdicts are looked at; of a judge's decisions those that it is held to."""
STEPS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Alone:
    """What is handled without a person: how many a day, and of `decided` ones how many rightly."""

    a_day: float
    decided: int
    right: int

    @property
    def precision(self) -> tuple[float, float]:
        """The 95 % interval of the share that is right."""
        return interval(self.right, self.decided)

    @property
    def wrongly(self) -> tuple[float, float]:
        """How many a day are handled wrongly, at least and at most."""
        low, high = self.precision
        return self.a_day * (1 - high), self.a_day * (1 - low)


@dataclass(frozen=True, slots=True)
class Level:
    """One threshold above which a judge's word would quarantine."""

    threshold: float
    alone: Alone
    is_set: bool
    """Whether AUDIT_QUARANTINE_THRESHOLD stands here."""

    @property
    def suffices(self) -> bool:
        return self.alone.precision[0] >= settings.AUDIT_LLM_QUARANTINE_PRECISION


@dataclass(frozen=True, slots=True)
class OfJudge:
    judge: str
    levels: list[Level]
    may_quarantine: bool


def of_judges() -> list[OfJudge]:
    """Each judge that can be sure of anything, at each threshold."""
    scoring = Scoring.current()
    verdicts, days = _verdicts(scoring)
    return [
        _of_judge(judge, verdicts.get(judge, []), days, scoring) for judge in TRUSTED + UNTRUSTED
    ]


def _of_judge(judge: str, scores: list[float], days: float, scoring: Scoring) -> OfJudge:
    examples = decided_examples(judge, RECENT)
    found = [(scoring.calibrated(judge, one.score), one.is_wrong) for one in examples]
    return OfJudge(
        judge,
        levels(sorted(scores), days, found),
        judge in scoring.quarantines,
    )


def levels(
    scores: Sequence[float], days: float, decided: Sequence[tuple[float, bool]]
) -> list[Level]:
    """`scores`: of the verdicts of `days` days, growing; `decided`: score, and whether wrong."""
    now = settings.AUDIT_QUARANTINE_THRESHOLD
    found = []
    for threshold in sorted({*STEPS, now}):
        above = [is_wrong for score, is_wrong in decided if score > threshold]
        a_day = (len(scores) - bisect_right(scores, threshold)) / days
        alone = Alone(a_day, len(above), sum(above))
        found.append(Level(threshold, alone, threshold == now))
    return found


def cleared() -> Alone:
    """What is put to use without a person, and what people said of such answers afterwards."""
    since = timezone.now() - timedelta(days=DAYS)
    newest = AuditRecord.objects.order_by("-id").values_list("status", "created_at")[:NEWEST]
    of_late = [(status, at) for status, at in newest if at >= since]
    count = sum(status == Status.CLEARED for status, _at in of_late)
    lines = Decision.objects.order_by("-seq").values_list("from_status", "to_status", "reason_code")
    decided = [
        to == Status.APPROVED and reason != "corrected"
        for was, to, reason in lines[:NEWEST]
        if was == Status.CLEARED and to in DECIDED
    ]
    return Alone(count / _days([at for _status, at in of_late]), len(decided), sum(decided))


def _verdicts(scoring: Scoring) -> tuple[Mapping[str, list[float]], float]:
    """The newest verdicts' calibrated confidence by judge, and over how many days they came."""
    since = timezone.now() - timedelta(days=DAYS)
    rows = AuditRecord.objects.order_by("-id").values_list("judge", "raw_confidence", "created_at")
    of_late = [row for row in rows[:NEWEST] if row[2] >= since]
    found: dict[str, list[float]] = {}
    for judge, raw, _at in of_late:
        if raw is not None:
            found.setdefault(judge, []).append(scoring.calibrated(judge, raw))
    return found, _days([at for *_rest, at in of_late])


def _days(moments: Sequence[datetime]) -> float:
    """From the first of them until now, a day at least."""
    if not moments:
        return 1.0
    return max(1.0, (timezone.now() - min(moments)) / timedelta(days=1))
