"""Memories from a file into the store: what will happen, row by row, and doing it.

The command and the console's page both call this; how a file is read is `knowledge.transfer`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from audits.review import Refused, ReviewError, approve_imported
from knowledge import limits, store, transfer
from knowledge.models import Kind, Memory, Source, Trust

REFUSED = (Trust.REJECTED, Trust.QUARANTINED)
BATCH = 500
"""Rows that are looked up at once."""


@dataclass(slots=True)
class Summary:
    """What became of the rows of a file, up to `line`."""

    imported: int = 0
    duplicates: int = 0
    rejected: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)
    line: int = 0

    def reject(self, line: int, reason: str) -> None:
        self.rejected += 1
        if len(self.problems) < settings.IMPORT_MAX_PROBLEMS:
            self.problems.append({"line": line, "reason": reason})

    def __str__(self) -> str:
        return f"{self.imported} imported, {self.duplicates} duplicates, {self.rejected} rejected"


def import_rows(
    rows: Iterable[transfer.Row | transfer.BadRow],
    reviewer: User | None,
    agent: str,
    summary: Summary,
) -> None:
    """Store the rows, one transaction each; approve them in `reviewer`'s name when there is one.

    `summary` is up to date after each row, whatever ends the loop.
    """
    for row in rows:
        try:
            if isinstance(row, transfer.BadRow):
                raise limits.Unfit(row.reason)
            created = _import(draft_of(row, agent), reviewer)
        except (ReviewError, limits.Unfit) as error:
            summary.reject(row.line, str(error))
        else:
            summary.imported += created
            summary.duplicates += not created
        summary.line = row.line


@transaction.atomic
def _import(draft: store.Draft, reviewer: User | None) -> bool:
    memory, created = store.remember(draft)
    if not created and memory.trust in REFUSED:
        raise Refused(_refusal(memory.trust))
    if reviewer is not None:
        approve_imported(memory, reviewer)
    return created


def _refusal(trust: str) -> str:
    return _("the same memory is %(trust)s") % {"trust": str(Trust(trust).label).lower()}


def draft_of(row: transfer.Row, agent: str) -> store.Draft:
    """The memory that a row becomes; `agent` where it names none."""
    return store.Draft(
        agent=row.agent_id or agent,
        user_query=row.user_query,
        agent_response=row.agent_response,
        evidence=row.evidence,
        answer=row.answer,
        kind=Kind.STATE if row.evidence else Kind.KNOWLEDGE,
        source=Source.IMPORT,
        rating=row.rating,
    )


@dataclass(slots=True)
class Outlook:
    """What an import would do now: in numbers, what is wrong with which line, the first rows."""

    summary: Summary = field(default_factory=Summary)
    first: list[transfer.Row] = field(default_factory=list)


def outlook(
    path: Path, mapping: Mapping[str, str], agent: str, first: int = 20, most: int | None = None
) -> Outlook:
    """Read the file and store nothing; no further than one past the `most` that may go in."""
    found = Outlook()
    seen: set[tuple[str, str]] = set()
    for rows in _batches(transfer.read(path, mapping)):
        keys = {row.line: draft_of(row, agent).key for row in rows if isinstance(row, transfer.Row)}
        known = _known(keys.values())
        for row in rows:
            if most is not None and found.summary.imported + found.summary.duplicates > most:
                return found
            found.summary.line = row.line
            if isinstance(row, transfer.BadRow):
                found.summary.reject(row.line, row.reason)
                continue
            key = keys[row.line]
            trust = known.get(key, "")
            if trust in REFUSED:
                found.summary.reject(row.line, _refusal(trust))
            elif trust or key in seen:
                found.summary.duplicates += 1
            else:
                found.summary.imported += 1
            seen.add(key)
            if len(found.first) < first:
                found.first.append(row)
    return found


def _batches(
    rows: Iterator[transfer.Row | transfer.BadRow],
) -> Iterator[list[transfer.Row | transfer.BadRow]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _known(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Which of these are memories already, and their trust."""
    held = Memory.objects.filter(content_hash__in=[digest for _agent, digest in keys])
    return {
        (agent, digest): trust
        for agent, digest, trust in held.values_list("agent", "content_hash", "trust")
    }
