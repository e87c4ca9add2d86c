"""What the benchmarks share: a scratch database, memory and CPU of this process, one JSON line."""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


def setup() -> None:
    """Django, on this checkout's settings (development unless RESYNC_ENV says otherwise)."""
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("RESYNC_ENV", "development")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "resync_site.settings")
    import django

    django.setup()


@contextmanager
def scratch_database(kept: str = "") -> Iterator[str]:
    """A migrated database of its own on the configured server; its name.

    Gone at the end, but for one that is `kept` under a name.
    """
    from django.db import connection, connections

    original, keep = connection.settings_dict["NAME"], bool(kept)
    test = connection.settings_dict.setdefault("TEST", {})
    test["NAME"] = kept or f"bench_resync_{os.getpid()}"
    name = connection.creation.create_test_db(
        verbosity=0, autoclobber=True, serialize=False, keepdb=keep
    )
    try:
        yield name
    finally:
        connections.close_all()
        connection.creation.destroy_test_db(original, verbosity=0, keepdb=keep)


def database_url() -> str:
    """Where this process's database is, for processes that it starts."""
    from django.db import connection

    values = connection.settings_dict
    password = f":{values['PASSWORD']}" if values["PASSWORD"] else ""
    return f"postgresql://{values['USER']}{password}@/{values['NAME']}?host={values['HOST']}"


def rss_megabytes() -> float:
    """Peak resident memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Clock:
    """Wall and CPU seconds since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), cpu_seconds()

    @property
    def wall(self) -> float:
        return time.perf_counter() - self._wall

    @property
    def cpu(self) -> float:
        return cpu_seconds() - self._cpu


class Words:
    """Texts of words that are drawn as words of a language are: a few often, most seldom."""

    def __init__(self, chance: random.Random) -> None:
        from knowledge.glossary import glossary

        self._chance = chance
        letters = "bcdfglmnprstv", "aeiou"
        made = ["".join(chance.choice(letters[n % 2]) for n in range(6)) for _ in range(20_000)]
        trade = [name for names in glossary().values() for name in names if name.isalpha()]
        self._words = trade + made
        self._weights = [1 / (10 + n) for n in range(len(self._words))]
        chance.shuffle(self._words)

    def text(self, count: int) -> str:
        return " ".join(self._chance.choices(self._words, self._weights, k=count))

    def reworded(self, question: str) -> str:
        kept = self._chance.sample(question.split(), k=6)
        return " ".join([*kept, *self.text(3).split()])


def say(**figures: Any) -> None:
    """The figures as one JSON object on stdout."""
    sys.stdout.write(json.dumps(figures) + "\n")


def fill(memories: int) -> None:
    """That many unaudited memories, a second apart, oldest first, made by PostgreSQL itself."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO knowledge_memory (
                id, agent, user_query, asked_as, agent_response, evidence, engine, kind, source,
                content_hash, use_count, terms, marks, trust, version, index_owner, index_attempts,
                index_error, flagged_by_ia, created_at, updated_at
            )
            SELECT gen_random_uuid(), 'bench', 'How do I see job ' || n || '?', '',
                   'Look at job ' || n || ' in conman.', '[]', '', 'knowledge', 'import',
                   encode(sha256(n::text::bytea), 'hex'), 1, '{}', '{}', 'new', 1, '', 0, '', false,
                   now() - (%s - n) * interval '1 second', now()
            FROM generate_series(1, %s) AS n
            """,
            [memories, memories],
        )
        cursor.execute("ANALYZE knowledge_memory")
