"""In whose name a command approves."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import CommandError


def reviewer_named(name: str | None, *, returncode: int) -> User:
    """The active user of that name, who may review; in development without a name: admin."""
    if not name and not settings.DEVELOPMENT:
        raise CommandError(
            "An approval needs a name: --as USER. Whose approval is it?", returncode=returncode
        )
    try:
        user = User.objects.get(username=name or "admin", is_active=True)
    except User.DoesNotExist:
        raise CommandError(
            f"There is no active user {name or 'admin'!r}. Name one with --as USER.",
            returncode=returncode,
        ) from None
    if not user.has_perm("audits.review_auditrecord"):
        raise CommandError(
            f"{user.username} may not review: the Reviewers group may.", returncode=returncode
        )
    return user
