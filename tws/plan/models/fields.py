"""What many rows of the plan have in common."""

from __future__ import annotations

from typing import Any

from django.db import models


def name_field(**options: Any) -> models.CharField[str, str]:
    """A name of HWA: ASCII, so compared by byte, which lets an index serve `PAYROLL@`."""
    return models.CharField(max_length=256, blank=True, default="", db_collation="C", **options)


def word_field(**options: Any) -> models.CharField[str, str]:
    """A code or a short word of HWA's."""
    return models.CharField(max_length=100, blank=True, default="", **options)


class PlanObject(models.Model):
    """An object of the plan: its columns, `raw` as HWA wrote it, and when."""

    engine = models.CharField(max_length=60)
    hwa_id = models.CharField(max_length=256, db_collation="C")  # HWA's id
    name = name_field()
    folder = name_field()  # "/RH/FOLHA", "/" for the root
    key = models.TextField(blank=True, default="")  # HWA's notation for the whole name
    raw = models.JSONField(default=dict)
    digest = models.BinaryField(max_length=16)  # of the object, without what moves by itself
    fetched_at = models.DateTimeField()  # when this state was first read

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.key or self.name
