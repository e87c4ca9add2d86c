"""An HWA engine, and how well its plan is known."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

CURRENT = timedelta(minutes=2)
"""Rows older than this, or than four passes take, are no longer how things are now."""


class PlanEngine(models.Model):
    """One row per engine: which plan the other rows hold, how old they are, what is missing.

    `fetched_at` is when the last pass began to ask, so that no row of what can change is older.
    """

    name = models.CharField(max_length=60, primary_key=True)
    simulated = models.BooleanField(default=False)
    version = models.CharField(max_length=100, blank=True)
    time_zone = models.CharField(max_length=100, blank=True)
    backup = models.CharField(max_length=300, blank=True)  # the host that answers for the first one
    clock_ahead_seconds = models.IntegerField(null=True)  # of ours; null: the engine does not tell

    # Plans are numbered as we meet them: HWA calls each one "current".
    plan_number = models.PositiveIntegerField(default=0)
    plan_since = models.DateTimeField(null=True)
    span_start_at = models.DateTimeField(null=True)
    span_end_at = models.DateTimeField(null=True)

    pass_number = models.PositiveBigIntegerField(default=0)
    fetched_at = models.DateTimeField(null=True)
    read_in_full_at = models.DateTimeField(null=True)
    pass_ended_at = models.DateTimeField(null=True)
    pass_seconds = models.FloatField(null=True)
    full_seconds = models.FloatField(null=True)
    is_complete = models.BooleanField(default=False)
    not_understood = models.PositiveIntegerField(default=0)
    refused_lists = models.JSONField(default=dict, blank=True)  # list → the engine's words

    # Of the jobs and streams that are not done: how many are known with what they depend on.
    edges_read = models.PositiveIntegerField(default=0)
    edges_total = models.PositiveIntegerField(default=0)

    down_since = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    error_kind = models.CharField(max_length=20, blank=True)  # unavailable, refused, bad_reply

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def of(cls, name: str) -> PlanEngine:
        """The engine's row; where there is none, one that says that nothing was read."""
        return cls.objects.filter(name=name).first() or cls(name=name)

    @property
    def is_read(self) -> bool:
        """Whether there is a plan at all to answer from."""
        return self.read_in_full_at is not None

    @property
    def is_current(self) -> bool:
        """Whether the rows may be told as how things are now; else they are "as last read"."""
        if self.fetched_at is None or self.down_since is not None:
            return False
        patience = max(CURRENT, timedelta(seconds=4 * (self.pass_seconds or 0)))
        return timezone.now() - self.fetched_at < patience

    @property
    def why_not_current(self) -> str:
        """In words; "" for a plan that is current."""
        if self.is_current:
            return ""
        if self.down_since:
            return f"{self.name} can't be read since {_stamp(self.down_since)}: {self.error}"
        if self.fetched_at is None:
            return f"The plan of {self.name} has not been read yet."
        return (
            f"The plan of {self.name} was last read at {_stamp(self.fetched_at)}; nothing reads it "
            "now (manage.py read_plan --watch)."
        )

    @property
    def wrong_clock_minutes(self) -> int:
        """By how many the engine's clock is ahead of ours (or behind, below 0), from 1 on."""
        return round((self.clock_ahead_seconds or 0) / 60)

    @property
    def edges_are_whole(self) -> bool:
        """Whether every dependency is read: only then does "nothing waits for it" hold."""
        return self.is_read and self.edges_read >= self.edges_total


def _stamp(moment: datetime) -> str:
    return timezone.localtime(moment).isoformat(timespec="seconds")
