"""Which PostgreSQL: the one `DATABASE_URL` names, or the embedded one."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

LOST_CLIENT_SECONDS = 2
"""How soon the server notices that a program died, kill -9 included, and stops its statement."""


def databases(database_url: str, statement_seconds: float = 0) -> dict[str, dict[str, Any]]:
    """Django's DATABASES. Without a URL, the backend that starts the embedded server itself.

    No statement may take longer than `statement_seconds` (0: no limit), and no transaction may
    stand idle for longer: a suspended program would keep what it has locked. What is meant to
    take long says so itself (`knowledge.connections.no_statement_limit`).
    """
    milliseconds = int(statement_seconds * 1000)
    limits = (
        f"-c statement_timeout={milliseconds} "
        f"-c idle_in_transaction_session_timeout={milliseconds} "
        f"-c client_connection_check_interval={LOST_CLIENT_SECONDS * 1000}"
    )
    common: dict[str, Any] = {
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"options": limits},
    }
    if not database_url:
        return {"default": {"ENGINE": "resync_site.embedded", "NAME": "resync", **common}}
    parts = urlsplit(database_url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(
            "DATABASE_URL must look like postgresql://USER:PASSWORD@HOST:5432/DATABASE."
        )
    options = dict(parse_qsl(parts.query))
    return {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": options.pop("host", unquote(parts.hostname or "")),
            "PORT": str(parts.port or ""),
            **common,
            "OPTIONS": {**options, "options": f"{limits} {options.get('options', '')}".strip()},
        }
    }
