"""`manage.py run_auditor`: the IA Auditor as a process. The work is in `audits.auditor`."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
import time
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from knowledge.arguments import positive

log = logging.getLogger("audits.auditor")

NOT_AGAIN = ("watch", "dry_run", "since", "memory")
"""What --recheck chooses by itself."""
EXIT_SOME_FAILED = 1
EXIT_CANNOT_RUN = 2


def since(value: str) -> datetime:
    """A time (ISO 8601) or an age such as 30m, 12h, 7d."""
    units = {"m": "minutes", "h": "hours", "d": "days"}
    if value[:-1].isdigit() and value[-1:] in units:
        return timezone.now() - timedelta(**{units[value[-1]]: int(value[:-1])})
    try:
        moment = parse_datetime(value) or parse_datetime(f"{value}T00:00")
    except ValueError:
        moment = None
    if moment is None:
        raise argparse.ArgumentTypeError(f"{value!r} is neither a time nor an age like 12h or 7d")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


class Command(BaseCommand):
    help = (
        "Audit every memory that has no verdict yet, oldest first, each exactly once. "
        "Any number of these may run at the same time. "
        "Exit code: 0 done, 1 some could not be judged, 2 cannot run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--watch", action="store_true", help="keep running, audit what comes")
        parser.add_argument("--limit", type=positive, help="stop after this many memories")
        parser.add_argument(
            "--concurrency", type=positive, default=32, help="memories judged at a time (32)"
        )
        parser.add_argument(
            "--recheck",
            action="store_true",
            help="judge again what could not be verified, most used first (with --limit: so many)",
        )
        parser.add_argument("--since", type=since, help="only memories since a time, or 12h, 7d")
        parser.add_argument("--memory", type=uuid.UUID, metavar="ID", help="only this memory")
        parser.add_argument(
            "--judge", default="", help="only this judge: rules, claims, lookup or llm"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="judge and show, claim and write nothing"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        from audits.judging import bench

        if options["watch"] and options["dry_run"]:
            raise CommandError("--watch and --dry-run exclude each other.")
        if options["recheck"] and any(options[name] for name in NOT_AGAIN):
            raise CommandError(
                "--recheck goes with --limit, --concurrency, --judge and --json only."
            )
        try:
            sitting = bench(options["judge"])
        except LookupError as error:
            raise CommandError(error.args[0], returncode=EXIT_CANNOT_RUN) from error
        sys.exit(asyncio.run(self._run(sitting, options)))

    async def _run(self, sitting: Any, options: dict[str, Any]) -> int:
        from audits.auditor import Auditor, Scope
        from audits.neighbours import neighbours_of

        memory_ids = [options["memory"]] if options["memory"] else None
        scope = Scope(since=options["since"], memory_ids=memory_ids)
        if options["dry_run"]:
            return await self._dry_run(sitting, scope, options)
        auditor = Auditor(
            sitting,
            concurrency=options["concurrency"],
            limit=None if options["recheck"] else options["limit"],
            scope=scope,
            neighbours=neighbours_of,
            keeps_house=True,
            watches=options["watch"],
        )
        return await self._audit(auditor, options)

    async def _audit(self, auditor: Any, options: dict[str, Any]) -> int:
        from audits.auditor.indexing import export_head, index_all
        from audits.auditor.watching import watch
        from audits.progress import Progress
        from knowledge import llm
        from knowledge.graph import knowledge_graph

        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, auditor.stop)
        started = time.monotonic()
        with Progress(auditor, quiet=options["json"], lines=options["watch"]):
            if options["recheck"]:
                remaining = await auditor.run_again(options["limit"])
            else:
                await (watch(auditor) if options["watch"] else auditor.run())
                remaining = await auditor.remaining()
        await auditor.close()
        if not options["watch"]:
            await asyncio.to_thread(index_all)
            await asyncio.to_thread(export_head)
        await knowledge_graph.aclose()
        await llm.aclose()
        if settings.LLM_BASE_URL:
            log.info("LLM: %s", llm.spent())
        self._report(auditor.tally, remaining, time.monotonic() - started, options)
        return EXIT_SOME_FAILED if auditor.tally.failed else 0

    def _report(self, tally: Any, remaining: int, seconds: float, options: dict[str, Any]) -> None:
        figures = {
            "audited": tally.audited,
            "cleared": tally.cleared,
            "flagged": tally.flagged,
            "quarantined": tally.quarantined,
            "unverified": tally.unverified,
            "failed": tally.failed,
            "remaining": remaining,
            "seconds": round(seconds, 3),
        }
        if options["json"]:
            self.stdout.write(json.dumps(figures))
            return
        self.stdout.write(
            "{audited} audited in {seconds:.1f} s: {cleared} cleared, {flagged} flagged for a "
            "person, {quarantined} quarantined, {unverified} not verified. {failed} could not be "
            "judged, {remaining} remain.".format(**figures)
        )

    async def _dry_run(self, sitting: Any, scope: Any, options: dict[str, Any]) -> int:
        from audits.dry_run import verdicts

        shown = []
        async for memory, status, verdict in verdicts(sitting, scope, options["limit"] or 100):
            shown.append(status)
            if not options["json"]:
                self.stdout.write(f"{memory.pk} {status} {verdict.confidence:.2f} {verdict.reason}")
        await sitting.aclose()
        counts = {status: shown.count(status) for status in sorted(set(shown))}
        line = json.dumps({"judged": len(shown), **counts})
        self.stdout.write(line if options["json"] else f"Nothing was written. {line}")
        return 0
