"""The words of a memory stand in its own row: it is found by them before it has a vector.

PostgreSQL makes them when a text is written, not again with each change of trust, as an index over
an expression would. Earlier memories get their marks when they are next indexed: a running auditor
does that, or `manage.py reindex_memories`. Until then their words and vectors find them.
"""

from __future__ import annotations

from django.db import migrations, models

WORDS = r"""
ALTER TABLE public.knowledge_vectors DROP COLUMN document;
DROP FUNCTION public.resync_search_document(jsonb);
CREATE OR REPLACE FUNCTION public.resync_marks(marks jsonb, weight text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT coalesce(string_agg(quote_literal(mark) || ':1' || weight, ' '), '')::tsvector
            FROM jsonb_array_elements_text(coalesce(marks, '[]')) AS mark $$;
CREATE FUNCTION public.resync_words(query text, response text, marks jsonb) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT public.resync_document(query, response)
              || public.resync_marks(marks->'question', 'A')
              || public.resync_marks(marks->'answer', 'B') $$;

DROP INDEX public.memory_document;
ALTER TABLE public.knowledge_memory ADD COLUMN words tsvector
    GENERATED ALWAYS AS (public.resync_words(user_query, agent_response, marks)) STORED;
CREATE INDEX memory_words ON public.knowledge_memory USING gin (words);

-- A question asked in the very words of a memory's: case, accents and punctuation aside.
CREATE FUNCTION public.resync_question(text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    AS $$ SELECT md5(regexp_replace(public.resync_fold($1), '[^[:alnum:]]+', '', 'g')) $$;
CREATE INDEX memory_question ON public.knowledge_memory (public.resync_question(user_query))
    WHERE trust IN ('trusted', 'cleared');

UPDATE public.knowledge_memory SET indexed_version = NULL WHERE trust IN ('trusted', 'cleared');
"""

BACK = r"""
DROP INDEX public.memory_question;
DROP FUNCTION public.resync_question(text);
ALTER TABLE public.knowledge_memory DROP COLUMN words;
DROP FUNCTION public.resync_words(text, text, jsonb);
CREATE INDEX memory_document ON public.knowledge_memory
    USING gin (public.resync_document(user_query, agent_response));
CREATE FUNCTION public.resync_search_document(payload jsonb) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT CASE WHEN payload ? 'memory_id' THEN
        public.resync_document(payload->>'question',
            substr(payload->>'data', length(payload->>'question') + 1))
        || public.resync_marks(payload->'question_marks', 'A')
        || public.resync_marks(payload->'answer_marks', 'B')
    END $$;
ALTER TABLE public.knowledge_vectors ADD COLUMN document tsvector
    GENERATED ALWAYS AS (public.resync_search_document(payload)) STORED;
CREATE INDEX knowledge_vectors_document ON public.knowledge_vectors USING gin (document);
"""


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0011_expiry_and_supersession")]

    operations = [
        migrations.AddField(
            model_name="memory",
            name="marks",
            field=models.JSONField(blank=True, default=dict, editable=False),
        ),
        migrations.RunSQL(WORDS, BACK),
    ]
