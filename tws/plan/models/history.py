"""What remains when the plan is replaced: every run, and how many were in each status when."""

from __future__ import annotations

from django.db import models

from tws.plan.models.fields import name_field, word_field


class PlanRun(models.Model):
    """One run of a job, in this plan or an earlier one. It knows its job, which may be gone.

    A row older than `PLAN_HISTORY_DAYS` (by `day`) is dropped.
    """

    engine = models.CharField(max_length=60)
    run_id = models.CharField(max_length=300, db_collation="C")  # HWA's; else job and number
    plan_number = models.PositiveIntegerField()  # the plan in which it was first read
    day = models.DateField()  # in UTC: of its start, else when it was first read

    job_id = models.CharField(max_length=256, db_collation="C")
    job_name = name_field()
    folder = name_field()
    workstation = name_field()  # of the job; where it ran is `actual_workstation`
    stream_id = models.CharField(max_length=256, blank=True, default="", db_collation="C")
    stream_name = name_field()
    stream_workstation = name_field()
    scheduled_at = models.DateTimeField(null=True)
    login = word_field()
    is_critical = models.BooleanField(null=True)

    number = models.PositiveIntegerField()  # the first run of a job is 1
    job_number = models.BigIntegerField(null=True)
    actual_workstation = name_field()
    status = word_field()
    substatus = word_field()
    common_status = word_field()
    group = word_field()
    return_code = models.BigIntegerField(null=True)
    submitted_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    elapsed_seconds = models.FloatField(null=True)
    estimated_seconds = models.FloatField(null=True)
    is_rerun = models.BooleanField(null=True)
    rerun_type = word_field()
    is_last = models.BooleanField(null=True)  # of its rerun chain
    fetched_at = models.DateTimeField()  # when this state was first read

    class Meta:
        ordering = ["engine", "started_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["engine", "run_id"], name="planrun_once_per_engine"),
        ]
        indexes = [
            # The runs of one job, in the plan or by name through all of history.
            models.Index(fields=["engine", "job_id"], name="planrun_job"),
            models.Index(fields=["engine", "job_name", "started_at"], name="planrun_name"),
            models.Index(fields=["engine", "stream_name", "started_at"], name="planrun_stream"),
            models.Index(
                fields=["engine", "workstation", "started_at"], name="planrun_workstation"
            ),
            # What began or ended within a span of time; failures are few among many.
            models.Index(fields=["engine", "started_at"], name="planrun_started"),
            models.Index(fields=["engine", "ended_at"], name="planrun_ended"),
            models.Index(fields=["engine", "group", "ended_at"], name="planrun_group"),
            # What is dropped.
            models.Index(fields=["day"], name="planrun_day"),
        ]

    def __str__(self) -> str:
        return f"{self.job_name} {self.number}"


class StatusCount(models.Model):
    """How many jobs or job streams were in a status at a quarter of an hour."""

    engine = models.CharField(max_length=60)
    taken_at = models.DateTimeField()  # the quarter; the plan was read just after it
    kind = models.CharField(max_length=10)  # job, stream
    status = word_field()
    group = word_field()
    count = models.PositiveIntegerField()

    class Meta:
        ordering = ["engine", "taken_at", "kind", "status"]
        constraints = [
            models.UniqueConstraint(
                fields=["engine", "taken_at", "kind", "status"], name="statuscount_once_per_quarter"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.taken_at:%Y-%m-%d %H:%M} {self.status} {self.count}"
