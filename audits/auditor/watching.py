"""`run_auditor --watch`: polls always; a NOTIFY from a new memory only shortens the wait."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from audits.auditor.loop import Auditor
from audits.auditor.outages import innermost
from knowledge.connections import DATABASE_AWAY
from knowledge.store import CHANNEL

log = logging.getLogger(__name__)


async def watch(auditor: Auditor) -> None:
    """Audit whatever comes until the auditor is told to stop; a lost database is waited for."""
    listener = asyncio.create_task(_listen(auditor.wake))
    try:
        while not auditor.stopping:
            try:
                await auditor.run()
            except* DATABASE_AWAY as lost:
                log.warning("the database is away: %s", innermost(lost))
            await auditor.sleep()
    finally:
        listener.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listener


async def _listen(wake: Callable[[], None]) -> None:
    """Wake the auditor at each NOTIFY; a lost connection is opened again, then a poll."""
    while True:
        try:
            parameters = await asyncio.to_thread(_connection_parameters)
            async with await psycopg.AsyncConnection.connect(
                **parameters, autocommit=True
            ) as listening:
                await listening.execute(f"LISTEN {CHANNEL}")
                wake()
                async for _ in listening.notifies():
                    wake()
        except DATABASE_AWAY as error:
            log.info("listening for new memories was cut off: %s", error)
        await asyncio.sleep(settings.AUDIT_POLL_SECONDS)


def _connection_parameters() -> dict[str, Any]:
    connection.ensure_connection()  # the embedded server may have to be started
    wanted = {"dbname", "user", "password", "host", "port", "sslmode"}
    parameters = connection.get_connection_params()
    connection.close()
    return {name: value for name, value in parameters.items() if name in wanted and value}
