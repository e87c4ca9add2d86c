"""Where jobs run, and what they share."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tws.plan.models.fields import PlanObject, name_field, word_field


class PlanWorkstation(PlanObject):
    """A workstation. `problems` is why jobs may not run there, as far as HWA tells."""

    type = word_field()
    host_type = word_field()
    os = word_field()
    version = word_field()
    node_name = models.CharField(max_length=256, blank=True, default="")
    domain = word_field()
    host_workstation = name_field()
    agent_id = word_field()
    description = models.TextField(blank=True, default="")
    time_zone = word_field()
    started_at = models.DateTimeField(null=True)
    job_limit = models.IntegerField(null=True)
    fence = models.IntegerField(null=True)
    is_linked = models.BooleanField(null=True)
    is_jobman_up = models.BooleanField(null=True)
    states = ArrayField(models.CharField(max_length=100), default=list)
    # Any of: unlinked, jobman_down, limit_0, fence
    problems = ArrayField(models.CharField(max_length=20), default=list)

    class Meta:
        ordering = ["engine", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["engine", "hwa_id"], name="planworkstation_once_per_engine"
            ),
        ]
        indexes = [models.Index(fields=["engine", "name"], name="planworkstation_name")]


class PlanResource(PlanObject):
    """A resource, and who holds it."""

    workstation = name_field()
    description = models.TextField(blank=True, default="")
    quantity = models.IntegerField(null=True)
    available = models.IntegerField(null=True)
    in_use = models.IntegerField(null=True)
    status = word_field()
    holders = models.JSONField(default=list)  # job, stream, quantity

    class Meta:
        ordering = ["engine", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["engine", "hwa_id"], name="planresource_once_per_engine"
            ),
        ]
        indexes = [models.Index(fields=["engine", "name"], name="planresource_name")]
