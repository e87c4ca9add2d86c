"""Known cases put among a reviewer's records, asked of the judges, and how far both agree."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from audits.known_answers import KnownAnswer, KnownCase
from audits.measuring import interval
from audits.models import AuditRecord, Decision
from audits.moves import Refused, is_own, may_decide_own
from audits.permissions import TAKE_OVER
from audits.states import DECIDED, OF_ITS_TIME, Status

if TYPE_CHECKING:
    from audits.evaluating import Labelled

SHOWN_FOR = timedelta(hours=1)
"""So long one that was put before somebody stays as it was; then it is a decided record again."""
TRIED = 20
"""Cases that are looked at for one that is not somebody's own."""


# --- which records ------------------------------------------------------------------------------


@transaction.atomic
def mark(memory_id: uuid.UUID, by: User) -> None:
    """Take the decision on this record for right. Refused unless it was decided as it stood."""
    _check(by)
    memory, record = AuditRecord.objects.locked(memory_id)
    line = Decision.objects.filter(
        memory_id=memory_id, actor_id=record.reviewer_id, action__in=["approve", "reject"],
        to_status=record.status, memory_version=memory.version,
    ).order_by("-seq").first()  # fmt: skip
    is_plain = line and line.from_digest in {"", line.content_digest}
    if line is None or not is_plain or memory.purged_at or record.reason_code in OF_ITS_TIME:
        raise Refused(
            _("Only what was approved unchanged, or rejected as wrong, can be a known case.")
        )
    KnownCase.objects.update_or_create(
        record=record,
        defaults={
            "seq": line.seq, "version": memory.version, "from_status": line.from_status,
            "status": line.to_status, "by": by, "at": timezone.now(),
        },
    )  # fmt: skip


def unmark(memory_id: uuid.UUID, by: User) -> None:
    _check(by)
    KnownCase.objects.filter(record__memory=memory_id).delete()


def _check(by: User) -> None:
    if not by.has_perm(TAKE_OVER):
        raise Refused(_("Known cases are chosen by who may take over what others review."))


# --- asking a reviewer --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A known case as it is put to somebody, and the line of the log that decided it."""

    answer: KnownAnswer
    line: Decision


def is_drawn(line: Decision) -> bool:
    """Whether a known case follows this decision; other digits than for a second opinion."""
    return int(line.hash[8:16], 16) < settings.AUDIT_PLANTED_SHARE * 2**32


def plant(
    after: AuditRecord, before: AuditRecord, statuses: Collection[str], fits: Q, by: User
) -> AuditRecord | None:
    """A known case to be shown to `by` between two records of their queue, where one is drawn.

    It would stand in their list (`statuses`, `fits`), and they have not met it. The hash of the
    decision just made draws it: nobody chooses, and nobody knows beforehand.
    """
    line = Decision.objects.filter(memory_id=after.memory_id, actor_id=by.pk).latest("seq")
    if not is_drawn(line):
        return None
    cases = KnownCase.objects.standing().filter(from_status__in=statuses).exclude(by=by)
    met = KnownAnswer.objects.filter(by=by).values("memory_id")
    records = AuditRecord.objects.filter(fits, known_case__in=cases).exclude(reviewer=by)
    ids = list(records.exclude(memory__in=met).order_by("pk").values_list("pk", flat=True))
    first = int(line.hash[16:24], 16) % max(1, len(ids))
    for pk in [*ids[first:], *ids[:first]][:TRIED]:
        record = AuditRecord.objects.select_related("memory").get(pk=pk)
        if not may_decide_own() and is_own(record.memory, by):
            continue
        KnownAnswer.objects.create(
            memory_id=record.memory_id, is_right=record.status == Status.APPROVED, by=by,
            harm=before.harm, queued_at=before.created_at - timedelta(microseconds=1),
        )  # fmt: skip
        return record
    return None


def asked(record: AuditRecord, by: User) -> Asked | None:
    """Whether this record is before `by` as a known case just now."""
    if record.status not in DECIDED:
        return None
    answer = KnownAnswer.objects.filter(
        by=by, memory_id=record.memory_id, answered_at=None,
        asked_at__gte=timezone.now() - SHOWN_FOR,
    ).first()  # fmt: skip
    case = KnownCase.objects.standing().filter(record=record).first() if answer else None
    if answer is None or case is None:
        return None
    return Asked(answer, Decision.objects.get(seq=case.seq))


def give(asked: Asked, approves: bool) -> bool:
    """Keep what they would have decided; whether it is what was expected."""
    asked.answer.approves, asked.answer.answered_at = approves, timezone.now()
    asked.answer.save(update_fields=["approves", "answered_at"])
    return approves == asked.answer.is_right


# --- asking the judges --------------------------------------------------------------------------


async def judged(limit: int) -> Counter[str]:
    """The newest known cases before the judges as they are now, none of it from their cache.

    What each judge said is kept, never as a verdict. A count of: cases, agreed, differed,
    abstained, no_verdict.
    """
    from asgiref.sync import sync_to_async

    from audits.evaluating import judge_all
    from audits.judging import bench
    from audits.scoring import Scoring

    examples = await sync_to_async(_examples)(limit)
    scoring = await sync_to_async(Scoring.current)()
    found = await judge_all(bench(keeps=False), examples, scoring)
    answers = [
        KnownAnswer(
            memory_id=example.memory.memory_id, is_right=not example.is_wrong, judge=one.judge,
            approves=None if one.abstained else not one.flagged, answered_at=timezone.now(),
        )
        for example, one in zip(examples, found, strict=True)
        if one
    ]  # fmt: skip
    await KnownAnswer.objects.abulk_create(answers)
    counts = Counter(cases=len(examples), no_verdict=len(examples) - len(answers))
    for answer in answers:
        fits = "agreed" if answer.approves == answer.is_right else "differed"
        counts["abstained" if answer.approves is None else fits] += 1
    return counts


def _examples(limit: int) -> list[Labelled]:
    from audits.evaluating import labelled

    cases = KnownCase.objects.standing().select_related("record__memory").order_by("-at")
    return [labelled(case.record) for case in cases[:limit]]


# --- how far they agree -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of `n` known cases that somebody answered how many as was expected; `open` could not tell."""

    n: int = 0
    agreed: int = 0
    open: int = 0

    @property
    def interval(self) -> tuple[float, float]:
        return interval(self.agreed, self.n)


def agreement(since: datetime | None, until: datetime) -> dict[tuple[str, str], Agreement]:
    """By person and by judge, one of the two being ""; all there is before `until`, or `since`."""
    answers = KnownAnswer.objects.filter(answered_at__lt=until)
    if since is not None:
        answers = answers.filter(answered_at__gte=since)
    counted = answers.values_list("by__username", "judge").annotate(
        n=Count("pk", filter=Q(approves__isnull=False)),
        agreed=Count("pk", filter=Q(approves=F("is_right"))),
        open=Count("pk", filter=Q(approves=None)),
    )
    return {(by or "", judge): Agreement(*figures) for by, judge, *figures in counted}
