"""What the database holds after the storm, as plain rows that checks can read."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple


class MemoryRow(NamedTuple):
    id: str
    question: str
    trust: str
    status: str | None
    """Its record's; None where there is no record."""
    is_indexed: bool = False
    """Whether its present version is in the index, as its own row says."""
    vectors: int = 0
    """How many vectors there are for it."""


class Line(NamedTuple):
    """A line of the decision log."""

    seq: int
    action: str
    memory_id: str
    memory_version: int
    from_status: str
    to_status: str
    from_trust: str = ""
    judge: str = ""
    note_digest: str = ""


class Run(NamedTuple):
    """What is kept of a question: its run, the types of end frames, how many answers."""

    conversation: str
    client_id: str
    run_id: str
    ends: tuple[str, ...]
    answers: int


@dataclass
class Rows:
    memories: dict[str, MemoryRow] = field(default_factory=dict)
    log: list[Line] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    ratings: dict[str, int] = field(default_factory=dict)
    """The storm's rater's, by memory."""
    stray_vectors: int = 0
    """Vectors of no memory."""


def read(rater: str) -> Rows:
    from django.db.models import F

    from audits.models import Decision
    from knowledge.models import Feedback, Memory, StoredVector

    vectors: dict[str, int] = defaultdict(int)
    for memory_id in StoredVector.objects.values_list("payload__memory_id", flat=True):
        vectors[str(memory_id)] += 1
    columns = ("pk", "user_query", "trust", "audit__status", "indexed_version", "version")
    memories = {
        str(pk): MemoryRow(
            str(pk), question, trust, status, indexed == version, vectors.pop(str(pk), 0)
        )
        for pk, question, trust, status, indexed, version in Memory.objects.values_list(*columns)
    }
    lines = Decision.objects.order_by("seq").annotate(memory=F("memory_id"))
    ratings = Feedback.objects.filter(user__username=rater).values_list("memory_id", "rating")
    return Rows(
        memories=memories,
        log=[
            Line(
                line.seq, line.action, str(line.memory_id), line.memory_version,
                line.from_status, line.to_status, line.from_trust, line.judge, line.note_digest,
            )
            for line in lines
        ],
        runs=_runs(),
        ratings={str(memory_id): rating for memory_id, rating in ratings},
        stray_vectors=sum(vectors.values()),
    )  # fmt: skip


def _runs() -> list[Run]:
    from tws.models import Message, RunEvent

    ends: dict[str, list[str]] = defaultdict(list)
    ended = RunEvent.objects.filter(event__type__in=["message", "stopped", "error"])
    for run_id, kind in ended.order_by("seq").values_list("run_id", "event__type"):
        ends[str(run_id)].append(kind)
    answers: dict[str, int] = defaultdict(int)
    for run_id in Message.objects.filter(role="agent").values_list("run_id", flat=True):
        answers[str(run_id)] += 1
    asked = Message.objects.filter(role="user").order_by("id")
    return [
        Run(
            str(conversation),
            client_id,
            str(run_id),
            tuple(ends[str(run_id)]),
            answers[str(run_id)],
        )
        for conversation, client_id, run_id in asked.values_list(
            "conversation_id", "client_id", "run_id"
        )
    ]
