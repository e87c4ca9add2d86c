"""Django's PostgreSQL backend over the embedded server, which starts with the first connection.

Nothing starts before one is opened, so `check`, `--help` and `run_simulator` need no server.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from django.db.backends.postgresql.client import DatabaseClient as PostgresClient

from resync_site.postgres import embedded_server


class DatabaseClient(PostgresClient):
    """`manage.py dbshell`, with the server up and its own psql."""

    def runshell(self, parameters: Iterable[str]) -> None:
        self.connection.get_connection_params()
        self.executable_name = str(embedded_server(settings.RESYNC_HOME).program("psql"))
        super().runshell(parameters)


class DatabaseWrapper(base.DatabaseWrapper):
    client_class = DatabaseClient

    def __init__(self, settings_dict: dict[str, Any], alias: str = "default") -> None:
        # In place: Django's test runner changes NAME in this very dict.
        server = embedded_server(settings.RESYNC_HOME).settings()
        settings_dict.update(server, OPTIONS={**settings_dict["OPTIONS"], **server["OPTIONS"]})
        super().__init__(settings_dict, alias)

    def get_connection_params(self) -> dict[str, Any]:
        """Asked for right before a connection is opened, also by code with pools of its own."""
        embedded_server(settings.RESYNC_HOME).ensure_running()
        return super().get_connection_params()
