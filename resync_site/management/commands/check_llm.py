"""`manage.py check_llm`: would chat and judge work with the configured LLM endpoint?"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

if TYPE_CHECKING:
    from knowledge.llm.profile import Profile
    from resync_site.llm_rehearsal import Step


class Command(BaseCommand):
    help = (
        "Ask the LLM endpoint what chat and judge ask, through their own code: an answer, the "
        "auditor's output tokens uncut, tools, memories, a verdict in JSON. Forgets what was known "
        "of the endpoint, shows what it takes, and says how to mend what does not work. "
        "Exit code 0 when chat and judge work, else 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        steps, learned = asyncio.run(self._rehearse())
        ok = all(step.ok for step in steps)
        if options["json"]:
            found = {
                "ok": ok,
                "steps": [asdict(step) for step in steps],
                "endpoint": {model: asdict(profile) for model, profile in learned.items()},
            }
            self.stdout.write(json.dumps(found))
        else:
            self._show(steps, learned)
        sys.exit(0 if ok else 1)

    async def _rehearse(self) -> tuple[list[Step], dict[str, Profile]]:
        from knowledge.llm import aclose
        from resync_site import llm_rehearsal

        try:
            steps = await llm_rehearsal.rehearse()
            return steps, await llm_rehearsal.learned() if settings.LLM_BASE_URL else {}
        finally:
            await aclose()

    def _show(self, steps: list[Step], learned: dict[str, Profile]) -> None:
        for step in steps:
            mark = "ok  " if step.ok else "FAIL"
            self.stdout.write(f"{mark} {step.name}: {step.found} ({step.seconds:g} s)")
            if step.mend:
                self.stdout.write(f"     {step.mend}")
        for model, profile in learned.items():
            self.stdout.write(f"\nwhat the endpoint takes for {model or 'its model'}")
            for name, value in asdict(profile).items():
                word = {True: "yes", False: "no", "": "not known"}.get(value, value)
                self.stdout.write(f"  {name.replace('_', ' '):<16} {word}")
