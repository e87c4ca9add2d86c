"""Who asks for a page of the console, and what an address says of numbers."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest


def person(request: HttpRequest) -> User:
    """Who is signed in; the admin site lets nobody else come this far."""
    return cast(User, request.user)


def number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 else None
