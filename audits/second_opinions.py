"""A second reviewer's word on a share of the decisions, given without knowing the first one.

Which decisions are asked about follows from their hashes in the log: nobody chooses, and nobody
knows beforehand. An opinion changes nothing; where two differ a third person looks.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class SecondOpinion(models.Model):
    """What somebody else would have decided in the place of line `seq` of the log."""

    seq = models.BigIntegerField(primary_key=True)
    memory_id = models.UUIDField()
    first_approved = models.BooleanField()
    approves = models.BooleanField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        indexes = [
            # Where two reviewers differ and nobody has looked yet.
            models.Index(
                fields=["seq"],
                name="second_opinion_differs",
                condition=models.Q(settled_at=None)
                & ~models.Q(first_approved=models.F("approves")),
            )
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.approves}"
