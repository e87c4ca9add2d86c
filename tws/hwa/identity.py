"""Whose simulator answers: that of this RESYNC_HOME, or another checkout's on the same port."""

from __future__ import annotations

from django.conf import settings
from django.utils.crypto import salted_hmac

IDENTITY_HEADER = "X-Resync-Simulator"


def simulator_identity() -> str:
    """What this home's simulator says in every answer, and its clients expect.

    Made of the home's path and its secret, which no other checkout has; it opens nothing.
    """
    home = str(settings.RESYNC_HOME.resolve())
    return salted_hmac("tws.simulator", home, algorithm="sha256").hexdigest()[:32]
