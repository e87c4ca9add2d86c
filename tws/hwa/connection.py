"""One engine's address, credentials and connections; every failure leaves as a TWSError."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx

from tws.hwa.errors import TWSBadReply, TWSError, TWSRefused, TWSUnavailable, message_code
from tws.hwa.transport import (
    RETRIED_ERRORS,
    ReadOnlyTransport,
    is_tls_failure,
    is_worth_waiting,
    retry_after_seconds,
    tls_context,
)

T = TypeVar("T")

MAX_JSON_BYTES = 32 * 1024 * 1024
MAX_ERROR_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Engine:
    """Where an HWA engine is and how to sign in: Basic, or a bearer token (JWT or API key).

    `token_file` is read at each request, so that a rotated token needs no restart.
    `verify` is True, False, or the path of a CA file or folder.
    """

    name: str
    base_url: str  # https://host:31116
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    token_file: str = ""
    verify: bool | str = True
    tags: tuple[str, ...] = ()
    cache_seconds: float = 10.0
    log_cache_seconds: float = 30.0
    slow_cache_seconds: float = 300.0  # definitions, engine information
    connect_seconds: float = 5.0
    read_seconds: float = 30.0
    total_seconds: float = 90.0  # one call with its retries; a body that drips does not hold us


class EngineAuth(httpx.Auth):
    """Puts the engine's credentials on a request."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]  # nothing is sent back into the flow
        token = self._token()
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
            yield request
        else:
            yield from httpx.BasicAuth(self._engine.username, self._engine.password).auth_flow(
                request
            )

    def _token(self) -> str:
        if not self._engine.token_file:
            return self._engine.token
        path = Path(self._engine.token_file)
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise TWSRefused(
                f"the token file {path} of {self._engine.name} cannot be read: {error}",
                engine=self._engine.name,
            ) from error


class EngineConnection:
    """Sends GETs to one engine. The pool is made at the first request, in that event loop."""

    def __init__(
        self,
        engine: Engine,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        attempts: int = 3,
        backoff_seconds: float = 0.2,
    ) -> None:
        self.engine = engine
        self._transport = transport
        self._attempts = attempts
        self._backoff_seconds = backoff_seconds
        self._http: httpx.AsyncClient | None = None

    async def aclose(self) -> None:
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def body(self, path: str, params: Mapping[str, str]) -> bytes:
        """The whole JSON body of an answer, of a bounded size."""
        return await self.read(path, params, "application/json", self._whole)

    async def read(
        self,
        path: str,
        params: Mapping[str, str],
        accept: str,
        consume: Callable[[httpx.Response], Awaitable[T]],
    ) -> T:
        """What `consume` makes of a successful answer, its body not read yet.

        Asked again, a bounded number of times, when the connection failed before the answer was
        whole and on 502 to 504 (and 429); not after a read timeout: whoever asked has waited long
        enough, and the engine is busy enough.
        """
        with self._as_tws_errors(path):
            async with asyncio.timeout(self.engine.total_seconds):
                for attempt in range(1, self._attempts):
                    try:
                        return await self._once(path, params, accept, consume)
                    except RETRIED_ERRORS as error:
                        if is_tls_failure(error):
                            raise  # the certificate will not be another one in a second
                        wait = self._backoff(attempt)
                    except TWSUnavailable as error:
                        if not is_worth_waiting(error):
                            raise
                        asked = error.retry_after
                        wait = self._backoff(attempt) if asked is None else asked
                    await asyncio.sleep(wait)
                return await self._once(path, params, accept, consume)

    def _backoff(self, attempt: int) -> float:
        # Full jitter: clients that failed together must not come back together.
        return random.uniform(0, self._backoff_seconds * 2**attempt)  # noqa: S311  not a secret

    async def _once(
        self,
        path: str,
        params: Mapping[str, str],
        accept: str,
        consume: Callable[[httpx.Response], Awaitable[T]],
    ) -> T:
        headers = {"Accept": accept}
        async with self._client().stream("GET", path, params=params, headers=headers) as response:
            if response.status_code != httpx.codes.OK:
                raise await self._refusal(path, response)
            return await consume(response)

    async def _whole(self, response: httpx.Response) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > MAX_JSON_BYTES:
                raise TWSBadReply(
                    f"{self.engine.name} answered with more than {MAX_JSON_BYTES} bytes",
                    engine=self.engine.name,
                    path=response.request.url.path,
                )
            parts.append(part)
        return b"".join(parts)

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            engine = self.engine
            timeout = httpx.Timeout(
                connect=engine.connect_seconds, read=engine.read_seconds, write=10.0, pool=10.0
            )
            inner = self._transport or httpx.AsyncHTTPTransport(
                verify=tls_context(engine.verify),
                limits=httpx.Limits(max_connections=20, max_keepalive_connections=10),
            )
            self._http = httpx.AsyncClient(
                base_url=engine.base_url.rstrip("/"),
                auth=EngineAuth(engine),
                # The document names two defaults for it, so it is said.
                headers={"Include-Count": "true"},
                timeout=timeout,
                follow_redirects=False,  # a redirect could lead off the read-only list
                trust_env=False,  # no proxy or netrc decides who gets the credentials
                transport=ReadOnlyTransport(inner),
            )
        return self._http

    async def _refusal(self, path: str, response: httpx.Response) -> TWSError:
        text = await _beginning(response)
        code = message_code(text)
        status = response.status_code
        kind: type[TWSError] = TWSUnavailable
        if status < 400:
            kind = TWSBadReply
        elif status < 500 and status not in (408, 429):
            kind = TWSRefused
        said = f" ({code})" if code else ""
        return kind(
            f"{self.engine.name} answered {status} to {path}{said}",
            engine=self.engine.name,
            path=path,
            status=status,
            code=code,
            retry_after=retry_after_seconds(response),
        )

    @contextmanager
    def _as_tws_errors(self, path: str) -> Iterator[None]:
        name = self.engine.name
        try:
            yield
        except TWSError as error:
            error.engine = error.engine or name
            raise
        except httpx.InvalidURL as error:
            raise TWSRefused(str(error), engine=name, path=path) from error
        except (httpx.DecodingError, httpx.TooManyRedirects) as error:
            raise TWSBadReply(f"{name}: {error}", engine=name, path=path) from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise TWSUnavailable(
                f"{name} did not answer in time", engine=name, path=path
            ) from error
        except (httpx.TransportError, FileNotFoundError, OSError) as error:
            raise TWSUnavailable(self._why(error), engine=name, path=path) from error

    def _why(self, error: Exception) -> str:
        name, url = self.engine.name, self.engine.base_url
        if is_tls_failure(error):
            return (
                f"{name}: the TLS certificate of {url} is not trusted ({error}). Set "
                "TWS_VERIFY_SSL to the file of the CA that signed it"
            )
        return f"{name}: {url} does not answer ({str(error) or type(error).__name__})"


async def _beginning(response: httpx.Response) -> str:
    """The first part of an error's body; the rest is not worth the memory."""
    read = b""
    async for part in response.aiter_bytes():
        read += part
        if len(read) >= MAX_ERROR_BYTES:
            break
    return read[:MAX_ERROR_BYTES].decode("utf-8", errors="replace")
