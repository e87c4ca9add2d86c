"""What an answer came to, how its question was understood, and what may be asked next."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tws", "0004_plan_query_indexes")]

    operations = [
        migrations.AddField(
            "message",
            "result",
            models.CharField(blank=True, default="", max_length=8),
            preserve_default=False,
        ),
        migrations.AddField("message", "thread", models.JSONField(blank=True, null=True)),
        migrations.AddField("message", "suggestions", models.JSONField(blank=True, default=list)),
    ]
