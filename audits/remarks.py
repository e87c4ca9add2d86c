"""What reviewers say to each other about a record: comments, and who is to decide it.

Apart from the decision log: nothing here moves a status, and all of it goes with a purged text.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Remark(models.Model):
    """One comment (`text`), or one assignment (`is_assignment`; to nobody: taken off)."""

    memory_id = models.UUIDField()
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(_("comment"), blank=True)
    is_assignment = models.BooleanField(default=False)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(is_assignment=True, text="") | (Q(is_assignment=False) & ~Q(text="")),
                name="remark_is_a_comment_or_an_assignment",
            )
        ]
        indexes = [models.Index(fields=["memory_id", "-id"], name="remark_of_memory")]

    def __str__(self) -> str:
        return f"{self.memory_id} {self.at:%Y-%m-%d %H:%M}"
