"""What HWA's lists leave out, read per object: dependencies, prompts, definitions."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from tws.plan.models.fields import name_field, word_field


class PlanDependency(models.Model):
    """One thing that a job or a job stream waits for, or waited for.

    A JOIN is a row (`kind` JOIN), and each of its members is a row whose `join_name` names it.
    """

    engine = models.CharField(max_length=60)
    of_kind = models.CharField(max_length=10)  # job, stream: whose dependency it is
    of_id = models.CharField(max_length=256, db_collation="C")
    of_name = name_field()
    of_stream = name_field()
    number = models.PositiveIntegerField()  # its place among the dependencies of that object

    # HWA's word: INTERNAL, EXTERNAL_JOB, EXTERNAL_JOBSTREAM, RESOURCE, PROMPT, FILE, JOIN,
    # INTERNETWORK; and TIME, which we add for a start time.
    kind = word_field()
    join_name = name_field()
    join_quantity = models.IntegerField(null=True)
    target_kind = models.CharField(max_length=20, blank=True, default="")  # job, stream, resource…
    target_id = models.CharField(max_length=256, blank=True, default="", db_collation="C")
    target_name = models.TextField(blank=True, default="")
    target_stream = name_field()
    target_workstation = name_field()
    target_scheduled_at = models.DateTimeField(null=True)
    target_status = word_field()
    at = models.DateTimeField(null=True)  # of a TIME
    is_satisfied = models.BooleanField(null=True)
    status = word_field()
    is_mandatory = models.BooleanField(null=True)
    quantity = models.IntegerField(null=True)
    text = models.TextField(blank=True, default="")  # a prompt's question
    raw = models.JSONField(default=dict)
    fetched_at = models.DateTimeField()

    class Meta:
        ordering = ["engine", "of_kind", "of_id", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["engine", "of_kind", "of_id", "number"], name="plandependency_once"
            ),
        ]
        indexes = [
            # What waits for an object: one step of `impact`.
            models.Index(fields=["engine", "target_id"], name="plandependency_target"),
            # Lists by kind: what waits for files, prompts, resources.
            models.Index(
                fields=["engine", "kind"],
                name="plandependency_open",
                condition=~Q(is_satisfied=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.of_name} {self.kind} {self.target_name}"


class PlanPrompt(models.Model):
    """A question that HWA asks the operator, found in the dependencies of what it holds."""

    engine = models.CharField(max_length=60)
    hwa_id = models.CharField(max_length=256, db_collation="C")  # HWA's id; else its name
    name = name_field()
    number = models.BigIntegerField(null=True)
    text = models.TextField(blank=True, default="")
    status = word_field()  # NOT_ASKED, ASKED, ANSWERED_YES, ANSWERED_NO
    type = word_field()
    fetched_at = models.DateTimeField()

    class Meta:
        ordering = ["engine", "number", "name"]
        constraints = [
            models.UniqueConstraint(fields=["engine", "hwa_id"], name="planprompt_once_per_engine"),
        ]
        indexes = [models.Index(fields=["engine", "status"], name="planprompt_status")]

    def __str__(self) -> str:
        return self.name


class PlanDefinition(models.Model):
    """The definition of a job or a job stream, with its documentation, as read in this plan."""

    engine = models.CharField(max_length=60)
    plan_number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10)  # job, stream
    hwa_id = models.CharField(max_length=256, db_collation="C")
    name = name_field()
    folder = name_field()
    workstation = name_field()
    owner = word_field()
    description = models.TextField(blank=True, default="")
    documentation = models.TextField(blank=True, default="")
    calendars = ArrayField(models.CharField(max_length=256), default=list)
    run_cycles = models.JSONField(default=list)
    raw = models.JSONField(default=dict)
    fetched_at = models.DateTimeField()

    class Meta:
        ordering = ["engine", "kind", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["engine", "kind", "hwa_id"], name="plandefinition_once_per_engine"
            ),
        ]
        indexes = [models.Index(fields=["engine", "kind", "name"], name="plandefinition_name")]

    def __str__(self) -> str:
        return f"{self.folder}{self.name}"
