"""`manage.py judge_known_cases`: what the judges say today of what people are sure about."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from knowledge.arguments import positive


class Command(BaseCommand):
    help = (
        "Put the known cases before the judges as they are now, past their cache, and keep what "
        "they say: the console's first page shows over time who agrees, so that a changed model "
        "is seen. No verdict is written. Run it daily."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--limit", type=positive, default=200, help="at most this many, the newest (200)"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        from audits.known_cases import judged

        counts = asyncio.run(judged(options["limit"]))
        names = ("cases", "agreed", "differed", "abstained", "no_verdict")
        result = {name: counts[name] for name in names}
        said = ", ".join(f"{name} {n}" for name, n in result.items())
        self.stdout.write(json.dumps(result) if options["json"] else said)
