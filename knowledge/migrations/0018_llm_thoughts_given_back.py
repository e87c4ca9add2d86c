from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("knowledge", "0017_requests_about_memories"),
    ]

    operations = [
        migrations.AddField(
            model_name="llmprofile",
            name="call_thoughts",
            field=models.BooleanField(default=False, verbose_name="wants its thoughts back"),
        ),
    ]
