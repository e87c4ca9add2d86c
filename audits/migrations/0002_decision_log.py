"""The log's head row, and the triggers that refuse to change what is written."""

from __future__ import annotations

from typing import Any

from django.db import migrations

TRIGGERS = """
CREATE FUNCTION public.audits_decision_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the decision log is append-only: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER decision_row_is_append_only BEFORE UPDATE OR DELETE ON audits_decision
    FOR EACH ROW EXECUTE FUNCTION public.audits_decision_is_append_only();
CREATE TRIGGER decision_log_is_not_truncated BEFORE TRUNCATE ON audits_decision
    FOR EACH STATEMENT EXECUTE FUNCTION public.audits_decision_is_append_only();
"""

TRIGGERS_BACK = """
DROP TRIGGER decision_log_is_not_truncated ON audits_decision;
DROP TRIGGER decision_row_is_append_only ON audits_decision;
DROP FUNCTION public.audits_decision_is_append_only();
"""


def create_head(apps: Any, schema_editor: Any) -> None:
    apps.get_model("audits", "DecisionHead").objects.get_or_create(
        id=1, defaults={"seq": 0, "hash": "0" * 64}
    )


class Migration(migrations.Migration):
    dependencies = [("audits", "0001_initial")]

    operations = [
        migrations.RunPython(create_head, migrations.RunPython.noop),
        migrations.RunSQL(TRIGGERS, TRIGGERS_BACK),
    ]
