from typing import Any

from django.db import migrations, models

STATUSES = [
    ("queued", "Queued"),
    ("running", "Being judged"),
    ("cleared", "Cleared"),
    ("unverified", "Not verified"),
    ("pending", "Waiting for a person"),
    ("quarantined", "Quarantined"),
    ("approved", "Approved"),
    ("rejected", "Rejected"),
    ("failed", "Could not be judged"),
]


def forget_cached_verdicts(apps: Any, schema_editor: Any) -> None:
    """They don't say whether the LLM was sure: what it can't tell is no support any more."""
    apps.get_model("audits", "CachedVerdict").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0007_cached_verdicts_of_a_memory"),
        ("knowledge", "0008_unverified_memories"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="auditrecord", name="audit_status_is_known"),
        migrations.AlterField(
            model_name="auditrecord",
            name="status",
            field=models.CharField(
                choices=STATUSES, default="queued", max_length=12, verbose_name="status"
            ),
        ),
        migrations.AddConstraint(
            model_name="auditrecord",
            constraint=models.CheckConstraint(
                condition=models.Q(status__in=[status for status, _ in STATUSES]),
                name="audit_status_is_known",
            ),
        ),
        migrations.RunPython(forget_cached_verdicts, migrations.RunPython.noop),
    ]
