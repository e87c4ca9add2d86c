"""`manage.py reindex_memories`: bring memories and search index into agreement."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from knowledge import indexer
from knowledge.connections import no_statement_limit
from knowledge.models import Memory

ELSEWHERE = (
    "another process is at them; run this again, and if they stay, see that run_auditor and the "
    "web process have the same EMBEDDER and EMBEDDING_DIMENSIONS"
)


class Command(BaseCommand):
    help = (
        "Bring memories and search index into agreement: add what is missing, take out what has no "
        "memory or must not be used, make anew what another embedder made. Safe at any time, also "
        "beside a running auditor. Needed after a change of EMBEDDER, EMBEDDING_MODEL or "
        "EMBEDDING_DIMENSIONS."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="embed every usable memory again")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    @no_statement_limit()
    def handle(self, *args: Any, **options: Any) -> None:
        with tqdm(unit=" memories", disable=None, leave=False) as bar:
            counts = indexer.repair(
                anew=options["all"], progress=bar.update, expected=lambda total: bar.reset(total)
            )
        if options["json"]:
            self.stdout.write(json.dumps(counts))
        else:
            self.stdout.write(
                f"{counts['memories']} usable memories: {counts['indexed']} indexed now, "
                f"{counts['orphans']} rows without a usable memory removed, "
                f"{counts['adopted']} rows of other programs taken over, "
                f"{counts['missing']} still missing."
            )
        if counts["missing"]:
            why = Memory.objects.usable().exclude(index_error="").values_list("index_error").first()
            reason = why[0] if why else ELSEWHERE
            raise CommandError(f"{counts['missing']} memories could not be indexed: {reason}")
