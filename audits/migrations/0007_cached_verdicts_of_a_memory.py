from django.db import migrations, models
import django.utils.timezone
import uuid


class Migration(migrations.Migration):
    dependencies = [("audits", "0006_heartbeat")]

    operations = [
        # Their keys would never be asked for again.
        migrations.RunSQL("DELETE FROM audits_cachedverdict", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="cachedverdict",
            name="memory_id",
            field=models.UUIDField(db_index=True, default=uuid.uuid4),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="cachedverdict",
            name="created_at",
            field=models.DateTimeField(db_index=True, default=django.utils.timezone.now),
        ),
    ]
