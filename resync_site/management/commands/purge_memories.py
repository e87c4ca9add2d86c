"""`manage.py purge_memories`: the texts of what is past its undo time, removed everywhere."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from tqdm import tqdm

from audits import purging
from tws.chat import purging as chat


class Command(BaseCommand):
    help = (
        "Remove the texts of memories that were rejected longer ago than AUDIT_UNDO_DAYS, and of "
        "all that was given from them: answers, evidence, findings, notes, messages, the index. "
        "Answers about the plan older than STATE_MEMORY_DAYS are deleted. The decision log stays "
        "and still verifies. --dry-run says what would go."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say how many")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        counts = {
            "rejected": purging.rejected().count(),
            "states": purging.old_states().count(),
        }
        if not options["dry_run"]:
            counts = _purge(counts["rejected"])
        if options["json"]:
            self.stdout.write(json.dumps({"dry_run": options["dry_run"], **counts}))
            return
        said = "would be purged" if options["dry_run"] else "purged"
        self.stdout.write(
            f"{said}: {counts['rejected']} rejected memories, "
            f"{counts['states']} answers about the plan as it was"
        )


def _purge(expected: int) -> dict[str, int]:
    counts = {"rejected": 0, "answers": 0, "messages": 0, "states": purging.expire_all_states()}
    with tqdm(total=expected, unit=" memories", disable=None, leave=False) as progress:
        while True:
            with transaction.atomic():
                batch = purging.purge_rejected()
                if not batch.memory_ids:
                    return counts
                ids = [*batch.memory_ids, *batch.answer_ids]
                counts["messages"] += chat.purge(ids, batch.run_ids, batch.texts)
            counts["rejected"] += len(batch.memory_ids)
            counts["answers"] += len(batch.answer_ids)
            progress.update(len(batch.memory_ids))
