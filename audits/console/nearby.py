"""What stands near a record: similar memories in use, what contradicts it, what it reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audits.console.record import weighs_contradictions
from audits.contradicting import Contradiction, contradictions
from audits.models import AuditRecord
from knowledge import retrieval
from knowledge.lineage import Reach, reach, uses_of
from knowledge.models import Memory, MemoryUse, Trust

NEAREST = 5
A_PAGE = 10
LAST_PAGE = 1000
_TAKEN_BACK = {Trust.SUSPECT, Trust.QUARANTINED, Trust.REJECTED}


@dataclass(frozen=True, slots=True)
class Near:
    """A memory in use that bears on the same question, and whether it says otherwise."""

    question: str
    answer: str
    trust: Any
    agent: str
    percent: int
    url: str
    says_otherwise: Contradiction | None


@dataclass(frozen=True, slots=True)
class Use:
    """One answer that a memory bore on, how, and where that answer stands today."""

    at: datetime
    how: Any
    version: int
    reader: str
    question: str
    status: str
    status_label: Any
    url: str


def around(
    record: AuditRecord, page: int = 1, *, is_part: bool = False, until: datetime | None = None
) -> dict[str, Any]:
    """The template's context; `page` of the answers that the memory bore on, from 1.

    A part of the record's own page does not say again what stands there side by side. `until`: what
    it reached before.
    """
    memory, page = record.memory, max(1, min(page, LAST_PAGE))
    against = contradictions(memory)
    similar = _similar(memory, against)
    uses, has_more = _uses(memory, page, until)
    reached = reach(memory, until)
    return {
        "record": record,
        "memory": memory,
        "similar": similar,
        "can_search": similar is not None,
        "against": against,
        "says_against": not (is_part and weighs_contradictions(record)),
        "reached": list(in_words(reached)),
        "outcome": outcome(record, reached),
        "uses": uses,
        "page": page,
        "previous": page - 1,
        "following": page + 1 if has_more and page < LAST_PAGE else 0,
    }


def _similar(memory: Memory, against: Sequence[Contradiction]) -> list[Near] | None:
    """None: the search can't be asked just now."""
    try:
        hits = retrieval.search(memory.user_query, NEAREST + 1)
    except retrieval.SearchUnavailable:
        return None
    hits = [hit for hit in hits if hit.memory_id != memory.pk][:NEAREST]
    ids = [hit.memory_id for hit in hits]
    recorded = set(AuditRecord.objects.filter(memory__in=ids).values_list("memory_id", flat=True))
    otherwise = {other.memory.pk: other for other in against}
    return [
        Near(
            hit.user_query, hit.dated_answer, Trust(hit.trust).label, hit.agent,
            round(100 * hit.score), _url(hit.memory_id, hit.memory_id in recorded),
            otherwise.get(hit.memory_id),
        )
        for hit in hits
    ]  # fmt: skip


def _uses(memory: Memory, page: int, until: datetime | None) -> tuple[list[Use], bool]:
    """One page of them, newest first, and whether there is a next one."""
    start = (page - 1) * A_PAGE
    uses = uses_of(memory, until).select_related("answer__audit", "reader")
    rows = list(uses.defer("answer__evidence", "answer__answer")[start : start + A_PAGE + 1])
    return [_use(use) for use in rows[:A_PAGE]], len(rows) > A_PAGE


def _use(use: MemoryUse) -> Use:
    record = getattr(use.answer, "audit", None)
    return Use(
        use.at,
        use.get_how_display(),
        use.version,
        use.reader.get_username() if use.reader else "",
        use.answer.user_query if use.answer else "",
        record.status if record else "",
        record.get_status_display() if record else "",
        _url(use.answer.pk, record is not None) if use.answer else "",
    )


def _url(memory_id: Any, has_record: bool) -> str:
    name = "audits_auditrecord_of_memory" if has_record else "knowledge_memory_change"
    return reverse(f"admin:{name}", args=[memory_id])


def in_words(reached: Reach) -> Iterator[str]:
    """How far a memory got, a sentence each; none when it bore on nothing."""
    said = {
        MemoryUse.How.QUOTED: ngettext(
            "Quoted in %(n)s answer.", "Quoted in %(n)s answers.", reached.answers.get("quoted", 0)
        ),
        MemoryUse.How.RECALLED: ngettext(
            "Given to the model for %(n)s answer.", "Given to the model for %(n)s answers.",
            reached.answers.get("recalled", 0),
        ),
        MemoryUse.How.SHOWN: ngettext(
            "Shown beside %(n)s answer.", "Shown beside %(n)s answers.",
            reached.answers.get("shown", 0),
        ),
    }  # fmt: skip
    for how, words in said.items():
        if n := reached.answers.get(how, 0):
            yield words % {"n": f"{n:,}"}
    if reached.readers:
        n = reached.readers
        yield ngettext(
            "%(n)s person has read them.", "%(n)s people have read them.", n
        ) % {"n": f"{n:,}"}  # fmt: skip
    if reached.is_cut:
        yield _("Only its latest uses are counted here.")


def outcome(record: AuditRecord, reached: Reach) -> str:
    """What a decision on this record would change for others."""
    is_read, trust = bool(sum(reached.answers.values())), record.memory.trust
    if record.memory.is_usable:
        found = _("Rejected, it is no longer found.")
        told = _("Whoever read an answer given from it is told, as when it is corrected.")
        return f"{found} {told}" if is_read else found
    found = _("Approved, it is found and may be quoted in answers.")
    told = _("Whoever read an answer given from it sees there that it was taken back.")
    return f"{found} {told}" if is_read and trust in _TAKEN_BACK else found
