"""What a person decided is changed only with a line of the log, by whatever statement."""

from __future__ import annotations

from django.db import migrations

# Looked at when the transaction ends: the log's head is its last lock, so the line comes last. Two
# hosts' clocks may differ by minutes.
TRIGGER = """
CREATE FUNCTION public.audit_queue_moves_by_the_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM audits_decision line
        WHERE line.memory_id = NEW.memory_id AND line.to_status = NEW.status
        AND CASE WHEN NEW.status <> OLD.status
            THEN line.from_status = OLD.status AND line.at >= OLD.reviewed_at - interval '5 minutes'
            ELSE line.actor_id = NEW.reviewer_id AND line.reason_code = NEW.reason_code AND (
                NEW.note = ''
                OR line.note_digest = encode(sha256(convert_to(NEW.note, 'UTF8')), 'hex')
            ) END
    ) THEN
        RAISE EXCEPTION 'audit record % is decided: only a line of the log changes it', OLD.id
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER audit_queue_moves_by_the_log AFTER UPDATE ON audit_queue
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (
        OLD.status IN ('approved', 'rejected')
        AND (NEW.status, NEW.reviewer_id, NEW.reason_code, NEW.note)
            IS DISTINCT FROM (OLD.status, OLD.reviewer_id, OLD.reason_code, OLD.note)
    ) EXECUTE FUNCTION public.audit_queue_moves_by_the_log();
"""

TRIGGER_BACK = """
DROP TRIGGER audit_queue_moves_by_the_log ON audit_queue;
DROP FUNCTION public.audit_queue_moves_by_the_log();
"""


class Migration(migrations.Migration):
    dependencies = [("audits", "0019_decisions_by_action")]

    operations = [migrations.RunSQL(TRIGGER, TRIGGER_BACK)]
