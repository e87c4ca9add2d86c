"""`/health/live`: the process answers. `/health/ready`: so does what it needs.

Anybody may ask, so a check's value is one word; its reason goes to the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta

import httpx
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from knowledge.models import Memory

logger = logging.getLogger(__name__)

SECONDS = 3.0
"""How long all checks together may take; one that takes longer is down."""
INDEX_LATE = timedelta(minutes=10)
"""A usable memory that has waited so long for its vector means that the indexer is not running."""

Check = Callable[[], str]


class Unwell(Exception):
    """A check failed; the message says why."""


def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """`{status, checks}`. 503 only when the database or its migrations make answers impossible."""
    found = run_checks()
    needed = (found["database"], found["migrations"])
    if any(value != "ok" for value in needed):
        status = "down"
    else:
        status = "ok" if set(found.values()) <= {"ok", "off"} else "degraded"
    body = {"status": status, "checks": found}
    return JsonResponse(body, status=503 if status == "down" else 200)


def database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 2000")
        cursor.execute("SELECT 1")
    return "ok"


def migrations() -> str:
    """Whether the database knows every migration that this code has."""
    on_disk = set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
    missing = on_disk - set(MigrationRecorder(connection).applied_migrations())
    if missing:
        raise Unwell(f"{len(missing)} migrations are not applied; run manage.py migrate")
    return "ok"


def index() -> str:
    """Whether the vectors keep up with the memories."""
    late = Memory.objects.to_index().filter(updated_at__lt=timezone.now() - INDEX_LATE)
    if late.exists():
        raise Unwell("memories have waited long for their vectors; is the auditor running?")
    return "ok"


def hwa() -> str:
    """Whether HWA's address answers at all. What it answers is the client's business."""
    if not settings.TWS_BASE_URL:
        return "off"
    return _answers(settings.TWS_BASE_URL)


def llm() -> str:
    if not settings.LLM_BASE_URL:
        return "off"
    return _answers(settings.LLM_BASE_URL)


def _answers(url: str) -> str:
    """A server that answers, whatever it says, is there. Nothing is sent but the question."""
    try:
        # Its certificate is the clients' business; no credentials travel here.
        httpx.get(url, timeout=2.0, verify=False, trust_env=False)  # noqa: S501
    except httpx.HTTPError as error:
        raise Unwell(f"{url} does not answer: {error}") from error
    return "ok"


CHECKS: dict[str, Check] = {
    "database": database,
    "migrations": migrations,
    "index": index,
    "hwa": hwa,
    "llm": llm,
}

_threads = ThreadPoolExecutor(max_workers=len(CHECKS), thread_name_prefix="health")
_running: dict[str, Future[str]] = {}


def run_checks() -> dict[str, str]:
    """Every check at once: "ok", "off" or "down". One that still hangs is not started again."""
    for name, check in CHECKS.items():
        if name not in _running or _running[name].done():
            _running[name] = _threads.submit(_run, name, check)
    asked = dict(_running)
    done, _ = wait(asked.values(), timeout=SECONDS)
    return {name: future.result() if future in done else "down" for name, future in asked.items()}


def _run(name: str, check: Check) -> str:
    try:
        return check()
    except (DatabaseError, Unwell) as error:
        logger.warning("health: %s is down: %s", name, error)
        return "down"
    finally:
        connection.close()
