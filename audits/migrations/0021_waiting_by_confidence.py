from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audits", "0020_decided_records")]

    operations = [
        migrations.AddIndex(
            model_name="auditrecord",
            index=models.Index(
                fields=["ia_audit_confidence"],
                name="audit_queue_confidence",
                condition=models.Q(status__in=["pending", "quarantined", "failed"]),
            ),
        )
    ]
