"""Tell people what is new, once; or try whether they can be told."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audits.models import Notice
from audits.notices import sending, wording
from audits.notices.news import channels


class Command(BaseCommand):
    help = (
        "Sends what there is to tell to NOTIFY_WEBHOOK_URL and NOTIFY_EMAIL_TO, as the auditor and "
        "the web process do by themselves. Exit status 1 when something has not arrived, 2 when "
        "nobody is to be told."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--test", action="store_true", help="send a test message, now")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if not channels():
            raise CommandError("Set NOTIFY_WEBHOOK_URL or NOTIFY_EMAIL_TO.", returncode=2)
        if options["test"]:
            problems = sending.test()
            found: dict[str, Any] = {name: problem or "ok" for name, problem in problems.items()}
            said = [f"{name}: {wording.problem(text) or 'ok'}" for name, text in problems.items()]
            failed = any(problems.values())
        else:
            found = {"sent": sending.turn(), "waiting": Notice.objects.unsent().count()}
            said = [f"{found['sent']} sent, {found['waiting']} waiting"]
            failed = bool(found["waiting"])
        self.stdout.write(json.dumps(found) if options["json"] else "\n".join(said))
        if failed:
            sys.exit(1)
