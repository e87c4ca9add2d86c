from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("knowledge", "0016_uses_of_a_memory"),
    ]

    operations = [
        migrations.AlterField(
            model_name="feedback",
            name="reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("wrong", "A fact is wrong"),
                    ("outdated", "No longer true"),
                    ("off", "Not what I asked"),
                    ("incomplete", "Something is missing"),
                    ("unsafe", "Dangerous advice"),
                    ("other", "Something else"),
                    ("correct", "Asks for a correction"),
                    ("forget", "Asks to be forgotten"),
                ],
                max_length=10,
                verbose_name="reason",
            ),
        ),
    ]
