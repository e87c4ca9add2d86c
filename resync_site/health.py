"""`/health/live`: the process answers. `/health/ready`: so does what it needs.

Anybody may ask, so a check's value is one word; its reason goes to the log.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from audits import heartbeats
from knowledge import vectors
from knowledge.hits import unfit
from knowledge.models import Memory
from tws.hwa.engines import configured_engines
from tws.plan.models import PlanEngine

logger = logging.getLogger(__name__)

SECONDS = 3.0
"""How long all checks together may take; one that takes longer is down."""
OUTSIDE_SECONDS = 2.0
"""How long an outside system may take."""
REMEMBERED_SECONDS = 5.0
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
    """Whether it answers, takes writes and has room for them: reading goes well on a full disk."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 2000")
        cursor.execute("SHOW transaction_read_only")
        if cursor.fetchone() != ("off",):
            raise Unwell("it is read-only: nothing can be written")
    return _lately("room", _database_has_room)


def _database_has_room() -> str:
    """Write a megabyte beside the data, as a sort does that is too large for memory."""
    with connection.cursor() as cursor:
        cursor.execute("SET work_mem = '64kB'")
        cursor.execute(_LARGE_SORT)
    return "ok"


_LARGE_SORT = """
    SELECT count(*) FROM (
        SELECT repeat('.', 100) || n AS line FROM generate_series(1, 10000) n
        ORDER BY line DESC OFFSET 0
    ) sorted
"""


def migrations() -> str:
    """Whether the database knows every migration that this code has."""
    on_disk = set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
    missing = on_disk - set(MigrationRecorder(connection).applied_migrations())
    if missing:
        raise Unwell(f"{len(missing)} migrations are not applied; run manage.py migrate")
    return "ok"


def index() -> str:
    """Whether the vectors keep up with the memories, and are as long as the embedder makes them."""
    length = vectors.length()
    if length != settings.EMBEDDING_DIMENSIONS:
        raise Unwell(unfit(f"{length}, not {settings.EMBEDDING_DIMENSIONS}"))
    # The oldest, along the outbox' own index; a filter by time would read all that wait, or all.
    waiting = Memory.objects.to_index().order_by("created_at", "id")[:100]
    since = timezone.now() - INDEX_LATE
    if any(updated_at < since for updated_at in waiting.values_list("updated_at", flat=True)):
        raise Unwell("memories have waited long for their vectors; is the auditor running?")
    return "ok"


def auditor() -> str:
    """Whether one is alive and its duties go well. Off: none has run lately, nothing waits."""
    found = heartbeats.pulse()
    if found.trouble:
        raise Unwell(found.trouble)
    return "ok" if found.lives else "off"


def hwa() -> str:
    """Whether the plan of every configured engine is current."""
    engines = configured_engines()
    reasons = [PlanEngine.of(engine.name).why_not_current for engine in engines]
    if any(reasons):
        raise Unwell(" ".join(filter(None, reasons)))
    return "ok" if engines else "off"


def llm() -> str:
    """Whether the endpoint answers, and answered the last real call.

    Nothing is asked of its models for health: that costs money, a GET does not.
    """
    if not settings.LLM_BASE_URL:
        return "off"
    from knowledge.llm import failing  # with all that calls the endpoint

    if found := failing():
        raise Unwell("; ".join(map(str, found)))
    return _lately("llm", _endpoint_answers)


def _endpoint_answers() -> str:
    import httpx

    try:
        httpx.get(settings.LLM_BASE_URL, timeout=OUTSIDE_SECONDS)
    except httpx.HTTPError as error:
        raise Unwell(str(error)) from error
    return "ok"


_last: dict[str, tuple[float, str]] = {}


def _lately(name: str, check: Check) -> str:
    """What an outside system last said; asked again after some seconds, however often we are."""
    at, said = _last.get(name, (0.0, ""))
    if said and time.monotonic() - at < REMEMBERED_SECONDS:
        return said
    try:
        said = check()
    except (Unwell, DatabaseError) as error:
        logger.warning("health: %s is down: %s", name, error)
        said = "down"
    _last[name] = (time.monotonic(), said)
    return said


CHECKS: dict[str, Check] = {
    "database": database,
    "migrations": migrations,
    "index": index,
    "auditor": auditor,
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
    except (DatabaseError, ImproperlyConfigured, Unwell) as error:
        logger.warning("health: %s is down: %s", name, error)
        return "down"
    finally:
        connection.close()
