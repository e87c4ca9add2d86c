"""An API token for a user."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from resync_site.models import ApiToken


class Command(BaseCommand):
    help = "Makes an API token for USER and prints it, once; only its digest is kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", metavar="USER", help="the user's name")
        parser.add_argument("--json", action="store_true", help='print {"token": …}')

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user named {options['user']!r}.")
        token = ApiToken.objects.issue(user)
        self.stdout.write(json.dumps({"token": token}) if options["json"] else token)
