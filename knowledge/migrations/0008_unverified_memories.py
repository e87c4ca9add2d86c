from django.db import migrations, models

TRUSTS = [
    ("new", "New"),
    ("cleared", "Verified, not reviewed"),
    ("unverified", "Not verified"),
    ("suspect", "Suspect"),
    ("quarantined", "Quarantined"),
    ("trusted", "Approved by a person"),
    ("rejected", "Rejected"),
]


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0007_unreadable_evidence")]

    operations = [
        migrations.RemoveConstraint(model_name="memory", name="memory_trust_is_known"),
        migrations.AlterField(
            model_name="memory",
            name="trust",
            field=models.CharField(
                choices=TRUSTS, default="new", max_length=12, verbose_name="trust"
            ),
        ),
        migrations.AddConstraint(
            model_name="memory",
            constraint=models.CheckConstraint(
                condition=models.Q(trust__in=[trust for trust, _ in TRUSTS]),
                name="memory_trust_is_known",
            ),
        ),
    ]
