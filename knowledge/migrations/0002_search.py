"""Extensions, full-text configurations, and the table that mem0's pgvector store uses.

mem0 would create the table at its first call, racing with other processes and with rights that
a production role should not have; here it finds it and runs no DDL.
"""

from __future__ import annotations

from django.conf import settings
from django.db import migrations

TEXT_SEARCH = """
CREATE TEXT SEARCH CONFIGURATION public.resync_pt (COPY = pg_catalog.portuguese);
ALTER TEXT SEARCH CONFIGURATION public.resync_pt
    ALTER MAPPING FOR hword, hword_part, word WITH public.unaccent, pg_catalog.portuguese_stem;
CREATE TEXT SEARCH CONFIGURATION public.resync_en (COPY = pg_catalog.english);
ALTER TEXT SEARCH CONFIGURATION public.resync_en
    ALTER MAPPING FOR hword, hword_part, word WITH public.unaccent, pg_catalog.english_stem;

-- unaccent() is only STABLE, because its dictionary could be replaced; ours is named and fixed.
CREATE FUNCTION public.resync_fold(text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    AS $$ SELECT lower(public.unaccent('public.unaccent'::regdictionary, $1)) $$;

CREATE FUNCTION public.resync_document(query text, response text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT setweight(to_tsvector('public.resync_pt'::regconfig, left(query, 100000)), 'A')
              || setweight(to_tsvector('public.resync_en'::regconfig, left(query, 100000)), 'A')
              || setweight(to_tsvector('public.resync_pt'::regconfig, left(response, 100000)), 'B')
              || setweight(to_tsvector('public.resync_en'::regconfig, left(response, 100000)), 'B') $$;

CREATE INDEX memory_document ON knowledge_memory
    USING gin (public.resync_document(user_query, agent_response));
CREATE INDEX memory_query_trigrams ON knowledge_memory
    USING gin (public.resync_fold(left(user_query, 2000)) gin_trgm_ops);
"""

TEXT_SEARCH_BACK = """
DROP INDEX IF EXISTS memory_query_trigrams;
DROP INDEX IF EXISTS memory_document;
DROP FUNCTION public.resync_document(text, text);
DROP FUNCTION public.resync_fold(text);
DROP TEXT SEARCH CONFIGURATION public.resync_en;
DROP TEXT SEARCH CONFIGURATION public.resync_pt;
"""

VECTORS = f"""
CREATE TABLE public.knowledge_vectors (
    id uuid PRIMARY KEY, vector vector({settings.EMBEDDING_DIMENSIONS}), payload jsonb
);
-- The names under which mem0 looks for its own indexes.
CREATE INDEX knowledge_vectors_hnsw_idx ON public.knowledge_vectors
    USING hnsw (vector vector_cosine_ops);
CREATE INDEX knowledge_vectors_text_lemmatized_idx ON public.knowledge_vectors
    USING gin (to_tsvector('simple', payload->>'text_lemmatized'));
-- One vector a memory, whoever adds it. Rows of other programs carry no memory_id.
CREATE UNIQUE INDEX knowledge_vectors_memory ON public.knowledge_vectors ((payload->>'memory_id'));
CREATE INDEX knowledge_vectors_run ON public.knowledge_vectors ((payload->>'run_id'));
CREATE INDEX knowledge_vectors_agent
    ON public.knowledge_vectors ((payload->>'agent_id'), (payload->>'trust'));
CREATE INDEX knowledge_vectors_foreign ON public.knowledge_vectors (id)
    WHERE (payload->>'memory_id') IS NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE EXTENSION IF NOT EXISTS vector; CREATE EXTENSION IF NOT EXISTS pg_trgm; "
            "CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(TEXT_SEARCH, TEXT_SEARCH_BACK),
        migrations.RunSQL(VECTORS, "DROP TABLE public.knowledge_vectors"),
    ]
