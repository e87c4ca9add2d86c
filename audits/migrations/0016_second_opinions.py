import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0015_assignments_and_comments"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SecondOpinion",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("memory_id", models.UUIDField()),
                ("first_approved", models.BooleanField()),
                ("approves", models.BooleanField()),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("settled_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "settled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(
                            ("settled_at", None),
                            models.Q(("first_approved", models.F("approves")), _negated=True),
                        ),
                        fields=["seq"],
                        name="second_opinion_differs",
                    )
                ],
            },
        ),
    ]
