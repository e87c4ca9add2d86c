"""`manage.py export_memories`: every memory as JSON lines or CSV, on standard output."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from knowledge import transfer
from knowledge.connections import no_statement_limit
from knowledge.models import Memory, Trust


class Command(BaseCommand):
    help = (
        "Write the memories, oldest first, as JSON lines (what import_memories reads back) or CSV "
        "(cells that a spreadsheet would evaluate are neutralised)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=["jsonl", "csv"], default="jsonl", help="(jsonl)")
        parser.add_argument("--trust", choices=Trust.values, help="only memories of this trust")
        parser.add_argument("--output", type=Path, help="a file instead of standard output")

    @no_statement_limit()
    def handle(self, *args: Any, **options: Any) -> None:
        memories = Memory.objects.order_by("created_at", "id")
        if options["trust"]:
            memories = memories.filter(trust=options["trust"])
        write = transfer.write_csv if options["format"] == "csv" else transfer.write_jsonl
        rows = memories.prefetch_related("feedback").iterator(chunk_size=500)
        if options["output"] is None:
            write(rows, sys.stdout)
            return
        try:
            with options["output"].open("w", encoding="utf-8", newline="") as out:
                count = write(rows, out)
        except OSError as error:
            raise CommandError(f"{options['output']}: {error.strerror}") from error
        self.stderr.write(f"{count} memories written to {options['output']}")
