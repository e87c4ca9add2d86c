"""The judges over labelled examples: from a file, or from what people decided."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from pydantic import BaseModel, Field, ValidationError

from audits.judges import MemoryUnderAudit, Neighbour, NoVerdict, Verdict
from audits.judges.bounded import JudgeBroke
from audits.judging import Bench
from audits.measuring import Example
from audits.models import AuditRecord
from audits.scoring import Scoring
from audits.states import DECIDED, OF_ITS_TIME, ReasonCode, Status
from knowledge.cleaning import clean, clean_json
from knowledge.files import require_file
from knowledge.language import language_of
from knowledge.models import Kind, Source, Trust

AT_A_TIME = 16


class Row(BaseModel):
    """One line of a file of labelled examples."""

    user_query: str
    agent_response: str
    evidence: list[dict[str, Any]] = Field(default_factory=list)
    answer: Any = None
    label: Literal["correct", "incorrect"]


class BadRow(ValueError):
    """A line that is not a labelled example; the message names the line and the fault."""


@dataclass(frozen=True, slots=True)
class Labelled:
    memory: MemoryUnderAudit
    is_wrong: bool


def read_rows(path: Path) -> Iterator[Labelled]:
    """The examples of a JSONL file; BadRow at the first line that is none."""
    require_file(path, or_pipe=True)
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _labelled(number, line)


def _labelled(number: int, line: str) -> Labelled:
    try:
        row = Row.model_validate_json(line)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise BadRow(f"line {number}: {where} {fault['msg']}".replace("  ", " ")) from None
    return Labelled(
        MemoryUnderAudit(
            memory_id=uuid.uuid5(uuid.NAMESPACE_OID, f"{number}:{line}"),
            version=1,
            agent="eval",
            kind=Kind.STATE if row.evidence else Kind.KNOWLEDGE,
            user_query=clean(row.user_query),
            agent_response=clean(row.agent_response),
            evidence=clean_json(row.evidence),
            answer=clean_json(row.answer) if isinstance(row.answer, dict) else None,
            own_evidence=True,  # the file is taken at its word
        ),
        row.label == "incorrect",
    )


def decided_memories(limit: int) -> Iterator[Labelled]:
    """What people decided, newest first, as the judges saw it: a corrected text as it was."""
    decided = AuditRecord.objects.filter(status__in=DECIDED, judged_at__isnull=False)
    decided = decided.exclude(reason_code__in=OF_ITS_TIME)
    for record in decided.select_related("memory").order_by("-reviewed_at")[:limit]:
        yield labelled(record)


def labelled(record: AuditRecord) -> Labelled:
    """A decided record by what was decided."""
    wrong = record.status == Status.REJECTED or record.reason_code == ReasonCode.CORRECTED
    return Labelled(_as_judged(record), wrong)


def _as_judged(record: AuditRecord) -> MemoryUnderAudit:
    memory = record.memory
    earlier = memory.revisions.filter(version=record.memory_version or memory.version).first()
    text = earlier or memory
    return MemoryUnderAudit(
        memory_id=memory.pk,
        version=memory.version,
        agent=memory.agent,
        kind=memory.kind,
        user_query=text.user_query,
        agent_response=text.agent_response,
        evidence=text.evidence,
        answer=text.answer,
        own_evidence=memory.source == Source.CHAT,
    )


def approved_neighbours(labelled: Labelled) -> Labelled:
    """The example with the approved memories near it, but never its own question and answer."""
    from knowledge.retrieval import search

    this = labelled.memory
    if this.kind == Kind.STATE:
        return labelled
    found = search(this.user_query[:2000], limit=6)
    near = tuple(
        Neighbour(hit.memory_id, hit.trust, hit.user_query, hit.agent_response, hit.score)
        for hit in found
        if hit.trust == Trust.TRUSTED
        and (hit.user_query, hit.agent_response) != (this.user_query, this.agent_response)
    )
    return replace(labelled, memory=replace(this, neighbours=near[:5]))


async def judge_all(
    bench: Bench,
    examples: Sequence[Labelled],
    scoring: Scoring,
    on_progress: Callable[[], object] = lambda: None,
) -> list[Example | None]:
    """Every example judged alone, in their order; None where there was no verdict."""
    places = asyncio.Semaphore(AT_A_TIME)

    async def judged(example: Labelled) -> Example | None:
        async with places:
            try:
                verdict = await bench.verdict_on(example.memory)
            except (NoVerdict, JudgeBroke):
                return None
            finally:
                on_progress()
        return _example(example, verdict, scoring)

    try:
        return await asyncio.gather(*(judged(example) for example in examples))
    finally:
        await bench.aclose()


def _example(labelled: Labelled, verdict: Verdict, scoring: Scoring) -> Example:
    score = scoring.confidence(verdict)
    return Example(
        score=score,
        flagged=score > settings.AUDIT_FLAG_THRESHOLD,
        abstained=scoring.status(verdict) == Status.UNVERIFIED,
        is_wrong=labelled.is_wrong,
        judge=verdict.judge,
        language=language_of(f"{labelled.memory.user_query} {labelled.memory.agent_response}")
        or "en",
    )
