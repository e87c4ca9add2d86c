"""The table of what is to be told: one row a channel, kept until it is sent or given up.

A row is leased before it is sent, in a transaction of its own, and marked in another one after it.
Who dies in between leaves it leased: it is sent again when the lease is over, under the same id,
by which a receiver knows it.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

LEASE = timedelta(minutes=5)
"""Longer than any sending takes."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
GIVEN_UP_AFTER = timedelta(hours=24)
KEPT = timedelta(days=30)


class Channel(models.TextChoices):
    WEBHOOK = "webhook", _("Webhook")
    EMAIL = "email", _("E-mail")


class NoticeQuerySet(models.QuerySet["Notice"]):
    def unsent(self) -> Self:
        return self.filter(sent_at=None, given_up_at=None)

    @transaction.atomic
    def lease_next(self) -> Notice | None:
        """The oldest that is due and that nobody is sending; it counts as tried from now on."""
        now = timezone.now()
        due = self.unsent().filter(due_at__lte=now)
        due = due.exclude(lease_until__gt=now).order_by("due_at", "id")
        notice = due.select_for_update(skip_locked=True).first()
        if notice is not None:
            notice.attempts, notice.lease_until = notice.attempts + 1, now + LEASE
            notice.save(update_fields=["attempts", "lease_until"])
        return notice

    def prune(self) -> int:
        """Forget what was sent or given up long ago."""
        old = self.filter(created_at__lt=timezone.now() - KEPT)
        return old.exclude(sent_at=None, given_up_at=None).delete()[0]


class Notice(models.Model):
    """One message to one channel. `attempts` is the fencing number: who wakes late is refused."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel)
    news = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    due_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    sent_at = models.DateTimeField(_("sent"), null=True)
    given_up_at = models.DateTimeField(_("given up"), null=True)
    problem = models.TextField(_("problem"), blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(given_up_at=None), name="notice_ends_in_one_way"
            )
        ]
        indexes = [
            # What is still to be sent. Stays small: sent ones leave it.
            models.Index(
                fields=["due_at", "id"],
                name="notice_unsent",
                condition=Q(sent_at=None, given_up_at=None),
            ),
            models.Index(fields=["-created_at", "-id"], name="notice_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def state(self) -> str:
        if self.sent_at:
            return str(pgettext_lazy("notification", "sent"))
        if self.given_up_at:
            return str(pgettext_lazy("notification", "given up"))
        return str(pgettext_lazy("notification", "waiting"))

    def sent(self) -> bool:
        """It has arrived. False when another has taken it over meanwhile."""
        return self._end(sent_at=timezone.now(), problem="")

    def failed(self, problem: str) -> bool:
        """It is tried again after a pause that doubles, and given up after a day."""
        now = timezone.now()
        if now - self.created_at >= GIVEN_UP_AFTER:
            return self._end(given_up_at=now, problem=problem)
        return self._end(due_at=now + pause(self.attempts), problem=problem)

    def _end(self, **fields: datetime | str) -> bool:
        mine = Notice.objects.unsent().filter(pk=self.pk, attempts=self.attempts)
        return bool(mine.update(lease_until=None, **fields))


def pause(attempts: int) -> timedelta:
    """After so many failures: 1 minute, 2, 4 … and no longer than an hour."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(attempts - 1, 10)))


class Watch(models.Model):
    """How far people have been told: one row, locked while somebody looks for news.

    `seq` is the line of the decision log up to which flags were told, `overdue_to` when those
    overdue by then were queued at the latest, `down` what fails: name → since, told, over.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField()
    overdue_to = models.DateTimeField()
    down = models.JSONField(default=dict)
    quiet_until = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="watch_is_one_row")]

    def __str__(self) -> str:
        return f"{self.seq} {self.quiet_until:%Y-%m-%d %H:%M}"
