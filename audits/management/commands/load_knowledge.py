"""`manage.py load_knowledge`: the starter knowledge, approved in a person's name."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from django.db import transaction
from tqdm import tqdm

from audits.management.reviewers import reviewer_named
from audits.review import approve_imported
from knowledge import indexer, starter
from knowledge.models import Memory, Source
from knowledge.store import Draft, remember

CANNOT_RUN = 2


class Command(BaseCommand):
    help = (
        "Load what Resync knows about HWA from the start (statuses, terms, recipes of conman, "
        "message codes; pt and en), approved in a reviewer's name. Run again, it adds only what "
        "is not there yet: what a person has changed or rejected stays so."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--as", dest="user", help="who approves (in development: admin)")
        parser.add_argument("--json", action="store_true", help="print {loaded, known}")

    def handle(self, *args: Any, **options: Any) -> None:
        reviewer = reviewer_named(options["user"], returncode=CANNOT_RUN)
        known = _known()
        new = [draft for draft in starter.drafts() if draft.external_id not in known]
        loaded = sum(_load(draft, reviewer) for draft in tqdm(new, disable=None, leave=False))
        while indexer.index_pending(1000):
            pass
        counts = {"loaded": loaded, "known": len(list(starter.drafts())) - loaded}
        if options["json"]:
            self.stdout.write(json.dumps(counts))
        else:
            self.stdout.write(f"knowledge: {loaded} entries loaded, {counts['known']} known")


def _known() -> set[str | None]:
    ours = Memory.objects.filter(source=Source.IMPORT, external_id__startswith="starter.")
    return set(ours.values_list("external_id", flat=True))


@transaction.atomic
def _load(draft: Draft, reviewer: User) -> bool:
    """Store and approve an entry. A memory that says the same already is left as it stands."""
    memory, created = remember(draft)
    if created:
        approve_imported(memory, reviewer)
    return created
