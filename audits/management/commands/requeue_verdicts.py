"""`manage.py requeue_verdicts`: what judges of an earlier release left undecided, judged anew."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from audits import replacing


class Command(BaseCommand):
    help = (
        "Show how many verdicts come from judges that are gone: flagged by one of them, or cleared "
        "because nothing was found. With --yes they are queued again; what a person has decided "
        "never is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="queue them again")
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        found: dict[str, int] = replacing.counts() | {"queued": 0}
        while options["yes"] and (queued := replacing.requeue()):
            found["queued"] += queued
        if options["json"]:
            self.stdout.write(json.dumps(found))
            return
        self.stdout.write(
            "{cleared} cleared without grounds, {pending} waiting, {quarantined} quarantined by "
            "judges that are gone. {queued} queued again.".format(**found)
        )
        if not options["yes"] and any(found.values()):
            self.stdout.write("Say --yes to have them judged again.")
