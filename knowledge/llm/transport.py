"""One exchange with the endpoint over aiohttp. Whatever goes wrong on the wire is an LLMError."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from django.conf import settings

from knowledge.llm import endpoints
from knowledge.llm.errors import LLMBadReply, LLMOff, LLMUnavailable, refusal
from knowledge.tls import trusted_by_default

if TYPE_CHECKING:
    import aiohttp

LONGEST_CALL_SECONDS = 600.0
"""An endpoint that drips a token now and then would hold a call for ever."""
LONGEST_REFUSAL = 64 * 1024
LONGEST_HEADER = 64 * 1024
REFUSAL_SECONDS = 3.0
"""How long a refusal's words are waited for."""

_sessions: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}


async def exchange(request: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
    """The bytes of the answer to `request`: each time all that have come since the last.

    Close it to end the connection.
    """
    # Encoded here: half characters, which JSON can carry and UTF-8 can't, must not stop a call.
    content = json.dumps(request, ensure_ascii=False).encode("utf-8", "replace")
    ends_at = asyncio.get_running_loop().time() + LONGEST_CALL_SECONDS
    async with _session() as session, await _post(session, content) as response:
        if response.status >= 300:
            raise refusal(response.status, await _start_of(response), response.headers)
        async with aclosing(_come(response.content)) as pieces:
            async for piece in pieces:
                yield piece
                if asyncio.get_running_loop().time() > ends_at:
                    raise LLMUnavailable(f"The answer took over {LONGEST_CALL_SECONDS:g} s.")


async def _post(session: aiohttp.ClientSession, content: bytes) -> aiohttp.ClientResponse:
    """What the endpoint answers. It may end a connection that was kept just when it is used again:
    that says nothing about the endpoint, so the next is tried, at last a new one."""
    import aiohttp

    while True:
        connection = SimpleNamespace(kept=False)
        try:
            return await session.post(
                _url(), data=content, headers=_headers(), proxy=_proxy(), allow_redirects=False,
                trace_request_ctx=connection,
            )  # fmt: skip
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionResetError):
            if not connection.kept:
                raise


async def _note_kept(_session: object, noted: SimpleNamespace, _event: object) -> None:
    noted.trace_request_ctx.kept = True


async def _come(content: aiohttp.StreamReader) -> AsyncGenerator[bytes, None]:
    """All that has come, each time; also what came before the connection broke.

    aiohttp would raise at once, and keep that back.
    """
    import aiohttp

    try:
        async for piece in content.iter_any():
            yield piece
    except aiohttp.ClientError:
        content.set_exception(None)  # type: ignore[arg-type]  # or it is raised again
        if left := content.read_nowait():
            yield left
        raise


async def _start_of(response: aiohttp.ClientResponse) -> str:
    import aiohttp

    if location := response.headers.get("location", ""):
        return f"it redirects to {location}: is LLM_BASE_URL right?"
    body = b""
    with contextlib.suppress(TimeoutError, aiohttp.ClientError):  # its status says most
        async with asyncio.timeout(REFUSAL_SECONDS):
            async for piece in response.content.iter_any():
                body += piece
                if len(body) > LONGEST_REFUSAL:
                    break
    return body.decode("utf-8", "replace")


@asynccontextmanager
async def _session() -> AsyncIterator[aiohttp.ClientSession]:
    """The event loop's one session, with its connections; what fails within is an LLMError."""
    if not settings.LLM_BASE_URL:
        raise LLMOff
    if "aiohttp" not in sys.modules:
        await asyncio.to_thread(_load)  # that takes a while
    import aiohttp

    loop = asyncio.get_running_loop()
    session = _sessions.get(loop)
    if session is None or session.closed:
        for closed in [other for other in _sessions if other.is_closed()]:
            del _sessions[closed]
        session = _sessions[loop] = _new_session()
    try:
        yield session
    except aiohttp.ServerTimeoutError as error:
        seconds = settings.LLM_TIMEOUT_SECONDS
        raise LLMUnavailable(f"no answer within {seconds:g} s ({type(error).__name__})") from error
    except aiohttp.ClientPayloadError as error:
        if isinstance(error.__cause__, aiohttp.http_exceptions.ContentEncodingError):
            raise LLMBadReply(error.__cause__.message) from error
        raise LLMUnavailable("the connection broke off") from error
    except aiohttp.ClientResponseError as error:  # its `status` is none that came
        raise LLMBadReply(f"no HTTP that can be read: {error.message}") from error
    except (aiohttp.ClientConnectionError, ValueError) as error:  # of a URL, mostly
        raise LLMUnavailable(_words(error)) from error
    except aiohttp.ClientError as error:
        raise LLMBadReply(_words(error)) from error


def _load() -> None:
    import_module("aiohttp")
    trusted_by_default()


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def _new_session() -> aiohttp.ClientSession:
    import aiohttp

    seconds = settings.LLM_TIMEOUT_SECONDS
    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(_note_kept)
    return aiohttp.ClientSession(
        # As many as are asked at once: the chat and the auditor have limits of their own.
        connector=aiohttp.TCPConnector(ssl=trusted_by_default(), limit=0),
        trace_configs=[trace],
        timeout=aiohttp.ClientTimeout(
            total=None, sock_connect=min(10.0, seconds), sock_read=seconds
        ),
        headers={
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",  # compressed tokens would come in lumps
        },
        cookie_jar=aiohttp.DummyCookieJar(),
        max_line_size=LONGEST_HEADER,
        max_field_size=LONGEST_HEADER,
    )


async def aclose() -> None:
    """Close this event loop's session, when everything is written that its calls taught."""
    await endpoints.written()
    if session := _sessions.pop(asyncio.get_running_loop(), None):
        await session.close()


def _headers() -> dict[str, str]:
    key = settings.LLM_API_KEY
    if not (key.isascii() and key.isprintable()):
        raise LLMUnavailable("LLM_API_KEY is none: it holds odd characters.", "key")
    # Azure wants the key in a header of its own; sending both is harmless elsewhere.
    return {"Authorization": f"Bearer {key}", "api-key": key} if key else {}


def _proxy() -> str | None:
    """The proxy that the environment names for the endpoint (HTTPS_PROXY, NO_PROXY, …)."""
    address, proxies = urlsplit(str(settings.LLM_BASE_URL)), getproxies()
    if not proxies or proxy_bypass(address.netloc):
        return None
    return proxies.get(address.scheme) or proxies.get("all")


def _url() -> str:
    base, _, query = str(settings.LLM_BASE_URL).partition("?")
    base = base.rstrip("/").removesuffix("/chat/completions")
    return f"{base}/chat/completions" + (f"?{query}" if query else "")
