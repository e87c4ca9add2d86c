"""Long words are cut before they are indexed.

PostgreSQL's parser looks for addresses, files and numbers from each place of a word to its end:
50,000 characters of `a_a_a_…`, `1_1_…` or `/~/~…` took it 20 seconds. In pieces of 200 they take
a quarter of one, and what stands in a long run without spaces (JSON, lists) is still found.
"""

from __future__ import annotations

from django.db import migrations

CUT = r"""
CREATE FUNCTION public.resync_searchable(text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    AS $$ SELECT regexp_replace(left($1, 100000), '([^[:space:]]{200})', '\1 ', 'g') $$;

-- OFFSET 0 keeps the planner from cutting each text twice.
CREATE OR REPLACE FUNCTION public.resync_document(query text, response text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT setweight(to_tsvector('public.resync_pt'::regconfig, cut.query), 'A')
              || setweight(to_tsvector('public.resync_en'::regconfig, cut.query), 'A')
              || setweight(to_tsvector('public.resync_pt'::regconfig, cut.response), 'B')
              || setweight(to_tsvector('public.resync_en'::regconfig, cut.response), 'B')
            FROM (SELECT public.resync_searchable(resync_document.query) AS query,
                         public.resync_searchable(response) AS response OFFSET 0) AS cut $$;

-- Made anew: a connection keeps the function's body as it was when it first used the index.
DROP INDEX public.memory_document;
CREATE INDEX memory_document ON public.knowledge_memory
    USING gin (public.resync_document(user_query, agent_response));

-- mem0 looks for an index of this name, and would make one over whole texts, long words and all.
-- Its keyword search is not used here.
DROP INDEX public.knowledge_vectors_text_lemmatized_idx;
CREATE INDEX knowledge_vectors_text_lemmatized_idx ON public.knowledge_vectors (id) WHERE false;
"""

BACK = """
DROP INDEX public.knowledge_vectors_text_lemmatized_idx;
CREATE INDEX knowledge_vectors_text_lemmatized_idx ON public.knowledge_vectors
    USING gin (to_tsvector('simple', payload->>'text_lemmatized'));
CREATE OR REPLACE FUNCTION public.resync_document(query text, response text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT setweight(to_tsvector('public.resync_pt'::regconfig, left(query, 100000)), 'A')
              || setweight(to_tsvector('public.resync_en'::regconfig, left(query, 100000)), 'A')
              || setweight(to_tsvector('public.resync_pt'::regconfig, left(response, 100000)), 'B')
              || setweight(to_tsvector('public.resync_en'::regconfig, left(response, 100000)), 'B') $$;
DROP INDEX public.memory_document;
CREATE INDEX memory_document ON public.knowledge_memory
    USING gin (public.resync_document(user_query, agent_response));
DROP FUNCTION public.resync_searchable(text);
"""


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0004_feedback")]

    operations = [migrations.RunSQL(CUT, BACK)]
