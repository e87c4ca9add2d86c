"""The LLM judge's verdicts kept in rows, so that the same question is not paid for twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.models import CachedVerdict


class VerdictsInRows:
    """Verdicts by key; see `audits.judges.llm.VerdictCache`."""

    async def get(self, key: str) -> Mapping[str, Any] | None:
        row = await CachedVerdict.objects.filter(key=key).afirst()
        return row.verdict if row else None

    async def put(self, key: str, value: Mapping[str, Any]) -> None:
        await CachedVerdict.objects.aupdate_or_create(key=key, defaults={"verdict": dict(value)})
