"""Who decided, when, why and with which note: all of it as one line of the log has it."""

from __future__ import annotations

from importlib import import_module

from django.db import migrations

earlier = import_module("audits.migrations.0020_decided_records")

# The time is the line's where an undo brings an earlier decision back; a decision's own is written
# a moment before its line. A note goes only with all notes on its memory: a purge.
TRIGGER = """
CREATE FUNCTION public.audit_queue_moves_by_the_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM audits_decision line
        WHERE line.memory_id = NEW.memory_id AND line.to_status = NEW.status
        AND CASE WHEN NEW.status <> OLD.status
            THEN line.from_status = OLD.status AND line.at >= OLD.reviewed_at - interval '5 minutes'
            ELSE line.actor_id = NEW.reviewer_id AND line.reason_code = NEW.reason_code
                AND (NEW.reviewed_at = OLD.reviewed_at OR line.at = NEW.reviewed_at)
                AND (
                    line.note_digest = CASE NEW.note WHEN '' THEN ''
                        ELSE encode(sha256(convert_to(NEW.note, 'UTF8')), 'hex') END
                    OR NEW.note = '' AND NOT EXISTS (
                        SELECT FROM audits_reviewnote kept WHERE kept.memory_id = NEW.memory_id
                    )
                )
            END
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
        AND (NEW.status, NEW.reviewer_id, NEW.reviewed_at, NEW.reason_code, NEW.note)
            IS DISTINCT FROM
            (OLD.status, OLD.reviewer_id, OLD.reviewed_at, OLD.reason_code, OLD.note)
    ) EXECUTE FUNCTION public.audit_queue_moves_by_the_log();
"""


class Migration(migrations.Migration):
    dependencies = [("audits", "0021_waiting_by_confidence")]

    operations = [
        migrations.RunSQL(earlier.TRIGGER_BACK, earlier.TRIGGER),
        migrations.RunSQL(TRIGGER, earlier.TRIGGER_BACK),
    ]
