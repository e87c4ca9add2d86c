from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audits", "0018_bulk_that_lapsed")]

    operations = [
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["action", "-seq"], name="decision_by_action"),
        )
    ]
