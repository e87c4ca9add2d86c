-- Rows as the first edition left them: a memory, a record and a conversation of each kind.
INSERT INTO auth_user
    (id, username, password, first_name, last_name, email, is_superuser, is_staff, is_active,
     date_joined)
VALUES (1, 'ana', '!', '', '', '', false, true, true, now());

-- The content hash names the status of the memory's record.
INSERT INTO knowledge_memory
    (id, agent, user_query, agent_response, evidence, kind, source, feedback, content_hash,
     use_count, terms, trust, version, index_owner, index_attempts, index_error, audit_request,
     created_at, updated_at, user_id, flagged_by_ia)
SELECT gen_random_uuid(), 'tws-analyzer', 'What of it?', 'JOB_1 ended in ABEND, rc 12.', '[]',
    'knowledge', 'chat', '', status, 1, '{}', trust, 1, '', 0, '', '', now(), now(), 1, false
FROM (VALUES
    ('queued', 'new'), ('running', 'new'), ('failed', 'suspect'), ('pending', 'suspect'),
    ('quarantined', 'quarantined'), ('cleared', 'cleared'), ('approved', 'trusted'),
    ('rejected', 'rejected')
) AS known (status, trust);

INSERT INTO knowledge_memoryrevision
    (memory_id, version, user_query, agent_response, evidence, changed_at)
SELECT id, 0, 'Once', 'otherwise', '[]', now() FROM knowledge_memory WHERE trust = 'trusted';

INSERT INTO audit_queue
    (memory_id, status, lease_owner, lease_until, attempts, excused, ready_at, last_error,
     memory_version, ia_audit_reason, ia_audit_confidence, findings, judge, model, prompt_version,
     judged_at, reviewed_at, reviewer_id, note, reason_code, created_at)
SELECT id, content_hash, '', now(), 1, 0, now(), '', 1, 'The answer says 12.', 0.6,
    '[{"message": "The answer says 12.", "kind": "count"}]', 'grounding', '', '', now(), now(), 1,
    '', '', now()
FROM knowledge_memory;

INSERT INTO tws_conversation (id, title, created_at, updated_at, agent_id, user_id)
SELECT gen_random_uuid(), 'Failures', now(), now(), slug, 1 FROM tws_agent;

INSERT INTO tws_message
    (run_id, role, client_id, text, outcome, sources, tools, created_at, conversation_id)
SELECT gen_random_uuid(), role, '', 'Why?', outcome, '[]', '[]', now(), id
FROM tws_conversation, (VALUES ('user', ''), ('agent', 'done')) AS said (role, outcome);
