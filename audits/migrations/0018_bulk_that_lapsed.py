from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audits", "0017_saved_views")]

    operations = [
        migrations.AlterField(
            model_name="bulk",
            name="state",
            field=models.CharField(
                choices=[
                    ("draft", "Not started"),
                    ("running", "Under way"),
                    ("stopped", "Stopped"),
                    ("lapsed", "Stopped: its author may no longer decide"),
                    ("done", "Done"),
                    ("undoing", "Being undone"),
                    ("undone", "Undone"),
                ],
                default="draft",
                max_length=8,
            ),
        )
    ]
