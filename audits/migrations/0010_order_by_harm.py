"""The queue ordered by harm averted: what it is ordered and filtered by stands in its rows."""

import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.math
from django.conf import settings
from django.db import migrations, models


OF_THE_MEMORY = """
CREATE FUNCTION audit_queue_of_its_memory() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT memory.agent, memory.kind, memory.use_count INTO NEW.agent, NEW.kind, NEW.uses
    FROM knowledge_memory memory WHERE memory.id = NEW.memory_id;
    NEW.agent := coalesce(NEW.agent, '');
    NEW.kind := coalesce(NEW.kind, '');
    NEW.uses := coalesce(NEW.uses, 1);
    RETURN NEW;
END $$;
CREATE TRIGGER audit_queue_of_its_memory BEFORE INSERT ON audit_queue
    FOR EACH ROW EXECUTE FUNCTION audit_queue_of_its_memory();

CREATE FUNCTION audit_queue_told_of_use() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE audit_queue SET uses = NEW.use_count, agent = NEW.agent, kind = NEW.kind
    WHERE memory_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER audit_queue_told_of_use AFTER UPDATE ON knowledge_memory
    FOR EACH ROW WHEN (
        (NEW.use_count, NEW.agent, NEW.kind) IS DISTINCT FROM (OLD.use_count, OLD.agent, OLD.kind)
    ) EXECUTE FUNCTION audit_queue_told_of_use();

UPDATE audit_queue SET agent = memory.agent, kind = memory.kind, uses = memory.use_count
FROM knowledge_memory memory WHERE memory.id = audit_queue.memory_id;

-- Roughly as audits/harm.py says; what is judged from now on says it exactly.
UPDATE audit_queue SET (why, weight) = (
    SELECT found.why, found.damage * coalesce(ia_audit_confidence, 0.5)
    FROM (SELECT findings -> 0 ->> 'code' AS code) first, LATERAL (
        SELECT * FROM (VALUES
            ('failed', 2, status = 'failed'),
            ('reported', 5, judge = 'person'),
            ('danger', 10, first.code = 'rules.dangerous_advice'),
            ('secret', 8, first.code = 'rules.secret'),
            ('contradicted', 5, first.code LIKE 'claims.%' OR first.code LIKE 'llm.%'),
            ('unread', 3, first.code LIKE 'lookup.%'),
            ('junk', 1, first.code LIKE 'rules.%'),
            ('unsure', 2, true)
        ) AS known(why, damage, fits) WHERE fits LIMIT 1
    ) found
) WHERE status IN ('pending', 'quarantined', 'failed');

-- No index is made on a table whose foreign keys are still to be checked.
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
BACK = """
DROP TRIGGER audit_queue_told_of_use ON knowledge_memory;
DROP FUNCTION audit_queue_told_of_use();
DROP TRIGGER audit_queue_of_its_memory ON audit_queue;
DROP FUNCTION audit_queue_of_its_memory();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0009_decisions_of_a_person"),
        ("knowledge", "0012_words_of_memories"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="auditrecord",
            name="audit_queue_waiting",
        ),
        migrations.AddField(
            model_name="auditrecord",
            name="agent",
            field=models.CharField(
                blank=True, editable=False, max_length=100, verbose_name="agent"
            ),
        ),
        migrations.AddField(
            model_name="auditrecord",
            name="cluster",
            field=models.CharField(blank=True, editable=False, max_length=16),
        ),
        migrations.AddField(
            model_name="auditrecord",
            name="uses",
            field=models.PositiveIntegerField(default=1, editable=False, verbose_name="times said"),
        ),
        migrations.AddField(
            model_name="auditrecord",
            name="weight",
            field=models.FloatField(default=1.0, editable=False),
        ),
        migrations.AddField(
            model_name="auditrecord",
            name="kind",
            field=models.CharField(
                blank=True,
                choices=[("knowledge", "Knowledge"), ("state", "State of the plan")],
                editable=False,
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.AddField(
            model_name="auditrecord",
            name="language",
            field=models.CharField(
                blank=True, editable=False, max_length=2, verbose_name="language"
            ),
        ),
        migrations.AddField(
            model_name="auditrecord",
            name="why",
            field=models.CharField(
                blank=True,
                choices=[
                    ("danger", "Dangerous advice"),
                    ("secret", "Holds a secret"),
                    ("attack", "An attack, or a claimed action"),
                    ("contradicted", "Contradicted"),
                    ("reported", "Reported by a person"),
                    ("outdated", "Rests on what has changed"),
                    ("unread", "Names what was not read"),
                    ("unsure", "It can't be told"),
                    ("failed", "Could not be judged"),
                    ("junk", "Worth nothing"),
                ],
                editable=False,
                max_length=12,
                verbose_name="why",
            ),
        ),
        migrations.AddField(
            model_name="auditrecord",
            name="harm",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.comparison.Cast(
                    django.db.models.expressions.CombinedExpression(
                        django.db.models.expressions.CombinedExpression(
                            models.F("weight"),
                            "*",
                            django.db.models.expressions.CombinedExpression(
                                models.Value(1),
                                "+",
                                django.db.models.functions.math.Ln(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("uses"), "+", models.Value(1.0)
                                    )
                                ),
                            ),
                        ),
                        "*",
                        models.Value(10),
                    ),
                    models.IntegerField(),
                ),
                output_field=models.IntegerField(),
            ),
        ),
        migrations.RunSQL(OF_THE_MEMORY, BACK),
        migrations.AddIndex(
            model_name="auditrecord",
            index=models.Index(
                models.OrderBy(models.F("harm"), descending=True),
                models.F("created_at"),
                models.F("id"),
                condition=models.Q(("status__in", ["pending", "quarantined", "failed"])),
                name="audit_queue_by_harm",
            ),
        ),
        migrations.AddIndex(
            model_name="auditrecord",
            index=models.Index(
                condition=models.Q(
                    ("status__in", ["pending", "quarantined", "failed"]),
                    models.Q(("cluster", ""), _negated=True),
                ),
                fields=["cluster"],
                name="audit_queue_cluster",
            ),
        ),
    ]
