"""What users report as wrong goes before a reviewer; one user's reports are dismissed at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audits import harm, review
from audits.decisions import Move, append
from audits.models import AuditRecord
from audits.states import PERSON, Status, Why
from knowledge import store
from knowledge.models import Feedback, FeedbackQuerySet, Memory, Trust

_NOT_REOPENED = {Status.APPROVED, Status.REJECTED, Status.PENDING, Status.QUARANTINED}


def take(limit: int = 100) -> int:
    """Put reported memories before a reviewer, oldest report first; how many were flagged."""
    waiting = Feedback.objects.untaken().order_by("reported_at").values_list("memory_id", flat=True)
    return sum(_take(memory_id) for memory_id in dict.fromkeys(waiting[:limit]))


@transaction.atomic
def _take(memory_id: uuid.UUID) -> bool:
    memory = Memory.objects.select_for_update().filter(pk=memory_id).first()
    if memory is None:
        return False
    record = AuditRecord.objects.filter(memory=memory).select_for_update().first()
    record = record or AuditRecord(memory=memory)
    taken = Feedback.objects.untaken().filter(memory=memory).update(taken_at=timezone.now())
    if not taken or record.status in _NOT_REOPENED:
        return False  # the report stays readable on the memory; a decision is not reopened by it
    from_status, from_trust = record.status if record.pk else "", memory.trust
    record.status, record.lease_owner, record.lease_until = Status.PENDING, "", None
    record.memory_version, record.judged_at = memory.version, timezone.now()
    record.judge, record.ia_audit_confidence, record.findings = PERSON, None, []
    record.ia_audit_reason = reason(memory)
    record.why, record.cluster = Why.REPORTED, ""
    record.weight = harm.weight(Why.REPORTED, None)
    record.save()
    store.set_trust([memory], Trust.SUSPECT)
    moved = (from_status, Status.PENDING, from_trust, Trust.SUSPECT)
    append([Move(memory, "flag", *moved, judge=PERSON)])
    return True


def reason(memory: Memory) -> str:
    """Who reported it and why, a line each."""
    standing = Feedback.objects.standing().filter(memory=memory).select_related("user")
    return "\n".join(
        _("Reported by %(who)s: %(why)s")
        % {
            "who": one.user.get_username() if one.user else _("a user"),
            "why": said(one) or _("rated %(n)s of 5") % {"n": one.rating},
        }
        for one in standing.order_by("reported_at")
    )


def said(given: Feedback) -> str:
    """What somebody holds against an answer: the reason they chose, and their words."""
    return ": ".join(filter(None, [str(given.get_reason_display()), given.comment]))


def dismiss(reporters: Iterable[User], by: User) -> int:
    """Dismiss every standing report of these users, as `by`; how many reports.

    What waits for a person only because of them goes back to the auditor, which judges it as it
    is now. What others reported as well, or a judge flagged, stays where it is; so does a report on
    `by`'s own question or correction, unless AUDIT_ALLOW_OWN.
    """
    theirs = Feedback.objects.standing().filter(user__in=list(reporters))
    memory_ids = dict.fromkeys(theirs.order_by("reported_at").values_list("memory_id", flat=True))
    return sum(_dismiss(memory_id, theirs, by) for memory_id in memory_ids)


@transaction.atomic
def _dismiss(memory_id: uuid.UUID, theirs: FeedbackQuerySet, by: User) -> int:
    memory = Memory.objects.select_for_update().filter(pk=memory_id).first()
    if memory is None or (not settings.AUDIT_ALLOW_OWN and review.is_own(memory, by)):
        return 0
    record = AuditRecord.objects.filter(memory=memory).select_for_update().first()
    now = timezone.now()
    dismissed = theirs.filter(memory=memory).update(dismissed_at=now, dismissed_by=by, taken_at=now)
    if record is None or record.status != Status.PENDING or record.judge != PERSON:
        return dismissed
    if others := reason(memory):
        record.ia_audit_reason = others
        record.save(update_fields=["ia_audit_reason"])
        return dismissed
    record.ia_audit_reason, record.judge = "", ""
    review.requeue(memory, record, "dismiss", by)
    return dismissed
