"""API tokens, of which only the digest is kept, and failed attempts to sign in."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import F, Max, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def issue(self, user: User) -> str:
        """A new token for `user`, in clear: the only time anybody sees it."""
        row = self.model(user=user)
        token = row.draw()
        row.save()
        return token

    def holders_of(self, token: str) -> Self:
        """The valid token of an active user, as an empty or one-row set."""
        return self.filter(
            digest=_digest(token), user__is_active=True, revoked_at__isnull=True
        ).select_related("user")


class ApiToken(models.Model):
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="api_tokens",
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    prefix = models.CharField(_("begins with"), max_length=6, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.prefix}… {self.user}"

    def draw(self) -> str:
        """A new secret for this row, which keeps its digest; in clear."""
        token = secrets.token_urlsafe(32)
        self.digest, self.prefix = _digest(token), token[:6]
        return token


def _lock() -> timedelta:
    return timedelta(minutes=settings.LOGIN_LOCK_MINUTES)


class SignInFailuresQuerySet(models.QuerySet["SignInFailures"]):
    def of(self, username: str, address: str) -> Self:
        return self.filter(username=_folded(username), address=address)

    def wait_of(self, username: str, address: str) -> timedelta | None:
        """How long this user has to wait at this address; None when there is no need to."""
        now, own = timezone.now(), Q(username=_folded(username))
        found = self.filter(address=address, last_at__gt=now - _lock()).aggregate(
            own=Sum("failures", filter=own, default=0),
            own_at=Max("last_at", filter=own),
            everybodys=Sum("failures", default=0),
            everybodys_at=Max("last_at"),
        )
        since: datetime | None = None
        if found["everybodys"] >= settings.LOGIN_FAILURES_PER_ADDRESS:
            since = found["everybodys_at"]
        elif found["own"] >= settings.LOGIN_FAILURES:
            since = found["own_at"]
        return since + _lock() - now if since else None

    def note(self, username: str, address: str) -> None:
        """One more failure. Those that no longer count are forgotten."""
        now = timezone.now()
        self.filter(last_at__lte=now - _lock()).delete()
        row, _is_new = self.get_or_create(username=_folded(username), address=address)
        self.filter(pk=row.pk).update(failures=F("failures") + 1, last_at=now)


def _folded(username: str) -> str:
    return username.casefold().replace("\0", "")[:150]


class SignInFailures(models.Model):
    """How often a sign-in as a user has failed from an address; deleted, it is forgiven."""

    username = models.CharField(_("user name"), max_length=150, editable=False)
    address = models.CharField(_("address"), max_length=45, editable=False)
    failures = models.PositiveIntegerField(_("failures"), default=0, editable=False)
    last_at = models.DateTimeField(_("last"), default=timezone.now, editable=False)

    objects = SignInFailuresQuerySet.as_manager()

    class Meta:
        verbose_name = _("failed sign-ins")
        verbose_name_plural = _("failed sign-ins")
        constraints = (
            models.UniqueConstraint("address", "username", name="sign_in_failures_once"),
        )
        indexes = (models.Index("last_at", name="sign_in_failures_last"),)

    def __str__(self) -> str:
        return f"{self.username} {self.address}"
