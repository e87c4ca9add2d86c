"""The embedded PostgreSQL: started when it is needed, stopped when nobody needs it."""

from __future__ import annotations

from resync_site.postgres.errors import EmbeddedPostgresError
from resync_site.postgres.server import EmbeddedServer, embedded_server

__all__ = ["EmbeddedPostgresError", "EmbeddedServer", "embedded_server"]
