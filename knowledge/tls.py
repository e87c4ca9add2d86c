"""The certificates that clients trust unless they are told of others, read once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl


@cache
def trusted_by_default() -> ssl.SSLContext:
    """Shared by all clients: each would read the whole bundle, 25 ms of CPU in its event loop."""
    import httpx

    return httpx.create_ssl_context()
