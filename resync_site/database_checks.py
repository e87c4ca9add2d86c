"""Whether the configured PostgreSQL is one that Resync can use: asked at migrate and at serve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

OLDEST_POSTGRESQL = 16
OLDEST_PGVECTOR = (0, 8)
EXTENSIONS = {
    "vector": "install pgvector 0.8 or newer (apt.postgresql.org has postgresql-16-pgvector)",
    "pg_trgm": "install PostgreSQL's contrib package",
    "unaccent": "install PostgreSQL's contrib package",
}


@register(Tags.database)
def check_postgresql(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    for alias in databases or ():
        try:
            problems += _problems_of(connections[alias])
        except DatabaseError as error:
            problems.append(
                Error(
                    f"The database can't be used: {str(error).strip()}",
                    hint="Check DATABASE_URL; leave it unset to use the embedded PostgreSQL.",
                    id="database.E001",
                )
            )
    return problems


def _problems_of(connection: BaseDatabaseWrapper) -> list[CheckMessage]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        (major,) = cursor.fetchone()
        cursor.execute(
            "SELECT name, COALESCE(installed_version, default_version)"
            " FROM pg_available_extensions WHERE name = ANY(%s)",
            [list(EXTENSIONS)],
        )
        available = dict(cursor.fetchall())
    problems: list[CheckMessage] = []
    if major < OLDEST_POSTGRESQL:
        problems.append(
            Error(
                f"PostgreSQL {OLDEST_POSTGRESQL} or newer is needed; DATABASE_URL's is {major}.",
                hint="Upgrade it, or leave DATABASE_URL unset to use the embedded PostgreSQL.",
                id="database.E002",
            )
        )
    problems += [
        Error(f"PostgreSQL's extension {name} is missing.", hint=hint, id="database.E003")
        for name, hint in EXTENSIONS.items()
        if name not in available
    ]
    vector = available.get("vector")
    if vector and _numbers(vector) < OLDEST_PGVECTOR:
        problems.append(
            Error(
                f"pgvector 0.8 or newer is needed; this database has {vector}.",
                hint="Upgrade the package, then run: ALTER EXTENSION vector UPDATE",
                id="database.E004",
            )
        )
    return problems


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())
