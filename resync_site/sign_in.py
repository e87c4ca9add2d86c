"""Signing in: who guesses passwords or tokens waits, and is told for how long and whom to ask."""

from __future__ import annotations

import ipaddress
import logging
import math
import os
import threading
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from resync_site.models import SignInFailures
from tws.chat.limits import within

logger = logging.getLogger(__name__)

# A password's hash takes a third of a second of a core, on purpose. Half of them are for others.
_hashing = threading.BoundedSemaphore(max(1, (os.cpu_count() or 2) // 2))


def contact() -> str:
    """Whom to ask about one's account."""
    return settings.HELP_CONTACT or gettext("an administrator")


def no_role() -> str:
    """What somebody without a role is told."""
    text = gettext("You have signed in, but have no role here yet. Ask %(contact)s for one.")
    return text % {"contact": contact()}


def address_of(request: HttpRequest) -> str:
    """Where a request comes from; of IPv6 the network, which one caller has whole."""
    text = request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""  # a Unix socket
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network(f"{address}/64", strict=False).network_address)


class GuardedBackend(ModelBackend):
    """Django's, which looks at no password of who has failed too often."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> Any:
        if request is None or username is None or password is None:
            return super().authenticate(request, username, password, **kwargs)
        address, failures = address_of(request), SignInFailures.objects.all()
        with _hashing:  # looked at in here, so that guesses made at once are counted one by one
            if wait := failures.wait_of(username, address):
                request.sign_in_wait = wait  # type: ignore[attr-defined]  # for the form
                logger.warning("sign-in refused for now: %s from %s", _name(username), address)
                raise PermissionDenied
            user = super().authenticate(request, username, password, **kwargs)
            if user is None:
                failures.note(username, address)
                logger.warning("sign-in failed: %s from %s", _name(username), address)
            else:
                failures.of(username, address).delete()
        return user


def _name(username: str) -> str:
    """Only a name that exists reaches the log: people type passwords into the wrong field."""
    return username if User.objects.filter(username=username).exists() else "an unknown user"


class SaysHowLong(forms.Form):
    """A sign-in form that says when and with whose help a locked one can go on."""

    request: HttpRequest | None

    def get_invalid_login_error(self) -> forms.ValidationError:
        wait = getattr(self.request, "sign_in_wait", None)
        if wait is None:
            error: forms.ValidationError = super().get_invalid_login_error()  # type: ignore[misc]
            return error
        minutes = math.ceil(wait.total_seconds() / 60)
        text = ngettext(
            "Too many failed attempts to sign in. Try again in %(n)s minute, or ask %(contact)s.",
            "Too many failed attempts to sign in. Try again in %(n)s minutes, or ask %(contact)s.",
            minutes,
        )
        return forms.ValidationError(text % {"n": minutes, "contact": contact()}, code="locked")


class SignInForm(SaysHowLong, AuthenticationForm):
    pass


class SignIn(LoginView):
    """The one sign-in page, also at the console's own address."""

    template_name = "tws/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The console sends here who may not enter it: back there they would go in a circle."""
        user = request.user
        if self._is_console and user.is_authenticated and not user.is_staff:
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_redirect_url(self, *args: Any, **kwargs: Any) -> str:
        """Who opened the site asked for no page of it."""
        asked = super().get_redirect_url(*args, **kwargs)
        return "" if asked == "/" else asked

    def get_default_redirect_url(self) -> str:
        """Reviewers land on their queue, who came for the console there, others on the plan."""
        user = self.request.user
        if user.is_staff and user.has_perm("audits.review_auditrecord"):
            return reverse("admin:audits_auditrecord_changelist")
        if user.is_staff and self._is_console:
            return reverse("admin:index")
        return super().get_default_redirect_url()

    @property
    def _is_console(self) -> bool:
        return self.request.path == reverse("admin:login")


def note_bad_token(request: HttpRequest) -> bool:
    """Count and log a token that is none; False when its sender has sent too many.

    A good one from the same address is never refused for it: others may stand behind it.
    """
    address = address_of(request)
    if not within(f"bad-tokens-{address}", settings.TOKEN_FAILURES_PER_MINUTE):
        return False
    logger.warning("a token that is not valid, from %s", address)
    return True
