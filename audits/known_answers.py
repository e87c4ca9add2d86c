"""Known cases: decided records that others' judgement is held against, and what they said.

A known case is the decided record itself, not a copy of it: somebody is shown it as it stood before
it was decided, a judge is asked of it once more. What they say is kept here, and changes nothing.
"""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class KnownCaseQuerySet(models.QuerySet["KnownCase"]):
    def standing(self) -> Self:
        """Those whose decision and text are still what they were when they were chosen."""
        return self.filter(
            record__status=F("status"),
            record__memory__version=F("version"),
            record__memory__purged_at=None,
        )


class KnownCase(models.Model):
    """A record whose decision is taken for right; `seq` is that decision's line of the log."""

    record = models.OneToOneField(
        "AuditRecord", primary_key=True, on_delete=models.CASCADE, related_name="known_case"
    )
    seq = models.BigIntegerField()
    version = models.PositiveIntegerField()
    from_status = models.CharField(max_length=12)
    status = models.CharField(max_length=12)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = KnownCaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("known case")
        verbose_name_plural = _("known cases")

    def __str__(self) -> str:
        return f"{self.record_id} {self.status}"


class KnownAnswer(models.Model):
    """What one reviewer, or one judge, said of a known case. Outlives the case: it holds no text.

    `approves` is None while a reviewer has not answered, and where a judge could not tell.
    `harm` and `queued_at` are the place in the reviewer's queue that it was put at.
    """

    memory_id = models.UUIDField()
    is_right = models.BooleanField()
    approves = models.BooleanField(null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    judge = models.CharField(max_length=50, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True)
    harm = models.IntegerField(null=True)
    queued_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(by=None) ^ Q(judge=""), name="known_answer_is_a_persons_or_a_judges"
            ),
            # A second time would ask what somebody remembers.
            models.UniqueConstraint(
                fields=["by", "memory_id"],
                condition=Q(by__isnull=False),
                name="known_answer_is_once_a_person",
            ),
        ]
        indexes = [
            models.Index(
                fields=["answered_at"],
                name="known_answer_by_time",
                condition=Q(answered_at__isnull=False),
            ),
            models.Index(fields=["memory_id"], name="known_answer_of_memory"),
        ]

    def __str__(self) -> str:
        return f"{self.memory_id} {self.judge or self.by_id}"
