from __future__ import annotations

from typing import Any

from django.apps import apps as live_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations

from resync_site.roles import create_roles


def roles(apps: Any, schema_editor: Any) -> None:
    # Django makes permissions after all migrations; the groups need them now.
    for label in ("knowledge", "audits", "tws"):
        create_permissions(live_apps.get_app_config(label), verbosity=0)
    create_roles(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("resync_site", "0001_initial"),
        ("knowledge", "0002_search"),
        ("audits", "0002_decision_log"),
        ("tws", "0002_sample_agents"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(roles, migrations.RunPython.noop)]
