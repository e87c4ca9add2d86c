from __future__ import annotations

from typing import Any

from django.db import migrations

from resync_site.roles import create_roles


def roles(apps: Any, schema_editor: Any) -> None:
    create_roles(apps)


class Migration(migrations.Migration):
    dependencies = [("resync_site", "0003_failed_sign_ins")]

    operations = [migrations.RunPython(roles, migrations.RunPython.noop)]
