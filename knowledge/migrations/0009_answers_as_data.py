import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import knowledge.cleaning


class Migration(migrations.Migration):
    dependencies = [
        ("knowledge", "0008_unverified_memories"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="memory",
            name="answer",
            field=models.JSONField(
                blank=True,
                decoder=knowledge.cleaning.EvidenceDecoder,
                editable=False,
                null=True,
                verbose_name="answer as data",
            ),
        ),
        migrations.AddField(
            model_name="memory",
            name="asked_as",
            field=models.TextField(blank=True, verbose_name="asked as"),
        ),
        migrations.AddField(
            model_name="memory",
            name="engine",
            field=models.CharField(blank=True, max_length=100, verbose_name="engine"),
        ),
        migrations.AddField(
            model_name="memoryrevision",
            name="answer",
            field=models.JSONField(
                decoder=knowledge.cleaning.EvidenceDecoder,
                null=True,
                verbose_name="answer as data",
            ),
        ),
        migrations.CreateModel(
            name="MemoryUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField(verbose_name="version")),
                (
                    "how",
                    models.CharField(
                        choices=[
                            ("shown", "Shown beside the answer"),
                            ("quoted", "Quoted in the answer"),
                            ("recalled", "Given to the model"),
                        ],
                        max_length=8,
                        verbose_name="how",
                    ),
                ),
                ("run_id", models.UUIDField(null=True, verbose_name="run of the chat")),
                (
                    "at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="when"),
                ),
                (
                    "answer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="used",
                        to="knowledge.memory",
                        verbose_name="the memory of that answer",
                    ),
                ),
                (
                    "memory",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="uses",
                        to="knowledge.memory",
                    ),
                ),
                (
                    "reader",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="read by",
                    ),
                ),
            ],
            options={
                "verbose_name": "use of a memory",
                "verbose_name_plural": "uses of memories",
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(how__in=["shown", "quoted", "recalled"]),
                        name="memory_use_is_known",
                    )
                ],
            },
        ),
    ]
