"""The development logins: operator, reviewer, auditor and admin, with random passwords."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from resync_site.home import make_home
from resync_site.models import ApiToken

GROUPS = {"operator": "Operators", "reviewer": "Reviewers", "auditor": "Auditors", "admin": None}

Logins = dict[str, dict[str, str]]


class Command(BaseCommand):
    help = (
        "Create the development logins and keep their passwords and API tokens in "
        "RESYNC_HOME/logins.json (mode 0600). Those that are there already stay as they are."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEVELOPMENT:
            raise CommandError(
                "these logins are for development; use createsuperuser, or set "
                "RESYNC_ENV=development"
            )
        file = Path(settings.RESYNC_HOME) / "logins.json"
        kept = _read(file)
        logins = {name: _login(name, kept.get(name)) for name in GROUPS}
        if logins != kept:
            _write(file, logins)
            self.stdout.write(f"Logins: {', '.join(GROUPS)}; passwords and tokens in {file}")


def _read(file: Path) -> Logins:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise CommandError(f"{file} is not JSON ({error}). Remove it and try again.") from error
    return kept if isinstance(kept, dict) else {}


@transaction.atomic
def _login(name: str, kept: dict[str, str] | None) -> dict[str, str]:
    """The user as `kept` says; made, or given a new password and token, when they don't agree."""
    user = User.objects.filter(username=name).first()
    if user and kept and ApiToken.objects.holders_of(kept["token"]).filter(user=user).exists():
        return kept
    user = user or User(username=name)
    password = secrets.token_urlsafe(9)
    user.set_password(password)
    user.is_active = True
    user.is_staff = name != "operator"
    user.is_superuser = GROUPS[name] is None
    user.save()
    if GROUPS[name]:
        user.groups.add(Group.objects.get(name=GROUPS[name]))
    return {"password": password, "token": ApiToken.objects.issue(user)}


def _write(file: Path, logins: Logins) -> None:
    make_home(file.parent)
    fresh = file.with_name("logins.json.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(logins, out, indent=2)
    fresh.replace(file)
