"""More neighbours a vector, so that the nearest five are found among 100,000 memories too."""

from __future__ import annotations

from django.db import migrations


def built(having: str) -> tuple[str, ...]:
    """While searches go on; what an attempt that was broken off left behind is no index."""
    return (
        "DROP INDEX IF EXISTS public.knowledge_vectors_new_idx",
        "CREATE INDEX CONCURRENTLY knowledge_vectors_new_idx ON public.knowledge_vectors "
        f"USING hnsw (vector vector_cosine_ops) {having}",
        "DROP INDEX IF EXISTS public.knowledge_vectors_hnsw_idx",
        "ALTER INDEX public.knowledge_vectors_new_idx RENAME TO knowledge_vectors_hnsw_idx",
    )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("knowledge", "0018_llm_thoughts_given_back")]

    operations = [
        migrations.RunSQL(built("WITH (m = 32, ef_construction = 128)"), built("")),
    ]
