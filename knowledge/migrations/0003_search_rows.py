"""What a search reads beside the vector, in the same row: words, concepts and exact terms.

A search then touches one small table that holds usable memories only; nothing can be found by its
words and be missing by its vector, and taking the row out takes everything out.
"""

from __future__ import annotations

from django.db import migrations, models

DOCUMENT = """
-- Marks are lexemes made by knowledge/features.py: those of the question weigh more (A).
CREATE FUNCTION public.resync_marks(marks jsonb, weight text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT coalesce(string_agg(quote_literal(mark) || ':1' || weight, ' '), '')::tsvector
            FROM jsonb_array_elements_text(marks) AS mark $$;
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

-- A search joins its rows to their memories by what the memory says, not by the payload.
CREATE UNIQUE INDEX memory_mem0 ON public.knowledge_memory (mem0_id) WHERE mem0_id IS NOT NULL;
-- Vectors in another store than pgvector that are wanted no more.
CREATE INDEX memory_to_forget ON public.knowledge_memory (id)
    WHERE mem0_id IS NOT NULL AND trust NOT IN ('trusted', 'cleared');
"""

DOCUMENT_BACK = """
DROP INDEX IF EXISTS public.memory_to_forget;
DROP INDEX IF EXISTS public.memory_mem0;
ALTER TABLE public.knowledge_vectors DROP COLUMN document;
DROP FUNCTION public.resync_search_document(jsonb);
DROP FUNCTION public.resync_marks(jsonb, text);
"""


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0002_search")]

    operations = [
        migrations.AddField(
            model_name="memory",
            name="flagged_by_ia",
            field=models.BooleanField(
                default=False, editable=False, verbose_name="was flagged by the auditor"
            ),
        ),
        migrations.RunSQL(DOCUMENT, DOCUMENT_BACK),
    ]
