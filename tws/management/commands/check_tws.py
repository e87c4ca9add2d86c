"""Say, step by step, what works on the way to each HWA engine, and how to mend what does not.

For each of its hosts DNS, TCP, TLS with the certificate's subject, issuer and expiry, what answers
there (HWA's REST API v2, an older one, a login page, a stranger), credentials and version; then a
table of the paths that Resync reads: what the user may, and how the engine's answers differ. Exit
code 1: a step failed; 2: no engine is configured.
"""

from __future__ import annotations

import asyncio
import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from tws.hwa.diagnosis import Step, diagnose
from tws.hwa.engine import Engine
from tws.hwa.engines import configured_engines


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--engine", help="only the engine of this name")
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        engines = self._engines(options["engine"])
        reports = [asyncio.run(self._report(one, quiet=options["json"])) for one in engines]
        ok = all(report["ok"] for report in reports)
        if options["json"]:
            self.stdout.write(json.dumps({"ok": ok, "engines": reports}, ensure_ascii=False))
        if not ok:
            sys.exit(1)

    def _engines(self, name: str | None) -> list[Engine]:
        try:
            engines = configured_engines()
        except ImproperlyConfigured as error:
            raise CommandError(str(error), returncode=2) from error
        chosen = [one for one in engines if name in (None, one.name)]
        if not chosen:
            known = ", ".join(one.name for one in engines) or "none"
            raise CommandError(
                f"No such engine is configured (known: {known}). Set TWS_BASE_URL or TWS_ENGINES.",
                returncode=2,
            )
        return chosen

    async def _report(self, engine: Engine, *, quiet: bool) -> dict[str, Any]:
        if not quiet:
            self.stdout.write(f"{engine.name}  {', '.join(engine.hosts)}")
        steps: list[Step] = []
        async for step in diagnose(engine):
            steps.append(step)
            if not quiet:
                self._show(step)
        return {
            "engine": engine.name,
            "url": engine.base_url,
            "tags": list(engine.tags),
            "ok": all(step.ok for step in steps),
            "steps": [asdict(step) for step in steps],
        }

    def _show(self, step: Step) -> None:
        mark = self.style.SUCCESS("ok    ") if step.ok else self.style.ERROR("FAILED")
        # The paths stand below one another, as a table of what the user may read.
        name = f"{step.name:<45}" if step.name.startswith("read ") else f"{step.name}:"
        self.stdout.write(f"  {mark} {name} {step.detail}")
        if step.mend:
            self.stdout.write(f"         {step.mend}")
