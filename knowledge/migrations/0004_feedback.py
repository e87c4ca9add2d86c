"""Ratings, comments and reports get rows of their own, one per person and memory."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


# A report that had no rating counts as the lowest.
BRING_OVER = """
    SET CONSTRAINTS ALL IMMEDIATE;
    INSERT INTO knowledge_feedback (
        memory_id, user_id, rating, comment, created_at, reported_at, reported_version
    )
    SELECT id, coalesce(rated_by_id, audit_requested_by_id), coalesce(rating, 1),
           coalesce(nullif(feedback, ''), audit_request), coalesce(audit_requested_at, updated_at),
           audit_requested_at, CASE WHEN audit_requested_at IS NOT NULL THEN version END
    FROM knowledge_memory
    WHERE rating IS NOT NULL OR audit_requested_at IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("knowledge", "0003_search_rows"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Feedback",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rating", models.PositiveSmallIntegerField(verbose_name="rating")),
                ("comment", models.TextField(blank=True, verbose_name="comment")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="created"),
                ),
                ("reported_at", models.DateTimeField(null=True, verbose_name="reported")),
                ("reported_version", models.PositiveIntegerField(null=True)),
                ("taken_at", models.DateTimeField(null=True)),
                ("dismissed_at", models.DateTimeField(null=True, verbose_name="dismissed")),
                (
                    "memory",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="knowledge.memory",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "dismissed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="dismissed by",
                    ),
                ),
            ],
            options={
                "verbose_name": "feedback",
                "verbose_name_plural": "feedback",
            },
        ),
        migrations.RunSQL(BRING_OVER, migrations.RunSQL.noop),
        migrations.RemoveConstraint(
            model_name="memory",
            name="memory_rating_is_1_to_5",
        ),
        migrations.RemoveIndex(
            model_name="memory",
            name="memory_requested",
        ),
        migrations.RemoveField(
            model_name="memory",
            name="audit_request",
        ),
        migrations.RemoveField(
            model_name="memory",
            name="audit_requested_at",
        ),
        migrations.RemoveField(
            model_name="memory",
            name="audit_requested_by",
        ),
        migrations.RemoveField(
            model_name="memory",
            name="feedback",
        ),
        migrations.RemoveField(
            model_name="memory",
            name="rated_by",
        ),
        migrations.RemoveField(
            model_name="memory",
            name="rating",
        ),
        migrations.AlterField(
            model_name="feedback",
            name="memory",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="feedback",
                to="knowledge.memory",
            ),
        ),
        migrations.AddIndex(
            model_name="feedback",
            index=models.Index(
                condition=models.Q(("reported_at__isnull", False), ("taken_at__isnull", True)),
                fields=["reported_at"],
                name="feedback_untaken",
            ),
        ),
        migrations.AddIndex(
            model_name="feedback",
            index=models.Index(
                condition=models.Q(("reported_at__isnull", False)),
                fields=["user", "-reported_at"],
                name="feedback_reports_of_user",
            ),
        ),
        migrations.AddIndex(
            model_name="feedback",
            index=models.Index(
                condition=models.Q(("reported_at__isnull", False)),
                fields=["-reported_at"],
                name="feedback_reports",
            ),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.UniqueConstraint(
                fields=("memory", "user"), name="feedback_is_once_per_user_and_memory"
            ),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.CheckConstraint(
                condition=models.Q(("rating__range", (1, 5))), name="feedback_rating_is_1_to_5"
            ),
        ),
    ]
