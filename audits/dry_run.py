"""What the judges would say, without claiming or writing anything."""

from __future__ import annotations

from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async

from audits.auditor import Scope
from audits.judges import NoVerdict, Verdict
from audits.judging import Bench, under_audit
from audits.neighbours import neighbours_of
from audits.quoting import quoted_by
from audits.scoring import Scoring
from knowledge.llm import LLMError
from knowledge.models import Memory, Trust


async def verdicts(
    bench: Bench, scope: Scope, limit: int
) -> AsyncIterator[tuple[Memory, str, Verdict]]:
    """Memory, status it would get, verdict; oldest first. One memory: whatever its trust."""
    memories = Memory.objects.filter(scope.of_memories()).order_by("created_at", "id")
    if scope.memory_ids is None:
        memories = memories.filter(trust=Trust.NEW)
    scoring = await sync_to_async(Scoring.current)()
    async for memory in memories[:limit]:
        try:
            near, quoted = await neighbours_of(memory), await quoted_by(memory)
            verdict = await bench.verdict_on(under_audit(memory, near, quoted))
        except (NoVerdict, LLMError) as error:
            yield memory, "no verdict", Verdict("llm", 0.0, str(error))
            continue
        yield memory, scoring.status(verdict).value, verdict
