"""How a request leaves for HWA: read-only, over TLS as configured; and when to try again."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from knowledge.tls import trusted_by_default
from tws.hwa.errors import TWSRefused, TWSUnavailable
from tws.hwa.paths import is_read_only

RETRIED_STATUSES = frozenset({429, 502, 503, 504})
RETRIED_ERRORS = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ReadError,
    httpx.WriteError,
    httpx.RemoteProtocolError,
)
LONGEST_WAIT_SECONDS = 5.0


class ReadOnlyTransport(httpx.AsyncBaseTransport):
    """Lets only what is on the read-only list reach the network, whoever asks for it.

    `below` is the path under which a gateway keeps the API: all of a request's path but that is
    held against the list.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, below: str = "") -> None:
        self._inner = inner
        self._below = below.rstrip("/")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.partition(b"?")[0].decode("ascii")
        below = path.startswith(self._below)
        if not (below and is_read_only(request.method, path[len(self._below) :])):
            raise TWSRefused(
                f"{request.method} {path} is not on the read-only list; it was not sent", path=path
            )
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def is_worth_waiting(error: TWSUnavailable) -> bool:
    """Whether a 5xx may pass soon: a gateway's, or one that names a wait we grant."""
    if error.status not in RETRIED_STATUSES:
        return False
    return error.retry_after is None or error.retry_after <= LONGEST_WAIT_SECONDS


def retry_after_seconds(response: httpx.Response) -> float | None:
    """What `Retry-After` asks for, in seconds or as a date; None when it is absent or nonsense."""
    value = response.headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isdigit():
        return float(value)
    wait = _from_now(value)
    return None if wait is None else max(0.0, wait.total_seconds())


def clock_ahead(response: httpx.Response) -> timedelta | None:
    """By how much the clock of what answered is ahead of ours; None when it does not tell."""
    return _from_now(response.headers.get("Date", ""))


def _from_now(date: str) -> timedelta | None:
    try:
        return parsedate_to_datetime(date) - datetime.now(UTC)
    except (ValueError, TypeError):
        return None


def is_tls_failure(error: BaseException) -> bool:
    """Whether an ssl error lies at the bottom of what httpx raised."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return "CERTIFICATE_VERIFY_FAILED" in str(error) or "SSL:" in str(error)


def tls_context(verify: bool | str) -> ssl.SSLContext:
    """Trusts what is trusted by default, any certificate (False), or one CA file or folder."""
    if isinstance(verify, bool):
        return trusted_by_default() if verify else httpx.create_ssl_context(verify=False)
    path = Path(verify)
    if not path.exists():
        raise FileNotFoundError(f"TWS_VERIFY_SSL names {verify}, which does not exist")
    if path.is_dir():
        return ssl.create_default_context(capath=verify)
    return ssl.create_default_context(cafile=verify)
