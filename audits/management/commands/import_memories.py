"""`manage.py import_memories`: memories from a file, audited like any other or approved at once."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from tqdm import tqdm

from audits.management.reviewers import reviewer_named
from audits.review import Refused, ReviewError, approve_imported
from knowledge import indexer, limits, store, transfer
from knowledge.files import UnreadableFile
from knowledge.models import Kind, Source, Trust
from knowledge.visible import visible

REFUSED = (Trust.REJECTED, Trust.QUARANTINED)
SHOWN_PROBLEMS = 20
SOME_REJECTED, CANNOT_RUN = 1, 2


@dataclass(slots=True)
class Summary:
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


class Command(BaseCommand):
    help = (
        "Read memories from JSON lines, CSV (.csv) or Excel (.xlsx). They are audited before they "
        "are used, or approved in a person's name with --trusted. A line that makes no sense is "
        "reported with its number, the others go in; the same file again adds nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = (
            "Fields: user_query, agent_response and optionally agent_id, evidence, answer (the\n"
            "segments, as export_memories writes them), rating; others are ignored. question and\n"
            "answer are taken for the first two, where those are missing, without being told;\n"
            "name any other with --map, as often as needed:\n\n"
            "  manage.py import_memories faq.csv --map Q=user_query --map A=agent_response\n\n"
            "A row with evidence is about the state of the plan (kind state), one without is\n"
            "knowledge. A rating in the file is kept but spares no audit.\n\n"
            "Exit status: 0 all went in, 1 lines were rejected, 2 cut off or unread."
        )
        parser.add_argument("file", type=Path, help="JSONL, CSV or XLSX, told by its ending")
        parser.add_argument("--trusted", action="store_true", help="approve what is imported")
        parser.add_argument(
            "--as", dest="user", help="in whose name --trusted approves (in development: admin)"
        )
        parser.add_argument(
            "--map", action="append", default=[], metavar="THEIRS=OURS", help="name of a field"
        )
        parser.add_argument(
            "--agent", default="tws-analyzer", help="agent of rows that name none (%(default)s)"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        reviewer = None
        if options["trusted"]:
            reviewer = reviewer_named(options["user"], returncode=CANNOT_RUN)
        try:
            mapping = transfer.parse_mapping(options["map"])
        except ValueError as error:
            raise CommandError(str(error), returncode=CANNOT_RUN) from error
        rows = transfer.read(options["file"], mapping)
        summary = Summary()
        try:
            with tqdm(rows, unit=" lines", disable=None, leave=False) as progress:
                import_rows(progress, reviewer, options["agent"], summary)
        except UnreadableFile as error:
            raise CommandError(str(error), returncode=CANNOT_RUN) from error
        except BaseException:  # Ctrl-C, too; whatever it is, it goes on its way
            self._say_how_far(summary)
            raise
        if reviewer is not None:
            while indexer.index_pending(1000):
                pass
        self._report(summary, options["json"])
        if summary.rejected:
            sys.exit(SOME_REJECTED)

    def _say_how_far(self, summary: Summary) -> None:
        if not summary.line:
            return
        self.stderr.write(
            f"Cut off after line {summary.line}: {summary}. What was imported stays; import the "
            "file again to go on, it counts as duplicates."
        )

    def _report(self, summary: Summary, as_json: bool) -> None:
        if as_json:
            counts = {
                "imported": summary.imported,
                "duplicates": summary.duplicates,
                "rejected": summary.rejected,
                "errors": summary.problems,
            }
            if summary.rejected > len(summary.problems):
                counts["errors_left_out"] = summary.rejected - len(summary.problems)
            self.stdout.write(json.dumps(counts, ensure_ascii=False))
            return
        for problem in summary.problems[:SHOWN_PROBLEMS]:
            self.stderr.write(f"line {problem['line']}: {visible(problem['reason'])}")
        if summary.rejected > SHOWN_PROBLEMS:
            self.stderr.write(f"… and {summary.rejected - SHOWN_PROBLEMS} more (see --json)")
        self.stdout.write(str(summary))


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
            created = _import(_draft(row, agent), reviewer)
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
        raise Refused(f"the same memory is {Trust(memory.trust).label.lower()}")
    if reviewer is not None:
        approve_imported(memory, reviewer)
    return created


def _draft(row: transfer.Row, agent: str) -> store.Draft:
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
