"""The LLM judge's verdicts kept in rows, so that the same question is not paid for twice.

Bounded in age and number, and gone with the memory whose text they quote.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone

from audits.models import CachedVerdict
from knowledge.models import Memory

KEPT_WITHOUT_A_MEMORY = timedelta(days=1)
"""Verdicts of `eval_auditor`, whose examples have no rows; and what a deletion left behind."""


class VerdictsInRows:
    """Verdicts by key; see `audits.judges.llm.VerdictCache`.

    Each call opens a connection: beside an LLM's call it costs nothing, and it can't go stale.
    """

    async def get(self, key: str) -> Mapping[str, Any] | None:
        return await asyncio.to_thread(_get, key)

    async def put(self, key: str, memory_id: uuid.UUID, value: Mapping[str, Any]) -> None:
        await asyncio.to_thread(_put, key, memory_id, dict(value))


def forget(memory_ids: Iterable[uuid.UUID]) -> int:
    """Remove what the LLM said of these memories: whoever purges their texts calls it; how many."""
    deleted, _ = CachedVerdict.objects.filter(memory_id__in=list(memory_ids)).delete()
    return deleted


def prune() -> int:
    """Remove what is too old, of no memory, or beyond AUDIT_CACHE_ROWS, oldest first; how many."""
    now = timezone.now()
    too_old = now - timedelta(days=settings.AUDIT_CACHE_DAYS)
    of_a_memory = Exists(Memory.objects.filter(pk=OuterRef("memory_id")))
    rows = CachedVerdict.objects
    orphans = rows.filter(~of_a_memory, created_at__lt=now - KEPT_WITHOUT_A_MEMORY)
    beyond = rows.order_by("-created_at", "key").values("key")[settings.AUDIT_CACHE_ROWS :]
    found = (rows.filter(created_at__lt=too_old), orphans, rows.filter(key__in=beyond))
    return sum(some.delete()[0] for some in found)


def _get(key: str) -> Mapping[str, Any] | None:
    try:
        row = CachedVerdict.objects.filter(key=key).first()
        return row.verdict if row else None
    finally:
        connection.close()


def _put(key: str, memory_id: uuid.UUID, verdict: dict[str, Any]) -> None:
    try:
        defaults = {"verdict": verdict, "memory_id": memory_id}
        CachedVerdict.objects.update_or_create(key=key, defaults=defaults)
    finally:
        connection.close()
