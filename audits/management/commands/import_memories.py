"""`manage.py import_memories`: memories from a file, audited like any other or approved at once."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from audits.importing import Summary, import_rows
from audits.management.reviewers import reviewer_named
from knowledge import indexer, transfer
from knowledge.files import UnreadableFile
from knowledge.visible import visible

SHOWN_PROBLEMS = 20
SOME_REJECTED, CANNOT_RUN = 1, 2


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
        parser.add_argument("file", type=Path, help="JSONL, CSV (.csv, .tsv, .txt) or XLSX")
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
