"""How programs with connections of their own reach the database that Django uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import (
    InterfaceError,
    InternalError,
    OperationalError,
    connection,
    connections,
)
from psycopg.conninfo import make_conninfo

DATABASE_AWAY = (
    OperationalError, InterfaceError, InternalError,
    psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError,
)  # fmt: skip
"""What an outage of the database raises, by Django's connections and by others.

InternalError: among others a server that has become read-only. Who runs for long waits, and goes
on when the database is back.
"""

# With a filter, a generic plan over the HNSW index looks at 40 neighbours and drops most of them:
# memories past about 5,000 rows are lost without a word. These options keep every search whole.
_SEARCH = {
    "plan_cache_mode": "force_custom_plan",
    "hnsw.iterative_scan": "relaxed_order",
    "hnsw.ef_search": "200",
}
SEARCH_DEEPER = """
SELECT set_config('hnsw.ef_search', '600', false) FROM pg_class
 WHERE oid = 'public.knowledge_vectors'::regclass AND reltuples > 20000
"""
"""Among many vectors a search has to look at more of them to find the nearest five. Of 100,000 made
of random words it finds 0.90 of them at 200 and 0.97 at 600, among 4,000 all at 200."""
SEARCH_OPTIONS = "; ".join(
    [*(f"SET {name} = {value}" for name, value in _SEARCH.items()), SEARCH_DEEPER]
)
"""All of these for a connection of Django's."""
LIFT_LIMITS = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0"
SET_LIMITS = "RESET statement_timeout; RESET idle_in_transaction_session_timeout"
_DJANGO_ONLY = {"cursor_factory", "context", "prepare_threshold", "server_side_binding"}


def conninfo(
    statement_seconds: float, application: str, others: Mapping[str, str] | None = None
) -> str:
    """A connection string for the default database, test databases and embedded server included.

    Starts the embedded server when that is the one.
    """
    parameters: dict[str, Any] = connections["default"].get_connection_params()
    parameters = {k: v for k, v in parameters.items() if k not in _DJANGO_ONLY and v is not None}
    options = {
        **_SEARCH, "statement_timeout": str(int(statement_seconds * 1000)), **(others or {})
    }  # fmt: skip
    given = str(parameters.pop("options", ""))
    flags = " ".join(f"-c {name}={value}" for name, value in options.items())
    return make_conninfo(
        **parameters, options=f"{given} {flags}".strip(), application_name=application
    )


@contextmanager
def no_statement_limit() -> Iterator[None]:
    """For a command that reads or writes whole tables, and may take as long as that."""
    with connection.cursor() as cursor:
        cursor.execute(LIFT_LIMITS)
    yield  # after an error the command ends, and its connection with it
    with connection.cursor() as cursor:
        cursor.execute(SET_LIMITS)


def database_name() -> str:
    return str(connections["default"].settings_dict["NAME"])
