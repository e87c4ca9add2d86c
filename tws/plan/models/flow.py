"""Jobs and job streams in the plan."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tws.plan.models.fields import PlanObject, name_field, word_field


class FlowNode(PlanObject):
    """What a job and a job stream share. Times are HWA's; a duration is in seconds."""

    workstation = name_field()  # without its folder
    workstation_folder = name_field()
    scheduled_at = models.DateTimeField(null=True)

    # As HWA writes it; the common status where HWA gives no other. `group` is one of
    # the groups that people speak of, "" for a status that is in no table.
    status = word_field()
    substatus = word_field()
    common_status = word_field()
    group = word_field()

    priority = models.IntegerField(null=True)
    original_priority = models.IntegerField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    elapsed_seconds = models.FloatField(null=True)  # of what has ended
    estimated_seconds = models.FloatField(null=True)
    estimated_end_at = models.DateTimeField(null=True)  # start and estimate, of what runs
    earliest_start_at = models.DateTimeField(null=True)
    latest_start_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)
    is_late = models.BooleanField(null=True)
    is_cancelled = models.BooleanField(null=True)

    definition_id = models.CharField(max_length=256, blank=True, default="", db_collation="C")
    time_zone = word_field()
    dependency_count = models.IntegerField(null=True)  # as HWA counts them
    open_dependency_count = models.IntegerField(null=True)
    # Null: not read in this plan; what it depends on is then known only if that is nothing.
    details_read_at = models.DateTimeField(null=True)
    details_due = models.BooleanField(default=True)  # it has moved since then

    class Meta:
        abstract = True


AT_RISK = (
    Q(deadline_at__isnull=False)
    | Q(is_late=True)
    | Q(latest_start_passed=True)
    | Q(deadline_passed=True)
)
"""The jobs that can be late at all: few of many have a deadline."""


class PlanJob(FlowNode):
    """A job in the plan. Runs are rows of `PlanRun`; the last one's figures stand here too."""

    stream_id = models.CharField(max_length=256, blank=True, default="", db_collation="C")
    stream_name = name_field()
    stream_workstation = name_field()
    position = models.IntegerField(null=True)
    login = word_field()
    description = models.TextField(blank=True, default="")
    recovery = word_field()

    return_code = models.BigIntegerField(null=True)
    job_number = models.BigIntegerField(null=True)
    actual_workstation = name_field()
    run_count = models.PositiveIntegerField(default=0)
    is_rerun = models.BooleanField(default=False)

    is_critical = models.BooleanField(null=True)
    critical_start_at = models.DateTimeField(null=True)
    confidence_seconds = models.FloatField(null=True)
    deadline_passed = models.BooleanField(null=True)
    latest_start_passed = models.BooleanField(null=True)
    is_urgent = models.BooleanField(null=True)  # promoted to the urgent queue
    needs_confirmation = models.BooleanField(null=True)
    is_no_operation = models.BooleanField(null=True)
    repeats_every_seconds = models.FloatField(null=True)
    max_duration_seconds = models.FloatField(null=True)
    min_duration_seconds = models.FloatField(null=True)

    # What history says of the successful runs of the same job: how many there were, and the
    # times of which one in ten was shorter, and one in ten longer.
    usual_runs = models.PositiveIntegerField(default=0)
    usual_low_seconds = models.FloatField(null=True)
    usual_seconds = models.FloatField(null=True)
    usual_high_seconds = models.FloatField(null=True)

    class Meta:
        ordering = ["engine", "scheduled_at", "stream_name", "position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["engine", "hwa_id"], name="planjob_once_per_engine"),
        ]
        indexes = [
            # Questions that name a job, a stream or a workstation, exactly or by how it begins.
            models.Index(fields=["engine", "name"], name="planjob_name"),
            models.Index(
                fields=["engine", "stream_name", "scheduled_at"], name="planjob_stream_name"
            ),
            models.Index(fields=["engine", "workstation", "status"], name="planjob_workstation"),
            # The jobs of one instance of a stream.
            models.Index(fields=["engine", "stream_id"], name="planjob_stream"),
            # Counts and lists by status; what ended or began within a span of time.
            models.Index(fields=["engine", "group", "status"], name="planjob_status"),
            models.Index(fields=["engine", "ended_at"], name="planjob_ended"),
            models.Index(fields=["engine", "started_at"], name="planjob_started"),
            models.Index(fields=["engine", "scheduled_at"], name="planjob_scheduled"),
            models.Index(
                fields=["engine", "deadline_at"], name="planjob_at_risk", condition=AT_RISK
            ),
            # What starts next.
            models.Index(fields=["engine", "group", "scheduled_at"], name="planjob_next"),
            # The short lists that the live page and every operator ask for.
            models.Index(
                fields=["engine", "deadline_at"], name="planjob_late", condition=Q(is_late=True)
            ),
            models.Index(
                fields=["engine", "deadline_at"],
                name="planjob_critical",
                condition=Q(is_critical=True),
            ),
            # What the reader reads in detail next.
            models.Index(
                fields=["engine"], name="planjob_details_due", condition=Q(details_due=True)
            ),
        ]


class PlanJobStream(FlowNode):
    """A job stream in the plan: one instance, named by its scheduled time."""

    job_limit = models.IntegerField(null=True)
    job_count = models.IntegerField(null=True)
    successful_jobs = models.IntegerField(null=True)
    running_jobs = models.IntegerField(null=True)
    failed_jobs = models.IntegerField(null=True)  # abended and failed
    waiting_jobs = models.IntegerField(null=True)
    undecided_jobs = models.IntegerField(null=True)
    is_released = models.BooleanField(null=True)
    waits_for_missing_predecessor = models.BooleanField(null=True)

    class Meta:
        ordering = ["engine", "scheduled_at", "name"]
        constraints = [
            models.UniqueConstraint(fields=["engine", "hwa_id"], name="planstream_once_per_engine"),
        ]
        indexes = [
            # Questions that name a stream, or one instance of it.
            models.Index(fields=["engine", "name", "scheduled_at"], name="planstream_name"),
            models.Index(fields=["engine", "workstation"], name="planstream_workstation"),
            # Counts and lists by status.
            models.Index(fields=["engine", "group", "status"], name="planstream_status"),
            # What the reader reads in detail next.
            models.Index(
                fields=["engine"], name="planstream_details_due", condition=Q(details_due=True)
            ),
        ]
