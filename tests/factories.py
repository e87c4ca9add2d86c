"""Rows for tests, made the way the product makes them."""

from __future__ import annotations

from typing import Any

from audits.models import AuditRecord
from audits.states import TRUST_OF
from knowledge.models import Kind, Memory
from knowledge.store import Draft, remember, set_trust

ANSWER = {
    "language": "en",
    "zone": "America/Sao_Paulo",
    "wording": 1,
    "asked": {},
    "segments": [
        {
            "type": "said",
            "claim": {
                "id": "c1", "expr": "q1.matched", "kind": "count", "value": 3, "words": "3"
            },
        },
        {"type": "words", "text": " jobs failed."},
    ],
}  # fmt: skip
"""An answer as data, as `knowledge.claims.answer` writes it."""


def make_memory(
    user_query: str = "How do I restart an agent?",
    agent_response: str = "Use StartUpLwa on the agent's machine.",
    **fields: Any,
) -> Memory:
    """A stored memory; `fields` are those of `Draft`."""
    fields.setdefault("agent", "tws-analyzer")
    memory, _ = remember(Draft(user_query=user_query, agent_response=agent_response, **fields))
    return memory


def make_state(agent_response: str, evidence: list[dict[str, Any]], **fields: Any) -> Memory:
    """A memory about the live plan, with what was read."""
    query = fields.pop("user_query", "Quantos jobs?")
    return make_memory(query, agent_response, evidence=evidence, kind=Kind.STATE, **fields)


def make_record(status: str, memory: Memory | None = None, **fields: Any) -> AuditRecord:
    """A record at `status`, its memory's trust along with it."""
    memory = memory or make_memory()
    set_trust([memory], TRUST_OF[status])
    return AuditRecord.objects.create(
        memory=memory, status=status, memory_version=memory.version, **fields
    )
