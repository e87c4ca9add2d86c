"""What goes on in the background outlives the database: its threads, and who listens to it."""

from __future__ import annotations

import asyncio
import threading

import pytest
from django.db import DatabaseError, OperationalError, connection

from audits.auditor import watching
from knowledge.store import CHANNEL
from knowledge.threads import DatabaseThreads
from tests.test_auditor import backend, end_other_connections

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_call_fails_with_a_lost_server_however_many_threads_were_connected() -> None:
    threads, spared = DatabaseThreads(3, "lost"), backend()
    together = threading.Barrier(3)

    def meet() -> None:
        backend()
        together.wait(timeout=10)  # so that each thread has a connection

    async def calls() -> int:
        await asyncio.gather(*(threads.run(meet) for _ in range(3)))
        await asyncio.to_thread(end_other_connections, spared)
        failed = 0
        for _ in range(6):
            try:
                await threads.run(backend)
            except DatabaseError:
                failed += 1
        return failed

    try:
        assert asyncio.run(calls()) == 1
    finally:
        threads.close()


def test_what_one_kind_of_thread_lost_no_other_kind_takes_for_connected() -> None:
    met, other, spared = DatabaseThreads(1, "met"), DatabaseThreads(1, "other"), backend()

    async def calls() -> None:
        await met.run(backend)
        await other.run(backend)
        await asyncio.to_thread(end_other_connections, spared)
        with pytest.raises(DatabaseError):
            await met.run(backend)
        await other.run(backend)

    try:
        asyncio.run(calls())
    finally:
        met.close()
        other.close()


async def test_an_auditor_listens_again_after_an_outage(settings, monkeypatch) -> None:
    settings.AUDIT_POLL_SECONDS = 0.05
    parameters, outages = watching._connection_parameters, [OperationalError("starting up")]

    def away_at_first() -> dict[str, object]:
        if outages:
            raise outages.pop()
        return parameters()

    monkeypatch.setattr(watching, "_connection_parameters", away_at_first)
    woken = asyncio.Event()

    listener = asyncio.create_task(watching._listen(woken.set))
    try:
        await asyncio.wait(
            {listener, waiter := asyncio.create_task(woken.wait())},
            timeout=20,
            return_when=asyncio.FIRST_COMPLETED,
        )
        assert waiter.done()
        woken.clear()
        await asyncio.to_thread(notify)
        await asyncio.wait_for(woken.wait(), 20)
    finally:
        listener.cancel()


def notify() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")
    connection.close()
