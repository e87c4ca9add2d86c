"""One engine's address, credentials and connections; every failure leaves as a TWSError."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from tws.hwa.charsets import decoded
from tws.hwa.engine import Engine
from tws.hwa.errors import (
    TWSBadReply,
    TWSError,
    TWSRefused,
    TWSUnavailable,
    engine_said,
    message_codes,
)
from tws.hwa.identity import IDENTITY_HEADER
from tws.hwa.transport import (
    RETRIED_ERRORS,
    ReadOnlyTransport,
    clock_ahead,
    is_tls_failure,
    is_worth_waiting,
    retry_after_seconds,
    tls_context,
)
from tws.hwa.unpacking import ACCEPTED, unpacked

logger = logging.getLogger(__name__)
T = TypeVar("T")

MAX_ERROR_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Body:
    content: bytes
    charset: str | None


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
    """Sends GETs to one engine. The pools are made at the first request, in that event loop.

    Of several hosts (master and backup) the one that answered last is asked first.
    """

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
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._host = engine.base_url
        self.clock_ahead: timedelta | None = None
        """By how much the clock of what answered last is ahead of ours; None: it does not tell."""

    @property
    def backup(self) -> str:
        """The host that answers in place of the engine's first one; "" when that answers."""
        return "" if self._host == self.engine.base_url else self._host

    async def aclose(self) -> None:
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.aclose()

    async def body(self, path: str, params: Mapping[str, str]) -> Body:
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
        enough, and the engine is busy enough. Then the engine's next host is asked.
        """
        first = self._host
        try:
            return await self._from(first, path, params, accept, consume)
        except TWSUnavailable as error:
            for host in (one for one in self.engine.hosts if one != first):
                try:
                    answer = await self._from(host, path, params, accept, consume)
                except TWSUnavailable:
                    continue
                logger.warning("%s; %s answers from now on", error, host)
                self._host = host
                return answer
            raise

    async def _from(
        self,
        host: str,
        path: str,
        params: Mapping[str, str],
        accept: str,
        consume: Callable[[httpx.Response], Awaitable[T]],
    ) -> T:
        with self._as_tws_errors(host, path):
            async with asyncio.timeout(self.engine.total_seconds):
                for attempt in range(1, self._attempts):
                    try:
                        return await self._once(host, path, params, accept, consume)
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
                return await self._once(host, path, params, accept, consume)

    def _backoff(self, attempt: int) -> float:
        # Full jitter: clients that failed together must not come back together.
        return random.uniform(0, self._backoff_seconds * 2**attempt)  # noqa: S311  not a secret

    async def _once(
        self,
        host: str,
        path: str,
        params: Mapping[str, str],
        accept: str,
        consume: Callable[[httpx.Response], Awaitable[T]],
    ) -> T:
        client, headers = self._client(host), {"Accept": accept}
        async with client.stream("GET", path, params=params, headers=headers) as response:
            self.clock_ahead = clock_ahead(response)
            if self.engine.identity not in ("", response.headers.get(IDENTITY_HEADER)):
                raise TWSUnavailable(
                    f"a stranger answers at {host}, not this checkout's simulator",
                    status=None,
                    instead="stranger",
                )
            if response.status_code != httpx.codes.OK:
                raise await self._refusal(path, response)
            return await consume(response)

    async def _whole(self, response: httpx.Response) -> Body:
        most, path = self.engine.most_reply_bytes, response.request.url.path
        parts: list[bytes] = []
        size = 0
        async for part in unpacked(response):
            size += len(part)
            if size > most:
                raise TWSBadReply(
                    f"{self.engine.name} answered {path} with more than {most} bytes "
                    "(TWS_MAX_REPLY_MB)",
                    path=path,
                )
            parts.append(part)
        content = b"".join(parts)
        if content.lstrip()[:1] == b"<":
            said = engine_said(decoded(content[:MAX_ERROR_BYTES]))[:120]
            raise TWSBadReply(
                f"{self.engine.name} answered {path} with a web page instead of data: {said}",
                path=path,
                status=response.status_code,
                instead="web page",
            )
        return Body(content, response.charset_encoding)

    def _client(self, host: str) -> httpx.AsyncClient:
        if host not in self._clients:
            engine = self.engine
            timeout = httpx.Timeout(
                connect=engine.connect_seconds, read=engine.read_seconds, write=10.0, pool=10.0
            )
            inner = self._transport or httpx.AsyncHTTPTransport(
                verify=tls_context(engine.verify),
                limits=httpx.Limits(max_connections=20, max_keepalive_connections=10),
            )
            self._clients[host] = httpx.AsyncClient(
                base_url=host.rstrip("/"),
                auth=EngineAuth(engine),
                # The document names two defaults for it, so it is said.
                headers={"Include-Count": "true", "Accept-Encoding": ACCEPTED},
                timeout=timeout,
                follow_redirects=False,  # a redirect could lead off the read-only list
                trust_env=False,  # no proxy or netrc decides who gets the credentials
                transport=ReadOnlyTransport(inner, below=urlsplit(host).path),
            )
        return self._clients[host]

    async def _refusal(self, path: str, response: httpx.Response) -> TWSError:
        text = await _beginning(response)
        status = response.status_code
        if 300 <= status < 400:
            return self._redirected(path, response)
        kind: type[TWSError] = TWSUnavailable
        if status < 400:
            kind = TWSBadReply
        elif status < 500 and status not in (408, 429):
            kind = TWSRefused
        codes, said = message_codes(text), engine_said(text)
        missing = [code for code in codes if code not in said]
        said = f": {said}" if said else ""
        also = f" ({', '.join(missing)})" if missing else ""
        return kind(
            f"{self.engine.name} answered {status} to {path}{said}{also}",
            engine=self.engine.name,
            path=path,
            status=status,
            codes=codes,
            retry_after=retry_after_seconds(response),
            instead="web page" if text.lstrip()[:1] == "<" else "",
        )

    def _redirected(self, path: str, response: httpx.Response) -> TWSError:
        to = urlsplit(response.headers.get("Location", ""))
        return TWSBadReply(
            f"{self.engine.name} redirects {path} to {to.netloc}{to.path}; that is not followed",
            engine=self.engine.name,
            path=path,
            status=response.status_code,
            instead="redirect",
        )

    @contextmanager
    def _as_tws_errors(self, host: str, path: str) -> Iterator[None]:
        name = self.engine.name
        try:
            yield
        except TWSError as error:
            error.engine, error.path = error.engine or name, error.path or path
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
            raise TWSUnavailable(self._why(host, error), engine=name, path=path) from error

    def _why(self, url: str, error: Exception) -> str:
        name = self.engine.name
        if is_tls_failure(error):
            return (
                f"{name}: the TLS certificate of {url} is not trusted ({error}). Set "
                "TWS_VERIFY_SSL to the file of the CA that signed it"
            )
        return f"{name}: {url} does not answer ({str(error) or type(error).__name__})"


async def _beginning(response: httpx.Response) -> str:
    """The first part of an error's body, as far as it can be unpacked: its status says enough."""
    read = b""
    with suppress(TWSBadReply):
        async for part in unpacked(response):
            read += part
            if len(read) >= MAX_ERROR_BYTES:
                break
    return decoded(read[:MAX_ERROR_BYTES], response.charset_encoding)
