"""`field__any={…}`: one of these, as one array instead of a parameter for each.

Says what `__in` says. Where thousands of ids are written a second, a good part of the time would go
into binding them one by one; a set besides is not searched for expressions, as Django does a list.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Field, IntegerField, Lookup, UUIDField


@Field.register_lookup
class AnyOf(Lookup):
    lookup_name = "any"
    prepare_rhs = False

    def get_db_prep_lookup(self, value: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        field = self.lhs.output_field
        if isinstance(getattr(field, "target_field", field), (IntegerField, UUIDField)):
            return "%s", (f"{{{','.join(map(str, value))}}}",)  # as PostgreSQL writes an array
        prepared = field.get_db_prep_value
        return "%s", ([prepared(one, connection, prepared=False) for one in value],)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, column_params = self.process_lhs(compiler, connection)
        array, array_params = self.process_rhs(compiler, connection)
        kind = self.lhs.output_field.db_type(connection)
        return f"{column} = ANY({array}::{kind}[])", (*column_params, *array_params)
