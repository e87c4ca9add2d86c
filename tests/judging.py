"""Cases for the judges' tests: memories made from a line of the case files."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from audits.judges import MemoryUnderAudit, Neighbour, Verdict

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


# --- judges as a process imports them: by their path -----------------------------------------


async def by_word(memory: MemoryUnderAudit) -> Verdict | None:
    """What the answer says happens: it hangs, dies, breaks, is fine, or is wrong."""
    answer = memory.agent_response
    if "hang" in answer:
        re.match(r"(a+)+$", "a" * 64 + "b")  # holds the interpreter's lock for longer than we live
    if "die" in answer:
        os._exit(3)
    if "break" in answer:
        raise RecursionError("too deep")
    return Verdict("rules", 0.7, "wrong") if "wrong" in answer else None
