"""Cases for the judges' tests: memories made from a line of the case files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from audits.judges import MemoryUnderAudit, Neighbour

DATA = Path(__file__).parent / "data"


def cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


def memory(
    question: str,
    answer: str,
    evidence: list[dict[str, Any]] | None = None,
    kind: str = "knowledge",
    neighbours: tuple[Neighbour, ...] = (),
) -> MemoryUnderAudit:
    return MemoryUnderAudit(
        uuid4(), 1, "tws-analyzer", kind, question, answer, evidence or [], neighbours
    )


def trusted(question: str, answer: str, similarity: float = 0.0) -> Neighbour:
    return Neighbour(UUID(int=1), "trusted", question, answer, similarity)
