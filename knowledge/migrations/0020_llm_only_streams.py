from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("knowledge", "0019_denser_vector_index"),
    ]

    operations = [
        migrations.AddField(
            model_name="llmprofile",
            name="whole",
            field=models.BooleanField(default=True, verbose_name="takes a request without stream"),
        ),
    ]
