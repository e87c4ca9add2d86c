from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("knowledge", "0015_feedback_reasons_and_fixes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="memoryuse",
            index=models.Index(fields=["memory", "-id"], name="memory_use_of_memory"),
        ),
    ]
